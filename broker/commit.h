#ifndef BROKER_COMMIT_H
#define BROKER_COMMIT_H

/*
 * The committer: the store's only writer. It takes finished jobs in ticket
 * order and makes each group one transaction; after the commit it signs one
 * checkpoint and answers.
 *
 * A job that was decided under an older book than the one in force is worked on
 * again before it is stored: the committer alone swaps books, so nothing
 * decided under an older policy number is ever committed after a newer one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "audit/entry.h"
#include "broker/exchange.h"

#define COMMIT_GROUP 256u /* jobs in a transaction */

/* ---- the thread ------------------------------------------------------- */

struct committer;
struct committer *committer_new(struct exchange *x);
struct committer *committer_free(struct committer *c); /* NULL */
/* Runs until the ring is closed and empty. Ends the process when the store or
 * the log's key fails: what is on disk is then not known. */
void committer_run(struct committer *c);

/* ---- for the stages that store ---------------------------------------- */

struct store_txn *commit_txn(struct commit *c);
struct exchange *commit_exchange(struct commit *c);
const struct book *commit_book(struct commit *c); /* in force */
int64_t commit_now(struct commit *c);

/* Whether new messages can be kept (the store is not full). */
bool commit_has_room(struct commit *c);

/* The partner's row, made when it is not there; written with the transaction.
 * The caller may change it. */
struct ledger_partner *commit_partner(struct commit *c, const char *name);

/* Add an entry and its detail; its index. */
uint64_t commit_entry(struct commit *c, struct entry *e, struct slice detail);

/* Something was written otherwise. */
void commit_touch(struct commit *c);

/* Refusals that leave no other trace: at most one entry a second a partner.
 * @refused may be NULL. */
void commit_refusal(struct commit *c, const char *from, const char *reason,
    const struct job_refusal *refused);

#endif
