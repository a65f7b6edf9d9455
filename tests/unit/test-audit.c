/* The log's tree against a naive one written from RFC 6962, its entries and its
 * checkpoints. */

#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/spans.h"
#include "audit/tree.h"
#include "util/file.h"
#include "util/mem.h"

/* ---- RFC 6962 as the RFC states it, for comparison -------------------- */

static uint8_t (*leaves)[HASH_BYTES];

static void naive_node(const uint8_t *l, const uint8_t *r, uint8_t *ret)
{
	struct slice parts[] = { slice_of("\1", 1), slice_of(l, HASH_BYTES),
		slice_of(r, HASH_BYTES) };

	hash_parts(parts, 3, ret);
}

static uint64_t largest_power_below(uint64_t n)
{
	uint64_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

static void naive_root(uint64_t start, uint64_t n, uint8_t *ret)
{
	uint8_t l[HASH_BYTES], r[HASH_BYTES];
	uint64_t k;

	if (n == 0) {
		hash_bytes(NULL, 0, ret);
	} else if (n == 1) {
		memcpy(ret, leaves[start], HASH_BYTES);
	} else {
		k = largest_power_below(n);
		naive_root(start, k, l);
		naive_root(start + k, n - k, r);
		naive_node(l, r, ret);
	}
}

static void naive_path(uint64_t m, uint64_t start, uint64_t n, struct buf *out)
{
	uint8_t hash[HASH_BYTES];
	uint64_t k;

	if (n == 1)
		return;
	k = largest_power_below(n);
	if (m < k) {
		naive_path(m, start, k, out);
		naive_root(start + k, n - k, hash);
	} else {
		naive_path(m - k, start + k, n - k, out);
		naive_root(start, k, hash);
	}
	buf_add(out, hash, HASH_BYTES);
}

static void naive_subproof(
    uint64_t m, uint64_t start, uint64_t n, bool whole, struct buf *out)
{
	uint8_t hash[HASH_BYTES];
	uint64_t k;

	if (m == n) {
		if (whole)
			return;
		naive_root(start, n, hash);
	} else {
		k = largest_power_below(n);
		if (m <= k) {
			naive_subproof(m, start, k, whole, out);
			naive_root(start + k, n - k, hash);
		} else {
			naive_subproof(m - k, start + k, n - k, false, out);
			naive_root(start, k, hash);
		}
	}
	buf_add(out, hash, HASH_BYTES);
}

/* ---- a store for the tree's tiles ------------------------------------- */

#define TILES_MAX 1024u

static struct {
	unsigned level;
	uint64_t index;
	uint8_t hashes[TREE_TILE_BYTES];
} * tiles;
static size_t tiles_count;

static int keep_tile(
    void *ctx, unsigned level, uint64_t index, const uint8_t *hashes)
{
	CHECK(tiles_count < TILES_MAX);
	tiles[tiles_count].level = level;
	tiles[tiles_count].index = index;
	memcpy(tiles[tiles_count++].hashes, hashes, TREE_TILE_BYTES);
	return 0;
}

static int find_tile(void *ctx, unsigned level, uint64_t index, uint8_t *ret)
{
	for (size_t i = 0; i < tiles_count; i++) {
		if (tiles[i].level != level || tiles[i].index != index)
			continue;
		memcpy(ret, tiles[i].hashes, TREE_TILE_BYTES);
		return 0;
	}
	return -ENOENT;
}

static int find_leaf(void *ctx, uint64_t index, uint8_t ret[HASH_BYTES])
{
	memcpy(ret, leaves[index], HASH_BYTES);
	return 0;
}

static const struct tree_source source = { find_tile, find_leaf, NULL };

static struct tree *load(uint64_t size)
{
	struct tree *t;
	struct why why;

	CHECK_INT(tree_load(size, &source, &t, &why), 0);
	return t;
}

static void grow(struct tree *t, uint64_t size)
{
	while (tree_size(t) < size)
		CHECK_INT(
		    tree_append(t, leaves[tree_size(t)], keep_tile, NULL), 0);
}

static void setup(size_t n)
{
	leaves = mem_array(n, HASH_BYTES);
	hash_random(leaves, n * HASH_BYTES);
	tiles = mem_array(TILES_MAX, sizeof(*tiles));
	tiles_count = 0;
}

static void teardown(void)
{
	free(leaves);
	free(tiles);
}

static bool same(const struct merkle_proof *got, const struct buf *want)
{
	return slice_eq(
	    slice_of(got->hashes, got->count * HASH_BYTES), buf_slice(want));
}

static void compare_inclusion(struct tree *t, uint64_t m, uint64_t size)
{
	_cleanup_buf_ struct buf want = { 0 };
	struct merkle_proof got;

	CHECK_INT(tree_inclusion(t, m, size, &got), 0);
	naive_path(m, 0, size, &want);
	CHECK(same(&got, &want));
}

static void compare_consistency(struct tree *t, uint64_t old, uint64_t size)
{
	_cleanup_buf_ struct buf want = { 0 };
	struct merkle_proof got;

	CHECK_INT(tree_consistency(t, old, size, &got), 0);
	naive_subproof(old, 0, size, true, &want);
	CHECK(same(&got, &want));
}

static void compare(struct tree *t, uint64_t size)
{
	compare_inclusion(t, test_below(size), size);
	compare_consistency(t, 1 + test_below(size), size);
}

TEST(tree, small_sizes_all_proofs)
{
	uint8_t a[HASH_BYTES], b[HASH_BYTES];
	struct tree *t;

	setup(70);
	t = load(0);
	for (uint64_t size = 0; size <= 70; size++) {
		grow(t, size);
		tree_root(t, a);
		naive_root(0, size, b);
		CHECK(!memcmp(a, b, HASH_BYTES));
		for (uint64_t m = 0; m < size; m++) {
			compare_inclusion(t, m, size);
			compare_consistency(t, m + 1, size);
		}
	}
	tree_free(t);
	teardown();
}

/* Across tile edges (256 and 65,536), from a tree that grew and from one that
 * was loaded at that size; proofs for smaller sizes while the tree is larger.
 */
TEST(tree, large_sizes_grown_and_loaded)
{
	static const uint64_t sizes[] = { 255, 256, 257, 511, 512, 513, 1000,
		4096, 65535, 65536, 65537, 65792, 66000 };
	uint8_t a[HASH_BYTES], b[HASH_BYTES];
	struct tree *t, *again;

	setup(66000);
	t = load(0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		grow(t, sizes[i]);
		again = load(sizes[i]);
		tree_root(t, a);
		naive_root(0, sizes[i], b);
		CHECK(!memcmp(a, b, HASH_BYTES));
		tree_root(again, a);
		CHECK(!memcmp(a, b, HASH_BYTES));
		for (int n = 0; n < 4; n++) {
			compare(t, sizes[i]);
			compare(again, sizes[i]);
			compare(t, 1 + test_below(sizes[i]));
		}
		tree_free(again);
	}
	tree_free(t);
	teardown();
}

static int full_disk(
    void *ctx, unsigned level, uint64_t index, const uint8_t *hashes)
{
	return -ENOSPC;
}

TEST(tree, failed_tile_is_passed_on_and_load_starts_again)
{
	uint8_t a[HASH_BYTES], b[HASH_BYTES];
	struct tree *t;

	setup(256);
	t = load(0);
	grow(t, 255);
	CHECK_INT(tree_append(t, leaves[255], full_disk, NULL), -ENOSPC);
	tree_free(t);
	t = load(255);
	grow(t, 256);
	tree_root(t, a);
	naive_root(0, 256, b);
	CHECK(!memcmp(a, b, HASH_BYTES));
	tree_free(t);
	teardown();
}

/* ---- entries ---------------------------------------------------------- */

static struct entry sample(enum entry_kind kind)
{
	struct entry e = { .kind = kind,
		.at = 1795000000000,
		.copy = 7,
		.policy = 3,
		.recipients = 2,
		.destroy_by = 21000 };

	hash_random(e.salt, sizeof(e.salt));
	hash_random(e.statement, HASH_BYTES);
	hash_random(e.body, HASH_BYTES);
	hash_random(e.text, HASH_BYTES);
	e.id = slice_str("warwickshire-police/1.1047");
	e.from = e.name = slice_str("warwickshire-police");
	e.to = slice_str("rugby-council");
	e.what = slice_str("enrolled");
	e.receipt = slice_str("receipt");
	e.signature = slice_str("signature");
	e.has_statement = e.has_text = e.has_detail = true;
	e.signers[0] = e.from;
	e.signers[1] = e.to;
	e.signers_count = 2;
	return e;
}

static bool encodes_to(const struct entry *e, struct slice want)
{
	_cleanup_buf_ struct buf again = { 0 };

	entry_encode(e, &again);
	return slice_eq(buf_slice(&again), want);
}

/* Every kind, with and without what may be left out; and no other bytes stand
 * for the same entry: what decodes encodes to what was decoded. */
TEST(entry, round_trip_and_every_flip)
{
	for (int kind = 0; kind < ENTRY_KINDS; kind++) {
		for (int bare = 0; bare < 2; bare++) {
			struct entry e = sample((enum entry_kind)kind), d;
			_cleanup_buf_ struct buf b = { 0 };

			if (bare) {
				e.has_statement = e.has_text = false;
				e.has_detail = false;
				e.destroy_by = INT32_MAX;
				if (kind == ENTRY_REFUSED)
					e.to = e.id = (struct slice){ 0 };
			}
			entry_encode(&e, &b);
			CHECK(!entry_decode(buf_slice(&b), &d));
			CHECK(encodes_to(&d, buf_slice(&b)));
			for (size_t i = 0; i < b.len; i++) {
				CHECK(entry_decode(slice_of(b.data, i), &d));
				b.data[i] ^= (uint8_t)(1 + test_below(255));
				CHECK(entry_decode(buf_slice(&b), &d) ||
				      encodes_to(&d, buf_slice(&b)));
			}
		}
	}
}

TEST(entry, a_decided_entry_is_small)
{
	struct entry e = sample(ENTRY_DECIDED);
	_cleanup_buf_ struct buf b = { 0 };

	entry_encode(&e, &b);
	CHECK(b.len <= 400);
}

/* ---- checkpoints ------------------------------------------------------ */

TEST(checkpoint, signed_read_and_every_flip)
{
	static const uint8_t raw[KEY_BYTES] = { 1, 2, 3 };
	struct key *key = key_from_raw(KEY_ED25519, raw);
	struct checkpoint c = { "exchange/1", 1234, { 9, 8, 7 } }, d;
	_cleanup_buf_ struct buf note = { 0 };
	uint8_t public[KEY_BYTES];
	struct vkey vkey, other;
	struct why why;

	key_public(key, public);
	CHECK(vkey_make("exchange", public, &vkey));
	CHECK(vkey_make("other", public, &other));
	CHECK_INT(checkpoint_sign(&c, "exchange", key, &note), 0);
	CHECK(checkpoint_open(buf_slice(&note), &vkey, &d, &why));
	CHECK_STR(d.origin, "exchange/1");
	CHECK_INT(d.size, 1234);
	CHECK(!memcmp(d.root, c.root, HASH_BYTES));
	CHECK(!checkpoint_open(buf_slice(&note), &other, &d, &why));
	for (size_t i = 0; i < note.len; i++) {
		uint8_t flip = (uint8_t)(1 + test_below(255));

		note.data[i] ^= flip;
		CHECK(!checkpoint_open(buf_slice(&note), &vkey, &d, &why));
		note.data[i] ^= flip;
		CHECK(
		    !checkpoint_open(slice_of(note.data, i), &vkey, &d, &why));
	}
	key_free(key);
}

/* What openssl(1) is given to verify, tests/conformance/openssl-checkpoint. */
TEST(checkpoint, is_the_one_that_openssl_verifies)
{
	static const uint8_t raw[KEY_BYTES] = { 1, 2, 3 };
	struct key *key = key_from_raw(KEY_ED25519, raw);
	struct checkpoint c = { .origin = "exchange/1", .size = 430 };
	_cleanup_buf_ struct buf note = { 0 }, file = { 0 };
	struct why why;

	for (uint8_t i = 0; i < HASH_BYTES; i++)
		c.root[i] = i;
	CHECK_INT(checkpoint_sign(&c, "exchange", key, &note), 0);
	CHECK_INT(file_read(test_data("fuzz/checkpoint/good"),
		      CHECKPOINT_BYTES_MAX, &file, &why),
	    0);
	CHECK(slice_eq(buf_slice(&note), buf_slice(&file)));
	key_free(key);
}

TEST(checkpoint, one_log_has_one_name_and_a_size)
{
	static const uint8_t raw[KEY_BYTES] = { 1, 2, 3 };
	static const struct {
		const char *origin;
		uint64_t size;
		bool good;
	} cases[] = {
		{ "exchange/1", 0, true },
		{ "exchange/9999999999999999999", INT64_MAX, true },
		{ "exchange/1", (uint64_t)INT64_MAX + 1, false },
		{ "exchange/1", UINT64_MAX, false }, { "another/1", 1, false },
		{ "exchange", 1, false }, { "exchange/", 1, false },
		{ "exchange/01", 1, false }, { "exchange/0", 1, false },
		{ "exchange/1/2", 1, false }, { "exchange/1 ", 1, false },
		{ "/1", 1, false },
		{ "exchange/10000000000000000000", 1, false }, /* 20 digits */
	};
	struct key *key = key_from_raw(KEY_ED25519, raw);
	uint8_t public[KEY_BYTES];
	struct vkey vkey;

	key_public(key, public);
	CHECK(vkey_make("exchange", public, &vkey));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct checkpoint c = { .size = cases[i].size }, d;
		_cleanup_buf_ struct buf note = { 0 };
		struct why why;

		snprintf(c.origin, sizeof(c.origin), "%s", cases[i].origin);
		CHECK_INT(checkpoint_sign(&c, "exchange", key, &note), 0);
		CHECK_INT(checkpoint_open(buf_slice(&note), &vkey, &d, &why),
		    cases[i].good);
	}
	key_free(key);
}

/* Against a table, in random order with repetitions. */
TEST(spans, behave_like_a_set)
{
	for (int round = 0; round < 200; round++) {
		uint64_t most = 1 + test_below(300);
		struct spans s = { 0 };
		bool there[301] = { 0 };

		for (int i = 0; i < 400; i++) {
			uint64_t n = test_below(most);

			CHECK_INT(spans_add(&s, n), !there[n]);
			there[n] = true;
		}
		for (size_t i = 0; i < s.count; i++)
			CHECK(s.of[i].first <= s.of[i].last &&
			      (i == 0 || s.of[i].first > s.of[i - 1].last + 1));
		spans_deinit(&s);
	}
}

int main(void)
{
	return test_main();
}
