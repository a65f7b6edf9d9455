/*
 * Rows and holders. What must hold:
 *
 *  1. The tag and what is sealed are bound to the table's name, the key, the
 *     clear part and whether there is a sealed one: nothing can be changed,
 *     cut, moved or swapped unnoticed.
 *  2. A holder's row and its slot live and die in the same transaction.
 *  3. A reader may see a holder's row after its slot was overwritten, or used
 *     again; it looks at the newest row before it calls that damage.
 */

#include "store/rows.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "store/txn.h"
#include "util/mem.h"

#define TAG_BYTES 16
#define CHANGED "it does not open: it was changed, or moved from another row"

/* ---- keys ---- */

uint64_t be_get(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

void be_put(uint8_t *p, uint64_t v, size_t bytes)
{
	for (size_t i = bytes; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

void key_bytes(struct row_key *k, const void *data, size_t len)
{
	assert(len <= sizeof(k->bytes) - k->len);
	memcpy(k->bytes + k->len, data, len);
	k->len += len;
}

void key_name(struct row_key *k, const char *name)
{
	size_t len = strlen(name);

	assert(len <= STORE_NAME_MAX);
	key_bytes(k, name, len + 1);
}

void key_number(struct row_key *k, uint64_t v, size_t bytes)
{
	uint8_t be[8];

	be_put(be, v, bytes);
	key_bytes(k, be, bytes);
}

struct row_key name_row(const char *name)
{
	struct row_key k = { 0 };

	key_name(&k, name);
	return k;
}

struct row_key number_row(uint64_t number)
{
	struct row_key k = { 0 };

	key_number(&k, number, 8);
	return k;
}

struct row_key holder_row(char kind, uint64_t number)
{
	struct row_key k = { 0 };

	key_bytes(&k, &kind, 1);
	key_number(&k, number, 8);
	return k;
}

void key_after(struct row_key *k)
{
	while (k->len > 1 && k->bytes[k->len - 1] == 0xff)
		k->len--;
	k->bytes[k->len - 1]++;
}

size_t key_get_name(
    const struct row_key *k, size_t at, char ret[STORE_NAME_MAX + 1])
{
	for (size_t i = at; i < k->len && i - at <= STORE_NAME_MAX; i++)
		if (k->bytes[i] == 0) {
			memcpy(ret, k->bytes + at, i - at + 1);
			return i + 1;
		}
	return 0;
}

uint64_t key_get_number(const struct row_key *k, size_t at, size_t bytes)
{
	return at + bytes <= k->len ? be_get(k->bytes + at, bytes) : 0;
}

void key_text(struct slice key, struct buf *out)
{
	bool hex = false;

	for (size_t i = 0; i < key.len; i++) {
		uint8_t c = key.data[i];

		if (c > 0x20 && c < 0x7f && !hex) {
			buf_add_byte(out, c);
			continue;
		}
		buf_addf(out, hex ? "%02x" : " %02x", c);
		hex = true;
	}
}

/* ---- rows ---- */

int row_damaged(
    struct store_txn *t, unsigned table, struct slice key, const char *what)
{
	struct store *s = t->store;
	_cleanup_buf_ struct buf text = { 0 };

	key_text(key, &text);
	if (s->on_damage)
		s->on_damage(s->on_damage_ctx, table, key, what);
	store_set_fault(s, true, "in '%s/data.mdb', table '%s', row '%.*s': %s",
	    s->dir, s->schema->tables[table].name, SLICE_ARG(buf_slice(&text)),
	    what);
	return kv_fail(t->kv, -EBADMSG);
}

static struct slice key_slice(const struct row_key *k)
{
	return slice_of(k->bytes, k->len);
}

/* kv's -EBADMSG is damage to the file's structure. */
static int noticed(struct store_txn *t, unsigned table, struct slice key, int r)
{
	return r == -EBADMSG ? row_damaged(t, table, key,
				   "the file's structure is damaged")
			     : r;
}

/* Valid until the next one is made. */
static struct slice binding(struct store_txn *t, unsigned table,
    struct slice key, struct slice clear, bool bare)
{
	struct buf *b = &t->bind;

	buf_reset(b);
	buf_add_str(b, t->store->schema->tables[table].name);
	buf_add_byte(b, 0);
	buf_add_be16(b, (uint16_t)key.len);
	buf_add_slice(b, key);
	buf_add_byte(b, bare);
	buf_add_slice(b, clear);
	return buf_slice(b);
}

/* What is not secret needs no cipher: a keyed hash, cut so that it cannot be
 * extended, costs a third. */
static void make_tag(
    struct store_txn *t, struct slice bind, uint8_t ret[TAG_BYTES])
{
	const struct slice parts[] = {
		slice_of(t->store->tag_key, sizeof(t->store->tag_key)), bind
	};
	uint8_t hash[HASH_BYTES];

	hash_parts(parts, ARRAY_LEN(parts), hash);
	memcpy(ret, hash, TAG_BYTES);
}

static int holder_key(struct store_txn *t, const struct row_key *holder,
    uint8_t ret[SEAL_KEY_BYTES]);

static int seal_key_of(struct store_txn *t, const struct row_key *holder,
    uint8_t ret[SEAL_KEY_BYTES])
{
	if (holder)
		return holder_key(t, holder, ret);
	memcpy(ret, keyring_store_key(t->store->keyring), SEAL_KEY_BYTES);
	return 0;
}

void row_put(struct store_txn *t, unsigned table, const struct row_key *key,
    const struct row *row)
{
	uint8_t seal_key[SEAL_KEY_BYTES];
	struct slice bind;
	int r = store_error(t);

	assert(!row->bare || row->clear.len);
	if (r == 0 && !row->bare)
		r = seal_key_of(t, row->holder, seal_key);
	if (r) {
		kv_fail(t->kv, r == STORE_NONE ? -ENOENT : r);
		return;
	}
	bind = binding(t, table, key_slice(key), row->clear, row->bare);
	buf_reset(&t->sealed);
	if (row->clear.len) {
		buf_add_slice(&t->sealed, row->clear);
		make_tag(t, bind, buf_room(&t->sealed, TAG_BYTES));
		t->sealed.len += TAG_BYTES;
	}
	if (!row->bare)
		seal_add(&t->sealed, seal_key, bind, row->plain);
	mem_wipe(seal_key, sizeof(seal_key));
	r = chunk_put(t->kv, table, key_slice(key), buf_slice(&t->sealed));
	noticed(t, table, key_slice(key), r);
}

void row_delete(struct store_txn *t, unsigned table, const struct row_key *key)
{
	int r = chunk_delete(t->kv, table, key_slice(key));

	noticed(t, table, key_slice(key), r);
}

static int view(struct store_txn *t, struct slice value, size_t clear_len,
    struct row_view *ret)
{
	size_t head = clear_len ? clear_len + TAG_BYTES : 0;
	struct slice key = key_slice(&ret->key), bind;
	uint8_t tag[TAG_BYTES];

	if (value.len < head)
		return row_damaged(t, ret->table, key, "it is too short");
	ret->clear = slice_of(value.data, clear_len);
	ret->sealed = slice_of(value.data + head, value.len - head);
	if (!clear_len)
		return 0;
	bind = binding(t, ret->table, key, ret->clear, !ret->sealed.len);
	make_tag(t, bind, tag);
	if (memcmp(tag, value.data + clear_len, TAG_BYTES))
		return row_damaged(t, ret->table, key, CHANGED);
	return 0;
}

int row_get(struct store_txn *t, const struct row_key *key, size_t clear_len,
    struct row_view *ret)
{
	struct slice value;
	int r = chunk_get(t->kv, ret->table, key_slice(key), &t->room, &value);

	if (r)
		return noticed(t, ret->table, key_slice(key), r);
	ret->key = *key;
	return view(t, value, clear_len, ret);
}

static int found(struct store_txn *t, const struct row_place *place,
    const struct kv_row *row, struct row_view *ret)
{
	if (row->key.len < place->prefix ||
	    memcmp(row->key.data, place->from->bytes, place->prefix))
		return STORE_NONE;
	memcpy(ret->key.bytes, row->key.data, row->key.len);
	ret->key.len = row->key.len;
	return view(t, row->value, place->clear_len, ret);
}

int row_next(
    struct store_txn *t, const struct row_place *place, struct row_view *ret)
{
	struct slice from = key_slice(place->from);
	struct kv_row row;
	int r = chunk_seek(t->kv, ret->table, from, &t->room, &row);

	return r ? noticed(t, ret->table, from, r) : found(t, place, &row, ret);
}

int row_prev(
    struct store_txn *t, const struct row_place *place, struct row_view *ret)
{
	struct slice from = key_slice(place->from);
	struct kv_row row;
	int r = chunk_seek_back(t->kv, ret->table, from, &t->room, &row);

	return r ? noticed(t, ret->table, from, r) : found(t, place, &row, ret);
}

/* Invariant 3: whether the newest row of @holder is another than @t sees. */
static bool is_late(struct store_txn *t, const struct row_key *holder)
{
	struct slice key = key_slice(holder), seen, newest;
	_cleanup_buf_ struct buf room = { 0 };
	struct kv_txn *now;
	bool late = false;
	int r;

	if (t->write || chunk_get(t->kv, TABLE_HOLDER, key, &room, &seen) ||
	    kv_begin(t->store->kv, false, &now) < 0)
		return false;
	r = chunk_get(now, TABLE_HOLDER, key, &room, &newest);
	/* the count may have changed: the slot is what matters */
	late = r == STORE_NONE || (r == 0 && seen.len >= 8 && newest.len >= 8 &&
				      memcmp(seen.data, newest.data, 8));
	kv_end(now);
	return late;
}

int row_open(struct store_txn *t, const struct row_view *row,
    const struct row_key *holder, struct buf *out)
{
	struct slice key = key_slice(&row->key);
	uint8_t seal_key[SEAL_KEY_BYTES];
	bool opened;
	int r = store_error(t);

	if (r == 0)
		r = seal_key_of(t, holder, seal_key);
	if (r)
		return r;
	buf_reset(&t->sealed);
	opened = seal_open(out ? out : &t->sealed, seal_key,
	    binding(t, row->table, key, row->clear, false), row->sealed);
	mem_wipe(seal_key, sizeof(seal_key));
	if (opened)
		return 0;
	if (holder && is_late(t, holder))
		return STORE_NONE;
	return row_damaged(t, row->table, key, CHANGED);
}

void row_store(
    struct store_txn *t, unsigned table, struct row_key key, struct slice plain)
{
	struct row row = { .plain = plain };

	row_put(t, table, &key, &row);
}

int row_load(
    struct store_txn *t, unsigned table, struct row_key key, struct buf *out)
{
	struct row_view row = { .table = table };
	int r = row_get(t, &key, 0, &row);

	return r ? r : row_open(t, &row, NULL, out);
}

uint64_t row_count(struct store_txn *t, unsigned table)
{
	return kv_count(t->kv, table);
}

/* ---- holders ---- */

static void put_holder(struct store_txn *t, const struct row_key *holder,
    uint64_t slot, uint32_t count)
{
	uint8_t clear[HOLDER_CLEAR] = { 0 };
	struct row row = { .clear = slice_of(clear, sizeof(clear)),
		.bare = true };

	be_put(clear, slot, 8);
	be_put(clear + 8, count, 4);
	row_put(t, TABLE_HOLDER, holder, &row);
}

int holder_slot(struct store_txn *t, const struct row_key *holder,
    uint64_t *ret_slot, uint32_t *ret_count)
{
	struct row_view row = { .table = TABLE_HOLDER };
	int r = row_get(t, holder, HOLDER_CLEAR, &row);

	if (r == 0) {
		*ret_slot = be_get(row.clear.data, 8);
		*ret_count = (uint32_t)be_get(row.clear.data + 8, 4);
	}
	return r;
}

static struct cached_key *find_cached(
    struct store_txn *t, const struct row_key *holder)
{
	for (size_t i = 0; i < HOLDER_CACHE; i++)
		if (slice_eq(key_slice(&t->cache[i].holder), key_slice(holder)))
			return &t->cache[i];
	return NULL;
}

static void remember(struct store_txn *t, const struct row_key *holder,
    const uint8_t key[SEAL_KEY_BYTES])
{
	struct cached_key *c = find_cached(t, holder);

	if (!c)
		c = &t->cache[t->cache_next++ % HOLDER_CACHE];
	c->holder = *holder;
	memcpy(c->key, key, SEAL_KEY_BYTES);
}

static int holder_key(struct store_txn *t, const struct row_key *holder,
    uint8_t ret[SEAL_KEY_BYTES])
{
	const struct cached_key *cached = find_cached(t, holder);
	struct slots *slots = t->store->slots;
	uint32_t count;
	uint64_t slot;
	int r;

	if (cached) {
		memcpy(ret, cached->key, SEAL_KEY_BYTES);
		return 0;
	}
	r = holder_slot(t, holder, &slot, &count);
	if (r)
		return r;
	if (!t->write || !slots_new_key(slots, slot, ret))
		r = slots_key(slots, slot, ret);
	if (r == 0)
		remember(t, holder, ret);
	if ((r == STORE_NONE || r == -EBADMSG) && is_late(t, holder))
		return STORE_NONE;
	if (r == STORE_NONE || r == -EBADMSG)
		return row_damaged(t, TABLE_HOLDER, key_slice(holder),
		    r == STORE_NONE
			? "its key is missing from the file 'slots'"
			: "its key in the file 'slots' was changed");
	return r;
}

int holder_check(struct store_txn *t, const struct row_key *holder)
{
	uint8_t key[SEAL_KEY_BYTES];
	int r = holder_key(t, holder, key);

	mem_wipe(key, sizeof(key));
	return r;
}

void holder_need(struct store_txn *t, const struct row_key *holder)
{
	uint32_t count;
	uint64_t slot;

	if (!find_cached(t, holder) &&
	    holder_slot(t, holder, &slot, &count) == STORE_NONE)
		holder_new(t, holder, 1);
}

void holder_new(
    struct store_txn *t, const struct row_key *holder, uint32_t count)
{
	uint8_t key[SEAL_KEY_BYTES];
	uint32_t old_count;
	uint64_t slot;
	int r = holder_slot(t, holder, &slot, &old_count);

	if (r < 0 || store_error(t))
		return;
	if (r == 0)
		slots_release(t->store->slots, slot);
	slot = slots_allot(t->store->slots, key);
	remember(t, holder, key);
	mem_wipe(key, sizeof(key));
	put_holder(t, holder, slot, count);
}

bool holder_hold(struct store_txn *t, const struct row_key *holder, int change)
{
	struct cached_key *cached = find_cached(t, holder);
	uint32_t count;
	uint64_t slot;
	int64_t held;
	int r = holder_slot(t, holder, &slot, &count);

	if (r || store_error(t)) {
		kv_fail(t->kv, r == STORE_NONE ? -ENOENT : r);
		return false;
	}
	held = (int64_t)count + change;
	if (held < 0 || held > UINT32_MAX) {
		kv_fail(t->kv, -EOVERFLOW);
		return false;
	}
	if (held > 0) {
		put_holder(t, holder, slot, (uint32_t)held);
		return false;
	}
	if (cached)
		cached->holder.len = 0;
	row_delete(t, TABLE_HOLDER, holder);
	slots_release(t->store->slots, slot);
	return store_error(t) == 0;
}
