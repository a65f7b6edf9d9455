#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

/*
 * What travels between an agent and the broker: one frame is one MessagePack
 * array, its kind first. All counts and numbers are at most INT64_MAX.
 *
 *     hello    [hello, 1, epoch, number, copy, policy]           agent, first
 *     welcome  [welcome, 1, exchange, epoch, number, copy, policy, now, vkey]
 *     submit   [submit, [envelope bin, ...]]                     agent
 *     result   [result, [[epoch, number, outcome, reason|nil,
 *                  [[partner, outcome, clause|nil, reason|nil], ...]], ...]]
 *              an outcome is accepted or refused, a partner's also delivered
 *     deliver  [deliver, checkpoint, [[number, copy bin] |
 *                  [number, nil, [digest bin, entry bin, index, path bin]]]]
 *     receipt  [receipt, bytes bin, signature bin]               agent
 *     policies [policies, number, part, parts, [[name, text], ...],
 *                  [enrolment, ...], [suspended partner, ...]]
 *     busy     [busy, retry ms, reason]
 *     error    [error, code, text]
 *
 * checkpoint, cosignature and act are reserved: known by name, not yet taken.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/why.h"
#include "wire/copy.h"
#include "wire/enrol.h"
#include "wire/message.h"
#include "wire/note.h"

#define FRAME_VERSION 1u
#define FRAME_BYTES_MAX (2u << 20)
#define FRAME_SUBMIT_MAX MESSAGE_BATCH_MAX /* envelopes */
#define FRAME_RESULTS_MAX 256u
#define FRAME_RESULT_TO_MAX 256u /* recipients in a result */
#define FRAME_DELIVER_MAX 256u   /* copies */
#define FRAME_TEXTS_MAX 4096u    /* texts, enrolments or suspended partners */
#define FRAME_NAME_MAX 255u      /* bytes of a text's file name */
#define FRAME_REASON_MAX 1024u
#define FRAME_CHECKPOINT_MAX 16384u
#define FRAME_RETRY_MAX 3600000u /* ms that busy may ask for */

/* A deliver frame is at most its checkpoint, this, and for each row this and
 * its copy (or entry and path). */
#define FRAME_OVERHEAD 32u
#define FRAME_ROW_OVERHEAD 64u

enum frame_kind {
	FRAME_NONE = 0, /* not a frame, or of no kind known */
	FRAME_HELLO,
	FRAME_WELCOME,
	FRAME_SUBMIT,
	FRAME_RESULT,
	FRAME_DELIVER,
	FRAME_RECEIPT,
	FRAME_POLICIES,
	FRAME_BUSY,
	FRAME_ERROR,
	FRAME_CHECKPOINT, /* reserved, as the next two */
	FRAME_COSIGNATURE,
	FRAME_ACT,
};

struct frame_hello {
	uint32_t epoch;  /* 0: none yet */
	uint64_t number; /* last used in that epoch */
	uint64_t copy;   /* last copy held, without a gap before it */
	uint64_t policy; /* set of policies held; 0: none */
};

struct frame_welcome {
	struct slice exchange;
	uint32_t epoch;  /* to number under: the one asked for, or a new one */
	uint64_t number; /* last accepted in it */
	uint64_t copy;   /* last made for this partner */
	uint64_t policy;
	int64_t now;       /* the broker's clock, ms */
	struct slice vkey; /* the log's */
};

struct frame_submit {
	const struct slice *envelopes;
	size_t count; /* 1 to FRAME_SUBMIT_MAX */
};

struct frame_outcome {
	struct slice partner;
	bool accepted;
	bool delivered;      /* its receipt has come: a later row says so */
	struct slice clause; /* empty: none */
	struct slice reason;
};

struct frame_result_row {
	uint32_t epoch;
	uint64_t number;
	bool accepted; /* the message was taken; each recipient has its own */
	struct slice reason;
	const struct frame_outcome *outcomes;
	size_t count;
};

struct frame_result {
	const struct frame_result_row *rows;
	size_t count;
};

struct frame_deliver_row {
	uint64_t number;   /* of the copy, from 1 */
	struct slice copy; /* empty for a tombstone, which has the rest: */
	struct slice digest;
	struct slice entry;
	uint64_t index;
	struct slice path;
};

struct frame_deliver {
	struct slice checkpoint; /* a signed note */
	const struct frame_deliver_row *rows;
	size_t count;
};

struct frame_receipt {
	struct slice bytes;
	struct slice signature; /* SIGN_BYTES */
};

struct frame_text {
	struct slice name; /* a file name without '/' */
	struct slice text;
};

struct frame_policies {
	uint64_t number;
	uint32_t part; /* 1 to parts; the set is all parts of one number */
	uint32_t parts;
	const struct frame_text *texts;
	size_t texts_count;
	const struct slice *enrolments;
	size_t enrolments_count;
	const struct slice *suspended;
	size_t suspended_count;
};

struct frame_busy {
	uint32_t retry_ms;
	struct slice reason;
};

enum frame_code {
	FRAME_MALFORMED,
	FRAME_TOO_LARGE,
	FRAME_NOT_ENROLLED,
	FRAME_SUSPENDED,
	FRAME_CLONE, /* another session is under this key */
	FRAME_FORGED,
	FRAME_NOT_YET,
	FRAME_HELLO_FIRST, /* the broker does not know this session */
};
const char *frame_code_name(enum frame_code code); /* "too-large" */

struct frame_error {
	enum frame_code code;
	struct slice text;
};

struct frame {
	enum frame_kind kind;
	union {
		struct frame_hello hello;
		struct frame_welcome welcome;
		struct frame_submit submit;
		struct frame_result result;
		struct frame_deliver deliver;
		struct frame_receipt receipt;
		struct frame_policies policies;
		struct frame_busy busy;
		struct frame_error error;
	};
};

const char *frame_kind_name(enum frame_kind kind); /* "hello" */

/* The kind alone, looking at the first bytes only. */
enum frame_kind frame_peek(struct slice bytes);

/* Append the frame. The caller keeps to the limits; the result may still be
 * longer than FRAME_BYTES_MAX and is then not to be sent. Reserved kinds cannot
 * be packed. */
void frame_pack(const struct frame *frame, struct buf *out);

/* Read a frame strictly: slices point into @bytes, arrays are in @arena. What
 * the slices hold (envelopes, copies, notes) is not read here. A reserved kind
 * is true with nothing but the kind. */
bool frame_parse(struct slice bytes, struct arena *arena, struct frame *ret,
    struct why *why) __attribute__((warn_unused_result));

#endif
