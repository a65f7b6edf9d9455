/* The broker over time: queues, lanes, credit, changes while copies wait, a
 * full store, load, and kills. */

#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/flow/exchange.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/mem.h"

static const struct client_message to_bravo = {
	.to = { "bravo" },
	.title = "A lorry by night",
	.name = "Ann Example",
	.born = "1990-02-03",
	.health = true,
};

static bool shows(const struct copy *copy, const char *path)
{
	for (size_t i = 0; i < copy->statement.count; i++)
		if (copy->slots[i].kind != SLOT_NIL &&
		    slice_is(copy->slots[i].path, path))
			return true;
	return false;
}

/* ---- away, slow, and in which order ----------------------------------- */

TEST(flow, copies_wait_for_who_is_away_and_come_by_lane)
{
	static const char *const priorities[] = { "routine", "urgent",
		"threat-to-life", NULL };
	const struct client_copy *copy;
	struct exchange_test t;
	int last = 2;

	exchange_begin(&t);
	client_connect(t.alpha, t.endpoint, t.server);
	for (int i = 0; i < 30; i++) {
		struct client_message m = to_bravo;

		m.priority = priorities[i % 4];
		client_send(t.alpha, &m);
	}
	client_until(t.alpha, client_answered, 30);
	exchange_stop(&t, SIGTERM);
	exchange_start(&t);
	client_connect(t.bravo, t.endpoint, t.server);
	client_until(t.bravo, client_has_copies, 30);
	for (copy = t.bravo->first; copy; copy = copy->next) {
		int lane = (int)((copy->id.number - 1) % 4);

		lane = lane == 3 ? 0 : lane;
		CHECK(lane <= last); /* most urgent first */
		last = lane;
	}
	exchange_end(&t);
}

TEST(flow, what_is_not_receipted_comes_again)
{
	struct exchange_test t;

	exchange_begin(&t);
	client_connect(t.alpha, t.endpoint, t.server);
	t.bravo->mute = true;
	client_connect(t.bravo, t.endpoint, t.server);
	for (int i = 0; i < 300; i++)
		client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_answered, 300);
	client_until(t.bravo, client_has_copies, 256);
	client_pump(t.bravo, 300);
	CHECK_INT(t.bravo->copies, 256); /* its credit */
	client_disconnect(t.bravo);
	t.bravo->mute = false;
	client_connect(t.bravo, t.endpoint, t.server);
	client_until(t.bravo, client_has_copies, 300);
	CHECK_INT(t.bravo->first->times, 2);
	client_pump(t.bravo, 200);
	client_disconnect(t.bravo);
	client_connect(t.bravo, t.endpoint, t.server);
	client_pump(t.bravo, 300);
	CHECK_INT(t.bravo->first->times, 2); /* receipted: never again */
	exchange_end(&t);
}

/* Promise 11: a copy that waits when its agreement closes does not leave. */
TEST(flow, a_waiting_copy_is_decided_again_when_the_agreement_changes)
{
	_cleanup_free_ char *text = NULL;
	struct exchange_test t;
	struct client_message m = to_bravo;
	unsigned tombstones = 0, copies = 0;

	exchange_begin(&t);
	client_connect(t.alpha, t.endpoint, t.server);
	client_connect(t.charlie, t.endpoint, t.server);
	m.to[1] = "charlie";
	for (int i = 0; i < 20; i++)
		client_send(t.alpha, &m);
	client_until(t.alpha, client_answered, 20);
	client_until(t.charlie, client_has_copies, 20);
	/* Version 2 gives bravo the title alone. */
	text = exchange_agreement(&t, 2,
	    "clause 1 \"Notes\" share note from alpha to bravo, charlie for "
	    "prevent by common-law release report.title\n");
	CHECK_INT(exchange_do(&t, NULL, "publish",
		      exchange_write(&t, "two.agreement", text, t.partners, 3)),
	    0);
	client_connect(t.bravo, t.endpoint, t.server);
	client_until(t.bravo, client_has_copies, 40);
	for (struct client_copy *c = t.bravo->first; c; c = c->next) {
		struct arena arena = { 0 };
		struct copy copy;
		struct why why;

		if (c->tombstone) {
			CHECK(c->number <= 20);
			tombstones++;
			continue;
		}
		copies++;
		CHECK(c->number > 20);
		CHECK(copy_open_body(buf_slice(&c->body), &arena, &copy, &why));
		CHECK(shows(&copy, "report.title"));
		CHECK(!shows(&copy, "subject.name"));
		arena_deinit(&arena);
	}
	CHECK_INT(tombstones, 20);
	CHECK_INT(copies, 20);
	/* charlie had its copies before. */
	client_pump(t.charlie, 100);
	CHECK_INT(t.charlie->copies, 20);
	exchange_end(&t);
}

TEST(flow, a_suspended_agreement_lets_no_waiting_copy_out)
{
	struct exchange_test t;

	exchange_begin(&t);
	client_connect(t.alpha, t.endpoint, t.server);
	for (int i = 0; i < 5; i++)
		client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_answered, 5);
	CHECK_INT(exchange_do(&t, NULL, "publish",
		      exchange_write(&t, "s.notice",
			  "notice suspend local/1 by bravo on 2026-01-01\n",
			  t.partners + 1, 1)),
	    0);
	client_connect(t.bravo, t.endpoint, t.server);
	client_until(t.bravo, client_has_copies, 5);
	for (struct client_copy *c = t.bravo->first; c; c = c->next)
		CHECK(c->tombstone);
	client_pump(t.alpha, 300);
	CHECK(!t.alpha->results[1].partner_accepted); /* it is told */
	exchange_end(&t);
}

TEST(flow, an_unsigned_notice_is_refused)
{
	struct exchange_test t;
	const char *said;

	exchange_begin(&t);
	CHECK_INT(exchange_do(&t, &said, "publish",
		      exchange_write(&t, "s.notice",
			  "notice suspend local/1 by bravo on 2026-01-01\n",
			  t.partners, 1)),
	    1);
	CHECK(strstr(said, "not signed by 'bravo'"));
	exchange_end(&t);
}

/* ---- a full store ----------------------------------------------------- */

static void set_map(struct exchange_test *t, const char *size)
{
	_cleanup_free_ char *path = mem_format("%s/broker.conf", t->dir);
	_cleanup_buf_ struct buf text = { 0 };
	struct why why;

	CHECK_INT(file_read(path, 65536, &text, &why), 0);
	buf_addf(&text, "[store]\nmap = %s\n", size);
	CHECK_INT(file_write(path, buf_slice(&text), 0600, &why), 0);
}

#define LARGE 60000u

/* Senders are told to try again, deliveries go on, and with them the room comes
 * back; nothing is half-written. */
TEST(flow, a_full_store_puts_off_new_messages_and_delivers_the_old)
{
	char *title = mem_alloc(LARGE + 1);
	struct client_message m = { .to = { "bravo" }, .title = title };
	struct client_batch batch;
	struct exchange_test t;
	uint64_t taken;

	memset(title, 'x', LARGE);
	exchange_begin(&t);
	exchange_stop(&t, SIGTERM);
	set_map(&t, "16 MiB");
	exchange_start(&t);
	client_connect(t.alpha, t.endpoint, t.server);
	while (t.alpha->frames[FRAME_BUSY] == 0 && t.alpha->number < 400) {
		client_make(t.alpha, &m, 1, &batch);
		client_submit(t.alpha, &batch);
		client_pump(t.alpha, 5);
	}
	client_pump(t.alpha, 300);
	CHECK(t.alpha->frames[FRAME_BUSY] > 0);
	for (taken = 0; t.alpha->results[taken + 1].answered; taken++)
		CHECK(t.alpha->results[taken + 1].accepted);
	CHECK(taken > 20 && taken < t.alpha->number);
	client_connect(t.bravo, t.endpoint, t.server);
	client_until(t.bravo, client_has_copies, taken);
	client_pump(t.bravo, 300);
	/* The last one, which found no room, is taken now. */
	for (int i = 0; i < 20 && !t.alpha->results[t.alpha->number].answered;
	     i++) {
		client_submit(t.alpha, &batch);
		client_pump(t.alpha, 300);
		client_pump(t.bravo, 50);
	}
	CHECK(t.alpha->results[t.alpha->number].accepted);
	free(title);
	exchange_end(&t);
}

/* ---- load, publishing and kills --------------------------------------- */

#define BATCH 16u

struct load {
	struct client_batch *batches; /* all there are */
	size_t count;
};

static void make_load(struct client *c, struct load *ret, size_t batches)
{
	struct client_message messages[BATCH];

	ret->batches = mem_array(batches, sizeof(*ret->batches));
	ret->count = batches;
	for (size_t i = 0; i < BATCH; i++) {
		messages[i] = to_bravo;
		messages[i].to[1] = i % 2 ? "charlie" : NULL;
	}
	for (size_t i = 0; i < batches; i++)
		client_make(c, messages, BATCH, &ret->batches[i]);
}

/* Submit again what was not answered, as an agent does. */
static void submit_open(struct client *c, const struct load *load, size_t upto)
{
	for (size_t i = 0; i < upto; i++)
		for (size_t k = 0; k < BATCH; k++)
			if (!c->results[i * BATCH + k + 1].answered) {
				client_submit(c, &load->batches[i]);
				break;
			}
}

/* Each copy number once, none left out; each id once; nothing acknowledged
 * missing. */
static void check_complete(
    const struct client *from, const struct client *to, bool odd)
{
	uint8_t *numbers = mem_alloc(to->copies + 2);
	uint8_t *ids = mem_alloc(CLIENT_RESULTS_MAX);
	size_t acknowledged = 0;

	for (struct client_copy *c = to->first; c; c = c->next) {
		CHECK(c->number >= 1 && c->number <= to->copies);
		CHECK(!numbers[c->number]++);
		CHECK(!c->tombstone);
		CHECK(!ids[c->id.number]++);
	}
	for (size_t i = 1; i <= from->number; i++) {
		if (odd && i % 2 == 1)
			continue; /* to bravo alone */
		acknowledged++;
		CHECK(from->results[i].accepted);
		CHECK_INT(ids[i], 1);
	}
	CHECK_INT(acknowledged, to->copies);
	free(numbers);
	free(ids);
}

TEST(flow, killed_at_any_moment_it_loses_nothing_and_gives_nothing_twice)
{
	struct exchange_test t;
	struct load load;
	size_t upto = 0;

	exchange_begin(&t);
	exchange_connect(&t);
	make_load(t.alpha, &load, 60);
	for (int round = 0; round < 10; round++) {
		int64_t until = clock_monotonic() + 20 + (int)test_below(200);

		upto += 6;
		submit_open(t.alpha, &load, upto);
		while (clock_monotonic() < until)
			for (size_t i = 0; i < 3; i++)
				client_pump(t.partners[i], 5);
		exchange_stop(&t, SIGKILL);
		exchange_start(&t);
		for (size_t i = 0; i < 3; i++)
			client_until(t.partners[i], client_is_welcome,
			    t.partners[i]->frames[FRAME_WELCOME] + 1);
		CHECK_INT(t.alpha->epoch, 1); /* its numbers go on */
	}
	submit_open(t.alpha, &load, load.count);
	client_until(t.alpha, client_answered, load.count * BATCH);
	client_until(t.bravo, client_has_copies, load.count * BATCH);
	client_until(t.charlie, client_has_copies, load.count * BATCH / 2);
	for (size_t i = 0; i < 3; i++)
		client_pump(t.partners[i], 100);
	check_complete(t.alpha, t.bravo, false);
	check_complete(t.alpha, t.charlie, true);
	free(load.batches);
	exchange_end(&t);
}

/* Also: a proof may need a tile of the log that is being written. */
TEST(flow, more_than_a_partners_share_waits_its_turn)
{
	struct exchange_test t;
	struct load load;

	exchange_begin(&t);
	exchange_connect(&t);
	make_load(t.alpha, &load, 120);
	for (size_t i = 0; i < load.count; i++)
		client_submit(t.alpha, &load.batches[i]);
	while (!client_answered(t.alpha, load.count * BATCH))
		for (size_t i = 0; i < 3; i++)
			client_pump(t.partners[i], 5);
	client_until(t.bravo, client_has_copies, load.count * BATCH);
	client_until(t.charlie, client_has_copies, load.count * BATCH / 2);
	CHECK_INT(t.alpha->frames[FRAME_BUSY], 0);
	check_complete(t.alpha, t.bravo, false);
	free(load.batches);
	exchange_end(&t);
}

TEST(flow, publishing_under_load_never_mixes_policies)
{
	struct exchange_test t;
	struct load load;

	exchange_begin(&t);
	exchange_connect(&t);
	make_load(t.alpha, &load, 60);
	for (unsigned v = 0; v < 6; v++) {
		_cleanup_free_ char *text =
		    exchange_agreement(&t, v + 2, exchange_clauses);
		const char *path =
		    exchange_write(&t, "next.agreement", text, t.partners, 3);

		for (size_t i = v * 10; i < v * 10 + 10; i++)
			client_submit(t.alpha, &load.batches[i]);
		CHECK_INT(exchange_do(&t, NULL, "publish", path), 0);
		for (size_t i = 0; i < 3; i++)
			client_pump(t.partners[i], 30);
	}
	submit_open(t.alpha, &load, load.count); /* what was told busy */
	client_until(t.alpha, client_answered, load.count * BATCH);
	client_pump(t.bravo, 1000);
	client_pump(t.charlie, 500);
	/* That numbers in the log never go back is what verifying checks. */
	free(load.batches);
	exchange_end(&t);
}

int main(void)
{
	return test_main();
}
