#ifndef AGENTS_TEXTS_H
#define AGENTS_TEXTS_H

/*
 * Where a command finds its agreements: --using DIR, or the agent's policy set.
 */

#include "agents/command.h"
#include "policy/policy.h"

/* Print problems to standard error, one line each (or to standard output as
 * one JSON document, by the caller). */
void texts_print_problems(const struct policy *p);

/*
 * Load what @options say, with @file (may be NULL) added. On END_YES @ret is a
 * set which may have errors; otherwise what was wrong has been printed.
 */
enum end texts_load(
    const struct options *options, const char *file, struct policy **ret);

/* The same, but errors in the set are printed and END_WRONG. */
enum end texts_load_clean(const struct options *options, struct policy **ret);

#endif
