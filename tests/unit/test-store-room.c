/* What full means, and what readers cost: map and disk fill, empty and fill
 * again without a restart. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/store-fixture.h"
#include "util/mem.h"

/* Add messages in groups until one is refused; how many are in. */
static uint64_t fill(struct store *s, uint64_t number)
{
	for (;; number += 16) {
		struct store_txn *t = fixture_write(s);
		int r;

		for (uint64_t i = 1; i <= 16; i++) {
			uint64_t m = ledger_message_add(
			    t, fixture_bytes(number + i, 1400), 1);

			if (m)
				fixture_put_copy(t, number + i, 1, m);
		}
		r = store_commit(t);
		if (r == STORE_FULL)
			return number;
		CHECK_INT(r, 0);
	}
}

TEST(room, a_full_map_refuses_messages_and_recovers)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, 4 << 20);
	uint64_t first = 0, last = 0;

	for (int round = 0; round < 3; round++) {
		last = fill(s, last);
		CHECK(store_fill(s) >= STORE_FILL_REFUSE - 2);
		CHECK(store_fill(s) < 100);
		CHECK(last > first + 500);
		/* receipts and their entries still have room, in any number */
		while (first < last) {
			struct store_txn *t = fixture_write(s);

			for (int i = 0; i < 64 && first < last; i++) {
				first++;
				CHECK_INT(
				    ledger_queue_drop(t, "hmrc", first), 0);
				ledger_entry_add(t, fixture_bytes(first, 40),
				    slice_str("detail"));
			}
			fixture_commit(t);
		}
		CHECK(store_fill(s) < STORE_FILL_REFUSE);
	}
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(s);
}

TEST(room, even_the_last_page_taken_is_an_outcome)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, STORE_MAP_MIN);
	struct store_txn *t;
	uint64_t entries = 0;
	int r = 0;

	/* entries are not refused at 85 %: go on until LMDB itself is full,
	 * in a put or in a commit */
	for (size_t size = 60000; size > 10; size /= 2) {
		do {
			t = fixture_write(s);
			ledger_entry_add(
			    t, fixture_bytes(size, size), slice_of(NULL, 0));
			r = store_commit(t);
			CHECK(r == 0 || r == STORE_FULL);
			entries += r == 0;
		} while (r == 0);
	}
	t = fixture_read(s);
	CHECK_INT(store_counter(t, LEDGER_ENTRIES), entries);
	store_end(t);
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(s);
}

/* A limit on the size of files is the full disk that a test can have. */
static int fill_disk(void *dir)
{
	const struct store_options options = { .map_bytes = SMALL_MAP };
	struct rlimit limit = { 1500000, RLIM_INFINITY };
	struct store_txn *t;
	struct store *s;
	uint64_t number = 0;
	bool more;
	struct why why;
	int r;

	signal(SIGXFSZ, SIG_IGN);
	if (ledger_open(dir, &options, &s, &why))
		return 1;
	setrlimit(RLIMIT_FSIZE, &limit);
	do {
		if (store_begin(s, &t))
			return 2;
		fixture_put_copy(t, ++number, 0,
		    ledger_message_add(t, fixture_bytes(1, 3000), 1));
		r = store_commit(t);
	} while (r == 0 && number < 5000);
	if (r != STORE_FULL)
		return 3;
	if (store_fill(s) < STORE_FILL_REFUSE)
		return 4;
	/* deliveries go on */
	for (uint64_t i = 1; i < number / 2; i++) {
		if (store_begin(s, &t) || ledger_queue_drop(t, "hmrc", i) ||
		    store_commit(t))
			return 5;
	}
	/* room again: it recovers without a restart */
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	if (store_upkeep(s, 0, &more) || store_fill(s) >= STORE_FILL_REFUSE)
		return 6;
	if (store_begin(s, &t))
		return 7;
	fixture_put_copy(
	    t, number, 0, ledger_message_add(t, fixture_bytes(1, 3000), 1));
	if (store_commit(t))
		return 8;
	store_free(s);
	return 0;
}

TEST(room, a_full_disk_refuses_messages_and_recovers)
{
	const char *dir = fixture_dir();

	CHECK_INT(fixture_child(fill_disk, (void *)(uintptr_t)dir), 0);
	CHECK_INT(fixture_check_ledger(dir), 0);
}

/* Messages [@from, @to) arrive, each 200 after it is delivered. */
static void pass_through(struct store *s, uint64_t from, uint64_t to)
{
	while (from < to) {
		struct store_txn *t = fixture_write(s);

		for (int i = 0; i < 100; i++, from++) {
			fixture_put_copy(t, from, 0,
			    ledger_message_add(
				t, fixture_bytes(from, 1300), 1));
			if (from > 200)
				CHECK_INT(
				    ledger_queue_drop(t, "hmrc", from - 200),
				    0);
		}
		fixture_commit(t);
	}
}

TEST(room, the_file_stays_flat_while_messages_pass_through)
{
	struct store *s = fixture_ledger(fixture_dir(), SMALL_MAP);
	struct store_stats early, late;

	pass_through(s, 1, 2001);
	store_stats(s, &early);
	pass_through(s, 2001, 16001);
	store_stats(s, &late);
	CHECK_INT(late.keys, 200);
	CHECK(late.used_bytes < early.used_bytes * 3 / 2);
	CHECK_INT(late.file_bytes, early.file_bytes);
	store_free(s);
}

static int die_reading(void *dir)
{
	const struct store_options options = { .read_only = true };
	struct store_txn *t;
	struct store *s;
	struct why why;

	if (ledger_open(dir, &options, &s, &why) || store_read(s, &t))
		return 1;
	raise(SIGKILL);
	return 2;
}

TEST(readers, a_dead_reader_pins_nothing_a_living_one_shows)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct store_stats early, late;
	struct store_txn *t;
	bool more;

	pass_through(s, 1, 1001);
	CHECK_INT(
	    fixture_child(die_reading, (void *)(uintptr_t)dir), 1000 + SIGKILL);
	CHECK_INT(store_upkeep(s, 0, &more), 0);
	pass_through(s, 1001, 2001);
	store_stats(s, &early);
	pass_through(s, 2001, 8001);
	store_stats(s, &late);
	CHECK_INT(late.file_bytes, early.file_bytes);
	CHECK_INT(late.oldest_read_ms, 0);
	t = fixture_read(s);
	usleep(20000);
	store_stats(s, &late);
	CHECK(late.oldest_read_ms >= 20);
	store_end(t);
	store_stats(s, &late);
	CHECK_INT(late.oldest_read_ms, 0);
	store_free(s);
}

/* ---- readers ---- */

struct reading {
	struct store *s;
	atomic_bool stop;
	atomic_uint bad, good;
};

/* What a reader sees may be destroyed under it; that is not damage. */
static void *read_along(void *arg)
{
	struct reading *r = arg;
	struct buf b = { 0 };
	uint64_t detail = 0;

	while (!atomic_load(&r->stop)) {
		uint64_t after[LEDGER_LANES] = { 0 };
		struct ledger_copy copy;
		struct store_txn *t;
		int e;

		if (store_read(r->s, &t))
			break;
		buf_reset(&b);
		while (
		    (e = ledger_queue_next(t, "hmrc", after, &b, &copy)) == 0) {
			e = ledger_message(t, copy.message, &b);
			atomic_fetch_add(e < 0 ? &r->bad : &r->good, 1);
			buf_reset(&b);
		}
		if (e < 0)
			atomic_fetch_add(&r->bad, 1);
		e = ledger_detail(t, ++detail % 100, &b);
		if (e < 0)
			atomic_fetch_add(&r->bad, 1);
		store_end(t);
	}
	buf_deinit(&b);
	return NULL;
}

TEST(readers, beside_the_writer_see_no_damage)
{
	struct reading r = { .s = fixture_ledger(fixture_dir(), SMALL_MAP) };
	pthread_t threads[2];
	int64_t now = 2000000000000;
	bool more;

	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		CHECK_INT(pthread_create(&threads[i], NULL, read_along, &r), 0);
	for (uint64_t n = 1; n <= 1500; n++) {
		struct store_txn *t = fixture_write(r.s);

		fixture_put_copy(
		    t, n, 0, ledger_message_add(t, fixture_bytes(n, 1300), 1));
		if (n > 20)
			ledger_queue_drop(t, "hmrc", n - 20);
		ledger_entry_add(t, slice_str("e"), slice_str("d"));
		if (n % 10 == 0)
			ledger_detail_erase(t, n / 10);
		fixture_commit(t);
		if (n % 20 == 0)
			CHECK_INT(
			    store_upkeep(r.s, now += STORE_EPOCH_MS / 4, &more),
			    0);
	}
	atomic_store(&r.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(atomic_load(&r.bad), 0);
	CHECK(atomic_load(&r.good) > 0);
	CHECK(store_fault(r.s) == NULL);
	store_free(r.s);
}

int main(void)
{
	return test_main();
}
