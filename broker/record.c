/*
 * Tree and store move together: what a transaction adds to the tree counts once
 * it is committed, and a transaction that failed is undone by reading the tree
 * from the store again. Provers ask about sizes that were committed, which
 * later appends leave as they are; only a reload shuts them out.
 */

#include "broker/record.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

/* A tile that the transaction in progress fills: a proof of what was committed
 * before may need it before a reader of the store can see it. */
struct fresh {
	unsigned level;
	uint64_t index;
	uint8_t hashes[TREE_TILE_BYTES];
};

struct record {
	struct store *store;
	const char *name;
	const struct key *key;
	char origin[CHECKPOINT_ORIGIN_MAX];
	pthread_rwlock_t tree_lock; /* written when `tree` is replaced */
	struct tree *tree;
	pthread_mutex_t lock; /* the checkpoint, and the fresh tiles */
	struct fresh *fresh;
	size_t fresh_count, fresh_cap;
	struct buf note;
	uint64_t size;
	bool kept; /* the store has `note` */
};

/* ---- where the tree reads --------------------------------------------- */

static bool find_fresh(
    struct record *r, unsigned level, uint64_t index, uint8_t *ret)
{
	bool found = false;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->fresh_count && !found; i++) {
		found =
		    r->fresh[i].level == level && r->fresh[i].index == index;
		if (found)
			memcpy(ret, r->fresh[i].hashes, TREE_TILE_BYTES);
	}
	pthread_mutex_unlock(&r->lock);
	return found;
}

static int read_tile(void *ctx, unsigned level, uint64_t index, uint8_t *ret)
{
	struct record *r = ctx;
	struct store_txn *t;
	int result;

	if (find_fresh(r, level, index, ret))
		return 0;
	result = store_read(r->store, &t);
	if (result != 0)
		return result;
	result = ledger_tile(t, (uint8_t)level, index, ret);
	store_end(t);
	return result > 0 ? -EBADMSG : result;
}

static int read_leaf(void *ctx, uint64_t index, uint8_t ret[HASH_BYTES])
{
	struct record *r = ctx;
	_cleanup_buf_ struct buf entry = { 0 };
	struct store_txn *t;
	int result = store_read(r->store, &t);

	if (result != 0)
		return result;
	result = ledger_entry(t, index, &entry);
	store_end(t);
	if (result != 0)
		return result > 0 ? -EBADMSG : result;
	entry_leaf(buf_slice(&entry), ret);
	return 0;
}

struct writing {
	struct record *record;
	struct store_txn *txn;
};

static int write_tile(
    void *ctx, unsigned level, uint64_t index, const uint8_t *hashes)
{
	struct writing *writing = ctx;
	struct record *r = writing->record;
	struct fresh *fresh;

	pthread_mutex_lock(&r->lock);
	fresh = mem_push(r->fresh, r->fresh_count, r->fresh_cap);
	fresh->level = level;
	fresh->index = index;
	memcpy(fresh->hashes, hashes, TREE_TILE_BYTES);
	pthread_mutex_unlock(&r->lock);
	ledger_tile_put(writing->txn, (uint8_t)level, index, hashes);
	return 0;
}

static int load_tree(struct record *r, struct tree **ret, struct why *why)
{
	struct tree_source source = { read_tile, read_leaf, r };
	struct store_txn *t;
	uint64_t size;
	int result = store_read(r->store, &t);

	if (result != 0) {
		why_set(why, "the store cannot be read: %s", strerror(-result));
		return result;
	}
	size = store_counter(t, LEDGER_ENTRIES);
	snprintf(r->origin, sizeof(r->origin), "%s/%llu", r->name,
	    (unsigned long long)store_counter(t, LEDGER_LOG_EPOCH));
	store_end(t);
	return tree_load(size, &source, ret, why);
}

/* ---- life ------------------------------------------------------------- */

int record_open(struct store *s, const char *name, const struct key *key,
    struct record **ret, struct why *why)
{
	struct record *r = mem_alloc(sizeof(*r));
	int result;

	r->store = s;
	r->name = name;
	r->key = key;
	pthread_rwlock_init(&r->tree_lock, NULL);
	pthread_mutex_init(&r->lock, NULL);
	result = load_tree(r, &r->tree, why);
	if (result == 0)
		result = record_sign(r, why);
	if (result != 0) {
		record_free(r);
		return result;
	}
	*ret = r;
	return 0;
}

struct record *record_free(struct record *r)
{
	if (!r)
		return NULL;
	tree_free(r->tree);
	buf_deinit(&r->note);
	free(r->fresh);
	pthread_mutex_destroy(&r->lock);
	pthread_rwlock_destroy(&r->tree_lock);
	free(r);
	return NULL;
}

/* ---- the committer's -------------------------------------------------- */

uint64_t record_add(
    struct record *r, struct store_txn *t, struct entry *e, struct slice detail)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	uint8_t leaf[HASH_BYTES];

	hash_random(e->salt, sizeof(e->salt));
	e->at = clock_now();
	e->has_detail = detail.len > 0;
	if (e->has_detail)
		hash_bytes(detail.data, detail.len, e->detail);
	entry_encode(e, &bytes);
	entry_leaf(buf_slice(&bytes), leaf);
	/* The callback cannot fail: the transaction remembers for it. */
	(void)tree_append(r->tree, leaf, write_tile, &(struct writing){ r, t });
	return ledger_entry_add(t, buf_slice(&bytes), detail);
}

static void drop_fresh(struct record *r)
{
	pthread_mutex_lock(&r->lock);
	r->fresh_count = 0;
	pthread_mutex_unlock(&r->lock);
}

int record_sign(struct record *r, struct why *why)
{
	_cleanup_buf_ struct buf note = { 0 };
	struct checkpoint c = { .size = tree_size(r->tree) };
	struct buf old;
	int result;

	drop_fresh(r);
	if (r->note.len > 0 && c.size == r->size)
		return 0; /* nothing was added: the last one stands */
	snprintf(c.origin, sizeof(c.origin), "%s", r->origin);
	tree_root(r->tree, c.root);
	result = checkpoint_sign(&c, r->name, r->key, &note);
	if (result != 0) {
		why_set(
		    why, "the log's key cannot sign: %s", strerror(-result));
		return result;
	}
	pthread_mutex_lock(&r->lock);
	old = r->note;
	r->note = note;
	r->size = c.size;
	r->kept = false;
	pthread_mutex_unlock(&r->lock);
	note = old;
	return 0;
}

int record_reload(struct record *r, struct why *why)
{
	struct tree *fresh, *old;
	int result;

	drop_fresh(r);
	result = load_tree(r, &fresh, why);
	if (result != 0)
		return result;
	pthread_rwlock_wrlock(&r->tree_lock);
	old = r->tree;
	r->tree = fresh;
	pthread_rwlock_unlock(&r->tree_lock);
	tree_free(old);
	pthread_mutex_lock(&r->lock);
	r->kept = false;
	pthread_mutex_unlock(&r->lock);
	return 0;
}

void record_keep(struct record *r, struct store_txn *t)
{
	pthread_mutex_lock(&r->lock);
	if (!r->kept)
		store_note_put(t, LEDGER_CHECKPOINT, buf_slice(&r->note));
	r->kept = true;
	pthread_mutex_unlock(&r->lock);
}

bool record_kept(struct record *r)
{
	bool kept;

	pthread_mutex_lock(&r->lock);
	kept = r->kept;
	pthread_mutex_unlock(&r->lock);
	return kept;
}

/* ---- anybody's -------------------------------------------------------- */

uint64_t record_checkpoint(struct record *r, struct buf *out)
{
	uint64_t size;

	pthread_mutex_lock(&r->lock);
	buf_add_slice(out, buf_slice(&r->note));
	size = r->size;
	pthread_mutex_unlock(&r->lock);
	return size;
}

uint64_t record_size(struct record *r)
{
	uint64_t size;

	pthread_mutex_lock(&r->lock);
	size = r->size;
	pthread_mutex_unlock(&r->lock);
	return size;
}

const char *record_origin(const struct record *r)
{
	return r->origin;
}

int record_prove(
    struct record *r, uint64_t index, uint64_t size, struct merkle_proof *ret)
{
	int result;

	pthread_rwlock_rdlock(&r->tree_lock);
	result = tree_inclusion(r->tree, index, size, ret);
	pthread_rwlock_unlock(&r->tree_lock);
	return result;
}
