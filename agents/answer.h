#ifndef AGENTS_ANSWER_H
#define AGENTS_ANSWER_H

/*
 * What became of a message we sent, as the outbox keeps it:
 *
 *     [accepted, reason or nil,
 *      [[partner, accepted, clause or nil, reason or nil, delivered or nil],
 *       ...]]
 *
 * first from the broker's result, then amended when a recipient's receipt is
 * reported. `delivered` is the time of that receipt as text.
 */

#include <jansson.h>

#include "agents/summary.h"
#include "util/arena.h"
#include "wire/frame.h"

struct answer_line {
	struct slice partner;
	bool accepted;
	struct slice clause, reason, delivered; /* empty: none */
};

struct answer {
	bool accepted; /* the message as a whole */
	struct slice reason;
	struct answer_line *lines;
	size_t count;
};

bool answer_read(struct slice bytes, struct arena *arena, struct answer *ret);
void answer_pack(const struct answer *answer, struct buf *out);

/* The answer that a result row gives. */
void answer_from_row(const struct frame_result_row *row, struct arena *arena,
    struct answer *ret);

/* Take what a further row reports into @answer: copies delivered, or withdrawn
 * before they were. Whether anything changed. */
bool answer_amend(struct answer *answer, const struct frame_result_row *row);

/* [{partner, outcome, clause, reason}, ...] of an answered message, and with
 * @delivered also that key. Recipients are those of @sent, as the answer of a
 * message refused whole has none. A new reference. */
json_t *answer_recipients(const struct answer *answer,
    const struct summary_sent *sent, bool delivered);

#endif
