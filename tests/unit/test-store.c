/* The broker's ledger: what it keeps, and in which order. The agent's side is
 * test-mailbox.c; room and readers, damage and erasure, and kills have their
 * own.
 */

#include <errno.h>
#include <stdio.h>

#include "tests/unit/store-fixture.h"
#include "util/hash.h"
#include "util/mem.h"

TEST(ledger, keeps_everything_across_openings)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct store_txn *t = fixture_write(s);
	struct ledger_partner p = { 7, 1047, 12, true }, q;
	_cleanup_buf_ struct buf b = { 0 };
	char name[STORE_NAME_MAX + 1] = "";

	ledger_partner_put(t, "rugby-council", &p);
	ledger_partner_put(t, "hmrc", &(struct ledger_partner){ 0 });
	ledger_enrolment_put(t, "hmrc", slice_str("caveat enrolment v1\n"));
	store_note_put(t, LEDGER_CHECKPOINT, slice_str("origin\n12\n"));
	store_counter_set(t, LEDGER_POLICY, 5);
	store_counter_set(t, LEDGER_LOG_EPOCH, 2);
	fixture_commit(t);
	store_free(s);

	s = fixture_ledger(dir, SMALL_MAP);
	t = fixture_read(s);
	CHECK_INT(ledger_partner(t, "rugby-council", &q), 0);
	CHECK_INT(q.epoch, 7);
	CHECK_INT(q.number, 1047);
	CHECK_INT(q.copy, 12);
	CHECK(q.suspended);
	CHECK_INT(ledger_partner(t, "rugby", &q), STORE_NONE);
	CHECK_INT(ledger_partner_next(t, name), 0);
	CHECK_STR(name, "hmrc");
	CHECK_INT(ledger_partner_next(t, name), 0);
	CHECK_STR(name, "rugby-council");
	CHECK_INT(ledger_partner_next(t, name), STORE_NONE);
	CHECK_INT(ledger_enrolment(t, "hmrc", &b), 0);
	CHECK(slice_is(buf_slice(&b), "caveat enrolment v1\n"));
	CHECK_INT(ledger_enrolment(t, "rugby-council", &b), STORE_NONE);
	buf_reset(&b);
	CHECK_INT(store_note(t, LEDGER_CHECKPOINT, &b), 0);
	CHECK(slice_is(buf_slice(&b), "origin\n12\n"));
	CHECK_INT(store_note(t, "check", &b), STORE_NONE);
	CHECK_INT(store_counter(t, LEDGER_POLICY), 5);
	CHECK_INT(store_counter(t, LEDGER_LOG_EPOCH), 2);
	store_end(t);
	store_free(s);
}

static int open_writer(void *dir)
{
	const struct store_options options = { .map_bytes = SMALL_MAP };
	struct store *s;
	struct why why;

	return ledger_open(dir, &options, &s, &why);
}

static int read_beside(void *dir)
{
	const struct store_options options = { .read_only = true };
	_cleanup_buf_ struct buf b = { 0 };
	struct store_txn *t;
	struct store *s;
	struct why why;

	if (ledger_open(dir, &options, &s, &why) || store_read(s, &t))
		return 1;
	if (ledger_entry(t, 0, &b) || !slice_is(buf_slice(&b), "first"))
		return 2;
	buf_reset(&b);
	if (ledger_detail(t, 0, &b) || !slice_is(buf_slice(&b), "why"))
		return 3;
	store_end(t);
	store_free(s);
	return 0;
}

TEST(ledger, has_one_writer_and_readers_beside_it)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct store_txn *t = fixture_write(s);
	const struct store_options options = { .map_bytes = SMALL_MAP };
	struct store *second;
	struct why why;

	ledger_entry_add(t, slice_str("first"), slice_str("why"));
	fixture_commit(t);
	CHECK_INT(ledger_open(dir, &options, &second, &why), STORE_LOCKED);
	CHECK(strstr(why.text, "another process"));
	CHECK_INT(
	    fixture_child(open_writer, (void *)(uintptr_t)dir), STORE_LOCKED);
	CHECK_INT(fixture_child(read_beside, (void *)(uintptr_t)dir), 0);
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(s);
	CHECK_INT(fixture_child(open_writer, (void *)(uintptr_t)dir), 0);
}

TEST(ledger, no_reader_too_many_is_handed_out)
{
	struct store *s = fixture_ledger(fixture_dir(), SMALL_MAP);
	struct store_txn *readers[1000];
	size_t count = 0;
	int r = 0;

	while (r == 0 && count < ARRAY_LEN(readers)) {
		readers[count] = (struct store_txn *)&count;
		r = store_read(s, &readers[count++]);
	}
	CHECK(r < 0);
	CHECK(readers[count - 1] == NULL);
	while (count > 0)
		store_end(readers[--count]);
	store_free(s);
}

TEST(ledger, is_not_a_mailbox_nor_open_to_others)
{
	const char *dir = fixture_dir();
	const struct store_options options = { .map_bytes = SMALL_MAP };
	_cleanup_free_ char *command = NULL;
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct why why;

	store_free(s);
	CHECK_INT(mailbox_open(dir, &options, &s, &why), -EPROTO);
	CHECK(strstr(why.text, "caveat ledger 1"));
	command = mem_format("chmod 644 %s/key", dir);
	CHECK_INT(system(command), 0);
	CHECK_INT(ledger_open(dir, &options, &s, &why), -EPERM);
	free(command);
	command = mem_format("chmod 600 %s/key; chmod 755 %s", dir, dir);
	CHECK_INT(system(command), 0);
	CHECK_INT(ledger_open(dir, &options, &s, &why), -EPERM);
}

TEST(ledger, an_aborted_transaction_leaves_nothing)
{
	struct store *s = fixture_ledger(fixture_dir(), SMALL_MAP);
	struct store_txn *t = fixture_write(s);
	_cleanup_buf_ struct buf b = { 0 };
	struct store_stats stats;

	CHECK_INT(ledger_message_add(t, slice_str("gone"), 1), 1);
	CHECK_INT(ledger_entry_add(t, slice_str("e"), slice_str("d")), 0);
	store_end(t);
	store_stats(s, &stats);
	CHECK_INT(stats.keys, 0);
	t = fixture_read(s);
	CHECK_INT(ledger_message(t, 1, &b), STORE_NONE);
	CHECK_INT(store_counter(t, LEDGER_ENTRIES), 0);
	store_end(t);
	store_free(s);
}

TEST(ledger, an_id_is_accepted_once)
{
	struct store *s = fixture_ledger(fixture_dir(), SMALL_MAP);
	struct ledger_id id = { "hmrc", 1, 17 };
	struct ledger_accepted a = { .entry = 0,
		.result = slice_str("accepted") },
			       got;
	_cleanup_buf_ struct buf b = { 0 };
	struct store_txn *t = fixture_write(s);

	ledger_entry_add(t, slice_str("received"), slice_of(NULL, 0));
	memset(a.statement, 0xab, sizeof(a.statement));
	ledger_accept(t, id, &a);
	fixture_commit(t);
	t = fixture_read(s);
	CHECK_INT(ledger_accepted(t, id, &b, &got), 0);
	CHECK(slice_is(got.result, "accepted"));
	CHECK(!memcmp(got.statement, a.statement, sizeof(a.statement)));
	CHECK_INT(got.entry, 0);
	for (int i = 0; i < 3; i++) {
		struct ledger_id other = id;

		if (i == 0)
			other.partner = "hmr";
		else if (i == 1)
			other.epoch++;
		else
			other.number--;
		CHECK_INT(ledger_accepted(t, other, &b, &got), STORE_NONE);
	}
	store_end(t);
	t = fixture_write(s);
	ledger_accept(t, id, &a);
	CHECK_INT(store_commit(t), -EEXIST);
	CHECK_INT(store_begin(s, &t), -EIO); /* the process must end */
	store_free(s);
}

/* Against a plain array: random lanes, drops and tombstones. */
enum { COPIES = 400 };

struct model_copy {
	uint8_t lane;
	bool there, tombstone;
};

static uint64_t model_next(
    const struct model_copy *m, const uint64_t after[LEDGER_LANES])
{
	for (uint8_t lane = 0; lane < LEDGER_LANES; lane++)
		for (uint64_t i = after[lane] + 1; i <= COPIES; i++)
			if (m[i].there && m[i].lane == lane)
				return i;
	return 0;
}

static void check_queue(struct store_txn *t, const struct model_copy *m)
{
	uint64_t after[LEDGER_LANES] = { 0 }, want, count = 0, counted;
	_cleanup_buf_ struct buf b = { 0 };
	struct ledger_copy copy;

	while ((want = model_next(m, after))) {
		uint64_t seen[LEDGER_LANES];

		memcpy(seen, after, sizeof(seen));
		buf_reset(&b);
		CHECK_INT(ledger_queue_next(t, "hmrc", after, &b, &copy), 0);
		CHECK_INT(copy.number, want);
		CHECK_INT(copy.lane, m[want].lane);
		CHECK_INT(copy.message == 0, m[want].tombstone);
		CHECK(slice_eq(copy.decision, fixture_bytes(want, want % 500)));
		seen[copy.lane] = want;
		CHECK(!memcmp(seen, after, sizeof(seen)));
		count++;
	}
	CHECK_INT(ledger_queue_next(t, "hmrc", after, &b, &copy), STORE_NONE);
	CHECK_INT(ledger_queue_count(t, "hmrc", &counted), 0);
	CHECK_INT(counted, count);
}

TEST(ledger, queues_go_by_lane_then_number)
{
	struct store *s = fixture_ledger(fixture_dir(), SMALL_MAP);
	struct model_copy m[COPIES + 1] = { 0 };
	struct store_txn *t = fixture_write(s);

	for (uint64_t i = 1; i <= COPIES; i++) {
		m[i].lane = (uint8_t)test_below(LEDGER_LANES);
		m[i].there = true;
		fixture_put_copy(t, i, m[i].lane,
		    ledger_message_add(t, fixture_bytes(i, 300), 1));
	}
	/* neighbours in name order, which must not be mistaken for it */
	ledger_queue_put(t, "hmr",
	    &(struct ledger_copy){ .number = 1, .decision = slice_str("x") });
	ledger_queue_put(t, "hmrc2",
	    &(struct ledger_copy){ .number = 1, .decision = slice_str("x") });
	check_queue(t, m);
	for (int i = 0; i < COPIES; i++) {
		uint64_t n = 1 + test_below(COPIES);

		if (test_below(4) == 0 && m[n].there) {
			m[n].tombstone = true;
			fixture_put_copy(t, n, m[n].lane, 0);
			continue;
		}
		CHECK_INT(ledger_queue_drop(t, "hmrc", n),
		    m[n].there ? 0 : STORE_NONE);
		m[n].there = false;
	}
	check_queue(t, m);
	fixture_commit(t);
	t = fixture_read(s);
	check_queue(t, m);
	store_end(t);
	store_free(s);
}

static bool has_message(struct store *s, uint64_t message)
{
	struct store_txn *t = fixture_read(s);
	_cleanup_buf_ struct buf b = { 0 };
	int r = ledger_message(t, message, &b);

	store_end(t);
	CHECK(r == 0 || r == STORE_NONE);
	return r == 0;
}

TEST(ledger, a_message_lives_as_long_as_its_holders)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct store_txn *t = fixture_write(s);
	struct ledger_copy copy = { .number = 1 };
	struct store_stats stats;

	copy.message = ledger_message_add(t, slice_str("kept"), 3);
	ledger_queue_put(t, "hmrc", &copy);
	ledger_queue_put(t, "rugby-council", &copy);
	fixture_commit(t);
	t = fixture_write(s);
	CHECK_INT(ledger_queue_drop(t, "hmrc", 1), 0);
	CHECK_INT(ledger_queue_drop(t, "hmrc", 1), STORE_NONE);
	fixture_commit(t);
	CHECK(has_message(s, 1));

	/* withdrawn, and decided anew as the next copy, in one transaction */
	t = fixture_write(s);
	ledger_message_ref(t, 1);
	ledger_queue_put(
	    t, "rugby-council", &(struct ledger_copy){ .number = 1 });
	copy.number = 2;
	ledger_queue_put(t, "rugby-council", &copy);
	fixture_commit(t);
	CHECK(has_message(s, 1));
	CHECK_INT(fixture_check_ledger(dir), 0);
	t = fixture_write(s);
	CHECK_INT(ledger_queue_drop(t, "rugby-council", 2), 0);
	fixture_commit(t);
	CHECK(has_message(s, 1));
	t = fixture_write(s);
	ledger_message_unref(t, 1);
	fixture_commit(t);
	CHECK(!has_message(s, 1));
	store_stats(s, &stats);
	CHECK_INT(stats.keys, 0);
	CHECK_INT(fixture_check_ledger(dir), 0);
	t = fixture_write(s);
	ledger_message_unref(t, 1);
	CHECK_INT(store_commit(t), -ENOENT);
	store_free(s);
}

TEST(ledger, values_of_every_length_come_back)
{
	static const size_t edges[] = { 0, 1, 2000, 3970, 3971, 3972, 3973,
		4000, 7971, 7972, 7973, 8192, 65535, 1 << 20, STORE_VALUE_MAX };
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, 64 << 20);
	_cleanup_buf_ struct buf b = { 0 };

	for (size_t i = 0; i < 60; i++) {
		/* each replaces the one before, longer or shorter */
		size_t len =
		    i < ARRAY_LEN(edges) ? edges[i] : (size_t)test_below(20000);
		struct store_txn *t = fixture_write(s);

		if (len == STORE_VALUE_MAX)
			len -= 28; /* the seal */
		store_note_put(t, "note", fixture_bytes(i, len));
		store_note_put(t, "note2", slice_str("neighbour"));
		fixture_commit(t);
		t = fixture_read(s);
		buf_reset(&b);
		CHECK_INT(store_note(t, "note", &b), 0);
		CHECK(slice_eq(buf_slice(&b), fixture_bytes(i, len)));
		buf_reset(&b);
		CHECK_INT(store_note(t, "note2", &b), 0);
		store_end(t);
	}
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(s);
}

TEST(ledger, the_log_counts_without_a_gap)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	static uint8_t tile[LEDGER_TILE_BYTES], back[LEDGER_TILE_BYTES];
	_cleanup_buf_ struct buf b = { 0 };
	struct store_txn *t;

	for (uint64_t i = 0; i < 300; i++) {
		t = fixture_write(s);
		CHECK_INT(ledger_entry_add(t, fixture_bytes(i, i * 7),
			      i % 3 ? slice_str("detail") : slice_of(NULL, 0)),
		    i);
		if (i % 10 == 0) {
			store_end(t);
			t = fixture_write(s);
			CHECK_INT(ledger_entry_add(t, fixture_bytes(i, i * 7),
				      i % 3 ? slice_str("detail")
					    : slice_of(NULL, 0)),
			    i);
		}
		fixture_commit(t);
	}
	memcpy(tile, fixture_bytes(1, sizeof(tile)).data, sizeof(tile));
	t = fixture_write(s);
	ledger_tile_put(t, 7, UINT64_MAX, tile);
	ledger_entry_add(
	    t, fixture_bytes(300, LEDGER_ENTRY_MAX), slice_of(NULL, 0));
	fixture_commit(t);
	t = fixture_read(s);
	CHECK_INT(store_counter(t, LEDGER_ENTRIES), 301);
	for (uint64_t i = 0; i < 300; i++) {
		buf_reset(&b);
		CHECK_INT(ledger_entry(t, i, &b), 0);
		CHECK(slice_eq(buf_slice(&b), fixture_bytes(i, i * 7)));
		buf_reset(&b);
		CHECK_INT(ledger_detail(t, i, &b), i % 3 ? 0 : STORE_NONE);
	}
	CHECK_INT(ledger_entry(t, 301, &b), STORE_NONE);
	CHECK_INT(ledger_tile(t, 7, UINT64_MAX, back), 0);
	CHECK(!memcmp(tile, back, sizeof(tile)));
	CHECK_INT(ledger_tile(t, 7, 0, back), STORE_NONE);
	store_end(t);
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(s);
}

TEST(ledger, texts_are_found_by_digest_and_sets_by_number)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct store_txn *t = fixture_write(s);
	char name[STORE_NAME_MAX + 1] = "";
	uint8_t a[32], b[32], again[32];
	_cleanup_buf_ struct buf text = { 0 };

	ledger_text_put(t, slice_str("agreement a/1"), a);
	ledger_text_put(t, slice_str("agreement a/1"), again);
	CHECK(!memcmp(a, again, 32));
	ledger_text_put(t, slice_str("vocabulary v/1"), b);
	ledger_policy_put(t, 1, "v-1.vocabulary", b);
	ledger_policy_put(t, 2, "v-1.vocabulary", b);
	ledger_policy_put(t, 2, "a-1.agreement", a);
	fixture_commit(t);
	t = fixture_read(s);
	CHECK_INT(ledger_policy_next(t, 2, name, again), 0);
	CHECK_STR(name, "a-1.agreement");
	CHECK(!memcmp(a, again, 32));
	CHECK_INT(ledger_policy_next(t, 2, name, again), 0);
	CHECK_STR(name, "v-1.vocabulary");
	CHECK_INT(ledger_policy_next(t, 2, name, again), STORE_NONE);
	name[0] = 0;
	CHECK_INT(ledger_policy_next(t, 1, name, again), 0);
	CHECK_INT(ledger_policy_next(t, 1, name, again), STORE_NONE);
	CHECK_INT(ledger_text(t, b, &text), 0);
	CHECK(slice_is(buf_slice(&text), "vocabulary v/1"));
	b[0] ^= 1;
	CHECK_INT(ledger_text(t, b, &text), STORE_NONE);
	store_end(t);
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(s);
}

int main(void)
{
	return test_main();
}
