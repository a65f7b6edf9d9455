/*
 * A tile's 256 hashes and the 255 above them are kept as one array, so that a
 * node at any height is a lookup: height k begins at 512 - (512 >> k). The node
 * over entries [i << l, (i + 1) << l) stands in the tile of level l / 8, at
 * height l % 8. Tiles that are no longer at the edge are expanded on demand
 * into a small cache.
 */

#include "audit/tree.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "wire/merkle.h"

#define LEVELS 8u
#define TILE_NODES 511u
#define CACHE_TILES 32u

struct tile {
	uint64_t index;
	unsigned level;
	bool filled; /* of a cache place */
	struct merkle_hash nodes[TILE_NODES];
};

struct tree {
	pthread_mutex_t lock;
	struct tree_source source;
	uint64_t size;
	struct tile edge[LEVELS]; /* index: the tile; see count */
	unsigned count[LEVELS];   /* hashes in it, 0..255 */
	struct tile cache[CACHE_TILES];
};

static unsigned height_start(unsigned height)
{
	return 512u - (512u >> height);
}

static struct merkle_hash *tile_node(
    struct tile *t, unsigned height, uint64_t i)
{
	return &t->nodes[height_start(height) + i];
}

/* Put hash number @i at the bottom and every node it completes above. */
static void tile_put(struct tile *t, unsigned i, const uint8_t *hash)
{
	memcpy(tile_node(t, 0, i), hash, HASH_BYTES);
	for (unsigned k = 0; k < 8 && (i & 1); k++, i >>= 1)
		*tile_node(t, k + 1, i >> 1) =
		    merkle_node(*tile_node(t, k, i - 1), *tile_node(t, k, i));
}

static int tile_fetch(
    struct tree *t, unsigned level, uint64_t index, struct tile *ret)
{
	_cleanup_free_ uint8_t *hashes = mem_alloc(TREE_TILE_BYTES);
	int r = t->source.tile(t->source.ctx, level, index, hashes);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < TREE_TILE_WIDTH; i++)
		tile_put(ret, i, hashes + i * HASH_BYTES);
	ret->level = level;
	ret->index = index;
	ret->filled = true;
	return 0;
}

static struct tile *cache_place(struct tree *t, unsigned level, uint64_t index)
{
	return &t->cache[(index + level * (CACHE_TILES / LEVELS)) %
			 CACHE_TILES];
}

static int tile_find(
    struct tree *t, unsigned level, uint64_t index, struct tile **ret)
{
	struct tile *place;
	int r;

	assert(level < LEVELS);
	if (t->edge[level].index == index) {
		*ret = &t->edge[level];
		return 0;
	}
	place = cache_place(t, level, index);
	if (!place->filled || place->level != level || place->index != index) {
		place->filled = false;
		r = tile_fetch(t, level, index, place);
		if (r < 0)
			return r;
	}
	*ret = place;
	return 0;
}

/* merkle_source: the hash of the complete subtree of 2^@level entries. */
static int get_node(
    void *ctx, unsigned level, uint64_t i, struct merkle_hash *ret)
{
	unsigned height = level % 8, width = 8 - height;
	struct tree *t = ctx;
	struct tile *tile;
	int r = tile_find(t, level / 8, i >> width, &tile);

	if (r == 0)
		*ret = *tile_node(tile, height, i & ((1u << width) - 1));
	return r;
}

/* Put one hash at the edge of @level, filling tiles upwards. */
static int edge_put(struct tree *t, unsigned level, const uint8_t *hash,
    tree_tile_fn full, void *ctx)
{
	struct tile *edge = &t->edge[level];
	struct merkle_hash root;
	int r;

	tile_put(edge, t->count[level]++, hash);
	if (t->count[level] < TREE_TILE_WIDTH)
		return 0;
	r = full(ctx, level, edge->index, edge->nodes[0].bytes);
	if (r < 0)
		return r;
	root = *tile_node(edge, 8, 0);
	*cache_place(t, level, edge->index) = *edge;
	edge->index++;
	t->count[level] = 0;
	assert(level + 1 < LEVELS);
	return edge_put(t, level + 1, root.bytes, full, ctx);
}

int tree_append(struct tree *t, const uint8_t leaf[HASH_BYTES],
    tree_tile_fn full, void *ctx)
{
	int r;

	pthread_mutex_lock(&t->lock);
	r = edge_put(t, 0, leaf, full, ctx);
	if (r == 0)
		t->size++;
	pthread_mutex_unlock(&t->lock);
	return r;
}

static int load_leaves(struct tree *t)
{
	uint64_t first = t->edge[0].index * TREE_TILE_WIDTH;
	uint8_t hash[HASH_BYTES];

	for (uint64_t i = first; i < t->size; i++) {
		int r = t->source.leaf(t->source.ctx, i, hash);

		if (r < 0)
			return r;
		tile_put(&t->edge[0], t->count[0]++, hash);
	}
	return 0;
}

/* The unfinished tile of a higher level holds the roots of full tiles. */
static int load_level(struct tree *t, unsigned level)
{
	uint64_t first = t->edge[level].index * TREE_TILE_WIDTH;
	uint64_t end = t->size >> (8 * level);
	_cleanup_free_ struct tile *below = mem_alloc(sizeof(*below));

	for (uint64_t i = first; i < end; i++) {
		int r = tile_fetch(t, level - 1, i, below);

		if (r < 0)
			return r;
		tile_put(&t->edge[level], t->count[level]++,
		    tile_node(below, 8, 0)->bytes);
	}
	return 0;
}

static uint64_t shift_down(uint64_t n, unsigned bits)
{
	return bits < 64 ? n >> bits : 0;
}

int tree_load(uint64_t size, const struct tree_source *source,
    struct tree **ret, struct why *why)
{
	struct tree *t = mem_alloc(sizeof(*t));
	int r = 0;

	pthread_mutex_init(&t->lock, NULL);
	t->source = *source;
	t->size = size;
	for (unsigned level = 0; level < LEVELS; level++) {
		t->edge[level].level = level;
		t->edge[level].filled = true;
		t->edge[level].index = shift_down(size, 8 * (level + 1));
	}
	r = load_leaves(t);
	for (unsigned level = 1; level < LEVELS && r == 0; level++)
		r = load_level(t, level);
	if (r < 0) {
		why_set(why,
		    "the log's tree of %llu entries cannot be read: %s",
		    (unsigned long long)size, strerror(-r));
		tree_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

struct tree *tree_free(struct tree *t)
{
	if (t)
		pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

uint64_t tree_size(struct tree *t)
{
	uint64_t size;

	pthread_mutex_lock(&t->lock);
	size = t->size;
	pthread_mutex_unlock(&t->lock);
	return size;
}

void tree_edge(struct tree *t, unsigned level, struct buf *out)
{
	assert(level < LEVELS);
	pthread_mutex_lock(&t->lock);
	buf_add(out, t->edge[level].nodes, t->count[level] * HASH_BYTES);
	pthread_mutex_unlock(&t->lock);
}

void tree_root(struct tree *t, uint8_t ret[HASH_BYTES])
{
	struct merkle_source nodes = { get_node, t };
	struct merkle_hash root;
	int r;

	pthread_mutex_lock(&t->lock);
	r = merkle_tree_root(&nodes, t->size, &root);
	pthread_mutex_unlock(&t->lock);
	assert(r == 0); /* the root needs only what is in memory */
	memcpy(ret, root.bytes, HASH_BYTES);
}

int tree_inclusion(
    struct tree *t, uint64_t index, uint64_t size, struct merkle_proof *ret)
{
	struct merkle_source nodes = { get_node, t };
	int r;

	pthread_mutex_lock(&t->lock);
	assert(index < size && size <= t->size);
	r = merkle_tree_path(&nodes, index, size, ret);
	pthread_mutex_unlock(&t->lock);
	return r;
}

int tree_consistency(
    struct tree *t, uint64_t old, uint64_t size, struct merkle_proof *ret)
{
	struct merkle_source nodes = { get_node, t };
	int r;

	pthread_mutex_lock(&t->lock);
	assert(old <= size && size <= t->size);
	r = merkle_tree_consistency(&nodes, old, size, ret);
	pthread_mutex_unlock(&t->lock);
	return r;
}
