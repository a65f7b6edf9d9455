#ifndef STORE_KV_H
#define STORE_KV_H

/*
 * The door to LMDB: ordered tables of byte strings, transactions with a sticky
 * error, and nothing of what the rows mean. Only store/ uses it.
 *
 * Values of at most KV_VALUE_MAX bytes (a longer one takes pages that lie
 * together: see chunk.h), keys of at most KV_KEY_MAX.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define KV_VALUE_MAX 4000 /* just fits one page */
#define KV_KEY_MAX 168
#define KV_TABLES_MAX 24

struct kv;
struct kv_txn;

struct kv_table {
	const char *name;
	bool append; /* new keys come in order: their pages are packed full */
};

struct kv_config {
	const char *dir;
	const struct kv_table *tables;
	size_t table_count;
	uint64_t map_bytes;
	uint64_t reserve_bytes; /* kept allocated on disk past the last page */
	bool read_only;
};

/* STORE_DAMAGED: the file is not LMDB's, or shorter than it says. With
 * read_only a missing store is -ENOENT. */
int kv_open(const struct kv_config *config, struct kv **ret, struct why *why);
void kv_free(struct kv *kv);

/* Write transactions begin and end in one thread, one at a time (the caller's
 * lock). After a commit that failed with -errno every begin is -EIO. */
int kv_begin(struct kv *kv, bool write, struct kv_txn **ret);
int kv_commit(struct kv_txn *txn); /* 0, STORE_FULL or -errno; always ends it */
void kv_end(struct kv_txn *txn);   /* NULL is fine */

/* The first failure, which makes all later calls do nothing: 0, STORE_FULL,
 * -errno. kv_fail() records the caller's own. */
int kv_error(const struct kv_txn *txn);
int kv_fail(struct kv_txn *txn, int error); /* returns what kv_error() is now */
void kv_forgive(struct kv_txn *txn);        /* a reader goes on: for checks */

/* Slices returned live until the next write in @txn. */
int kv_get(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice *ret);
int kv_put(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice value);
/* The same for a key that is to come after all others, in a table that appends;
 * STORE_THERE, with nothing done, when it does not or the table is another. */
int kv_put_last(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice value);
int kv_delete(struct kv_txn *txn, unsigned table, struct slice key);

/* The first row whose key is not before @from; the last whose key is before it.
 */
struct kv_row {
	struct slice key, value;
};

int kv_seek(
    struct kv_txn *txn, unsigned table, struct slice from, struct kv_row *ret);
int kv_seek_back(struct kv_txn *txn, unsigned table, struct slice before,
    struct kv_row *ret);

uint64_t kv_count(struct kv_txn *txn, unsigned table);

/* Pages in use, in per cent of the map, or of the file while the disk lets it
 * grow no further; counts what @txn wrote. */
unsigned kv_fill(struct kv_txn *txn, uint64_t *ret_used_bytes);

/* Try again to have the reserve, as each commit does. In no write transaction.
 */
void kv_reserve(struct kv *kv);

uint64_t kv_map_bytes(const struct kv *kv);
uint64_t kv_file_bytes(const struct kv *kv);
uint64_t kv_oldest_read_ms(struct kv *kv);
int kv_clear_readers(struct kv *kv); /* of processes that died */

#endif
