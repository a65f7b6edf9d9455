#ifndef BROKER_COMMITTING_H
#define BROKER_COMMITTING_H

/* Inside the committer only: the transaction that commit.c keeps and
 * committer.c drives. */

#include "broker/commit.h"
#include "util/map.h"

struct commit {
	struct exchange *x;
	struct book *book; /* in force */
	struct store_txn *txn;
	bool dirty;         /* there is something to commit */
	bool full;          /* this try takes no new messages */
	struct map tally;   /* partners' rows of this transaction */
	struct map grudges; /* refusals to be summed up, across transactions */
};

void commit_init(struct commit *c, struct exchange *x);
void commit_deinit(struct commit *c);
int commit_begin(struct commit *c);
/* 0 (also when there was nothing to write), STORE_FULL, or -errno. */
int commit_end(struct commit *c);
void commit_sum_up(struct commit *c); /* refusals that are still pending */

/* What follows a commit: frames to the peers and word to the deliverer. When
 * @committed is false, only that nothing was kept. */
void answer_group(
    struct exchange *x, struct job *const *jobs, size_t count, bool committed);

#endif
