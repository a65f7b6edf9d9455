#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

/*
 * Values of any length (up to STORE_VALUE_MAX) over kv.h's short ones. A value
 * is kept in chunks under its key and the chunk's number (u16): all of
 * KV_VALUE_MAX bytes but the last, which is shorter. So a value of several
 * pages needs no pages that lie together, which a store in use soon has not;
 * and a short one costs two bytes.
 *
 * Keys: at most CHUNK_KEY_MAX bytes; in one table none may begin another.
 * Returns are kv.h's; a row whose chunks do not fit together is -EBADMSG.
 */

#include "store/kv.h"

#define CHUNK_KEY_MAX (KV_KEY_MAX - 2)

/* A value in one chunk lives as kv.h's do; a longer one is put together in
 * @room, and lives as long as that is not changed. */
int chunk_get(struct kv_txn *txn, unsigned table, struct slice key,
    struct buf *room, struct slice *ret);

int chunk_put(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice value);
int chunk_delete(struct kv_txn *txn, unsigned table, struct slice key);

/* The first row whose key is not before @from; the last whose key is. */
int chunk_seek(struct kv_txn *txn, unsigned table, struct slice from,
    struct buf *room, struct kv_row *ret);
int chunk_seek_back(struct kv_txn *txn, unsigned table, struct slice before,
    struct buf *room, struct kv_row *ret);

#endif
