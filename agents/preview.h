#ifndef AGENTS_PREVIEW_H
#define AGENTS_PREVIEW_H

/*
 * What each recipient would get of a record: the JSON of rule 30, built from
 * decisions, and its form for people, printed from that JSON. The command with
 * --using and the agent's API build it alike.
 */

#include <jansson.h>
#include <stdbool.h>

#include "agents/record.h"

/* Decide for every recipient of @record at @now. A new reference to
 * {"recipients": [...]}. */
json_t *preview_decide(
    const struct policy *p, const struct record *record, int64_t now);

/* One decision as a recipient's line. */
json_t *preview_recipient(
    const struct record *record, const struct policy_decision *decision);

/* Whether any recipient in @preview is accepted. */
bool preview_any_accepted(const json_t *preview);

/* For people, on standard output. */
void preview_print(const json_t *preview);

#endif
