/* The broker from outside: what it promises to partners, and what it does when
 * they, or the machine, break theirs. */

#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/flow/exchange.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/mem.h"
#include "wire/codec.h"

static const struct client_message to_bravo = {
	.to = { "bravo" },
	.title = "A lorry by night",
	.name = "Ann Example",
	.born = "1990-02-03",
	.health = true,
};

static const struct client_copy *last_copy(const struct client *c)
{
	CHECK(c->last);
	return c->last;
}

/* The slot of @path in the copy; its bytes must stay. */
static const struct slot *slot_of(const struct copy *copy, const char *path)
{
	for (size_t i = 0; i < copy->statement.count; i++)
		if (copy->slots[i].kind != SLOT_NIL &&
		    slice_is(copy->slots[i].path, path))
			return &copy->slots[i];
	return NULL;
}

/* ---- what is allowed -------------------------------------------------- */

TEST(flow, a_message_is_decided_field_by_field_and_delivered_once)
{
	struct exchange_test t;
	struct arena arena = { 0 };
	const struct slot *slot;
	struct copy copy;
	struct why why;

	exchange_begin(&t);
	exchange_connect(&t);
	client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_answered, 1);
	CHECK(t.alpha->results[1].accepted);
	CHECK(t.alpha->results[1].partner_accepted);
	CHECK_STR(t.alpha->results[1].partner, "bravo");
	client_until(t.bravo, client_has_copies, 1);
	CHECK_INT(last_copy(t.bravo)->number, 1);
	CHECK(copy_open_body(
	    buf_slice(&last_copy(t.bravo)->body), &arena, &copy, &why));
	slot = slot_of(&copy, "report.title");
	CHECK(slot && slot->kind == SLOT_WHOLE);
	slot = slot_of(&copy, "subject.born");
	CHECK(slot && slot->kind == SLOT_NAMED);
	slot = slot_of(&copy, "subject.born~year");
	CHECK(slot && slot->kind == SLOT_WHOLE);
	slot = slot_of(&copy, "report.health");
	CHECK(slot && slot->kind == SLOT_NAMED);
	slot = slot_of(&copy, "message.to");
	CHECK(slot && slot->kind == SLOT_WHOLE);
	client_pump(t.bravo, 200);
	client_pump(t.alpha, 100);
	CHECK_INT(t.alpha->results[1].delivered, 1);
	client_pump(t.charlie, 50);
	CHECK_INT(t.charlie->copies, 0);
	arena_deinit(&arena);
	exchange_end(&t);
}

TEST(flow, a_reader_learns_of_no_other_addressee)
{
	struct client_message m = to_bravo;
	struct exchange_test t;
	struct arena arena = { 0 };
	struct copy copy;
	struct why why;
	size_t own = 0;

	exchange_begin(&t);
	exchange_connect(&t);
	m.to[1] = "charlie";
	client_send(t.alpha, &m);
	client_until(t.charlie, client_has_copies, 1);
	client_until(t.bravo, client_has_copies, 1);
	CHECK(copy_open_body(
	    buf_slice(&last_copy(t.charlie)->body), &arena, &copy, &why));
	for (size_t i = 0; i < copy.statement.count; i++)
		if (copy.slots[i].kind != SLOT_NIL &&
		    slice_is(copy.slots[i].path, "message.to"))
			own++;
	CHECK_INT(own, 1);
	arena_deinit(&arena);
	exchange_end(&t);
}

/* ---- what is refused -------------------------------------------------- */

static void check_reason(struct client *c, uint64_t number, const char *reason)
{
	const struct client_result *r = &c->results[number];

	client_until(c, client_answered, number);
	CHECK(!r->accepted || !r->partner_accepted);
	if (!strstr(r->reason, reason) && !strstr(r->partner_reason, reason))
		test_fail(__FILE__, __LINE__, "want '%s' in '%s' or '%s'",
		    reason, r->reason, r->partner_reason);
}

TEST(flow, each_refusal_says_why)
{
	struct exchange_test t;
	struct client_message m;
	uint64_t n = 0;

	exchange_begin(&t);
	exchange_connect(&t);
	m = to_bravo;
	m.agreement = "nowhere";
	client_send(t.alpha, &m);
	check_reason(t.alpha, ++n, "nowhere");
	m = to_bravo;
	m.purpose = "pursue";
	client_send(t.alpha, &m);
	check_reason(t.alpha, ++n, "pursue");
	m = to_bravo;
	m.marking = "SECRET";
	client_send(t.alpha, &m);
	check_reason(t.alpha, ++n, "SECRET");
	m = to_bravo;
	m.title = NULL; /* required */
	client_send(t.alpha, &m);
	check_reason(t.alpha, ++n, "report.title");
	m = to_bravo;
	m.to[0] = "delta";
	client_send(t.alpha, &m);
	check_reason(t.alpha, ++n, "delta");
	m = to_bravo;
	m.sent = clock_now() + 6 * 60 * 1000;
	client_send(t.alpha, &m);
	check_reason(t.alpha, ++n, "more than 5 minutes ahead");
	m = to_bravo;
	m.exchange = "elsewhere";
	client_send(t.alpha, &m);
	check_reason(t.alpha, ++n, "elsewhere");
	/* charlie may not send: no clause is from it. */
	m = to_bravo;
	client_send(t.charlie, &m);
	check_reason(t.charlie, 1, "");
	client_pump(t.bravo, 100);
	CHECK_INT(t.bravo->copies, 0);
	exchange_end(&t);
}

TEST(flow, a_sent_up_to_5_minutes_ahead_is_taken)
{
	struct client_message m = to_bravo;
	struct exchange_test t;

	exchange_begin(&t);
	exchange_connect(&t);
	m.sent = clock_now() + 4 * 60 * 1000;
	client_send(t.alpha, &m);
	client_until(t.alpha, client_answered, 1);
	CHECK(t.alpha->results[1].accepted);
	exchange_end(&t);
}

/* Promise 10. */
TEST(flow, an_id_is_accepted_once)
{
	struct client_message m = to_bravo;
	struct client_batch batch;
	struct exchange_test t;

	exchange_begin(&t);
	exchange_connect(&t);
	client_make(t.alpha, &m, 1, &batch);
	client_submit(t.alpha, &batch);
	client_submit(t.alpha, &batch);
	client_until(t.alpha, client_answered, 1);
	client_pump(t.alpha, 200);
	CHECK_INT(t.alpha->results[1].times, 2);
	CHECK(t.alpha->results[1].accepted);
	client_until(t.bravo, client_has_copies, 1);
	/* Another statement under the same id. */
	m.number = 1;
	m.title = "Something else";
	client_send(t.alpha, &m);
	client_pump(t.alpha, 300);
	CHECK_INT(t.alpha->results[1].times, 3);
	CHECK(!t.alpha->results[1].accepted);
	CHECK(strstr(t.alpha->results[1].reason, "used for another message"));
	client_pump(t.bravo, 200);
	CHECK_INT(t.bravo->copies, 1);
	exchange_end(&t);
}

TEST(flow, a_forged_signature_is_refused_and_its_id_stays_free)
{
	struct client_message m = to_bravo;
	struct client_batch batch;
	struct exchange_test t;
	struct key *own;

	exchange_begin(&t);
	exchange_connect(&t);
	/* Another key under the enrolled key's id, and then another key. */
	client_make(t.alpha, &m, 1, &batch);
	for (size_t i = batch.envelopes[0].len - 1; i > 0; i--) {
		uint8_t *at = (uint8_t *)(uintptr_t)batch.envelopes[0].data;

		if (at[i - 2] != 0xc4 || at[i - 1] != SIGN_BYTES)
			continue;
		at[i + 5] ^= 1;
		break;
	}
	client_submit(t.alpha, &batch);
	check_reason(t.alpha, 1, "does not verify");
	own = t.alpha->message;
	t.alpha->message = t.bravo->message;
	m.number = 1;
	t.alpha->results[1].answered = false;
	client_send(t.alpha, &m);
	check_reason(t.alpha, 1, "another key");
	t.alpha->message = own;
	t.alpha->results[1].answered = false;
	client_send(t.alpha, &m);
	client_until(t.alpha, client_answered, 1);
	CHECK(t.alpha->results[1].accepted);
	exchange_end(&t);
}

TEST(flow, a_message_of_another_partner_is_refused)
{
	struct client_message m = to_bravo;
	struct client_batch batch;
	struct exchange_test t;

	exchange_begin(&t);
	exchange_connect(&t);
	m.to[0] = "charlie";
	client_make(t.alpha, &m, 1, &batch);
	client_submit(t.bravo, &batch);
	client_until(t.bravo, client_has_error, 1);
	CHECK_INT(t.bravo->error, FRAME_FORGED);
	CHECK(strstr(t.bravo->error_text, "'alpha'"));
	client_pump(t.charlie, 100);
	CHECK_INT(t.charlie->copies, 0);
	exchange_end(&t);
}

/* ---- hostile bytes ---------------------------------------------------- */

TEST(flow, garbage_is_refused_charged_and_survived)
{
	struct exchange_test t;
	struct client_batch batch;
	_cleanup_buf_ struct buf frame = { 0 };
	const char *said;
	uint8_t bytes[512];

	exchange_begin(&t);
	exchange_connect(&t);
	for (int i = 0; i < 60; i++) {
		size_t len = 1 + test_below(sizeof(bytes));

		hash_random(bytes, len);
		client_send_raw(t.charlie, slice_of(bytes, len));
	}
	client_until(t.charlie, client_has_error, 60);
	CHECK_INT(t.charlie->error, FRAME_MALFORMED);
	/* A whole submit frame, cut and flipped anywhere. */
	client_make(t.alpha, &to_bravo, 1, &batch);
	frame_pack(&(struct frame){ .kind = FRAME_SUBMIT,
		       .submit = { batch.envelopes, 1 } },
	    &frame);
	for (int i = 0; i < 30; i++)
		client_send_raw(t.alpha,
		    slice_of(frame.data, 1 + test_below(frame.len - 1)));
	client_until(t.alpha, client_has_error, 30);
	client_pump(t.alpha, 1100);
	for (int i = 0; i < 60; i++) {
		size_t at = test_below(frame.len);
		uint8_t was = frame.data[at];

		frame.data[at] = (uint8_t)test_random();
		client_send_raw(t.alpha, buf_slice(&frame));
		frame.data[at] = was;
	}
	client_pump(t.alpha, 1100);
	/* Frames that only a broker sends, and reserved ones. */
	buf_reset(&frame);
	codec_array(&frame, 1);
	codec_text(&frame, "act");
	client_send_raw(t.alpha, buf_slice(&frame));
	client_pump(t.alpha, 300);
	CHECK_INT(t.alpha->error, FRAME_NOT_YET);
	/* A new agent still gets its answer. */
	client_send(t.bravo, &(struct client_message){
				 .to = { "charlie" }, .title = "Still here" });
	client_until(t.bravo, client_answered, 1);
	CHECK(t.bravo->results[1].accepted);
	CHECK_INT(exchange_do(&t, &said, "partners", "--json"), 0);
	CHECK(strstr(said, "\"partner\":\"charlie\""));
	exchange_end(&t);
}

TEST(flow, who_breaks_the_rules_too_often_is_not_read)
{
	struct exchange_test t;
	const char *said;

	exchange_begin(&t);
	exchange_connect(&t);
	for (int i = 0; i < 1000; i++)
		client_send_raw(t.charlie, slice_str("rubbish"));
	client_pump(t.charlie, 600);
	/* The others do not notice. */
	client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_answered, 1);
	CHECK(t.alpha->results[1].accepted);
	CHECK(t.charlie->frames[FRAME_ERROR] < 500);
	CHECK_INT(exchange_do(&t, &said, "status", "--json"), 0);
	CHECK(!strstr(said, "\"shunned\":0,"));
	exchange_end(&t);
}

TEST(flow, an_unknown_key_is_not_let_in)
{
	struct client *stranger = client_new("stranger");
	struct link_client_config config;
	uint8_t secret[KEY_BYTES];
	struct exchange_test t;
	struct why why;

	exchange_begin(&t);
	CHECK_INT(key_curve_secret(stranger->curve, secret, &why), 0);
	config = (struct link_client_config){ t.endpoint, t.server, secret };
	CHECK_INT(link_client_new(&config, &stranger->link, &why), 0);
	for (int i = 0;
	     i < 100 && link_client_state(stranger->link) != LINK_REFUSED; i++)
		CHECK(link_client_wait(stranger->link, 20) >= 0);
	CHECK_INT(link_client_state(stranger->link), LINK_REFUSED);
	client_free(stranger);
	exchange_end(&t);
}

TEST(flow, a_second_session_under_one_key_is_refused)
{
	struct client *twin;
	struct key *own;
	struct exchange_test t;
	uint8_t secret[KEY_BYTES];
	struct link_client_config config;
	struct why why;

	exchange_begin(&t);
	exchange_connect(&t);
	twin = client_new("alpha");
	own = twin->curve;
	twin->curve = t.alpha->curve;
	CHECK_INT(key_curve_secret(twin->curve, secret, &why), 0);
	config = (struct link_client_config){ t.endpoint, t.server, secret };
	CHECK_INT(link_client_new(&config, &twin->link, &why), 0);
	client_until(twin, client_has_error, 1);
	CHECK_INT(twin->error, FRAME_CLONE);
	/* The first goes on; when it leaves, the second may come. */
	client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_answered, 1);
	client_disconnect(t.alpha);
	for (int i = 0; i < 50 && twin->frames[FRAME_WELCOME] == 0; i++) {
		client_hello(twin);
		client_pump(twin, 100);
	}
	CHECK_INT(twin->frames[FRAME_WELCOME], 1);
	/* It knew less than was sent: its numbers begin anew. */
	CHECK(twin->epoch > t.alpha->epoch);
	twin->curve = own;
	client_free(twin);
	exchange_end(&t);
}

/* ---- operators -------------------------------------------------------- */

TEST(flow, suspension_bites_on_the_next_frame)
{
	struct exchange_test t;

	exchange_begin(&t);
	exchange_connect(&t);
	client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_answered, 1);
	client_until(t.bravo, client_has_copies, 1);
	CHECK_INT(exchange_do(&t, NULL, "suspend", "alpha"), 0);
	client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_has_error, 1);
	CHECK_INT(t.alpha->error, FRAME_SUSPENDED);
	/* Nothing goes to it either (rule 6). */
	client_send(t.bravo, &(struct client_message){
				 .to = { "alpha" }, .title = "For alpha" });
	client_until(t.bravo, client_answered, 1);
	CHECK(!t.bravo->results[1].partner_accepted);
	CHECK_INT(exchange_do(&t, NULL, "suspend", "alpha"), 1);
	CHECK_INT(exchange_do(&t, NULL, "resume", "alpha"), 0);
	t.alpha->number = 1;
	client_send(t.alpha, &to_bravo);
	client_until(t.alpha, client_answered, 2);
	CHECK(t.alpha->results[2].accepted);
	exchange_end(&t);
}

TEST(flow, policies_reach_the_agents_when_they_change)
{
	_cleanup_free_ char *text = NULL;
	struct exchange_test t;
	uint64_t before;

	exchange_begin(&t);
	exchange_connect(&t);
	client_pump(t.bravo, 200);
	before = t.bravo->policy;
	CHECK(before > 0);
	CHECK_INT(t.bravo->texts, 2);
	text = exchange_agreement(&t, 2, exchange_clauses);
	CHECK_INT(exchange_do(&t, NULL, "publish",
		      exchange_write(&t, "two.agreement", text, t.partners, 3)),
	    0);
	client_until(t.bravo, client_has_policy, before + 1);
	CHECK_INT(t.bravo->texts, 3);
	CHECK_INT(exchange_do(&t, NULL, "suspend", "charlie"), 0);
	client_until(t.bravo, client_has_policy, before + 2);
	CHECK_INT(t.bravo->suspended, 1);
	exchange_end(&t);
}

TEST(flow, publish_says_what_is_wrong_and_who_has_not_signed)
{
	_cleanup_free_ char *good = NULL, *bad = NULL, *two = NULL;
	struct exchange_test t;
	const char *said, *path;

	exchange_begin(&t);
	good = exchange_agreement(&t, 2, exchange_clauses);
	path = exchange_write(&t, "two.agreement", good, t.partners, 1);
	CHECK_INT(exchange_do(&t, &said, "publish", path), 0);
	CHECK(strstr(said, "local/2: not signed yet by bravo, charlie"));
	/* The others sign later; the text stays what it is. */
	path = exchange_write(&t, "two.agreement", good, t.partners + 1, 2);
	CHECK_INT(exchange_do(&t, &said, "publish", path), 0);
	CHECK(strstr(said, "local/2: signed by every party"));
	two = mem_format("%s# changed\n", good);
	path = exchange_write(&t, "two.agreement", two, t.partners, 3);
	CHECK_INT(exchange_do(&t, &said, "publish", path), 1);
	CHECK(strstr(said, "under the next version"));
	/* Signed by one that is not the party its line says. */
	bad = exchange_agreement(&t, 3,
	    "clause 1 \"x\" share nothing from alpha to bravo for prevent by "
	    "common-law release report.nothing\n");
	path = exchange_write(&t, "bad.agreement", bad, t.partners, 3);
	CHECK_INT(exchange_do(&t, &said, "publish", path), 1);
	CHECK(strstr(said, "bad.agreement:"));
	CHECK(strstr(said, "nothing"));
	exchange_end(&t);
}

int main(void)
{
	return test_main();
}
