#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

/*
 * What a broker keeps: partners, the ids it has accepted, messages, each
 * partner's queue of copies, the log with its details and tree, and the texts
 * of every policy that was ever in force. Transactions are store.h's; a
 * message, the decisions about it and their log entries belong in ONE of them.
 *
 * Functions without a result record their failure in the transaction. A `struct
 * buf *` is appended to, and left as it was unless 0 is returned. Partner names
 * satisfy text_is_name() (that is the caller's duty: asserted). What was
 * destroyed since a reader began is STORE_NONE to it.
 */

#include "store/store.h"

/* Open, or create, the ledger in @dir (whose parent exists). Outcomes:
 * STORE_LOCKED, STORE_DAMAGED; -EPROTO: another program's or a later format. */
int ledger_open(const char *dir, const struct store_options *options,
    struct store **ret, struct why *why);

/*
 * Read every row of the ledger in @dir, beside a running broker or not, and
 * report all that is wrong. Works in a child process, so that a file too
 * damaged to be read is a finding, not a crash: call it while the process has
 * one thread. 0 with @ret_problems counted, or -errno when it could not be
 * tried. When a check from outside a running broker finds nothing, the note
 * that damage was met is taken away.
 */
int ledger_check(const char *dir, store_problem_fn *problem, void *ctx,
    uint64_t *ret_problems, struct why *why);

/* Kept by ledger.c: read them with store_counter(), never set the first two. */
enum ledger_counter {
	LEDGER_ENTRIES,   /* how many entries; the next entry's index */
	LEDGER_MESSAGES,  /* sequence of the last message stored */
	LEDGER_POLICY,    /* number of the policy in force */
	LEDGER_LOG_EPOCH, /* the log's epoch, from 1 */
};

/* ---- partners: a state by name; enrolments are texts by name ---- */

struct ledger_partner {
	uint32_t epoch;  /* the sender's current epoch; 0: none allotted yet */
	uint64_t number; /* the last number accepted in @epoch */
	uint64_t copy;   /* the last copy made for it */
	bool suspended;
};

void ledger_partner_put(
    struct store_txn *t, const char *name, const struct ledger_partner *p);
int ledger_partner(
    struct store_txn *t, const char *name, struct ledger_partner *ret);

/* The next partner in name order after @name ("" for the first), which is
 * replaced; STORE_NONE at the end. */
int ledger_partner_next(struct store_txn *t, char name[STORE_NAME_MAX + 1]);

void ledger_enrolment_put(
    struct store_txn *t, const char *name, struct slice text);
int ledger_enrolment(struct store_txn *t, const char *name, struct buf *out);

/* ---- ids: what was accepted under each, and what was answered ---- */

struct ledger_id {
	const char *partner;
	uint32_t epoch;
	uint64_t number;
};

struct ledger_accepted {
	uint8_t statement[32];
	uint64_t entry;      /* index of its `received` entry */
	struct slice result; /* the answer, to be given again to a resend */
};

/* The id must be new (get it first): a used one is -EEXIST, our bug. */
void ledger_accept(struct store_txn *t, struct ledger_id id,
    const struct ledger_accepted *accepted);

/* STORE_NONE: never accepted. The result goes into @out, and ret->result is a
 * view of it. */
int ledger_accepted(struct store_txn *t, struct ledger_id id, struct buf *out,
    struct ledger_accepted *ret);

/* ---- messages: an envelope under a key of its own ---- */

/*
 * Keep @envelope until @holders have let go of it: each queue row that will
 * name it is one (ledger_queue_drop and a withdrawal let go), any further one
 * lets go by ledger_message_unref(). With the last one the message is
 * destroyed: row and key. Returns its sequence number, from 1; 0 after a
 * failure. STORE_FULL when the store is at STORE_FILL_REFUSE.
 */
uint64_t ledger_message_add(
    struct store_txn *t, struct slice envelope, uint32_t holders);
int ledger_message(struct store_txn *t, uint64_t message, struct buf *out);
void ledger_message_ref(struct store_txn *t, uint64_t message);
void ledger_message_unref(struct store_txn *t, uint64_t message);

/* ---- queues: each partner's copies that it has not yet receipted ---- */

#define LEDGER_LANES 3 /* 0 goes first */

struct ledger_copy {
	uint64_t number;  /* per recipient 1, 2, 3, ... whatever the lane */
	uint64_t message; /* 0: withdrawn, only a tombstone is left */
	uint64_t policy;  /* number of the policy it was decided under */
	uint8_t lane;
	struct slice decision; /* sealed under the message's key, and erased
				  with it; a tombstone's under the store's */
};

/*
 * Put a copy in @recipient's queue, or replace the row of the same number and
 * lane after a new decision. Replacing a copy by a tombstone (message 0) lets
 * go of its message.
 */
void ledger_queue_put(
    struct store_txn *t, const char *recipient, const struct ledger_copy *copy);

/*
 * The next copy to send. @after holds, per lane, the number of the last copy
 * taken (all zero: from the start); a row of lane 0 comes before one of lane 1.
 * On 0 it has moved on, so n calls take n copies. Rows stay until dropped.
 * STORE_NONE: nothing more now. The decision goes into @out, and ret->decision
 * is a view of it (valid until @out changes).
 */
int ledger_queue_next(struct store_txn *t, const char *recipient,
    uint64_t after[LEDGER_LANES], struct buf *out, struct ledger_copy *ret);

/* The copy with this number, in whichever lane. */
int ledger_queue_get(struct store_txn *t, const char *recipient,
    uint64_t number, struct buf *out, struct ledger_copy *ret);

/* Its recipient has it, for ever: drop the row and let go of the message.
 * STORE_NONE: dropped before (a receipt may come twice). */
int ledger_queue_drop(
    struct store_txn *t, const char *recipient, uint64_t number);

/* How many copies wait for @recipient; walks its queue. */
int ledger_queue_count(
    struct store_txn *t, const char *recipient, uint64_t *ret);

/* ---- the log ---- */

#define LEDGER_ENTRY_MAX 65535

/* Append an entry and, unless empty, its detail. Returns the entry's index. */
uint64_t ledger_entry_add(
    struct store_txn *t, struct slice entry, struct slice detail);
int ledger_entry(struct store_txn *t, uint64_t index, struct buf *out);

/* STORE_NONE: it has none, or it was erased. */
int ledger_detail(struct store_txn *t, uint64_t index, struct buf *out);

/* Erase a detail so that no copy of data.mdb can give it back. Details share a
 * key in groups of LEDGER_DETAIL_GROUP: the others are sealed again under a new
 * one. STORE_NONE: nothing to erase. */
#define LEDGER_DETAIL_GROUP 1024
int ledger_detail_erase(struct store_txn *t, uint64_t index);

/* Full tiles of the tree, each written once, when its last hash is known.
 * Level 0 to LEDGER_LEVELS - 1. */
#define LEDGER_LEVELS 8
#define LEDGER_TILE_BYTES 8192
void ledger_tile_put(struct store_txn *t, uint8_t level, uint64_t index,
    const uint8_t tile[LEDGER_TILE_BYTES]);
int ledger_tile(struct store_txn *t, uint8_t level, uint64_t index,
    uint8_t ret[LEDGER_TILE_BYTES]);

/* The name of the note that holds the last checkpoint (store_note). */
#define LEDGER_CHECKPOINT "checkpoint"

/* ---- policies ---- */

/* Every text that was ever in force or enrolled, kept for ever: entries cite it
 * by its SHA-256, which ledger_text_put() computes. Putting a text again
 * changes nothing. */
void ledger_text_put(
    struct store_txn *t, struct slice text, uint8_t ret_digest[32]);
int ledger_text(struct store_txn *t, const uint8_t digest[32], struct buf *out);

/* The set of a policy number: file names and the digests of their texts. Sets
 * are kept for ever; LEDGER_POLICY says which is in force. */
void ledger_policy_put(struct store_txn *t, uint64_t number, const char *name,
    const uint8_t digest[32]);

/* The next file of that set in name order after @name ("" for the first), which
 * is replaced. STORE_NONE at the end. */
int ledger_policy_next(struct store_txn *t, uint64_t number,
    char name[STORE_NAME_MAX + 1], uint8_t ret_digest[32]);

#endif
