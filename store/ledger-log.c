/*
 * The broker's log, with its details and tiles, and the policies' texts. Which
 * invariants hold is said in ledger.c.
 */

#include <assert.h>
#include <errno.h>

#include "store/ledger-rows.h"
#include "util/hash.h"
#include "util/mem.h"

uint64_t ledger_entry_add(
    struct store_txn *t, struct slice entry, struct slice detail)
{
	uint64_t index = store_counter(t, LEDGER_ENTRIES);
	struct row_key holder =
	    holder_row(HOLDER_DETAILS, index / LEDGER_DETAIL_GROUP);
	struct row_key key = number_row(index);
	struct row row = { .plain = detail, .holder = &holder };

	assert(entry.len <= LEDGER_ENTRY_MAX);
	row_store(t, TABLE_ENTRY, key, entry);
	if (detail.len) {
		holder_need(t, &holder);
		row_put(t, TABLE_DETAIL, &key, &row);
	}
	store_counter_set(t, LEDGER_ENTRIES, index + 1);
	return index;
}

int ledger_entry(struct store_txn *t, uint64_t index, struct buf *out)
{
	return row_load(t, TABLE_ENTRY, number_row(index), out);
}

static int detail(struct store_txn *t, uint64_t index, struct buf *out)
{
	struct row_view view = { .table = TABLE_DETAIL };
	struct row_key holder =
	    holder_row(HOLDER_DETAILS, index / LEDGER_DETAIL_GROUP);
	struct row_key key = number_row(index);
	int r = row_get(t, &key, 0, &view);

	return r ? r : row_open(t, &view, &holder, out);
}

/* To a reader, a detail whose group was given a new key looks erased: a fresh
 * one knows. */
int ledger_detail(struct store_txn *t, uint64_t index, struct buf *out)
{
	struct store_txn *fresh;
	int r = detail(t, index, out);

	if (r != STORE_NONE || store_is_writer(t))
		return r;
	r = store_read(store_of(t), &fresh);
	if (r < 0)
		return r;
	r = detail(fresh, index, out);
	store_end(fresh);
	return r;
}

struct survivor {
	uint64_t index;
	struct buf plain;
};

struct survivors {
	struct survivor of[LEDGER_DETAIL_GROUP];
	size_t count;
};

/* Take all details of @index's group but its own. */
static int take_survivors(
    struct store_txn *t, uint64_t index, struct survivors *s)
{
	uint64_t group = index / LEDGER_DETAIL_GROUP;
	struct row_view view = { .table = TABLE_DETAIL };
	struct row_key from = number_row(group * LEDGER_DETAIL_GROUP);
	struct row_key holder = holder_row(HOLDER_DETAILS, group);
	struct row_place place = { .from = &from };
	int r;

	while ((r = row_next(t, &place, &view)) == 0) {
		uint64_t i = key_get_number(&view.key, 0, 8);

		if (i / LEDGER_DETAIL_GROUP != group)
			return 0;
		if (i != index) {
			struct survivor *one = &s->of[s->count++];

			one->index = i;
			r = row_open(t, &view, &holder, &one->plain);
			if (r)
				return r;
		}
		from = view.key;
		key_after(&from);
	}
	return r == STORE_NONE ? 0 : r;
}

static void reseal(
    struct store_txn *t, uint64_t index, const struct survivors *s)
{
	struct row_key holder =
	    holder_row(HOLDER_DETAILS, index / LEDGER_DETAIL_GROUP);
	struct row_key key = number_row(index);

	row_delete(t, TABLE_DETAIL, &key);
	if (s->count == 0) {
		holder_hold(t, &holder, -1);
		return;
	}
	holder_new(t, &holder, 1);
	for (size_t i = 0; i < s->count; i++) {
		struct row row = { .plain = buf_slice(&s->of[i].plain),
			.holder = &holder };

		key = number_row(s->of[i].index);
		row_put(t, TABLE_DETAIL, &key, &row);
	}
}

int ledger_detail_erase(struct store_txn *t, uint64_t index)
{
	_cleanup_free_ struct survivors *s = mem_alloc(sizeof(*s));
	_cleanup_buf_ struct buf own = { 0 };
	int r = detail(t, index, &own);

	if (r == 0)
		r = take_survivors(t, index, s);
	if (r == 0)
		reseal(t, index, s);
	for (size_t i = 0; i < s->count; i++)
		buf_deinit(&s->of[i].plain);
	return r ? r : store_error(t);
}

static struct row_key tile_row(uint8_t level, uint64_t index)
{
	struct row_key k = { 0 };

	assert(level < LEDGER_LEVELS);
	key_number(&k, level, 1);
	key_number(&k, index, 8);
	return k;
}

void ledger_tile_put(struct store_txn *t, uint8_t level, uint64_t index,
    const uint8_t tile[LEDGER_TILE_BYTES])
{
	row_store(t, TABLE_TILE, tile_row(level, index),
	    slice_of(tile, LEDGER_TILE_BYTES));
}

int ledger_tile(struct store_txn *t, uint8_t level, uint64_t index,
    uint8_t ret[LEDGER_TILE_BYTES])
{
	_cleanup_buf_ struct buf tile = { 0 };
	struct row_key key = tile_row(level, index);
	int r = row_load(t, TABLE_TILE, key, &tile);

	if (r == 0 && tile.len != LEDGER_TILE_BYTES)
		r = row_damaged(t, TABLE_TILE, slice_of(key.bytes, key.len),
		    "it has a wrong length");
	if (r == 0)
		memcpy(ret, tile.data, LEDGER_TILE_BYTES);
	return r;
}

/* ---- policies ---- */

static struct row_key text_row(const uint8_t digest[HASH_BYTES])
{
	struct row_key k = { 0 };

	key_bytes(&k, digest, HASH_BYTES);
	return k;
}

void ledger_text_put(
    struct store_txn *t, struct slice text, uint8_t ret_digest[32])
{
	struct row_view view = { .table = TABLE_TEXT };
	struct row_key key;

	hash_bytes(text.data, text.len, ret_digest);
	key = text_row(ret_digest);
	if (row_get(t, &key, 0, &view) == STORE_NONE)
		row_store(t, TABLE_TEXT, key, text);
}

int ledger_text(struct store_txn *t, const uint8_t digest[32], struct buf *out)
{
	return row_load(t, TABLE_TEXT, text_row(digest), out);
}

static struct row_key policy_row(uint64_t number, const char *name)
{
	struct row_key k = number_row(number);

	key_name(&k, name);
	return k;
}

void ledger_policy_put(struct store_txn *t, uint64_t number, const char *name,
    const uint8_t digest[32])
{
	row_store(t, TABLE_POLICY, policy_row(number, name),
	    slice_of(digest, HASH_BYTES));
}

int ledger_policy_next(struct store_txn *t, uint64_t number,
    char name[STORE_NAME_MAX + 1], uint8_t ret_digest[32])
{
	struct row_view view = { .table = TABLE_POLICY };
	struct row_key from = policy_row(number, name);
	struct row_place place = { .from = &from, .prefix = 8 };
	_cleanup_buf_ struct buf digest = { 0 };
	char next[STORE_NAME_MAX + 1];
	int r;

	key_after(&from);
	r = row_next(t, &place, &view);
	if (r == 0)
		r = row_open(t, &view, NULL, &digest);
	if (r)
		return r;
	if (!key_get_name(&view.key, 8, next) || digest.len != HASH_BYTES)
		return row_damaged(t, TABLE_POLICY,
		    slice_of(view.key.bytes, view.key.len),
		    "it names no file or no digest");
	memcpy(name, next, strlen(next) + 1);
	memcpy(ret_digest, digest.data, HASH_BYTES);
	return 0;
}
