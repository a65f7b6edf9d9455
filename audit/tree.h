#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

/*
 * The log's Merkle tree (RFC 6962, section 2.1), kept incrementally.
 *
 * What is stored is what tlog-tiles publishes: full tiles of 256 hashes, each
 * written once when it fills. The unfinished tiles at the right edge live in
 * memory only and are made again from the entries on load: a commit writes no
 * tree row at all, but one of 8 KiB every 256 entries.
 *
 * Proofs are of committed entries: what was appended since stays valid, so a
 * proof for a smaller size may be made while the tree grows. Thread-safe: one
 * appender, any number of provers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/hash.h"
#include "util/why.h"
#include "wire/merkle.h"

#define TREE_TILE_WIDTH 256u
#define TREE_TILE_BYTES (TREE_TILE_WIDTH * HASH_BYTES)

struct tree;

/* Where the tree reads what was stored: 0, or negative errno. May be called
 * from any thread that asks for a proof. */
struct tree_source {
	/* A full tile: TREE_TILE_BYTES at @ret. */
	int (*tile)(void *ctx, unsigned level, uint64_t index, uint8_t *ret);
	/* The leaf hash of an entry not yet in a full tile. */
	int (*leaf)(void *ctx, uint64_t index, uint8_t ret[HASH_BYTES]);
	void *ctx;
};

/* A tile that has just become full and must be stored in the transaction that
 * stores the entry. @hashes lives until the next append. */
typedef int (*tree_tile_fn)(
    void *ctx, unsigned level, uint64_t index, const uint8_t *hashes);

/* The tree of the first @size entries. */
int tree_load(uint64_t size, const struct tree_source *source,
    struct tree **ret, struct why *why);
struct tree *tree_free(struct tree *t); /* always NULL */

uint64_t tree_size(struct tree *t);

/* Append one leaf; calls @full for every tile it completes. Its result is
 * passed on; the tree is then to be loaded again (as after a commit that
 * failed). */
int tree_append(struct tree *t, const uint8_t leaf[HASH_BYTES],
    tree_tile_fn full, void *ctx);

/* The hashes of the unfinished tile of @level, 0..255 of them, appended to @out
 * (what tlog-tiles publishes as a partial tile). */
void tree_edge(struct tree *t, unsigned level, struct buf *out);

void tree_root(struct tree *t, uint8_t ret[HASH_BYTES]);

/* The path of entry @index in the tree of @size entries, and the proof that the
 * tree of @old entries is a prefix of it. @index < @size <= tree_size() and
 * @old <= @size. 0, or what the source returned. */
int tree_inclusion(
    struct tree *t, uint64_t index, uint64_t size, struct merkle_proof *ret);
int tree_consistency(
    struct tree *t, uint64_t old, uint64_t size, struct merkle_proof *ret);

#endif
