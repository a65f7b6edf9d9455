#ifndef POLICY_PRINT_H
#define POLICY_PRINT_H

/* The canonical form of what was parsed: reading it again gives the same. */

#include "policy/model.h"

void print_cond(struct buf *out, const struct cond *cond);
void print_names(struct buf *out, const struct names *names);
/* Rules of a clause or of a named standing rule, each on a line. */
void print_rules(struct buf *out, const struct clause *clause);
/* " \"TITLE\"", or nothing. */
void print_title(struct buf *out, const char *title);

#endif
