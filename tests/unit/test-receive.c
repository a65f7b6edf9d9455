/* A recipient's own judgement: a broker that lies, in each way it could. */

#include "tests/unit/test.h"

#include "agents/summary.h"
#include "tests/unit/liar.h"
#include "util/clock.h"

struct world {
	struct liar liar;
	struct rules *rules;
	struct receive_tags tags;
};

static struct world world_signed_by(int signers)
{
	struct world w = { 0 };
	struct rules_texts texts = { 0 };
	struct rules_input input = { .number = LIAR_POLICY, .texts = &texts };
	struct why why;

	liar_init(&w.liar);
	input.own = &w.liar.parties[LIAR_COUNCIL].enrolment;
	liar_texts(&w.liar, signers, &texts);
	for (int i = 0; i < LIAR_PARTIES; i++)
		rules_texts_add(&texts,
		    slice_str(i ? "2.enrolment" : "1.enrolment"),
		    buf_slice(&w.liar.parties[i].note));
	if (rules_new(&input, NULL, &w.rules, &why) != 0)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	return w;
}

static void world_deinit(struct world *w)
{
	rules_unref(w->rules);
	liar_deinit(&w->liar);
}

static int judge(struct world *w, struct liar_delivery *d, struct received *ret,
    struct arena *arena, struct why *why)
{
	struct receive_context context = { .rules = w->rules,
		.self = "council",
		.exchange = LIAR_EXCHANGE,
		.checkpoint = &d->checkpoint,
		.checkpoint_note = slice_str("note"),
		.tags = &w->tags };

	return receive_copy(&context, &d->row, arena, ret, why);
}

static void check_lie(const struct lie *lie, int want, const char *said)
{
	struct world w = world_signed_by(LIAR_PARTIES);
	struct arena arena = { 0 };
	struct liar_delivery d;
	struct received got;
	struct why why = { "accepted" };
	int r;

	liar_deliver(&w.liar, lie, &d);
	r = judge(&w, &d, &got, &arena, &why);
	if (r != want || (said && !strstr(why.text, said)))
		test_fail(__FILE__, __LINE__, "got %d (%s), want %d (%s)", r,
		    why.text, want, said ? said : "");
	buf_deinit(&got.summary);
	arena_deinit(&arena);
	buf_deinit(&d.copy);
	world_deinit(&w);
}

TEST(receive, an_honest_copy_is_taken)
{
	struct world w = world_signed_by(LIAR_PARTIES);
	struct lie none = { 0 };
	struct arena arena = { 0 };
	struct summary_copy summary;
	struct liar_delivery d;
	struct received got;
	struct why why;

	liar_deliver(&w.liar, &none, &d);
	if (judge(&w, &d, &got, &arena, &why) != 0)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	CHECK(got.destroy_by > clock_now());
	CHECK(summary_copy_read(buf_slice(&got.summary), &arena, &summary));
	CHECK(slice_is(summary.officer, "DC 1"));
	CHECK_INT(summary.clauses_count, 2);
	CHECK(slice_is(summary.clauses[0], "1"));
	buf_deinit(&got.summary);
	arena_deinit(&arena);
	buf_deinit(&d.copy);
	world_deinit(&w);
}

TEST(receive, promise_6_an_over_releasing_broker_is_caught)
{
	check_lie(&(struct lie){ .whole = "report.secret" }, RECEIVE_REJECTED,
	    "'report.secret' 0 was given by 'release'");
	check_lie(&(struct lie){ .whole = "subject.born" }, RECEIVE_REJECTED,
	    "'subject.born' 0 was given by 'release'");
	check_lie(&(struct lie){ .whole = "subject.health" }, RECEIVE_REJECTED,
	    "'subject.health' 0 was given by 'release'");
	check_lie(&(struct lie){ .reduce_to = "month" }, RECEIVE_REJECTED,
	    "'subject.born' 0 was given by 'reduce to month'");
	check_lie(&(struct lie){ .whole = "subject.born~month" },
	    RECEIVE_REJECTED, "is a form that no decision of the copy gives");
	check_lie(&(struct lie){ .named = "report.secret" }, RECEIVE_REJECTED,
	    "'report.secret' 0 was given by 'withhold'");
}

TEST(receive, promise_2_the_disclosure_must_be_in_the_log)
{
	check_lie(&(struct lie){ .entry_to = "police" }, RECEIVE_REJECTED,
	    "not a decision for us");
	check_lie(&(struct lie){ .entry_copy = 2 }, RECEIVE_REJECTED,
	    "about another copy");
	check_lie(&(struct lie){ .other_root = true }, RECEIVE_REJECTED,
	    "the proof does not show");
	check_lie(&(struct lie){ .policy = 8 }, RECEIVE_LATER, "policies 8");
}

TEST(receive, a_message_for_somebody_else_is_rejected)
{
	check_lie(&(struct lie){ .to = "police" }, RECEIVE_REJECTED,
	    "names another addressee");
}

/* What we have not signed does not bind us, whoever else has. */
TEST(receive, promise_14_only_agreements_that_we_signed_count)
{
	struct world w = world_signed_by(1);
	struct lie none = { 0 };
	struct arena arena = { 0 };
	struct liar_delivery d;
	struct received got;
	struct why why;

	liar_deliver(&w.liar, &none, &d);
	CHECK_INT(judge(&w, &d, &got, &arena, &why), RECEIVE_REJECTED);
	CHECK(strstr(why.text, "the agreements refuse it"));
	buf_deinit(&got.summary);
	arena_deinit(&arena);
	buf_deinit(&d.copy);
	world_deinit(&w);
}

/* Not one byte of a copy can be changed. */
TEST(receive, promise_7_every_byte_is_covered)
{
	struct world w = world_signed_by(LIAR_PARTIES);
	struct lie none = { 0 };
	struct liar_delivery d;

	liar_deliver(&w.liar, &none, &d);
	for (size_t i = 0; i < d.copy.len; i++) {
		struct arena arena = { 0 };
		struct received got;
		struct why why;
		uint8_t flip = (uint8_t)(1u << test_below(8));

		d.copy.data[i] ^= flip;
		if (judge(&w, &d, &got, &arena, &why) == 0)
			test_fail(__FILE__, __LINE__,
			    "byte %zu of %zu can be changed", i, d.copy.len);
		d.copy.data[i] ^= flip;
		buf_deinit(&got.summary);
		arena_deinit(&arena);
	}
	buf_deinit(&d.copy);
	world_deinit(&w);
}

int main(void)
{
	return test_main();
}
