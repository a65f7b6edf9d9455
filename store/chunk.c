/* Long values in short rows; chunk.h has the layout. */

#include "store/chunk.h"

#include <assert.h>
#include <errno.h>

#define SUFFIX 2

struct numbered {
	uint8_t bytes[KV_KEY_MAX];
	size_t len;
};

static struct slice numbered(
    struct numbered *k, struct slice key, unsigned chunk)
{
	assert(key.len > 0 && key.len <= CHUNK_KEY_MAX);
	memcpy(k->bytes, key.data, key.len);
	k->bytes[key.len] = (uint8_t)(chunk >> 8);
	k->bytes[key.len + 1] = (uint8_t)chunk;
	return slice_of(k->bytes, key.len + SUFFIX);
}

static int get_one(struct kv_txn *txn, unsigned table, struct slice key,
    unsigned chunk, struct slice *ret)
{
	struct numbered k;

	return kv_get(txn, table, numbered(&k, key, chunk), ret);
}

/* @value is the first chunk: make it the whole value. */
static int gather(struct kv_txn *txn, unsigned table, struct slice key,
    struct buf *room, struct slice *value)
{
	struct slice part = *value;
	int r;

	if (part.len < KV_VALUE_MAX)
		return 0;
	buf_reset(room);
	for (unsigned chunk = 1;; chunk++) {
		if (part.len > KV_VALUE_MAX ||
		    room->len + part.len > STORE_VALUE_MAX)
			return kv_fail(txn, -EBADMSG);
		buf_add_slice(room, part);
		if (part.len < KV_VALUE_MAX)
			break;
		r = get_one(txn, table, key, chunk, &part);
		if (r)
			return kv_fail(txn, r == STORE_NONE ? -EBADMSG : r);
	}
	*value = buf_slice(room);
	return 0;
}

int chunk_get(struct kv_txn *txn, unsigned table, struct slice key,
    struct buf *room, struct slice *ret)
{
	struct slice value;
	int r = get_one(txn, table, key, 0, &value);

	if (r == 0)
		r = gather(txn, table, key, room, &value);
	if (r == 0)
		*ret = value;
	return r;
}

static int delete_from(
    struct kv_txn *txn, unsigned table, struct slice key, unsigned chunk)
{
	struct numbered k;
	int r = 0;

	for (; r == 0; chunk++)
		r = kv_delete(txn, table, numbered(&k, key, chunk));
	return r == STORE_NONE ? 0 : r;
}

/* Take the next chunk off @value; true when it is the last. */
static bool next_chunk(struct slice *value, struct slice *ret)
{
	*ret = *value;
	if (ret->len >= KV_VALUE_MAX)
		ret->len = KV_VALUE_MAX;
	value->data += ret->len;
	value->len -= ret->len;
	return ret->len < KV_VALUE_MAX;
}

int chunk_put(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice value)
{
	struct slice part, old = { 0 };
	struct numbered k;
	unsigned chunk = 0;
	bool last = next_chunk(&value, &part);
	int r;

	assert(value.len <= STORE_VALUE_MAX);
	r = kv_put_last(txn, table, numbered(&k, key, chunk), part);
	if (r == STORE_THERE) { /* it may replace a longer value */
		r = get_one(txn, table, key, 0, &old);
		if (r == 0 || r == STORE_NONE)
			r = kv_put(txn, table, numbered(&k, key, chunk), part);
	}
	while (r == 0 && !last) {
		last = next_chunk(&value, &part);
		r = kv_put(txn, table, numbered(&k, key, ++chunk), part);
	}
	if (r == 0 && old.len >= KV_VALUE_MAX)
		r = delete_from(txn, table, key, chunk + 1);
	return r;
}

int chunk_delete(struct kv_txn *txn, unsigned table, struct slice key)
{
	struct slice first;
	struct numbered k;
	int r = get_one(txn, table, key, 0, &first);
	bool more = r == 0 && first.len >= KV_VALUE_MAX;

	if (r == 0)
		r = kv_delete(txn, table, numbered(&k, key, 0));
	if (r == 0 && more)
		r = delete_from(txn, table, key, 1);
	return r;
}

/* @row is one chunk, of any number, of the row that was looked for. */
static int found(
    struct kv_txn *txn, unsigned table, struct buf *room, struct kv_row *row)
{
	bool first;
	int r;

	if (row->key.len <= SUFFIX || row->key.len > KV_KEY_MAX)
		return kv_fail(txn, -EBADMSG);
	row->key.len -= SUFFIX;
	first =
	    !row->key.data[row->key.len] && !row->key.data[row->key.len + 1];
	r = first ? 0 : get_one(txn, table, row->key, 0, &row->value);
	if (r == STORE_NONE)
		return kv_fail(txn, -EBADMSG);
	return r ? r : gather(txn, table, row->key, room, &row->value);
}

int chunk_seek(struct kv_txn *txn, unsigned table, struct slice from,
    struct buf *room, struct kv_row *ret)
{
	struct numbered k;
	struct kv_row row;
	int r = kv_seek(txn, table, numbered(&k, from, 0), &row);

	if (r == 0)
		r = found(txn, table, room, &row);
	if (r == 0)
		*ret = row;
	return r;
}

int chunk_seek_back(struct kv_txn *txn, unsigned table, struct slice before,
    struct buf *room, struct kv_row *ret)
{
	struct numbered k;
	struct kv_row row;
	int r = kv_seek_back(txn, table, numbered(&k, before, 0), &row);

	if (r == 0)
		r = found(txn, table, room, &row);
	if (r == 0)
		*ret = row;
	return r;
}
