#ifndef BROKER_EXCHANGE_H
#define BROKER_EXCHANGE_H

/*
 * The exchange itself: what happens to one message, one receipt, one hello.
 *
 *     ingest -> quota -> route -> decide per recipient -> store -> result
 *
 * The first four need no turn and run in the workers; the last two are the
 * committer's, in ticket order and in one transaction a group. exchange.c has
 * both halves of the sentence beside each other.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/books.h"
#include "broker/job.h"
#include "broker/quota.h"
#include "broker/record.h"
#include "broker/ring.h"
#include "broker/settings.h"
#include "store/ledger.h"

#define EXCHANGE_AHEAD_MS (5 * 60 * 1000) /* `sent` may be so far ahead */
#define EXCHANGE_RETRY_MS 200u            /* what busy asks for */
#define EXCHANGE_TAGS 1024u /* verified batches a worker remembers */

struct net;
struct deliver;

/* For `status`; touched with __atomic_ builtins only. */
struct exchange_counts {
	uint64_t accepted, refused, repeated, busy, receipts, delivered;
	uint64_t commits;
};

/* All the broker has. main() makes and unmakes it; members are set before any
 * thread starts and then only looked at. */
struct exchange {
	const struct settings *settings;
	struct store *store;
	struct record *record;
	struct books *books;
	struct quota *quota;
	struct ring *ring;
	struct net *net;
	struct deliver *deliver;
	char log_vkey[VKEY_TEXT_MAX];
	int64_t started; /* ms */
	struct exchange_counts counts;
	bool refusals_pending; /* atomic: the committer has some to log */
};

/* A thread that verifies and decides. */
struct worker {
	struct exchange *x;
	/* Tags of batches whose signature verified, by their first bytes. */
	uint8_t tags[EXCHANGE_TAGS][HASH_BYTES];
};

/* The committer's view of the transaction it is filling; commit.c. */
struct commit;

/* First half: work on @job in any thread; it holds the book it used. */
void exchange_work(struct worker *w, struct job *job);

/* Second half: store @job in the committer's transaction. What fails there is
 * remembered by the transaction. */
void exchange_store(struct commit *c, struct job *job);

/* Count one more. */
static inline void exchange_count(uint64_t *counter, uint64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

/* ---- the stages ------------------------------------------------------- */

/* @text (NULL: none) as a frame may carry it: at most @max bytes, not cut
 * inside a character, and free of what the text rules forbid. */
struct slice reason_clean(struct arena *arena, const char *text, size_t max);

/* Note that a message goes no further, and why; always false. */
bool message_refuse(struct job *job, enum fate fate, enum frame_code code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Size, shape, signature: what the sender sent is its own and well-formed. */
bool ingest_message(struct worker *w, struct job *job);
bool ingest_signature(struct worker *w, const struct statement *s,
    const uint8_t public[KEY_BYTES]);

/* Whom it is for, after the agreements' own reading of the message. */
bool route_message(struct job *job);

/* What one recipient gets. @e and @r are the message, @b the book. */
struct disclosure {
	const struct book *book;
	const struct envelope *envelope;
	const struct reading *reading;
	struct arena *arena;
	int64_t now;
};
void disclose(const struct disclosure *d, struct recipient *ret);

/* Receipts, and waiting copies that are decided again. */
void receipt_work(struct worker *w, struct job *job);
void receipt_store(struct commit *c, struct job *job);
void stale_work(struct worker *w, struct job *job);
void stale_store(struct commit *c, struct job *job);

#endif
