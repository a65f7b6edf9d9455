#ifndef AGENTS_SHOW_H
#define AGENTS_SHOW_H

/*
 * Messages as people and their systems read them (design, section 6): from the
 * mailbox's rows to JSON. Signature and proof are checked again each time, with
 * the keys kept when the copy was judged.
 */

#include <jansson.h>

#include "agents/identity.h"
#include "store/mailbox.h"

/* A line of the inbox's list; NULL when the row is not a copy held. */
json_t *show_line(const struct mailbox_copy *copy);

/* A copy held, whole. NULL and @why when what is stored cannot be read. */
json_t *show_copy(const struct identity *id, const struct mailbox_copy *copy,
    struct why *why);

/* A message of ours: @row, @summary and @result as the outbox has them, @result
 * empty until it is answered. */
struct show_sent {
	struct mailbox_number id;
	struct slice row, summary, result;
};
json_t *show_sent(
    const struct identity *id, const struct show_sent *sent, struct why *why);

/* {id, recipients: [{partner, outcome, clause, reason}, ...]}; with @delivered
 * each has that key too. NULL when what is stored cannot be read. */
json_t *show_recipients(
    const struct identity *id, const struct show_sent *sent, bool delivered);

#endif
