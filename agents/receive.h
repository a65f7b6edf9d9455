#ifndef AGENTS_RECEIVE_H
#define AGENTS_RECEIVE_H

/*
 * The recipient's own judgement of a copy, before anything of it is stored as
 * intelligence. In this order, each step trusting only what the one before it
 * has proved:
 *
 *     form and digests     copy_open()
 *     the originator       its signature, with the key its enrolment names, and
 *                          that the message is for this exchange and for us
 *     the record           a `decided` entry with this copy number, id,
 *                          statement and body, in the log of the checkpoint
 *     the agreements       no completion of what we cannot see may have closed
 *                          what the copy gives (promise 6)
 *
 * A pure check: no store, no network.
 */

#include <stdint.h>

#include "agents/rules.h"
#include "audit/checkpoint.h"
#include "util/arena.h"
#include "util/why.h"
#include "wire/copy.h"
#include "wire/frame.h"

/* Tags of batches whose signature has been verified: a batch's other messages
 * are spared the 100 us. Zero-initialise. */
#define RECEIVE_TAGS 256u
struct receive_tags {
	uint8_t tags[RECEIVE_TAGS][HASH_BYTES];
	size_t next, count;
};

struct receive_context {
	const struct rules *rules;
	const char *self; /* the partner we are */
	const char *exchange;
	const struct checkpoint *checkpoint; /* of the frame, signature checked
					      */
	struct slice checkpoint_note;
	struct receive_tags *tags;
};

struct received {
	struct copy copy;
	struct message_id id;
	int64_t destroy_by; /* ms: the first instant at which it must be gone;
			       0: no date */
	struct buf summary; /* for the mailbox; the caller deinits it */
};

enum receive_outcome {
	RECEIVE_REJECTED = 1, /* and @why: it must not be shown */
	RECEIVE_LATER, /* it was decided under agreements we do not hold */
};

/* Judge copy @row of a deliver frame. What @ret points to lives in the frame
 * and in @arena. On RECEIVE_REJECTED @ret->id is filled as far as it could be
 * read, and the summary says why. */
int receive_copy(const struct receive_context *context,
    const struct frame_deliver_row *row, struct arena *arena,
    struct received *ret, struct why *why);

/* The same for a tombstone: it must be proved that a refusal for us is logged.
 */
int receive_tombstone(const struct receive_context *context,
    const struct frame_deliver_row *row, struct why *why);

/* What a copy shows as a message for the policy library. @ret_slots[i] is the
 * slot of field i; @ret_unseen: there are slots of which nothing is known. */
struct receive_view {
	struct policy_message message;
	const uint16_t *slots;
	bool unseen;
};
void receive_view(
    const struct copy *copy, struct arena *arena, struct receive_view *ret);

/* The action a decision's word stands for; POLICY_REFUSE: none that a copy may
 * have. */
enum policy_action receive_action(struct slice word);

/* The form slot that shows @slot reduced by @to; NULL: none. */
const struct slot *receive_form(
    const struct copy *copy, const struct slot *slot, struct slice to);

/* The part of @path before its form; all of it when it has none. */
struct slice receive_base(struct slice path);

#endif
