/* The agent's mailbox: numbers without gaps, answers once, copies once. */

#include <errno.h>
#include <stdio.h>

#include "tests/unit/store-fixture.h"
#include "util/mem.h"

static void start_epoch(struct store *s, uint32_t epoch, uint64_t last)
{
	struct store_txn *t = fixture_write(s);

	mailbox_epoch_set(t, epoch, last);
	fixture_commit(t);
}

static void send_one(struct store *s, uint32_t epoch, uint64_t number)
{
	struct store_txn *t = fixture_write(s);

	mailbox_outbox_add(t, (struct mailbox_number){ epoch, number },
	    fixture_bytes(number, 1400), slice_str("summary"));
	fixture_commit(t);
}

TEST(outbox, numbers_have_no_gaps)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_mailbox(dir);
	static const struct mailbox_number wrong[] = { { 1, 3 }, { 1, 5 },
		{ 2, 4 }, { 1, 0 } };
	struct store_txn *t;

	start_epoch(s, 1, 0);
	for (uint64_t i = 1; i <= 3; i++)
		send_one(s, 1, i);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		t = fixture_write(s);
		mailbox_outbox_add(t, wrong[i], slice_str("e"), slice_str("s"));
		CHECK_INT(store_error(t), -EINVAL);
		store_end(t); /* nothing was committed: the store lives */
	}
	for (uint64_t last = 0; last < 3; last++) {
		t = fixture_write(s);
		mailbox_epoch_set(t, 1, last);
		CHECK_INT(store_error(t), -EINVAL);
		store_end(t);
	}
	/* an abort uses no number, a restart forgets none */
	t = fixture_write(s);
	mailbox_outbox_add(
	    t, (struct mailbox_number){ 1, 4 }, slice_str("e"), slice_str("s"));
	store_end(t);
	store_free(s);
	s = fixture_mailbox(dir);
	send_one(s, 1, 4);
	start_epoch(s, 2, 0);
	send_one(s, 2, 1);
	t = fixture_read(s);
	CHECK_INT(store_counter(t, MAILBOX_EPOCH), 2);
	CHECK_INT(store_counter(t, MAILBOX_NUMBER), 1);
	store_end(t);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

TEST(outbox, waits_in_order_until_answered_once)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_mailbox(dir);
	struct mailbox_number id = { 0 }, two = { 1, 2 }, none = { 1, 9 };
	_cleanup_buf_ struct buf b = { 0 };
	enum mailbox_state state;
	struct store_txn *t;

	start_epoch(s, 1, 0);
	for (uint64_t i = 1; i <= 3; i++)
		send_one(s, 1, i);
	start_epoch(s, 2, 0);
	send_one(s, 2, 1);
	t = fixture_write(s);
	CHECK_INT(mailbox_outbox_sent(t, two), 0);
	CHECK_INT(mailbox_outbox_sent(t, none), STORE_NONE);
	CHECK_INT(mailbox_outbox_state(t, two, &state), 0);
	CHECK_INT(state, MAILBOX_SENT);
	CHECK_INT(mailbox_outbox_result(t, two, &b), STORE_NONE);
	CHECK_INT(mailbox_outbox_amend(t, two, slice_str("r")), STORE_NONE);
	CHECK_INT(mailbox_outbox_destroy(t, two), STORE_NONE);
	CHECK_INT(mailbox_outbox_answer(t, two, slice_str("yes")), 0);
	CHECK_INT(mailbox_outbox_answer(t, two, slice_str("no")), STORE_THERE);
	CHECK_INT(mailbox_outbox_answer(t, none, slice_str("no")), STORE_NONE);
	CHECK_INT(mailbox_outbox_sent(t, two), STORE_NONE);
	fixture_commit(t);

	t = fixture_read(s);
	CHECK_INT(mailbox_outbox_state(t, two, &state), 0);
	CHECK_INT(state, MAILBOX_ANSWERED);
	CHECK_INT(mailbox_outbox_result(t, two, &b), 0);
	CHECK(slice_is(buf_slice(&b), "yes"));
	CHECK_INT(mailbox_outbox_pending_count(t), 3);
	CHECK_INT(mailbox_outbox_pending(t, &id), 0);
	CHECK_INT(id.number, 1);
	CHECK_INT(mailbox_outbox_pending(t, &id), 0);
	CHECK_INT(id.number, 3);
	CHECK_INT(mailbox_outbox_pending(t, &id), 0);
	CHECK_INT(id.epoch, 2);
	CHECK_INT(mailbox_outbox_pending(t, &id), STORE_NONE);
	buf_reset(&b);
	CHECK_INT(mailbox_outbox_envelope(t, two, &b), 0);
	CHECK(slice_eq(buf_slice(&b), fixture_bytes(2, 1400)));
	id = (struct mailbox_number){ UINT32_MAX, UINT64_MAX };
	for (int i = 0; i < 4; i++)
		CHECK_INT(mailbox_outbox_prev(t, &id), 0);
	CHECK_INT(id.epoch, 1);
	CHECK_INT(id.number, 1);
	CHECK_INT(mailbox_outbox_prev(t, &id), STORE_NONE);
	store_end(t);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

TEST(outbox, a_destroyed_message_is_gone_and_its_number_stays_used)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_mailbox(dir);
	struct mailbox_number id = { 1, 1 };
	_cleanup_buf_ struct buf b = { 0 };
	struct store_stats stats;
	struct store_txn *t;

	start_epoch(s, 1, 0);
	send_one(s, 1, 1);
	t = fixture_write(s);
	CHECK_INT(mailbox_outbox_answer(t, id, slice_str("yes")), 0);
	CHECK_INT(mailbox_outbox_amend(t, id, slice_str("later")), 0);
	CHECK_INT(mailbox_outbox_result(t, id, &b), 0);
	CHECK(slice_is(buf_slice(&b), "later"));
	CHECK_INT(mailbox_outbox_destroy(t, id), 0);
	CHECK_INT(mailbox_outbox_destroy(t, id), STORE_NONE);
	fixture_commit(t);
	store_stats(s, &stats);
	CHECK_INT(stats.keys, 0);
	t = fixture_read(s);
	CHECK_INT(mailbox_outbox_envelope(t, id, &b), STORE_NONE);
	CHECK_INT(store_counter(t, MAILBOX_NUMBER), 1);
	store_end(t);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

static struct mailbox_copy copy_of(uint64_t number)
{
	struct mailbox_copy c = {
		.number = number,
		.id = { "hmrc", 1, 1000 + number % 7 },
		.at = 5,
		.destroy_by = number % 5 ? 0 : (int64_t)(1000 - number),
		.copy = fixture_bytes(number, 1200),
		.summary = slice_str("from hmrc"),
	};

	return c;
}

TEST(inbox, keeps_each_copy_once_in_any_order)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_mailbox(dir);
	bool there[201] = { false };
	struct store_txn *t;
	uint64_t full = 0;

	for (int frame = 0; frame < 40; frame++) {
		t = fixture_write(s);
		for (int i = 0; i < 16; i++) {
			uint64_t n = 1 + test_below(200);
			struct mailbox_copy c = copy_of(n);

			CHECK_INT(mailbox_inbox_put(t, &c),
			    there[n] ? STORE_THERE : 0);
			there[n] = true;
		}
		while (full < 200 && there[full + 1])
			full++;
		CHECK_INT(store_counter(t, MAILBOX_COPY), full);
		fixture_commit(t);
	}
	t = fixture_read(s);
	for (uint64_t n = 1; n <= 200; n++) {
		_cleanup_buf_ struct buf bytes = { 0 }, summary = { 0 };
		struct mailbox_copy c;

		CHECK_INT(mailbox_inbox(t, n, &bytes, &summary, &c),
		    there[n] ? 0 : STORE_NONE);
		if (!there[n])
			continue;
		CHECK(slice_eq(c.copy, fixture_bytes(n, 1200)));
		CHECK(slice_is(c.summary, "from hmrc"));
		CHECK_STR(c.id.partner, "hmrc");
		CHECK_INT(c.id.number, 1000 + n % 7);
		CHECK_INT(c.kind, MAILBOX_COPY_HELD);
	}
	store_end(t);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

TEST(inbox, is_walked_both_ways_and_found_by_id)
{
	struct store *s = fixture_mailbox(fixture_dir());
	struct mailbox_id id = { "hmrc", 1, 1003 }, other = { "hmr", 1, 1003 };
	struct store_txn *t = fixture_write(s);
	uint64_t n = 0;

	for (uint64_t i = 1; i <= 20; i += 2) {
		struct mailbox_copy c = copy_of(i);

		CHECK_INT(mailbox_inbox_put(t, &c), 0);
	}
	CHECK_INT(mailbox_inbox_next(t, &n), 0);
	CHECK_INT(n, 1);
	CHECK_INT(mailbox_inbox_next(t, &n), 0);
	CHECK_INT(n, 3);
	n = UINT64_MAX;
	CHECK_INT(mailbox_inbox_next(t, &n), STORE_NONE);
	CHECK_INT(mailbox_inbox_prev(t, &n), 0);
	CHECK_INT(n, 19);
	n = 1;
	CHECK_INT(mailbox_inbox_prev(t, &n), STORE_NONE);

	n = 0; /* copies 3 and 17 are of 1003 */
	CHECK_INT(mailbox_inbox_find(t, &id, &n), 0);
	CHECK_INT(n, 17);
	CHECK_INT(mailbox_inbox_find(t, &id, &n), 0);
	CHECK_INT(n, 3);
	CHECK_INT(mailbox_inbox_find(t, &id, &n), STORE_NONE);
	n = 0;
	CHECK_INT(mailbox_inbox_find(t, &other, &n), STORE_NONE);
	id.number = 1;
	CHECK_INT(mailbox_inbox_find(t, &id, &n), STORE_NONE);
	id.number = UINT64_MAX;
	CHECK_INT(mailbox_inbox_find(t, &id, &n), STORE_NONE);
	store_end(t);
	store_free(s);
}

TEST(inbox, destroys_what_is_due_and_says_so)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_mailbox(dir);
	struct store_txn *t = fixture_write(s);
	_cleanup_buf_ struct buf b = { 0 };
	struct store_stats stats;
	struct mailbox_copy c;
	uint64_t n;

	for (uint64_t i = 1; i <= 20; i++) {
		c = copy_of(i);
		CHECK_INT(mailbox_inbox_put(t, &c), 0);
	}
	fixture_commit(t);
	t = fixture_write(s);
	CHECK_INT(mailbox_inbox_due(t, 979, &n), STORE_NONE);
	for (uint64_t want = 20; want > 10; want -= 5) {
		CHECK_INT(mailbox_inbox_due(t, 985, &n), 0);
		CHECK_INT(n, want);
		CHECK_INT(mailbox_inbox_destroy(t, n, 985), 0);
		CHECK_INT(mailbox_inbox_destroy(t, n, 985), STORE_NONE);
	}
	CHECK_INT(mailbox_inbox_due(t, 985, &n), STORE_NONE);
	c = copy_of(20);
	CHECK_INT(mailbox_inbox_put(t, &c), STORE_THERE);
	fixture_commit(t);
	store_stats(s, &stats);
	CHECK_INT(stats.keys, 18);
	t = fixture_read(s);
	CHECK_INT(mailbox_inbox(t, 20, &b, &b, &c), 0);
	CHECK_INT(c.kind, MAILBOX_COPY_DESTROYED);
	CHECK_INT(c.at, 985);
	CHECK_STR(c.id.partner, "hmrc");
	CHECK_INT(b.len, 0);
	store_end(t);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

TEST(inbox, only_a_rejected_copy_gives_way)
{
	const char *dir = fixture_dir();
	struct store *s = fixture_mailbox(dir);
	struct mailbox_copy bad = copy_of(5), good = copy_of(5), got;
	_cleanup_buf_ struct buf b = { 0 };
	struct store_stats stats;
	struct store_txn *t = fixture_write(s);
	uint64_t n = 0;

	bad.kind = MAILBOX_COPY_REJECTED;
	bad.id.number = 1;
	bad.copy = slice_str("over-released");
	good.destroy_by = 0;
	CHECK_INT(mailbox_inbox_put(t, &bad), 0);
	fixture_commit(t);
	t = fixture_write(s);
	CHECK_INT(mailbox_inbox_put(t, &bad), STORE_THERE);
	CHECK_INT(mailbox_inbox_put(t, &good), 0);
	CHECK_INT(mailbox_inbox_put(t, &bad), STORE_THERE);
	CHECK_INT(mailbox_inbox_put(t, &good), STORE_THERE);
	fixture_commit(t);
	t = fixture_read(s);
	CHECK_INT(mailbox_inbox(t, 5, &b, NULL, &got), 0);
	CHECK_INT(got.kind, MAILBOX_COPY_HELD);
	CHECK(slice_eq(got.copy, fixture_bytes(5, 1200)));
	CHECK_INT(mailbox_inbox_find(t, &bad.id, &n), STORE_NONE);
	CHECK_INT(mailbox_inbox_find(t, &good.id, &n), 0);
	CHECK_INT(mailbox_inbox_due(t, INT64_MAX, &n), STORE_NONE);
	store_end(t);
	store_stats(s, &stats);
	CHECK_INT(stats.keys, 1);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

TEST(inbox, a_tombstone_takes_its_number)
{
	struct store *s = fixture_mailbox(fixture_dir());
	struct store_txn *t = fixture_write(s);
	_cleanup_buf_ struct buf b = { 0 };
	struct mailbox_copy c = { .number = 1,
		.kind = MAILBOX_COPY_WITHDRAWN,
		.copy = slice_str("digest, entry, proof") };

	CHECK_INT(mailbox_inbox_put(t, &c), 0);
	CHECK_INT(store_counter(t, MAILBOX_COPY), 1);
	CHECK_INT(mailbox_inbox(t, 1, &b, NULL, &c), 0);
	CHECK_INT(c.kind, MAILBOX_COPY_WITHDRAWN);
	CHECK(slice_is(c.copy, "digest, entry, proof"));
	CHECK_STR(c.id.partner, "");
	/* an agent that joins late starts where the broker says */
	store_counter_set(t, MAILBOX_COPY, 40);
	c.number = 41;
	CHECK_INT(mailbox_inbox_put(t, &c), 0);
	CHECK_INT(store_counter(t, MAILBOX_COPY), 41);
	fixture_commit(t);
	store_free(s);
}

TEST(mailbox, policies_are_replaced_as_a_whole)
{
	struct store *s = fixture_mailbox(fixture_dir());
	const struct mailbox_text one[] = { { "a", slice_str("1") },
		{ "b", slice_str("2") } };
	const struct mailbox_text two[] = { { "b", fixture_bytes(1, 9000) },
		{ "c", slice_str("4") } };
	char name[STORE_NAME_MAX + 1] = "";
	_cleanup_buf_ struct buf b = { 0 };
	struct store_txn *t = fixture_write(s);

	mailbox_policies_replace(t, 1, one, 2);
	fixture_commit(t);
	t = fixture_write(s);
	mailbox_policies_replace(t, 2, two, 2);
	fixture_commit(t);
	t = fixture_read(s);
	CHECK_INT(store_counter(t, MAILBOX_POLICY), 2);
	CHECK_INT(mailbox_policy_next(t, name, &b), 0);
	CHECK_STR(name, "b");
	CHECK(slice_eq(buf_slice(&b), fixture_bytes(1, 9000)));
	buf_reset(&b);
	CHECK_INT(mailbox_policy_next(t, name, &b), 0);
	CHECK_STR(name, "c");
	CHECK_INT(mailbox_policy_next(t, name, &b), STORE_NONE);
	store_end(t);
	store_free(s);
}

TEST(mailbox, a_full_store_refuses_and_recovers)
{
	const char *dir = fixture_dir();
	const struct store_options options = { .map_bytes = 2 << 20 };
	struct store_txn *t;
	uint64_t n = 0, last;
	struct store *s;
	struct why why;
	int r;

	CHECK_INT(mailbox_open(dir, &options, &s, &why), 0);
	do {
		t = fixture_write(s);
		for (int i = 0; i < 16; i++) {
			struct mailbox_copy c = copy_of(++n);

			mailbox_inbox_put(t, &c);
		}
		r = store_commit(t);
	} while (r == 0);
	CHECK_INT(r, STORE_FULL);
	CHECK(store_fill(s) >= STORE_FILL_REFUSE - 3);
	last = n - 16;
	for (n = 1; n <= last; n += 16) {
		t = fixture_write(s);
		for (uint64_t i = n; i < n + 16; i++)
			CHECK_INT(mailbox_inbox_destroy(t, i, 1), 0);
		fixture_commit(t);
	}
	CHECK(store_fill(s) < STORE_FILL_REFUSE);
	t = fixture_write(s);
	CHECK_INT(
	    mailbox_inbox_put(t, &(struct mailbox_copy){ .number = last + 1 }),
	    0);
	fixture_commit(t);
	store_free(s);
	CHECK_INT(fixture_check_mailbox(dir), 0);
}

int main(void)
{
	return test_main();
}
