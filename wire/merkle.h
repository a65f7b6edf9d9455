#ifndef WIRE_MERKLE_H
#define WIRE_MERKLE_H

/*
 * The Merkle tree of RFC 6962 section 2.1 over SHA-256:
 *
 *     leaf = H(0x00 || entry)      node = H(0x01 || left || right)
 *
 * Once for a batch of messages, whose leaves are all at hand, and once for a
 * log, whose complete subtrees are kept by somebody else and fetched one by
 * one. Subtree (level, index) covers leaves index << level up to, not with,
 * (index + 1) << level; level 0 is the leaves.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/hash.h"
#include "util/slice.h"

#define MERKLE_LEVELS 63     /* a tree holds fewer than 2^63 leaves */
#define MERKLE_PROOF_MAX 128 /* hashes in any proof; 64 would do for paths */

struct merkle_hash {
	uint8_t bytes[HASH_BYTES];
};

struct merkle_proof {
	struct merkle_hash hashes[MERKLE_PROOF_MAX];
	size_t count;
};

static inline bool merkle_eq(struct merkle_hash a, struct merkle_hash b)
{
	return !memcmp(a.bytes, b.bytes, HASH_BYTES);
}

struct merkle_hash merkle_leaf(struct slice entry);
struct merkle_hash merkle_node(
    struct merkle_hash left, struct merkle_hash right);
struct merkle_hash merkle_empty(void); /* the root of no leaves: H("") */

/* ---- all leaves at hand ------------------------------------------------ */

struct merkle_hash merkle_root(const struct merkle_hash *leaves, size_t n);

/* ---- verifying --------------------------------------------------------- */

/* How many hashes the path of leaf @index in a tree of @size has. */
size_t merkle_path_len(uint64_t index, uint64_t size);

/* The root that @path (@count hashes one after another) leads to from @leaf;
 * false unless index < size and the count is the right one. The caller compares
 * the root with one it trusts. */
bool merkle_path_root(uint64_t index, uint64_t size, struct merkle_hash leaf,
    struct slice path, struct merkle_hash *ret)
    __attribute__((warn_unused_result));

/* Whether the tree of @new_size with @new_root begins with that of @old_size
 * with @old_root. @proof is hashes one after another. An old size of 0 needs
 * an empty proof and proves nothing; equal sizes need one and equal roots. */
bool merkle_consistent(uint64_t old_size, struct merkle_hash old_root,
    uint64_t new_size, struct merkle_hash new_root, struct slice proof)
    __attribute__((warn_unused_result));

/* ---- a growing tree, kept elsewhere ------------------------------------ */

/* Where the hashes of complete subtrees are. */
struct merkle_source {
	/* 0, or a negative errno when it cannot be had. Called only for
	 * subtrees complete at the size asked about. */
	int (*get)(
	    void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret);
	void *ctx;
};

/* All return 0 or what get() returned. @size < 2^63. */
int merkle_tree_root(
    const struct merkle_source *source, uint64_t size, struct merkle_hash *ret);
int merkle_tree_path(const struct merkle_source *source, uint64_t index,
    uint64_t size, struct merkle_proof *ret); /* index < size */
int merkle_tree_consistency(const struct merkle_source *source, uint64_t old,
    uint64_t size, struct merkle_proof *ret); /* old <= size */

/* A small tree with all its complete subtrees, to take many paths from. */
struct merkle_table {
	struct merkle_hash *hashes; /* in the arena */
	uint64_t size;
};
void merkle_table_init(struct merkle_table *table,
    const struct merkle_hash *leaves, size_t n, struct arena *arena);
struct merkle_source merkle_table_source(struct merkle_table *table);

/*
 * The right edge of the tree: enough to append and to know the root without
 * reading anything back. Peak @level is there when bit @level of size is set.
 */
struct merkle_edge {
	uint64_t size;
	struct merkle_hash peaks[MERKLE_LEVELS];
};

/* Append a leaf. Each subtree it completes, the leaf itself first, is handed to
 * @put (0, or a negative errno, which ends the append: the edge is then to be
 * thrown away). @put may be NULL. */
typedef int merkle_put(
    void *ctx, unsigned level, uint64_t index, const struct merkle_hash *hash);
int merkle_edge_add(struct merkle_edge *edge, struct merkle_hash leaf,
    merkle_put *put, void *ctx);
struct merkle_hash merkle_edge_root(const struct merkle_edge *edge);
int merkle_edge_load(struct merkle_edge *edge,
    const struct merkle_source *source, uint64_t size);

#endif
