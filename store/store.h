#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * The durable store of one broker or one agent, opened with ledger_open() or
 * mailbox_open(). It is a folder (mode 0700):
 *
 *     data.mdb lock.mdb   the rows
 *     slots     a key for each message, so that one can be destroyed
 *     key       the store's own key and the slots' epoch keys; who may write
 *               holds a lock on it
 *     damaged   only there after damage was met: what, in a sentence
 *     new       only there while the store is made
 *
 * Values are sealed (AES-256-GCM), or where they are no secret tagged, and
 * bound to table and row: a changed, moved or cut row is noticed when it is
 * read. Keys of rows (names of partners and files, numbers, dates) are as they
 * are. A message is sealed under a key of its own; when the message goes, its
 * key is overwritten in `slots`, so that what the file system or a backup of
 * data.mdb still holds can no longer be read.
 *
 * TRANSACTIONS. One writer at a time (store_begin waits for its turn; begin and
 * end in one thread), any number of readers in any thread, who see the store as
 * it was when they began. A write transaction remembers its first failure: all
 * later calls on it do nothing and store_commit() returns that failure, so a
 * caller may check once, at the end. Readers must be short: while one is open
 * no page that it may see is used again. Never hold one across a wait for the
 * network or a person, and never for more than STORE_READ_MS.
 *
 * RETURNS of all functions here, in ledger.h and in mailbox.h that return int:
 * 0, a positive outcome below where the function names it, or -errno:
 * -EBADMSG is damage (store_fault() says where); any -errno from store_commit()
 * means that the process must end, because what is on disk is no longer known
 * (the store then refuses all further work with -EIO).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/slice.h"
#include "util/why.h"

enum store_outcome {
	STORE_NONE = 1, /* no such row */
	STORE_THERE,    /* it is already there; nothing was changed */
	STORE_FULL,     /* no room: nothing happened, try again later */
	STORE_LOCKED,   /* another process has this store open for writing */
	STORE_DAMAGED,  /* open it read-only; the why says what is damaged */
};

#define STORE_READ_MS 1000              /* the longest life of a reader */
#define STORE_MAP_DEFAULT (64ULL << 30) /* bytes of address space */
#define STORE_MAP_MIN (1ULL << 20)
#define STORE_FILL_REFUSE 85                /* per cent; see store_fill() */
#define STORE_EPOCH_MS (24LL * 3600 * 1000) /* life of an epoch key */
#define STORE_NAME_MAX                                                         \
	128 /* bytes of a name in any row: partner, file, note                 \
	     */
#define STORE_VALUE_MAX (4U << 20) /* bytes of any one value */

struct store;
struct store_txn;

struct store_options {
	uint64_t map_bytes; /* how large data.mdb may grow; 0: the default */
	bool read_only;     /* beside a running process, or when damaged; takes
			       no lock, changes no byte, begins only readers */
};

void store_free(struct store *s); /* NULL is fine; all transactions ended */

/* Wait for the turn to write. Fails only after a fatal failure (-EIO). */
int store_begin(struct store *s, struct store_txn **ret);

/* *@ret is NULL when it fails, so that store_end() may follow in any case. */
int store_read(struct store *s, struct store_txn **ret);

/* Make everything since store_begin() durable, all of it or nothing: 0;
 * STORE_FULL when map or disk is full (nothing happened); or -errno, fatal. The
 * transaction is gone in each case. When this returns 0, destroyed keys have
 * been overwritten on disk too. */
int store_commit(struct store_txn *t) __attribute__((warn_unused_result));

/* End a reader, or a writer without a change. NULL is fine. */
void store_end(struct store_txn *t);

/* The first failure of @t so far: 0, STORE_FULL or -errno. */
int store_error(const struct store_txn *t);

/* What is wrong with the store, for the operator: a sentence that lives as long
 * as the store, or NULL while nothing is. */
const char *store_fault(struct store *s);

/*
 * How full the store is, in per cent of its map, or of what the file has when
 * the disk has no more for it. Cheap, any thread, as of the last commit. At
 * STORE_FILL_REFUSE new messages must be refused, and the calls that add one
 * make the transaction STORE_FULL: what is left is for receipts and deletes,
 * which need room too. It falls again as messages go.
 */
unsigned store_fill(const struct store *s);

/*
 * Bounded housekeeping (some milliseconds), to be called about once a second by
 * any thread that is in no transaction: renews the epoch key once it is
 * STORE_EPOCH_MS old (the keys that are still needed are wrapped again, a few
 * thousand a call, then the old epoch key is overwritten) and clears readers
 * that died. @ret_more: there is more to do, call again soon. STORE_FULL: the
 * disk has no room to renew keys; it will be tried again.
 */
int store_upkeep(struct store *s, int64_t now, bool *ret_more);

struct store_stats {
	uint64_t map_bytes, used_bytes, file_bytes;
	uint64_t keys; /* messages and groups of details that can be read */
	uint64_t oldest_read_ms; /* age of the oldest reader of this process */
	unsigned fill;
};

void store_stats(struct store *s, struct store_stats *ret);

/*
 * Small named rows, sealed: whatever the owner must remember and no other table
 * holds (a checkpoint text, an identity). store_note() appends to @out, and
 * leaves it as it was on any other return; STORE_NONE: no such note.
 */
void store_note_put(struct store_txn *t, const char *name, struct slice value);
int store_note(struct store_txn *t, const char *name, struct buf *out);

/* Numbers that each store keeps; which, say enum ledger_counter and enum
 * mailbox_counter. Sealed in one row, written by the commit. */
#define STORE_COUNTERS 8
uint64_t store_counter(const struct store_txn *t, unsigned which);
void store_counter_set(struct store_txn *t, unsigned which, uint64_t value);

/* One thing that ledger_check() or mailbox_check() found wrong. @key is text
 * fit for a terminal. */
typedef void store_problem_fn(
    void *ctx, const char *table, const char *key, const char *what);

#endif
