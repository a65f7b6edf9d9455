#ifndef AGENTS_SUMMARY_H
#define AGENTS_SUMMARY_H

/*
 * What the mailbox keeps beside a message: enough for a list, and what a proof
 * needs that the message itself does not hold. MessagePack, sealed with the
 * row.
 */

#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/slice.h"
#include "wire/key.h"
#include "wire/message.h"

/* A copy held:
 *     [1, type, agreement, purpose, sent, marking, priority or nil,
 *      officer or nil, checkpoint, sender's message key bin, [clause or nil,
 * ...]] */
struct summary_copy {
	struct slice type, agreement, purpose, marking;
	struct slice priority, officer; /* empty: not said, not told */
	int64_t sent;
	struct slice checkpoint; /* the note its proof leads to */
	uint8_t key[KEY_BYTES];  /* that verified the signature */
	/* One for each field that is shown whole (neither form nor message.*),
	 * in slot order. */
	const struct slice *clauses;
	size_t clauses_count;
};
void summary_copy_pack(const struct summary_copy *s, struct buf *out);
bool summary_copy_read(
    struct slice bytes, struct arena *arena, struct summary_copy *ret);

/* A copy rejected: [2, reason, checkpoint] */
struct summary_rejected {
	struct slice reason, checkpoint;
};
void summary_rejected_pack(const struct summary_rejected *s, struct buf *out);
bool summary_rejected_read(struct slice bytes, struct summary_rejected *ret);

/* A message sent:
 *     [3, type, agreement, purpose, sent, marking, officer, by,
 *      [[partner, accepted, clause or nil, reason or nil], ...]] */
struct summary_line {
	struct slice partner;
	bool accepted; /* as decided here */
	struct slice clause, reason;
};
struct summary_sent {
	struct slice type, agreement, purpose, marking, officer;
	struct slice by; /* the officer whose system user sent it */
	int64_t sent;
	const struct summary_line *lines;
	size_t lines_count;
};
void summary_sent_pack(const struct summary_sent *s, struct buf *out);
bool summary_sent_read(
    struct slice bytes, struct arena *arena, struct summary_sent *ret);

#endif
