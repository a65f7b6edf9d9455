/* kill -9 at random moments, again and again on the same store. What was
 * reported before the kill must be there after it, whole transactions only, and
 * rows and keys must agree. The child reports through shared memory, which a
 * kill cannot take back. (A kill cannot show what a power cut does: for that
 * the order of syncs in store.c's commit is argued, not tested.) */

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/store-fixture.h"
#include "util/clock.h"
#include "util/mem.h"

#define BOUND_MS 5000 /* for each of the two tests */
#define CYCLES 60

struct report {
	atomic_uint_fast64_t added;   /* messages up to here are durable */
	atomic_uint_fast64_t dropped; /* and up to here durably delivered */
};

static struct report *shared(void)
{
	struct report *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(r != MAP_FAILED);
	return r;
}

/* Start @fn on @dir, kill it after a random while. */
static void run_and_kill(void (*fn)(const char *, struct report *),
    const char *dir, struct report *r)
{
	struct timespec pause = { .tv_nsec =
				      (long)test_below(120000000) + 1000000 };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		fn(dir, r);
		_exit(9);
	}
	nanosleep(&pause, NULL);
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		test_fail(__FILE__, __LINE__, "the child ended by itself: %d",
		    WEXITSTATUS(status));
}

/* ---- ledger ---- */

static uint8_t lane_of(uint64_t number)
{
	return (uint8_t)(number * 2654435761U >> 7) % LEDGER_LANES;
}

static size_t size_of(uint64_t number)
{
	return number % 50 ? 200 + number % 1200 : 9000;
}

static bool has_detail(uint64_t number)
{
	return number % 3 > 0;
}

static void add_one(struct store_txn *t, uint64_t number)
{
	struct ledger_copy copy = { .number = number,
		.lane = lane_of(number),
		.decision = fixture_bytes(number, 40) };

	copy.message =
	    ledger_message_add(t, fixture_bytes(number, size_of(number)), 1);
	if (copy.message != number)
		_exit(1);
	ledger_queue_put(t, "hmrc", &copy);
	ledger_entry_add(t, fixture_bytes(number, 100),
	    fixture_bytes(number, has_detail(number) ? number % 3 * 20 : 0));
}

/* Groups of random size; the partner's row says in the same transaction how far
 * it has come, so that half a transaction would show. */
static void work(const char *dir, struct report *r)
{
	const struct store_options options = { .map_bytes = 64 << 20 };
	struct ledger_partner p = { 0 };
	int64_t now = clock_now();
	struct store_txn *t;
	struct store *s;
	struct why why;
	bool more;

	if (ledger_open(dir, &options, &s, &why))
		_exit(2);
	for (;;) {
		uint64_t group = 1 + test_below(64);

		if (store_begin(s, &t))
			_exit(3);
		if (ledger_partner(t, "hmrc", &p) < 0)
			_exit(4);
		for (uint64_t i = 0; i < group; i++)
			add_one(t, ++p.copy);
		while (p.number + 100 + test_below(100) < p.copy)
			if (ledger_queue_drop(t, "hmrc", ++p.number))
				_exit(5);
		ledger_partner_put(t, "hmrc", &p);
		if (store_commit(t))
			_exit(6);
		atomic_store(&r->added, p.copy);
		atomic_store(&r->dropped, p.number);
		now += STORE_EPOCH_MS / 3;
		if (store_upkeep(s, now, &more))
			_exit(7);
	}
}

static void check_copies(struct store_txn *t, const struct ledger_partner *p)
{
	_cleanup_buf_ struct buf decision = { 0 }, envelope = { 0 };
	uint64_t after[LEDGER_LANES] = { 0 }, count = 0;
	struct ledger_copy copy;
	int r;

	while (
	    (r = ledger_queue_next(t, "hmrc", after, &decision, &copy)) == 0) {
		uint64_t n = copy.number;

		CHECK(n > p->number && n <= p->copy);
		CHECK_INT(copy.lane, lane_of(n));
		CHECK(slice_eq(copy.decision, fixture_bytes(n, 40)));
		CHECK_INT(ledger_message(t, copy.message, &envelope), 0);
		CHECK(slice_eq(
		    buf_slice(&envelope), fixture_bytes(n, size_of(n))));
		buf_reset(&decision);
		buf_reset(&envelope);
		count++;
	}
	CHECK_INT(r, STORE_NONE);
	CHECK_INT(count, p->copy - p->number);
}

static void check_after_kill(const char *dir, struct report *r)
{
	struct ledger_partner p = { 0 };
	struct store_stats stats;
	struct store *s;
	struct store_txn *t;
	uint64_t groups;

	s = fixture_ledger(dir, 64 << 20);
	t = fixture_read(s);
	CHECK(ledger_partner(t, "hmrc", &p) >= 0);
	CHECK(p.copy >= atomic_load(&r->added));
	CHECK(p.number >= atomic_load(&r->dropped));
	CHECK_INT(store_counter(t, LEDGER_MESSAGES), p.copy);
	CHECK_INT(store_counter(t, LEDGER_ENTRIES), p.copy);
	check_copies(t, &p);
	store_end(t);
	/* opening has swept: a key for each message and group of details */
	groups = (p.copy + LEDGER_DETAIL_GROUP - 1) / LEDGER_DETAIL_GROUP;
	if (p.copy % LEDGER_DETAIL_GROUP == 1 && !has_detail(p.copy))
		groups--; /* the last group has no detail yet */
	store_stats(s, &stats);
	CHECK_INT(stats.keys, p.copy - p.number + groups);
	store_free(s);
	CHECK_INT(fixture_check_ledger(dir), 0);
}

TEST(kill, a_ledger_loses_nothing_that_it_reported)
{
	const char *dir = fixture_dir();
	int64_t end = clock_monotonic() + BOUND_MS;
	struct report *r = shared();
	int cycles = 0;

	for (; cycles < CYCLES && clock_monotonic() < end; cycles++) {
		run_and_kill(work, dir, r);
		check_after_kill(dir, r);
	}
	printf("# %d kills, %llu messages\n", cycles,
	    (unsigned long long)atomic_load(&r->added));
	munmap(r, sizeof(*r));
	CHECK(cycles >= 5);
}

/* ---- mailbox ---- */

/* Copies come in frames that overlap, as after a lost receipt; @added is the
 * last number sent, @dropped the last copy received. */
static void work_mailbox(const char *dir, struct report *r)
{
	const struct store_options options = { .map_bytes = 64 << 20 };
	struct store_txn *t;
	struct store *s;
	struct why why;

	if (mailbox_open(dir, &options, &s, &why))
		_exit(2);
	for (;;) {
		struct mailbox_number id = { .epoch = 1 };
		uint64_t first, last;

		if (store_begin(s, &t))
			_exit(3);
		if (!store_counter(t, MAILBOX_EPOCH))
			mailbox_epoch_set(t, 1, 0);
		id.number = store_counter(t, MAILBOX_NUMBER) + 1;
		mailbox_outbox_add(
		    t, id, fixture_bytes(id.number, 1400), slice_str("s"));
		last = store_counter(t, MAILBOX_COPY) + 1 + test_below(40);
		first = last > 60 ? last - 60 : 1;
		for (uint64_t n = first; n <= last; n++) {
			struct mailbox_copy c = { .number = n,
				.id = { "hmrc", 1, n },
				.copy = fixture_bytes(n, 1200) };

			if (mailbox_inbox_put(t, &c) < 0)
				_exit(4);
		}
		if (store_commit(t))
			_exit(5);
		atomic_store(&r->added, id.number);
		atomic_store(&r->dropped, last);
	}
}

static void check_mailbox(const char *dir, struct report *r)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct mailbox_number id = { 0 };
	uint64_t number = 0, count = 0, copies;
	struct mailbox_copy copy;
	struct store_txn *t;
	struct store *s;

	s = fixture_mailbox(dir);
	t = fixture_read(s);
	CHECK(store_counter(t, MAILBOX_NUMBER) >= atomic_load(&r->added));
	copies = store_counter(t, MAILBOX_COPY);
	CHECK(copies >= atomic_load(&r->dropped));
	while (mailbox_outbox_pending(t, &id) == 0)
		CHECK_INT(id.number, ++count);
	CHECK_INT(count, store_counter(t, MAILBOX_NUMBER));
	while (mailbox_inbox_next(t, &number) == 0) {
		buf_reset(&b);
		CHECK_INT(mailbox_inbox(t, number, &b, NULL, &copy), 0);
		CHECK(slice_eq(copy.copy, fixture_bytes(number, 1200)));
	}
	CHECK_INT(number, copies);
	store_end(t);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

TEST(kill, a_mailbox_has_each_copy_once)
{
	const char *dir = fixture_dir();
	int64_t end = clock_monotonic() + BOUND_MS;
	struct report *r = shared();
	int cycles = 0;

	for (; cycles < CYCLES / 2 && clock_monotonic() < end; cycles++) {
		run_and_kill(work_mailbox, dir, r);
		check_mailbox(dir, r);
	}
	printf("# %d kills, %llu sent, %llu copies\n", cycles,
	    (unsigned long long)atomic_load(&r->added),
	    (unsigned long long)atomic_load(&r->dropped));
	munmap(r, sizeof(*r));
	CHECK(cycles >= 5);
}

int main(void)
{
	return test_main();
}
