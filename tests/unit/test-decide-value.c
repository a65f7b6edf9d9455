/* Types, reducers and masks: rules 23 to 25 of the language page. */

#include "tests/unit/soc.h"

static const char *reduced(const char *how, const char *value)
{
	_cleanup_free_ char *text =
	    mem_format("%sreduce %s\n", HEAD CLAUSE("4"), how);
	_cleanup_free_ char *m =
	    mem_format("%.*s %s\n", (int)strcspn(how, " "), how, value);

	load(text);
	scene_decide(m, "council");
	if (scene_decision.verdicts[0].action != POLICY_REDUCE)
		return policy_action_name(scene_decision.verdicts[0].action);
	return arena_str(&scene_arena,
	    scene_value(arena_strn(&scene_arena, how, strcspn(how, " "))));
}

TEST(rule_23, reducers)
{
	static const struct {
		const char *how, *value, *want;
	} cases[] = {
		{ "subject.born to month", "1990-02-03", "1990-02" },
		{ "subject.born to year", "1990-02-03", "1990" },
		{ "subject.born to age-band", "1990-02-03", "30-39" },
		{ "subject.born to age-band", "1996-05-04", "30-39" },
		{ "subject.born to age-band", "1996-05-05", "20-29" },
		{ "subject.born to age-band", "2020-01-01", "0-9" },
		{ "subject.born to age-band", "2027-01-01", "withhold" },
		{ "subject.postcode to sector", "CV21 3AB", "CV21 3" },
		{ "subject.postcode to district", "CV21 3AB", "CV21" },
		{ "subject.postcode to area", "CV21 3AB", "CV" },
		{ "subject.postcode to area", "M1 1AE", "M" },
		{ "subject.name to initials", "alan  smithee", "A.S." },
		{ "subject.name to initials", "Ann-Marie O'Neil 4", "A.O." },
		{ "subject.name to initials", "(eric) 3rd", "E.R." },
		{ "subject.name to initials", "\xc3\xa9lise", "\xc3\x89." },
		{ "subject.name to initials", "12 34", "withhold" },
		{ "subject.income to band 1000", "12345", "12000-12999" },
		{ "subject.income to band 1000", "0", "0-999" },
		{ "subject.income to band 100", "-201", "-300 to -201" },
		{ "subject.income to band 100", "-200", "-200 to -101" },
		{ "subject.income to band 100", "-1", "-100 to -1" },
		{ "subject.income to band 1", "-1", "-1 to -1" },
		{ "subject.income to band 1000", "9223372036854775807",
		    "9223372036854775000-9223372036854775999" },
		{ "subject.debt to band 1000", "12345.67", "12000-12999" },
		{ "subject.debt to band 100", "-200.01", "-300 to -201" },
		{ "subject.debt to band 100", "-200", "-200 to -101" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_STR(reduced(cases[i].how, cases[i].value), cases[i].want);
}

TEST(rule_23, a_wildcard_withholds_what_it_cannot_reduce)
{
	load(AGREEMENT("release * reduce subject.* to year\n"));
	VERDICT("subject.name A\nsubject.born 1990-02-03\n", "subject.name",
	    "withhold 4 told");
	CHECK_STR(scene_verdict("subject.born"), "reduce year 4");
	/* Before levels are compared: more closed than a refer. */
	load(AGREEMENT("release * reduce subject.* to year "
		       "refer subject.name to hmrc\n"));
	VERDICT("subject.name A\n", "subject.name", "withhold 4 told");
}

TEST(rule_24, masks)
{
	static const struct {
		const char *how, *value, *want;
	} cases[] = {
		{ "phone keep last 3", "07700 900123", "***** ***123" },
		{ "phone keep first 2", "07700 900123", "07*** ******" },
		{ "name keep first 2", "Jos\xc3\xa9", "Jo**" },
		{ "name keep last 2", "Jos\xc3\xa9", "**s\xc3\xa9" },
		{ "name keep last 2", "Bob", "withhold" },
		{ "name keep last 1", "Bob", "**b" },
		{ "name keep last 1", "-", "withhold" },
		{ "postcode keep first 2", "CV21 3AB", "CV** ***" },
		{ "postcode keep first 4", "CV21 3AB", "withhold" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *text = mem_format(
		    "%smask subject.%s\n", HEAD CLAUSE("4"), cases[i].how);
		_cleanup_free_ char *m = mem_format("subject.%.*s %s\n",
		    (int)strcspn(cases[i].how, " "), cases[i].how,
		    cases[i].value);

		load(text);
		scene_decide(m, "council");
		if (!strcmp(cases[i].want, "withhold"))
			CHECK_INT(
			    scene_decision.verdicts[0].action, POLICY_WITHHOLD);
		else
			CHECK_STR(
			    scene_value(arena_format(&scene_arena,
				"subject.%.*s", (int)strcspn(cases[i].how, " "),
				cases[i].how)),
			    cases[i].want);
	}
}

TEST(rule_25, values_have_one_form)
{
	static const struct {
		const char *path, *given, *want;
	} cases[] = {
		{ "subject.postcode", "cv213ab", "CV21 3AB" },
		{ "subject.postcode", "M1 1AE", "M1 1AE" },
		{ "subject.postcode", "CV21 3A", NULL },
		{ "subject.postcode", "", NULL },
		{ "vehicle.plate", "ab12 cde", "AB12CDE" },
		{ "vehicle.plate", " ", "" },
		{ "subject.phone", "07700 900123", "07700 900123" },
		{ "subject.nothing", "x", NULL },
	};

	load(AGREEMENT("release *\n"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_buf_ struct buf out = { 0 };
		bool is = policy_canonical(scene, "soc/1",
		    slice_str(cases[i].path), slice_str(cases[i].given), &out);

		CHECK(is == !!cases[i].want);
		if (is)
			CHECK(slice_is(buf_slice(&out), cases[i].want));
		else
			CHECK_INT(out.len, 0);
	}
	wrong("subject.postcode cv21 3ab\n", "council", "no postcode");
	wrong("vehicle.plate ab12\n", "council", "no plate");
	wrong("subject.debt 1,5\n", "council", "no decimal");
	wrong("subject.debt 1234567890123456789\n", "council", "no decimal");
	CHECK(!scene_wrong("subject.debt -123456789012345.678\n", "council"));
	wrong("report.lead nobody\n", "council", "no partner");
}

TEST(rule_25, decimals_and_ordered_codes_compare_by_value)
{
	CHECK_STR(
	    answer("subject.debt = \"1.50\"", "subject.debt 1.5\n"), "yes");
	CHECK_STR(
	    answer("subject.debt > \"9.99\"", "subject.debt 10\n"), "yes");
	CHECK_STR(
	    answer("subject.debt < \"-1.1\"", "subject.debt -1.09\n"), "no");
	CHECK_STR(answer("report.risk > low", "report.risk medium\n"), "yes");
	CHECK_STR(answer("subject.income >= 10", "subject.income 9\n"), "no");
}

TEST(rule_25, no_value_has_control_or_format_characters)
{
	load(HEAD CLAUSE("4") "release *\n");
	CHECK(!scene_wrong("vehicle[0].plate AB12CDE\n", "council"));
	CHECK(!scene_wrong("vehicle[0].plate \n", "council"));
	CHECK(scene_wrong("vehicle[0].plate \u202eAB12CDE\n", "council"));
	CHECK(scene_wrong("vehicle[0].plate AB12\tCDE\n", "council"));
	CHECK(scene_wrong("vehicle[0].plate ab12cde\n", "council"));
	CHECK(scene_wrong("subject[0].phone \u202e999\n", "council"));
}

TEST(rule_23, a_band_may_end_beyond_the_integers)
{
	load(HEAD CLAUSE("4") "reduce subject.income to band 15\n");
	scene_decide("subject[0].income 9223372036854775807\n", "council");
	CHECK_STR(scene_value("subject[0].income"),
	    "9223372036854775800-9223372036854775814");
	scene_decide("subject[0].income -9223372036854775808\n", "council");
	CHECK_STR(scene_value("subject[0].income"),
	    "-9223372036854775815 to -9223372036854775801");
	scene_decide("subject[0].income -7\n", "council");
	CHECK_STR(scene_value("subject[0].income"), "-15 to -1");
	scene_decide("subject[0].income 14\n", "council");
	CHECK_STR(scene_value("subject[0].income"), "0-14");
}

int main(void)
{
	return test_main();
}
