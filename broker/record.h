#ifndef BROKER_RECORD_H
#define BROKER_RECORD_H

/*
 * The broker's hand on the log: entries into the store and the tree in one
 * transaction, one signed checkpoint a commit, proofs for copies.
 *
 * The committer alone adds, signs and reloads; any thread proves and reads the
 * checkpoint.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/tree.h"
#include "store/ledger.h"
#include "util/buf.h"
#include "util/why.h"

struct record;

/* The log of the ledger @s, of the exchange @name. Signs where it stands. @s,
 * @name and @key outlive it. */
int record_open(struct store *s, const char *name, const struct key *key,
    struct record **ret, struct why *why);
struct record *record_free(struct record *r); /* NULL */

/* Add @e, whose salt, time and detail this fills, with its detail (empty:
 * none). Failures stay in the transaction; the index is then meaningless. */
uint64_t record_add(struct record *r, struct store_txn *t, struct entry *e,
    struct slice detail);

/* After a commit: sign the tree as it is. -errno: the key failed, or the tree
 * could not be read; the process must end. */
int record_sign(struct record *r, struct why *why);

/* After a transaction that was not committed: forget what it added. */
int record_reload(struct record *r, struct why *why);

/* The last checkpoint as a note of the store, so that it is there when nobody
 * runs. Does nothing when it is there already. */
void record_keep(struct record *r, struct store_txn *t);
bool record_kept(struct record *r);

/* The last checkpoint: its note is appended to @out. */
uint64_t record_checkpoint(struct record *r, struct buf *out);
uint64_t record_size(struct record *r); /* of the last checkpoint */
const char *record_origin(const struct record *r);

/* The path of entry @index in the tree of @size entries. */
int record_prove(
    struct record *r, uint64_t index, uint64_t size, struct merkle_proof *ret);

#endif
