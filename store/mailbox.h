#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

/*
 * What a partner's agent keeps: what it sent and what was answered, the copies
 * it received, and the policies it last heard of. Transactions are store.h's.
 * Each message and each copy is sealed under a key of its own. What was
 * destroyed since a reader began is STORE_NONE to it.
 *
 * Functions without a result record their failure in the transaction. A `struct
 * buf *` is appended to, and left as it was unless 0 is returned; where it may
 * be NULL, that part is not read.
 */

#include "store/store.h"

/* As ledger_open() and ledger_check(). */
int mailbox_open(const char *dir, const struct store_options *options,
    struct store **ret, struct why *why);
int mailbox_check(const char *dir, store_problem_fn *problem, void *ctx,
    uint64_t *ret_problems, struct why *why);

/* Read with store_counter(); those marked (*) are the caller's to set. */
enum mailbox_counter {
	MAILBOX_EPOCH,  /* the agent's epoch; 0: none allotted; set by
			   mailbox_epoch_set() */
	MAILBOX_NUMBER, /* the last number used in it */
	MAILBOX_COPY,   /* (*) every copy up to this number is in the inbox or
			   was skipped by setting this; moves on by itself */
	MAILBOX_POLICY, /* number of the policies held */
};

/* ---- outbox ---- */

struct mailbox_number {
	uint32_t epoch;
	uint64_t number;
};

enum mailbox_state {
	MAILBOX_ANSWERED, /* the broker's result is here */
	MAILBOX_QUEUED,
	MAILBOX_SENT, /* handed to the link at least once */
};

/* The broker allotted @epoch: numbers go on after @last (0 for a new epoch). An
 * older epoch, or a @last before the number used last in this one, is -EINVAL:
 * numbers are never used again. What is in the outbox stays as it is. */
void mailbox_epoch_set(struct store_txn *t, uint32_t epoch, uint64_t last);

/* Append a message, queued. Its number is MAILBOX_NUMBER + 1 in MAILBOX_EPOCH
 * (else -EINVAL: our bug), which moves on: numbers have no gaps. @summary is
 * what a list shows of it. STORE_FULL when at STORE_FILL_REFUSE. */
void mailbox_outbox_add(struct store_txn *t, struct mailbox_number id,
    struct slice envelope, struct slice summary);

/* STORE_NONE: no such message, or it is answered already. */
int mailbox_outbox_sent(struct store_txn *t, struct mailbox_number id);

/* STORE_NONE: no such message. STORE_THERE: answered before; the first answer
 * stays. */
int mailbox_outbox_answer(
    struct store_txn *t, struct mailbox_number id, struct slice result);

/* A later, further answer (a receipt, a new decision) in place of the last. */
int mailbox_outbox_amend(
    struct store_txn *t, struct mailbox_number id, struct slice result);

/* Its state and its parts. STORE_NONE: no such message, or for the result: not
 * answered yet. */
int mailbox_outbox_state(
    struct store_txn *t, struct mailbox_number id, enum mailbox_state *ret);
int mailbox_outbox_envelope(
    struct store_txn *t, struct mailbox_number id, struct buf *out);
int mailbox_outbox_summary(
    struct store_txn *t, struct mailbox_number id, struct buf *out);
int mailbox_outbox_result(
    struct store_txn *t, struct mailbox_number id, struct buf *out);

/* The next message after *@id that has no answer yet, or the next of all; the
 * next older one before *@id. Start with { 0 }, or for _prev with all bits set.
 * STORE_NONE at the end. */
int mailbox_outbox_pending(struct store_txn *t, struct mailbox_number *id);
int mailbox_outbox_next(struct store_txn *t, struct mailbox_number *id);
int mailbox_outbox_prev(struct store_txn *t, struct mailbox_number *id);
uint64_t mailbox_outbox_pending_count(struct store_txn *t);

/* Destroy an answered message; its number stays used. STORE_NONE: not there, or
 * not answered. */
int mailbox_outbox_destroy(struct store_txn *t, struct mailbox_number id);

/* ---- inbox ---- */

struct mailbox_id { /* a message's id; @partner is its sender */
	char partner[STORE_NAME_MAX + 1];
	uint32_t epoch;
	uint64_t number;
};

enum mailbox_kind {
	MAILBOX_COPY_HELD,
	MAILBOX_COPY_REJECTED, /* kept as evidence, not shown as intelligence */
	MAILBOX_COPY_WITHDRAWN, /* a tombstone came instead */
	MAILBOX_COPY_DESTROYED, /* was held; only that is left */
};

struct mailbox_copy {
	uint64_t number;
	enum mailbox_kind kind;
	struct mailbox_id id; /* partner "" when unknown (a tombstone) */
	int64_t at;           /* ms: received, or destroyed */
	int64_t destroy_by;   /* ms; 0: no date */
	struct slice copy;    /* the copy's bytes, or the tombstone's */
	struct slice summary; /* what a list shows of it */
};

/* STORE_THERE: a row of that number is there, and stays as it is; only a
 * rejected copy is replaced, by one that is not (a repaired broker may deliver
 * it properly). STORE_FULL (in the transaction) when at STORE_FILL_REFUSE. All
 * of one frame go into one transaction. */
int mailbox_inbox_put(struct store_txn *t, const struct mailbox_copy *copy);

/* @copy and @summary (each may be NULL) receive the bytes; ret's slices are
 * views of them. Of a destroyed copy both are empty. */
int mailbox_inbox(struct store_txn *t, uint64_t number, struct buf *copy,
    struct buf *summary, struct mailbox_copy *ret);

/* The newest copy of message @id; or the newest before copy *@number when that
 * is not 0. */
int mailbox_inbox_find(
    struct store_txn *t, const struct mailbox_id *id, uint64_t *number);

/* The number of the next row after, or before, *@number (0: the first;
 * UINT64_MAX: the last). STORE_NONE at the end. */
int mailbox_inbox_next(struct store_txn *t, uint64_t *number);
int mailbox_inbox_prev(struct store_txn *t, uint64_t *number);

/* Destroy a copy: what is left says that it was there, whose, and @now.
 * STORE_NONE: no such copy, or destroyed before. */
int mailbox_inbox_destroy(struct store_txn *t, uint64_t number, int64_t now);

/* A copy whose destroy-by is not after @now, the longest due first. */
int mailbox_inbox_due(struct store_txn *t, int64_t now, uint64_t *ret_number);

/* ---- policies ---- */

struct mailbox_text {
	const char *name; /* at most STORE_NAME_MAX bytes */
	struct slice text;
};

/* Replace all texts by these, and MAILBOX_POLICY by @number. */
void mailbox_policies_replace(struct store_txn *t, uint64_t number,
    const struct mailbox_text *texts, size_t count);

/* The next text in name order after @name ("" for the first), which is
 * replaced; STORE_NONE at the end. */
int mailbox_policy_next(
    struct store_txn *t, char name[STORE_NAME_MAX + 1], struct buf *out);

#endif
