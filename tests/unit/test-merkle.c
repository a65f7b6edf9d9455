/* The Merkle tree: RFC 6962's own examples, then every size against a naive
 * tree written straight from the RFC's definitions. */

#include "tests/unit/test.h"

#include <stdio.h>

#include "util/mem.h"
#include "wire/merkle.h"

static struct merkle_hash from_hex(const char *hex)
{
	struct merkle_hash h;

	for (size_t i = 0; i < HASH_BYTES; i++) {
		unsigned byte;

		CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
		h.bytes[i] = (uint8_t)byte;
	}
	return h;
}

/* The inputs that Certificate Transparency's own tests use. */
static const struct {
	const char *data;
	size_t len;
} inputs[] = { { "", 0 }, { "\x00", 1 }, { "\x10", 1 }, { "\x20\x21", 2 },
	{ "\x30\x31", 2 }, { "\x40\x41\x42\x43", 4 },
	{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8 },
	{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
	    16 } };

static const char *const roots[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void known_leaves(struct merkle_hash leaves[8])
{
	for (size_t i = 0; i < 8; i++)
		leaves[i] =
		    merkle_leaf(slice_of(inputs[i].data, inputs[i].len));
}

TEST(merkle, known_roots)
{
	struct merkle_hash leaves[8];

	known_leaves(leaves);
	for (size_t n = 0; n <= 8; n++)
		CHECK(merkle_eq(merkle_root(leaves, n), from_hex(roots[n])));
}

#define LEAVES 70

static struct merkle_hash leaf_hashes[LEAVES];

static void random_leaves(void)
{
	for (size_t i = 0; i < LEAVES; i++) {
		uint64_t entry = test_random();

		leaf_hashes[i] = merkle_leaf(slice_of(&entry, sizeof(entry)));
	}
}

/* RFC 6962 section 2.1, word for word. */
static struct merkle_hash naive_root(size_t lo, size_t n)
{
	size_t k = 1;

	if (n == 1)
		return leaf_hashes[lo];
	while (2 * k < n)
		k *= 2;
	return merkle_node(naive_root(lo, k), naive_root(lo + k, n - k));
}

static void naive_path(size_t m, size_t lo, size_t n, struct merkle_proof *ret)
{
	size_t k = 1;

	if (n == 1)
		return;
	while (2 * k < n)
		k *= 2;
	if (m < k) {
		naive_path(m, lo, k, ret);
		ret->hashes[ret->count++] = naive_root(lo + k, n - k);
	} else {
		naive_path(m - k, lo + k, n - k, ret);
		ret->hashes[ret->count++] = naive_root(lo, k);
	}
}

static void naive_consistency(
    size_t m, size_t lo, size_t n, bool whole, struct merkle_proof *ret)
{
	size_t k = 1;

	if (m == n) {
		if (!whole)
			ret->hashes[ret->count++] = naive_root(lo, n);
		return;
	}
	while (2 * k < n)
		k *= 2;
	if (m <= k) {
		naive_consistency(m, lo, k, whole, ret);
		ret->hashes[ret->count++] = naive_root(lo + k, n - k);
	} else {
		naive_consistency(m - k, lo + k, n - k, false, ret);
		ret->hashes[ret->count++] = naive_root(lo, k);
	}
}

static struct slice bytes_of(const struct merkle_proof *p)
{
	return slice_of(p->hashes, p->count * HASH_BYTES);
}

static bool same(const struct merkle_proof *a, const struct merkle_proof *b)
{
	return slice_eq(bytes_of(a), bytes_of(b));
}

TEST(merkle, paths_of_every_leaf_in_every_size)
{
	struct arena arena = { 0 };

	random_leaves();
	for (size_t n = 1; n <= LEAVES; n++) {
		struct merkle_table table;
		struct merkle_source source;
		struct merkle_hash root;

		merkle_table_init(&table, leaf_hashes, n, &arena);
		source = merkle_table_source(&table);
		CHECK(!merkle_tree_root(&source, n, &root));
		CHECK(merkle_eq(root, naive_root(0, n)));
		CHECK(merkle_eq(root, merkle_root(leaf_hashes, n)));
		for (size_t i = 0; i < n; i++) {
			struct merkle_proof path, naive = { .count = 0 };
			struct merkle_hash got;

			naive_path(i, 0, n, &naive);
			CHECK(!merkle_tree_path(&source, i, n, &path));
			CHECK(same(&path, &naive));
			CHECK_INT(path.count, merkle_path_len(i, n));
			CHECK(merkle_path_root(
			    i, n, leaf_hashes[i], bytes_of(&path), &got));
			CHECK(merkle_eq(got, root));
		}
	}
	arena_deinit(&arena);
}

TEST(merkle, a_path_proves_nothing_else)
{
	struct arena arena = { 0 };
	struct merkle_table table;
	struct merkle_source source;
	struct merkle_proof path;
	struct merkle_hash root, got;

	random_leaves();
	merkle_table_init(&table, leaf_hashes, LEAVES, &arena);
	source = merkle_table_source(&table);
	root = merkle_root(leaf_hashes, LEAVES);
	for (size_t i = 0; i < LEAVES; i++) {
		struct slice bytes;

		CHECK(!merkle_tree_path(&source, i, LEAVES, &path));
		bytes = bytes_of(&path);
		for (size_t j = 0; j < LEAVES; j++)
			if (j != i)
				CHECK(!merkle_path_root(j, LEAVES,
					  leaf_hashes[i], bytes, &got) ||
				      !merkle_eq(got, root));
		CHECK(!merkle_path_root(LEAVES, LEAVES, root, bytes, &got));
		CHECK(!merkle_path_root(i, 0, leaf_hashes[i], bytes, &got));
		CHECK(!merkle_path_root(i, LEAVES, leaf_hashes[i],
		    slice_of(bytes.data, bytes.len - HASH_BYTES), &got));
		CHECK(!merkle_path_root(i, LEAVES, leaf_hashes[i],
		    slice_of(bytes.data, bytes.len - 1), &got));
		path.hashes[test_below(path.count)]
		    .bytes[test_below(HASH_BYTES)] ^=
		    (uint8_t)(1 << test_below(8));
		CHECK(
		    !merkle_path_root(i, LEAVES, leaf_hashes[i], bytes, &got) ||
		    !merkle_eq(got, root));
	}
	arena_deinit(&arena);
}

TEST(merkle, consistency_of_every_pair_of_sizes)
{
	struct arena arena = { 0 };

	random_leaves();
	for (size_t n = 1; n <= LEAVES; n++) {
		struct merkle_hash root = naive_root(0, n);
		struct merkle_table table;
		struct merkle_source source;

		merkle_table_init(&table, leaf_hashes, n, &arena);
		source = merkle_table_source(&table);
		for (size_t m = 1; m <= n; m++) {
			struct merkle_proof proof, naive = { .count = 0 };
			struct merkle_hash old = naive_root(0, m), bad = old;
			struct slice bytes;

			naive_consistency(m, 0, n, true, &naive);
			CHECK(!merkle_tree_consistency(&source, m, n, &proof));
			CHECK(same(&proof, &naive));
			bytes = bytes_of(&proof);
			CHECK(merkle_consistent(m, old, n, root, bytes));
			bad.bytes[test_below(HASH_BYTES)] ^= 1;
			CHECK(!merkle_consistent(m, bad, n, root, bytes));
			CHECK(!merkle_consistent(m, old, n, bad, bytes));
			if (m == n)
				continue;
			CHECK(!merkle_consistent(n, root, m, old, bytes));
			CHECK(!merkle_consistent(m, old, n, root,
			    slice_of(bytes.data, bytes.len - HASH_BYTES)));
			proof.hashes[test_below(proof.count)]
			    .bytes[test_below(HASH_BYTES)] ^= 4;
			CHECK(!merkle_consistent(m, old, n, root, bytes));
		}
	}
	arena_deinit(&arena);
}

TEST(merkle, hostile_sizes_are_refused)
{
	static const uint64_t sizes[] = { 0, 1, 2, INT64_MAX, UINT64_MAX - 1,
		UINT64_MAX };
	struct merkle_proof proof = { .count = MERKLE_PROOF_MAX };
	struct merkle_hash h = merkle_empty(), got;

	memset(proof.hashes, 7, sizeof(proof.hashes));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t j = 0; j < ARRAY_LEN(sizes); j++) {
			if (i != j)
				CHECK(!merkle_consistent(sizes[i], h, sizes[j],
				    h, bytes_of(&proof)));
			CHECK(!merkle_path_root(
			    sizes[i], sizes[j], h, bytes_of(&proof), &got));
		}
	}
}

/* A store of complete subtrees that may be asked for nothing else. */
struct kept {
	struct merkle_hash hashes[8][LEAVES];
	bool there[8][LEAVES];
};

static int keep(
    void *ctx, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	struct kept *kept = ctx;

	CHECK(!kept->there[level][index]);
	kept->hashes[level][index] = *hash;
	kept->there[level][index] = true;
	return 0;
}

static int fetch(
    void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	struct kept *kept = ctx;

	CHECK(kept->there[level][index]);
	*ret = kept->hashes[level][index];
	return 0;
}

static int refuse(
    void *ctx, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	return -5;
}

TEST(merkle, edge_grows_and_reloads)
{
	static struct kept kept;
	struct merkle_source source = { .get = fetch, .ctx = &kept };
	struct merkle_source broken = { .get = refuse };
	struct merkle_edge edge = { 0 }, loaded;
	struct merkle_proof proof;
	struct merkle_hash root;

	memset(&kept, 0, sizeof(kept));
	random_leaves();
	CHECK(merkle_eq(merkle_edge_root(&edge), merkle_empty()));
	for (size_t n = 1; n <= LEAVES; n++) {
		CHECK(!merkle_edge_add(&edge, leaf_hashes[n - 1], keep, &kept));
		CHECK(merkle_eq(merkle_edge_root(&edge), naive_root(0, n)));
		CHECK(!merkle_edge_load(&loaded, &source, n));
		CHECK(merkle_eq(merkle_edge_root(&loaded), naive_root(0, n)));
		CHECK(!merkle_tree_path(&source, n / 2, n, &proof));
		CHECK(
		    !merkle_tree_consistency(&source, (n + 1) / 2, n, &proof));
	}
	CHECK_INT(merkle_tree_root(&broken, 5, &root), -5);
	CHECK_INT(merkle_tree_path(&broken, 1, 5, &proof), -5);
	CHECK_INT(merkle_tree_consistency(&broken, 3, 5, &proof), -5);
	CHECK_INT(merkle_edge_load(&loaded, &broken, 5), -5);
}

int main(void)
{
	return test_main();
}
