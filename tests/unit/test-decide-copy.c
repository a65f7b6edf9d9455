/* What a copy may show, what stays at home, and the forms a value has. */

#include "tests/unit/soc.h"

TEST(possible, hidden_values_count_for_opening_only)
{
	static const char *const m = "subject.name A\nsubject.role ?\n";

	load(AGREEMENT("release subject.role "
		       "release subject.name when subject.role = suspect "
		       "conceal subject.name when subject.role = victim\n"));
	scene_decide(m, "council");
	CHECK_STR(scene_verdict("subject.name"), "conceal 4");
	scene_possible(m, "council", false);
	CHECK_INT(scene_decision.verdicts[0].action, POLICY_RELEASE);
	scene_possible(
	    "subject.name A\nsubject.role victim\n", "council", false);
	CHECK_INT(scene_decision.verdicts[0].action, POLICY_CONCEAL);
	scene_possible("subject.name A\n", "council", false);
	CHECK_INT(scene_decision.verdicts[0].action, POLICY_CONCEAL);
	scene_possible("subject.name A\n", "council", true);
	CHECK_INT(scene_decision.verdicts[0].action, POLICY_RELEASE);
	load(AGREEMENT("release * refuse when any subject.role = victim\n"));
	scene_possible(m, "council", false);
	CHECK_INT(scene_decision.outcome, POLICY_ACCEPTED);
	scene_possible(
	    "subject.name A\nsubject.role victim\n", "council", true);
	CHECK_INT(scene_decision.outcome, POLICY_REFUSED);
	CHECK_INT(policy_closedness(scene_decision.verdicts[0].action), 5);
}

TEST(possible, allows_what_is_no_finer)
{
	static const struct {
		enum policy_action least;
		const char *to;
		enum policy_action given;
		const char *given_to;
		bool allowed;
	} cases[] = {
		{ POLICY_RELEASE, NULL, POLICY_RELEASE, NULL, true },
		{ POLICY_RELEASE, NULL, POLICY_REDUCE, "year", true },
		{ POLICY_REDUCE, "year", POLICY_RELEASE, NULL, false },
		{ POLICY_REDUCE, "year", POLICY_REDUCE, "year", true },
		{ POLICY_REDUCE, "year", POLICY_REDUCE, "month", false },
		{ POLICY_REDUCE, "month", POLICY_REDUCE, "year", true },
		{ POLICY_REDUCE, "year", POLICY_REDUCE, NULL, false },
		{ POLICY_REDUCE, NULL, POLICY_REDUCE, "month", true },
		{ POLICY_REDUCE, "band 10", POLICY_REDUCE, "band 30", true },
		{ POLICY_REDUCE, "band 10", POLICY_REDUCE, "band 15", false },
		{ POLICY_MASK, "keep last 3", POLICY_MASK, "keep last 2",
		    true },
		{ POLICY_MASK, "keep last 3", POLICY_MASK, "keep last 4",
		    false },
		{ POLICY_MASK, "keep last 3", POLICY_WITHHOLD, NULL, true },
		{ POLICY_CONCEAL, NULL, POLICY_WITHHOLD, NULL, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policy_verdict least = {
			.action = cases[i].least,
			.told = cases[i].least != POLICY_CONCEAL,
			.to = cases[i].to,
		};

		CHECK_INT(
		    policy_allows(&least, cases[i].given, cases[i].given_to),
		    cases[i].allowed);
	}
}

TEST(forms, are_named_and_applied_as_the_decision_does)
{
	struct policy_form_request q = {
		.vocabulary = "soc/1",
		.path = slice_str("subject.born"),
		.form = "age-band",
	};
	_cleanup_buf_ struct buf out = { 0 }, form = { 0 };

	load(AGREEMENT("release *\n"));
	policy_form("keep last 3", &form);
	CHECK(slice_is(buf_slice(&form), "last-3"));
	buf_reset(&form);
	policy_form("band 1000", &form);
	CHECK(slice_is(buf_slice(&form), "band-1000"));
	scene_message("subject.born 1990-02-03\n");
	q.value = slice_of("\xaa"
			   "1990-02-03",
	    11);
	q.sent = scene_now;
	CHECK(policy_apply_form(scene, &q, &out));
	CHECK(slice_is(buf_slice(&out), "\xa5"
					"30-39"));
	q.form = "band-10";
	CHECK(!policy_apply_form(scene, &q, &out));
	q.form = "keep";
	CHECK(!policy_apply_form(scene, &q, &out));
	q.vocabulary = "soc/2";
	CHECK(!policy_apply_form(scene, &q, &out));
}

TEST(minimise, what_nobody_gets_and_nothing_reads_stays_at_home)
{
	static const char *const m =
	    "subject.name A\nsubject.role victim\n"
	    "subject.income 3\nsubject.born 1990-02-03\n"
	    "subject.health ill\nsubject.debt 1.5\n";
	bool home[6];

	load(AGREEMENT("release subject.name refer subject.debt to hmrc "
		       "release subject.debt "
		       "withhold subject.born reduce subject.born to year "
		       "conceal subject.role, subject.name "
		       "when subject.role = suspect\n"));
	scene_decide(m, "council");
	policy_minimise(scene, scene_message(m), &scene_decision, 1, home);
	CHECK(!home[0]); /* released */
	CHECK(!home[1]); /* read */
	CHECK(home[2]);  /* granted by nobody */
	CHECK(!home[3]); /* could yet fail to be reduced */
	CHECK(home[4]);
	CHECK(!home[5]); /* somebody is to be asked */
}

/* What a link leads to may be among what the copy does not show at all. */
TEST(possible, a_link_to_what_is_not_seen)
{
	const char *copy = "item[0].text It\nitem[0].about subject/0\n";

	load(AGREEMENT("release * conceal item.text when "
		       "item.about.role = victim and item.about.debt > 3\n"));
	scene_possible(copy, "council", true);
	CHECK_INT(scene_decision.verdicts[0].action, POLICY_RELEASE);
	scene_possible(copy, "council", false);
	CHECK_INT(scene_decision.verdicts[0].action, POLICY_CONCEAL);
}

/* As many fields as there may be, and one more, in full instances. */
static const char *many_fields(size_t count)
{
	static const char *const names[] = { "text", "source", "handling",
		"sanitised" };
	static const char *const values[] = { "x", "P", "P", "true" };
	_cleanup_buf_ struct buf out = { 0 };

	for (size_t i = 0; i < count; i++)
		buf_addf(&out, "item[%zu].%s %s\n", i / 4, names[i % 4],
		    values[i % 4]);
	return arena_strn(&scene_arena, out.data, out.len);
}

TEST(limits, fields_and_instances)
{
	const char *most;

	load(
	    AGREEMENT("release * withhold item.text "
		      "when any (item.source = C or item.sanitised = true)\n"));
	most = many_fields(POLICY_FIELDS_MAX);
	CHECK(!scene_wrong(most, "council"));
	accepted(most, "council");
	CHECK_STR(scene_verdict("item[255].text"), "withhold 4 told");
	wrong(many_fields(POLICY_FIELDS_MAX + 1), "council",
	    "more than 1024 fields");
	CHECK(!scene_wrong("item[255].text x\n", "council"));
	wrong("item[256].text x\n", "council", "more than 256");
}

int main(void)
{
	return test_main();
}
