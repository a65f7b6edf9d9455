/* Which clauses and rules apply, and what they make of a field: rules 1 to 12
 * of the language page. */

#include "tests/unit/soc.h"

TEST(rule_01, clauses_are_cross_products_and_groups_less_the_sender)
{
	load(HEAD "group ring chair council members police, council, hmrc\n"
		  "clause 1 share report, referral from ring to ring "
		  "for prevent, pursue by cda-s115 release *\n");
	accepted("purpose pursue\n", "council");
	accepted("from hmrc\ntype referral\n", "police");
	refused("from hmrc\n", "hmrc", "no clause");
	refused("", "immigration", "the nearest is clause 1, which is to ring");
	refused("from immigration\n", "council", "which is from ring");
}

TEST(rule_01, a_group_is_what_the_roster_of_the_day_says)
{
	CHECK_STR(roster("notice roster ring by council add immigration "
			 "on 2026-05-04"),
	    "in");
	CHECK_STR(roster("notice roster ring by council add immigration "
			 "on 2026-05-05"),
	    "out");
	CHECK_STR(roster("notice roster ring by council add immigration "
			 "on 2026-05-01\n"
			 "notice roster ring by council remove immigration "
			 "on 2026-05-02"),
	    "out");
}

TEST(rule_02, a_condition_that_cannot_be_told_grants_nothing_and_closes)
{
	load(HEAD CLAUSE("1") "release *\n" CLAUSE(
	    "2") "only when report.risk = high release subject.health "
		 "conceal subject.name\n");
	VERDICT("report.risk high\nsubject.name Bob\nsubject.health ill\n",
	    "subject.health", "release 2");
	VERDICT("subject.name Bob\nsubject.health ill\n", "subject.health",
	    "conceal -");
	CHECK_STR(scene_verdict("subject.name"), "conceal 2");
	VERDICT(
	    "report.risk low\nsubject.name Bob\n", "subject.name", "release 1");
	load(HEAD CLAUSE("1") "only when report.risk = high release *\n");
	refused("", "council", "cannot be told");
	refused("report.risk low\n", "council", "is not met");
	accepted("report.risk high\n", "council");
}

TEST(rule_02, the_reason_names_the_nearest_clause_and_whom_to_ask)
{
	load(HEAD CLAUSE(
	    "3") "release *\n"
		 "clause 4 share report from police to hmrc for pursue "
		 "by cda-s115 release *\n");
	refused("purpose pursue\n", "council",
	    "no clause of a/1 lets police send report to council for pursue; "
	    "the nearest is clause 3, which is for prevent; ask The desk");
}

TEST(rule_03, what_is_not_covered_is_refused_with_the_reason)
{
	load(AGREEMENT("release *\n"));
	refused("agreement b\n", "council", "there is no agreement 'b'");
	refused("agreement a/7\n", "council", "highest version is a/1");
	refused("", "charity", "charity is not a party to a/1");
	refused("purpose protect\n", "council",
	    "a/1 does not cover the purpose protect, only prevent, pursue");
	accepted("agreement a/1\n", "council");
	scene_now = scene_time("2025-12-31T23:59:59Z");
	refused("", "council", "does not start before 2026-01-01");
	scene_now = scene_time("2027-01-01T00:00:00Z");
	refused("", "council", "ended on 2026-12-31");
}

TEST(rule_03, a_message_that_is_wrong_is_sent_to_nobody)
{
	load(AGREEMENT("release *\n"));
	CHECK(!scene_wrong("subject.name Bob\n", "council, hmrc"));
	wrong("", "concil", "did you mean 'council'");
	wrong("", "police", "the sender itself");
	wrong("", "", "nobody is left");
	wrong("from polce\n", "council", "did you mean 'police'");
	wrong("type reprt\n", "council", "did you mean 'report'");
	wrong("marking TOP\n", "council", "no marking 'TOP'");
	wrong("subject.nam Bob\n", "council", "did you mean 'subject.name'");
	wrong("type referral\nvehicle.plate AB12CDE\n", "council",
	    "referral has no 'vehicle'");
	wrong("report[1].title x\n", "council", "has one 'report'");
	wrong("subject.name A\nsubject.name B\n", "council", "twice");
	wrong("subject.role victm\n", "council", "did you mean 'victim'");
	wrong("subject.born 1990-02-30\n", "council", "no date");
	wrong("item.about subject/0\n", "council", "not in the message");
	wrong("item.about report/0\nreport.title x\n", "council",
	    "not what it can link to");
	wrong("subject.name Bob < nobody\n", "council", "no partner 'nobody'");
	CHECK(!scene_wrong("agreement b\nsubject.nam Bob\n", "council"));
}

TEST(rule_04, both_must_grant_and_the_more_closed_wins)
{
	load(UMBRELLA("release subject.name, subject.role "
		      "reduce subject.born to year "
		      "withhold subject.role openly") UNDER "release *\n");
	scene_decide("subject.name Bob\nsubject.role victim\n"
		     "subject.born 1990-02-03\nsubject.income 1\n",
	    "council");
	CHECK_STR(scene_verdict("subject.name"), "release 4");
	CHECK_STR(scene_verdict("subject.born"), "reduce year roof/1 1");
	CHECK_STR(scene_verdict("subject.role"), "withhold roof/1 1 told");
	CHECK_STR(scene_verdict("subject.income"), "conceal -");
	refused("purpose pursue\n", "council", "no clause of roof/1");
	refused("", "hmrc", "hmrc is not a party to roof/1, the umbrella");
	scene_now = scene_time("2026-07-01T10:00:00Z");
	refused("", "council", "roof/1 ended on 2026-06-30, the umbrella of");
}

TEST(rule_05, standing_rules_close_and_never_grant)
{
	load_law(AGREEMENT("release subject.name\n"),
	    LAW "rule r conceal subject.name when subject.role = victim "
		"reduce subject.born to year");
	VERDICT("subject.name A\nsubject.born 1990-02-03\n", "subject.born",
	    "conceal -");
	CHECK_STR(scene_verdict("subject.name"), "conceal uk-law/1 r");
	VERDICT("subject.name A\nsubject.role suspect\n", "subject.name",
	    "release 4");
	load_law(AGREEMENT("release *\n"),
	    LAW "rule r conceal subject.name "
		"standing uk-law/2 uses soc/1 rule r conceal subject.role");
	VERDICT("subject.name A\nsubject.role victim\n", "subject.name",
	    "release 4");
	CHECK_STR(scene_verdict("subject.role"), "conceal uk-law/2 r");
}

TEST(rule_06, markings_and_suspended_partners)
{
	load(AGREEMENT("release *\n"));
	accepted("marking OFFICIAL-SENSITIVE\n", "council");
	refused("marking SECRET\n", "council",
	    "marked SECRET, above OFFICIAL-SENSITIVE, the clearance of");
	accepted("marking SECRET\n", "hmrc");
	scene_life.suspended = "council";
	scene_load(VOCABULARY, PARTNERS, AGREEMENT("release *\n"));
	refused("", "council", "council is suspended");
	accepted("", "hmrc");
}

TEST(rule_07, only_a_grant_opens)
{
	load(AGREEMENT("release subject.name withhold subject.born "
		       "refer subject.income to hmrc\n"));
	scene_decide("subject.name Bob\nsubject.born 1990-02-03\n"
		     "subject.income 12\n",
	    "council");
	CHECK_STR(scene_verdict("subject.name"), "release 4");
	CHECK_STR(scene_value("subject.name"), "Bob");
	CHECK_STR(scene_verdict("subject.born"), "conceal -");
	CHECK_STR(scene_verdict("subject.income"), "conceal -");
}

TEST(rule_08, a_wildcard_never_grants_a_sensitive_field)
{
	static const char *const m = "subject.health ill\n";

	load(AGREEMENT("release *, subject.*, all identifying\n"));
	VERDICT(m, "subject.health", "conceal -");
	load(AGREEMENT("release all sensitive\n"));
	VERDICT(m, "subject.health", "release 4");
	load(AGREEMENT("release subject.health withhold * openly\n"));
	VERDICT(m, "subject.health", "withhold 4 told");
	load(AGREEMENT("release subject.health mask subject.* keep first 1\n"));
	VERDICT(
	    "subject.health poorly\n", "subject.health", "mask keep first 1 4");
}

TEST(rule_09, the_coarser_wins)
{
	static const char *const m = "subject.born 1990-02-03\n"
				     "subject.postcode CV21 3AB\n"
				     "subject.income 12345\n"
				     "subject.phone 07700 900123\n";

	load(AGREEMENT("reduce subject.born to month "
		       "reduce subject.born to year "
		       "reduce subject.postcode to area "
		       "reduce subject.postcode to sector "
		       "reduce subject.income to band 10 "
		       "reduce subject.income to band 15 "
		       "reduce subject.income to band 30 "
		       "mask subject.phone keep last 4 "
		       "mask subject.phone keep last 3\n"));
	scene_decide(m, "council");
	CHECK_STR(scene_value("subject.born"), "1990");
	CHECK_STR(scene_value("subject.postcode"), "CV");
	CHECK_STR(scene_verdict("subject.income"), "reduce band 30 4");
	CHECK_STR(scene_value("subject.income"), "12330-12359");
	CHECK_STR(scene_value("subject.phone"), "***** ***123");
	load(AGREEMENT("reduce subject.born to year "
		       "reduce subject.born to age-band "
		       "reduce subject.income to band 10 "
		       "reduce subject.income to band 15 "
		       "mask subject.phone keep last 3 "
		       "mask subject.phone keep first 3\n"));
	scene_decide(m, "council");
	CHECK_STR(scene_verdict("subject.born"), "withhold 4 told");
	CHECK_STR(scene_verdict("subject.income"), "withhold 4 told");
	CHECK_STR(scene_verdict("subject.phone"), "withhold 4 told");
}

TEST(rule_09, the_most_closed_level_wins_in_any_order)
{
	static const char *const closers[] = { "reduce subject.born to year ",
		"refer subject.born to hmrc ", "withhold subject.born ",
		"conceal subject.born ", "refuse " };
	static const char *const want[] = { "release 4", "reduce year 4",
		"refer hmrc 4 told", "withhold 4 told", "conceal 4",
		"refused" };

	for (size_t most = 0; most <= ARRAY_LEN(closers); most++) {
		_cleanup_buf_ struct buf up = { 0 }, down = { 0 };
		_cleanup_free_ char *rising = NULL, *falling = NULL;

		buf_add_str(&up, HEAD CLAUSE("4") "release subject.born ");
		buf_add_str(&down, HEAD CLAUSE("4"));
		for (size_t i = 0; i < most; i++)
			buf_add_str(&up, closers[i]);
		for (size_t i = most; i-- > 0;)
			buf_add_str(&down, closers[i]);
		buf_add_str(&down, "release subject.born");
		rising = buf_steal_str(&up);
		falling = buf_steal_str(&down);
		load(rising);
		VERDICT(
		    "subject.born 1990-02-03\n", "subject.born", want[most]);
		load(falling);
		VERDICT(
		    "subject.born 1990-02-03\n", "subject.born", want[most]);
	}
}

TEST(rule_10, refuse_refuses_also_when_it_cannot_be_told)
{
	load(AGREEMENT("release * refuse when report.risk = high "
		       "because \"too hot\"\n"));
	accepted("report.risk low\n", "council");
	refused("report.risk high\n", "council", "too hot");
	CHECK_STR(scene_decision.clause, "4");
	refused("", "council", "too hot");
}

TEST(rule_10, all_who_are_referred_to_must_consent)
{
	load(AGREEMENT("release * refer subject.name to police "
		       "refer subject.name to hmrc "
		       "refer subject.name to originator openly "
		       "refer subject.role to council\n"));
	VERDICT("subject.name Bob < immigration\nsubject.role victim\n",
	    "subject.name", "refer hmrc, immigration, police 4 untold");
	VERDICT("subject.name Bob\nsubject.role victim\n", "subject.name",
	    "refer hmrc, police 4 told");
	CHECK_STR(scene_verdict("subject.role"), "refer council 4 told");
}

TEST(rule_11, fields_go_with_the_most_closed_grades)
{
	static const char *const m = "item.text It\nitem.source C\n"
				     "item.handling P\nitem[1].text Two\n"
				     "item[1].source P\n";

	load(AGREEMENT("release * withhold item.source when item.source = C "
		       "openly because \"graded\"\n"));
	VERDICT(m, "item.text", "withhold 4 told");
	CHECK_STR(scene_decision.verdicts[scene_position("item.text")].reason,
	    "graded");
	CHECK_STR(scene_verdict("item.handling"), "withhold 4 told");
	CHECK_STR(scene_verdict("item[1].text"), "release 4");
	load(AGREEMENT("release * withhold item.source openly "
		       "withhold item.handling when report.risk = low conceal "
		       "report.risk\n"));
	VERDICT(m, "item.text", "withhold 4 untold");
	load(AGREEMENT("release * refer item.source to hmrc openly "
		       "refer item.handling to police openly\n"));
	VERDICT(m, "item.text", "refer hmrc, police 4 told");
	load(AGREEMENT("release * refer item.text to hmrc "
		       "conceal item.source\n"));
	VERDICT(m, "item.text", "conceal 4");
}

TEST(rule_11, a_link_to_what_is_not_told_is_concealed)
{
	static const char *const m = "item.text It\nitem.about subject/0\n"
				     "item[1].text Two\n"
				     "item[1].about subject/1\n"
				     "subject[0].name Bob\n"
				     "subject[0].role victim\n"
				     "subject[1].name Al\n"
				     "subject[1].role suspect\n";

	load(AGREEMENT("release * conceal subject.* "
		       "when subject.role = victim\n"));
	VERDICT(m, "item.about", "conceal -");
	CHECK_STR(scene_verdict("item[1].about"), "release 4");
	CHECK_STR(scene_verdict("item.text"), "release 4");
	/* What conceals the link makes a reason unreadable, which makes
	 * another instance untold, and so on. */
	load(AGREEMENT("release * conceal subject.* "
		       "when subject.role = victim "
		       "withhold vehicle.* when any item.about is present\n"));
	VERDICT("item.about subject/0\nitem[1].text Two\n"
		"item[1].about vehicle/0\nsubject.role victim\n"
		"vehicle.plate AB12CDE\n",
	    "item[1].about", "conceal -");
	CHECK_STR(scene_verdict("vehicle.plate"), "withhold 4 untold");
}

TEST(rule_12, of_equal_closers_the_first_is_named)
{
	load_law(UMBRELLA("release * conceal subject.income, subject.name")
		     UNDER
	    "release * withhold subject.role openly because \"first\" "
	    "withhold subject.role openly because \"second\" "
	    "conceal subject.name\n",
	    LAW "rule r conceal subject.income, subject.debt, subject.name");
	scene_decide("subject.role victim\nsubject.name A\n"
		     "subject.income 1\nsubject.debt 1.5\n",
	    "council");
	CHECK_STR(scene_verdict("subject.role"), "withhold 4 told");
	CHECK_STR(scene_decision.verdicts[0].reason, "first");
	CHECK_STR(scene_verdict("subject.name"), "conceal 4");
	CHECK_STR(scene_verdict("subject.income"), "conceal roof/1 1");
	CHECK_STR(scene_verdict("subject.debt"), "conceal uk-law/1 r");
}

TEST(rules_01_03, a_message_is_read_under_the_version_in_force)
{
	scene_load(VOCABULARY, PARTNERS,
	    HEAD "group board chair police members police, council "
		 "agreement a/2 \"Next\" uses soc/1 parties police, council "
		 "purposes prevent basis \"x\" contact \"y\" "
		 "starts 2026-02-01 review 2026-06-01 ends 2026-12-31 "
		 "retain 2 years "
		 "group panel chair police members police, council");
	CHECK(!scene_wrong("agreement a/1\n", "council"));
	CHECK(!scene_wrong("agreement a/1\n", "@panel"));
	CHECK_STR(scene_wrong("agreement a/1\n", "@board"),
	    "to: there is no recipient '@board'");
	CHECK_STR(scene_wrong("agreement a\n", "council, @panels"),
	    "to: there is no recipient '@panels'; did you mean '@panel'?");
}

TEST(rule_04, a_version_without_its_umbrella_is_still_the_one_read)
{
	scene_load(VOCABULARY, PARTNERS,
	    "agreement up/1 \"Up\" uses soc/1 parties police, council "
	    "purposes prevent basis \"x\" contact \"y\" starts 2026-01-01 "
	    "review 2026-02-01 ends 2026-03-01 retain 1 year " HEAD
	    "under up/1 group board chair police members police, council "
	    "agreement a/2 \"Next\" uses soc/1 parties police, council "
	    "purposes prevent basis \"x\" contact \"y\" "
	    "starts 2026-09-01 review 2026-10-01 ends 2026-12-31 "
	    "retain 2 years");
	CHECK(!scene_wrong("agreement a\n", "@board"));
}

TEST(rules_10_12, a_because_is_the_whole_reason)
{
	load(HEAD CLAUSE("4") "release subject.*, report.title, item.text\n"
			      "mask subject.phone keep last 3 because \"m\"\n"
			      "withhold item.source because \"graded\"\n"
			      "refuse when report.title = \"no\" "
			      "because \"not that\"\n");
	scene_decide("report.title no\n", "council");
	CHECK(scene_decision.outcome == POLICY_REFUSED);
	CHECK_STR(scene_decision.clause, "4");
	CHECK_STR(scene_decision.reason, "not that");
	scene_decide("report.title yes\n"
		     "subject[0].phone 999\n"
		     "item[0].text seen\n"
		     "item[0].source C\n",
	    "council");
	CHECK_STR(scene_verdict("subject[0].phone"), "withhold 4 told");
	CHECK_STR(scene_decision.verdicts[1].reason, "m");
	CHECK_STR(scene_verdict("item[0].source"), "conceal -");
}

TEST(rule_11, a_field_takes_the_reason_of_its_grade)
{
	load(HEAD CLAUSE("4") "release item.*\n"
			      "withhold item.source because \"graded\"\n");
	scene_decide("item[0].text seen\nitem[0].source C\n", "council");
	CHECK_STR(scene_verdict("item[0].text"), "withhold 4 told");
	CHECK_STR(scene_decision.verdicts[0].reason, "graded");
}

/* What refers a field says nothing of one that is concealed after all. */
TEST(rule_11, a_blind_link_refers_to_nobody)
{
	load(HEAD CLAUSE("4") "release item.*\n"
			      "refer item.source to hmrc openly\n");
	scene_decide("item[0].about subject/0\n"
		     "item[0].source C\n"
		     "subject[0].name Bob\n",
	    "council");
	CHECK_STR(scene_verdict("item[0].source"), "refer hmrc 4 told");
	CHECK_STR(scene_verdict("item[0].about"), "conceal -");
}

int main(void)
{
	return test_main();
}
