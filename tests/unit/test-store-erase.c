/* What was erased is gone from the raw bytes of every file. */

#include <stdio.h>

#include "tests/unit/store-fixture.h"

TEST(erase, a_delivered_message_is_in_no_file)
{
	const char *dir = fixture_dir();
	static const char text[] = "Subject seen at the nail bar, Rugby";
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct ledger_copy copy = { .number = 1,
		.decision = slice_str("born in 1990, masked") };
	const uint8_t zeros[64] = { 0 };
	uint8_t record[64], now[64];
	struct store_txn *t = fixture_write(s);

	copy.message = ledger_message_add(t, slice_str(text), 1);
	ledger_queue_put(t, "hmrc", &copy);
	fixture_commit(t);
	CHECK(!fixture_on_disk(dir, slice_str("nail bar")));
	CHECK(!fixture_on_disk(dir, slice_str("1990")));
	fixture_peek(dir, "slots", 64, record, 64);
	CHECK(memcmp(record, zeros, 64));
	CHECK(fixture_on_disk(dir, slice_of(record, 64)));
	t = fixture_write(s);
	CHECK_INT(ledger_queue_drop(t, "hmrc", 1), 0);
	fixture_commit(t);
	fixture_peek(dir, "slots", 64, now, 64);
	CHECK(!memcmp(now, zeros, 64));
	CHECK(!fixture_on_disk(dir, slice_of(record, 64)));
	CHECK(!fixture_on_disk(dir, slice_of(record + 4, 60)));
	store_free(s);
}

TEST(erase, a_detail_goes_alone)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	_cleanup_buf_ struct buf b = { 0 };
	struct store_stats stats;
	struct store_txn *t;
	uint8_t record[64];
	enum { COUNT = LEDGER_DETAIL_GROUP + 100 };

	for (uint64_t i = 0; i < COUNT; i += 100) {
		t = fixture_write(s);
		for (uint64_t k = i; k < i + 100 && k < COUNT; k++)
			ledger_entry_add(t, slice_str("entry"),
			    fixture_bytes(k, 10 + k % 90));
		fixture_commit(t);
	}
	fixture_peek(dir, "slots", 64, record, 64);
	t = fixture_write(s);
	CHECK_INT(ledger_detail_erase(t, 7), 0);
	CHECK_INT(ledger_detail_erase(t, 7), STORE_NONE);
	CHECK_INT(ledger_detail_erase(t, COUNT), STORE_NONE);
	fixture_commit(t);
	CHECK(!fixture_on_disk(dir, slice_of(record, 64)));
	t = fixture_read(s);
	for (uint64_t k = 0; k < COUNT; k++) {
		buf_reset(&b);
		CHECK_INT(ledger_detail(t, k, &b), k == 7 ? STORE_NONE : 0);
		if (k != 7)
			CHECK(slice_eq(
			    buf_slice(&b), fixture_bytes(k, 10 + k % 90)));
		buf_reset(&b);
		CHECK_INT(ledger_entry(t, k, &b), 0);
	}
	store_end(t);
	t = fixture_write(s);
	for (uint64_t k = LEDGER_DETAIL_GROUP; k < COUNT; k++)
		CHECK_INT(ledger_detail_erase(t, k), 0);
	fixture_commit(t);
	store_stats(s, &stats);
	CHECK_INT(stats.keys, 1);
	store_free(s);
	CHECK_INT(fixture_check_ledger(dir), 0);
}

TEST(erase, a_key_without_a_row_is_swept_away)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	const uint8_t zeros[64] = { 0 };
	uint8_t record[64], now[64];
	struct store_txn *t;

	t = fixture_write(s);
	ledger_message_add(t, slice_str("kept"), 1);
	fixture_commit(t);
	store_free(s);
	fixture_peek(dir, "slots", 64, record, 64);
	fixture_poke(dir, "slots", 64 * 900, record, 64);
	store_free(fixture_ledger(dir, SMALL_MAP));
	fixture_peek(dir, "slots", 64 * 900, now, 64);
	CHECK(!memcmp(now, zeros, 64));
	CHECK_INT(fixture_check_ledger(dir), 0);
}

static void check_messages(struct store *s, uint64_t count)
{
	struct store_txn *t = fixture_read(s);
	_cleanup_buf_ struct buf b = { 0 };

	for (uint64_t i = 1; i <= count; i += 97) {
		buf_reset(&b);
		CHECK_INT(ledger_message(t, i, &b), 0);
		CHECK(slice_eq(buf_slice(&b), fixture_bytes(i, 50)));
	}
	store_end(t);
}

/* Epochs' keys are in blocks 1 and 2 of `key`, 28 bytes in. */
TEST(erase, an_epoch_takes_its_key_with_it)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	int64_t now = 4000000000000;
	uint8_t key[32], record[64];
	enum { COUNT = 6000 }; /* more than one step renews */
	bool more;

	for (uint64_t i = 1; i <= COUNT;) {
		struct store_txn *t = fixture_write(s);

		for (int k = 0; k < 1000; k++, i++)
			ledger_message_add(t, fixture_bytes(i, 50), 1);
		fixture_commit(t);
	}
	for (int epoch = 1; epoch <= 4; epoch++) {
		uint64_t block = epoch % 2 ? 1 : 2;

		fixture_peek(dir, "key", block * 4096 + 28, key, 32);
		fixture_peek(dir, "slots", 64 * 3000, record, 64);
		CHECK(fixture_on_disk(dir, slice_of(key, 32)));
		CHECK_INT(store_upkeep(s, now += STORE_EPOCH_MS, &more), 0);
		CHECK(more);
		CHECK_INT(store_upkeep(s, now, &more), 0);
		CHECK(more);
		check_messages(s, COUNT);
		if (epoch % 2) { /* ended in the middle: it goes on */
			store_free(s);
			CHECK_INT(fixture_check_ledger(dir), 0);
			s = fixture_ledger(dir, SMALL_MAP);
		}
		while (more)
			CHECK_INT(store_upkeep(s, now, &more), 0);
		check_messages(s, COUNT);
		CHECK(!fixture_on_disk(dir, slice_of(key, 32)));
		CHECK(!fixture_on_disk(dir, slice_of(record, 64)));
		CHECK_INT(store_upkeep(s, now, &more), 0);
		CHECK(!more);
	}
	store_free(s);
	s = fixture_ledger(dir, SMALL_MAP);
	check_messages(s, COUNT);
	store_free(s);
	CHECK_INT(fixture_check_ledger(dir), 0);
}

int main(void)
{
	return test_main();
}
