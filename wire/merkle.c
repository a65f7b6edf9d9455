/*
 * Everything rests on one fact: a tree of n leaves is, from left to right, one
 * complete subtree for each bit of n, the highest first, and its root folds
 * them from the right. So a root, a path or a proof needs about log2(n)
 * complete subtrees, which a log keeps because they never change again.
 */

#include "wire/merkle.h"

#include <assert.h>
#include <string.h>

struct merkle_hash merkle_leaf(struct slice entry)
{
	struct merkle_hash h;

	hash_begin();
	hash_add("\0", 1);
	hash_add(entry.data, entry.len);
	hash_end(h.bytes);
	return h;
}

struct merkle_hash merkle_node(
    struct merkle_hash left, struct merkle_hash right)
{
	uint8_t bytes[1 + 2 * HASH_BYTES] = { 1 };
	struct merkle_hash h;

	memcpy(bytes + 1, left.bytes, HASH_BYTES);
	memcpy(bytes + 1 + HASH_BYTES, right.bytes, HASH_BYTES);
	hash_bytes(bytes, sizeof(bytes), h.bytes);
	return h;
}

struct merkle_hash merkle_empty(void)
{
	struct merkle_hash h;

	hash_bytes("", 0, h.bytes);
	return h;
}

struct merkle_hash merkle_root(const struct merkle_hash *leaves, size_t n)
{
	struct merkle_edge edge = { 0 };

	for (size_t i = 0; i < n; i++)
		merkle_edge_add(&edge, leaves[i], NULL, NULL);
	return merkle_edge_root(&edge);
}

/* ---- verifying ---------------------------------------------------------- */

static unsigned bits(uint64_t n)
{
	return n ? 64 - (unsigned)__builtin_clzll(n) : 0;
}

/* Up to where the paths of the leaf and of the last leaf part, each level has
 * a sibling; above, only where the leaf's side is the right one. */
static unsigned inner_len(uint64_t index, uint64_t size)
{
	return bits(index ^ (size - 1));
}

size_t merkle_path_len(uint64_t index, uint64_t size)
{
	unsigned inner = inner_len(index, size);
	uint64_t border = inner < 64 ? index >> inner : 0;

	return inner + (unsigned)__builtin_popcountll(border);
}

static struct merkle_hash hash_at(struct slice hashes, size_t i)
{
	struct merkle_hash h;

	memcpy(h.bytes, hashes.data + i * HASH_BYTES, HASH_BYTES);
	return h;
}

bool merkle_path_root(uint64_t index, uint64_t size, struct merkle_hash leaf,
    struct slice path, struct merkle_hash *ret)
{
	struct merkle_hash h = leaf;
	size_t count, inner;

	if (index >= size || path.len % HASH_BYTES)
		return false;
	count = path.len / HASH_BYTES;
	inner = inner_len(index, size);
	if (count != merkle_path_len(index, size))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct merkle_hash sibling = hash_at(path, i);

		if (i >= inner || (index >> i & 1))
			h = merkle_node(sibling, h);
		else
			h = merkle_node(h, sibling);
	}
	*ret = h;
	return true;
}

/* RFC 9162 section 2.1.4.2, whose names fn, sn, fr and sr these are. */
static bool fold_consistency(uint64_t fn, uint64_t sn, struct merkle_hash seed,
    struct slice proof, struct merkle_hash *ret_fr, struct merkle_hash *ret_sr)
{
	struct merkle_hash fr = seed, sr = seed;

	for (size_t i = 0; i < proof.len / HASH_BYTES; i++) {
		struct merkle_hash c = hash_at(proof, i);

		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			fr = merkle_node(c, fr);
			sr = merkle_node(c, sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sr = merkle_node(sr, c);
		}
		fn >>= 1;
		sn >>= 1;
	}
	*ret_fr = fr;
	*ret_sr = sr;
	return sn == 0;
}

bool merkle_consistent(uint64_t old_size, struct merkle_hash old_root,
    uint64_t new_size, struct merkle_hash new_root, struct slice proof)
{
	uint64_t fn = old_size - 1, sn = new_size - 1;
	struct merkle_hash fr, sr, seed = old_root;

	if (old_size > new_size || proof.len % HASH_BYTES ||
	    proof.len > MERKLE_PROOF_MAX * HASH_BYTES)
		return false;
	if (old_size == new_size)
		return proof.len == 0 && merkle_eq(old_root, new_root);
	if (old_size == 0)
		return proof.len == 0 && merkle_eq(old_root, merkle_empty());
	if (proof.len == 0)
		return false;
	if (old_size & (old_size - 1)) {
		seed = hash_at(proof, 0);
		proof =
		    slice_of(proof.data + HASH_BYTES, proof.len - HASH_BYTES);
	}
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	return fold_consistency(fn, sn, seed, proof, &fr, &sr) &&
	       merkle_eq(fr, old_root) && merkle_eq(sr, new_root);
}

/* ---- a growing tree, kept elsewhere ------------------------------------- */

/* The largest power of two below @n, for n > 1. */
static uint64_t split(uint64_t n)
{
	return UINT64_C(1) << (bits(n - 1) - 1);
}

/* The root of leaves lo to lo + n, where lo is a multiple of a power of two
 * that is no less than n. */
static int range_root(const struct merkle_source *source, uint64_t lo,
    uint64_t n, struct merkle_hash *ret)
{
	struct merkle_hash root = merkle_empty(), h;
	bool first = true;

	for (unsigned level = 0; n >> level; level++) {
		int r;

		if (!(n >> level & 1))
			continue;
		r = source->get(
		    source->ctx, level, (lo >> level) + (n >> level) - 1, &h);
		if (r < 0)
			return r;
		root = first ? h : merkle_node(h, root);
		first = false;
	}
	*ret = root;
	return 0;
}

int merkle_tree_root(
    const struct merkle_source *source, uint64_t size, struct merkle_hash *ret)
{
	return range_root(source, 0, size, ret);
}

static int push(const struct merkle_source *source, uint64_t lo, uint64_t n,
    struct merkle_proof *proof)
{
	assert(proof->count < MERKLE_PROOF_MAX);
	return range_root(source, lo, n, &proof->hashes[proof->count++]);
}

/* Both kinds of proof are found from the root down and told from below. */
static void turn_round(struct merkle_proof *proof)
{
	for (size_t i = 0, j = proof->count; i + 1 < j; i++) {
		struct merkle_hash h = proof->hashes[i];

		proof->hashes[i] = proof->hashes[--j];
		proof->hashes[j] = h;
	}
}

int merkle_tree_path(const struct merkle_source *source, uint64_t index,
    uint64_t size, struct merkle_proof *ret)
{
	uint64_t lo = 0, n = size;
	int r = 0;

	assert(index < size);
	ret->count = 0;
	while (n > 1 && r == 0) {
		uint64_t k = split(n);

		if (index - lo < k) {
			r = push(source, lo + k, n - k, ret);
			n = k;
		} else {
			r = push(source, lo, k, ret);
			lo += k;
			n -= k;
		}
	}
	turn_round(ret);
	return r;
}

int merkle_tree_consistency(const struct merkle_source *source, uint64_t old,
    uint64_t size, struct merkle_proof *ret)
{
	uint64_t lo = 0, n = size, m = old;
	bool whole = true; /* what is left begins the old tree: known already */
	int r = 0;

	assert(old <= size);
	ret->count = 0;
	if (old == 0)
		return 0;
	while (m < n && r == 0) {
		uint64_t k = split(n);

		if (m <= k) {
			r = push(source, lo + k, n - k, ret);
			n = k;
		} else {
			r = push(source, lo, k, ret);
			lo += k;
			m -= k;
			n -= k;
			whole = false;
		}
	}
	if (r == 0 && !whole)
		r = push(source, lo, n, ret);
	turn_round(ret);
	return r;
}

int merkle_edge_add(struct merkle_edge *edge, struct merkle_hash leaf,
    merkle_put *put, void *ctx)
{
	uint64_t index = edge->size;
	struct merkle_hash h = leaf;
	unsigned level = 0;

	assert(edge->size < INT64_MAX);
	for (;; level++) {
		int r = put ? put(ctx, level, index >> level, &h) : 0;

		if (r < 0)
			return r;
		if (!(index >> level & 1))
			break;
		h = merkle_node(edge->peaks[level], h);
	}
	edge->peaks[level] = h;
	edge->size++;
	return 0;
}

static int get_peak(
    void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	const struct merkle_edge *edge = ctx;

	*ret = edge->peaks[level];
	return 0;
}

struct merkle_hash merkle_edge_root(const struct merkle_edge *edge)
{
	struct merkle_edge copy = *edge;
	struct merkle_source peaks = { .get = get_peak, .ctx = &copy };
	struct merkle_hash root;

	merkle_tree_root(&peaks, edge->size, &root);
	return root;
}

int merkle_edge_load(
    struct merkle_edge *edge, const struct merkle_source *source, uint64_t size)
{
	struct merkle_edge e = { .size = size };

	for (unsigned level = 0; size >> level; level++) {
		int r = 0;

		if (size >> level & 1)
			r = source->get(source->ctx, level, (size >> level) - 1,
			    &e.peaks[level]);
		if (r < 0)
			return r;
	}
	*edge = e;
	return 0;
}

/* ---- a small tree ------------------------------------------------------- */

/* Levels stand one after another, the leaves first. */
static struct merkle_hash *table_at(
    const struct merkle_table *table, unsigned level, uint64_t index)
{
	struct merkle_hash *hashes = table->hashes;

	for (unsigned i = 0; i < level; i++)
		hashes += table->size >> i;
	return hashes + index;
}

static int table_get(
    void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	*ret = *table_at(ctx, level, index);
	return 0;
}

static int table_put(
    void *ctx, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	*table_at(ctx, level, index) = *hash;
	return 0;
}

void merkle_table_init(struct merkle_table *table,
    const struct merkle_hash *leaves, size_t n, struct arena *arena)
{
	struct merkle_edge edge = { 0 };

	table->size = n;
	table->hashes = arena_array(arena, 2 * n, struct merkle_hash);
	for (size_t i = 0; i < n; i++)
		merkle_edge_add(&edge, leaves[i], table_put, table);
}

struct merkle_source merkle_table_source(struct merkle_table *table)
{
	return (struct merkle_source){ .get = table_get, .ctx = table };
}
