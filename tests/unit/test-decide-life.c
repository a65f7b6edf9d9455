/* Retention, versions, notices, forwarding and recipients: rules 26 to 30 of
 * the language page. */

#include "tests/unit/soc.h"
#include "util/clock.h"

static void held_until(const char *message, const char *day)
{
	char found[CLOCK_TEXT_MAX];

	accepted(message, "council");
	clock_format_day(scene_decision.destroy_by, found);
	CHECK_STR(found, day);
}

TEST(rule_26, the_shortest_period_that_holds)
{
	load(HEAD CLAUSE("4") "retain 3 months when report.risk = high "
			      "retain 4 months release *\n");
	held_until("report.risk low\n", "2026-09-04");
	held_until("report.risk high\n", "2026-08-04");
	held_until("", "2026-08-04");
	load(HEAD CLAUSE("4") "retain 9 years release *\n");
	held_until("", "2026-12-31");
	load(HEAD CLAUSE("4") "retain 1 month release *\n");
	scene_now = scene_time("2026-05-30T23:30:00Z"); /* the 31st */
	held_until("", "2026-06-30");
	load(UMBRELLA("retain 2 weeks release *") UNDER "release *\n");
	held_until("", "2026-05-18");
}

TEST(rule_26, umbrellas_and_clauses_that_cannot_be_told_count)
{
	load("agreement roof/1 uses soc/1 parties police, council "
	     "purposes prevent starts 2026-01-01 ends 2026-06-30 "
	     "retain 1 year "
	     "clause 1 share report from police to council for prevent "
	     "by common-law release * " UNDER "release *\n");
	held_until("", "2026-06-30");
	load(HEAD CLAUSE("1") "release * " CLAUSE(
	    "2") "only when report.risk = high retain 1 week "
		 "release *\n");
	held_until("", "2026-05-11");
	held_until("report.risk low\n", "2026-12-31");
}

static const char *versions(const char *second, const char *message)
{
	_cleanup_free_ char *text =
	    mem_format("%sclause 1 share report from police to council "
		       "for prevent by cda-s115 release *\n"
		       "agreement a/2 uses soc/1 %s purposes prevent "
		       "retain 1 year "
		       "clause 1 share report from police to hmrc "
		       "for prevent by cda-s115 release *\n",
		HEAD, second);

	load(text);
	scene_decide(message, "council");
	return scene_decision.outcome == POLICY_ACCEPTED
		   ? scene_decision.agreement
		   : scene_decision.reason;
}

TEST(rule_27, a_version_that_has_started_ends_all_earlier_ones)
{
	CHECK_STR(versions("parties police, hmrc starts 2026-05-05 "
			   "ends 2027-01-01",
		      ""),
	    "a/1");
	CHECK(strstr(versions("parties police, hmrc starts 2026-05-04 "
			      "ends 2027-01-01",
			 ""),
	    "council is not a party to a/2"));
	CHECK(strstr(versions("parties police, hmrc starts 2026-05-04 "
			      "ends 2027-01-01",
			 "agreement a/1\n"),
	    "a/2 has taken the place of a/1"));
	CHECK(strstr(versions("parties police, hmrc, council "
			      "starts 2026-02-01 ends 2026-03-01",
			 ""),
	    "a/2 ended on 2026-03-01"));
}

static const char *noticed(const char *notices)
{
	scene_life = (struct scene_life){ 0 };
	scene_load(VOCABULARY, PARTNERS, AGREEMENT("release *\n"), notices);
	scene_decide("", "council");
	return scene_decision.outcome == POLICY_ACCEPTED
		   ? "in force"
		   : scene_decision.reason;
}

TEST(rule_28, notices)
{
	CHECK_STR(
	    noticed("notice suspend a/1 by hmrc on 2026-05-05"), "in force");
	CHECK(strstr(noticed("notice suspend a/1 by hmrc on 2026-05-04"),
	    "a/1 was suspended by hmrc on 2026-05-04"));
	CHECK_STR(noticed("notice suspend a/1 by hmrc on 2026-05-02 "
			  "notice resume a/1 by hmrc on 2026-05-03"),
	    "in force");
	CHECK(strstr(noticed("notice suspend a/1 by hmrc on 2026-05-03 "
			     "notice resume a/1 by hmrc on 2026-05-03"),
	    "suspended"));
	CHECK(strstr(noticed("notice suspend a/1 by hmrc on 2026-05-02 "
			     "notice resume a/1 by council on 2026-05-03"),
	    "suspended"));
	CHECK(strstr(noticed("notice withdraw a/1 by council on 2026-05-01 "
			     "notice resume a/1 by council on 2026-05-02"),
	    "a/1 was withdrawn by council"));
}

TEST(rule_28, on_one_day_remove_beats_add)
{
	CHECK_STR(roster("notice roster ring by council remove immigration "
			 "on 2026-05-02 "
			 "notice roster ring by council add immigration "
			 "on 2026-05-02"),
	    "out");
	CHECK_STR(roster("notice roster ring by council add immigration "
			 "on 2026-05-02 "
			 "notice roster ring by council remove immigration "
			 "on 2026-05-01"),
	    "in");
}

TEST(life, an_agreement_is_in_force_between_those_who_signed)
{
	static const char *const some[] = { "police", "council" };
	const char *who = NULL;

	scene_life = (struct scene_life){ .signed_by = some, .signers = 2 };
	scene_load(VOCABULARY, PARTNERS, AGREEMENT("release *\n"));
	accepted("", "council");
	refused("", "hmrc", "hmrc has not signed a/1; ask The desk");
	CHECK_INT(
	    policy_agreement_force(scene, 0, clock_london_day(scene_now), &who),
	    POLICY_NOT_SIGNED);
	CHECK_STR(who, "hmrc");
	scene_life.signers = 1;
	scene_load(VOCABULARY, PARTNERS, AGREEMENT("release *\n"));
	refused("", "council", "council has not signed a/1");
	scene_life = (struct scene_life){ 0 };
}

TEST(rule_29, onward_travels_with_the_copy)
{
	static const char *const m = "subject.name A < hmrc\n";

	CHECK_STR(
	    onward("refer to originator", m), "refer hmrc source/1 7 untold");
	CHECK_STR(onward("withhold", m), "withhold source/1 7 untold");
	CHECK_STR(onward("release", m), "release 4");
	CHECK_STR(onward("release to council for prevent", m), "release 4");
	CHECK_STR(
	    onward("release to police", m), "refer hmrc source/1 7 untold");
	CHECK_STR(
	    onward("release for pursue", m), "refer hmrc source/1 7 untold");
	CHECK_STR(onward("withhold", "subject.name A\n"), "release 4");
	/* No clause brought it, or a clause for another type. */
	CHECK_STR(onward("release", "subject.name A < immigration\n"),
	    "refer immigration - untold");
	/* Going back is not onward. */
	onward("withhold", m);
	scene_decide(m, "hmrc");
	CHECK_STR(scene_verdict("subject.name"), "release 4");
}

TEST(rule_30, each_recipient_under_its_own_version_of_one_vocabulary)
{
	struct why why;
	static const char *const ring[] = { "@ring", "hmrc", "council" };
	const char *const *names;
	size_t count;

	load(HEAD
	    "group ring chair council "
	    "members police, council, immigration\n" CLAUSE("4") "release *\n");
	CHECK(policy_recipients(scene, scene_message(""), ring, 3, scene_now,
	    &scene_arena, &names, &count, &why));
	CHECK_INT(count, 3);
	CHECK_STR(names[0], "council");
	CHECK_STR(names[1], "immigration");
	CHECK_STR(names[2], "hmrc");
	wrong("", "@rang", "did you mean '@ring'");
	CHECK_STR(policy_resolve_vocabulary(
		      scene, "police", "a", ring, 1, scene_now, &why),
	    "soc/1");
	CHECK(!policy_resolve_vocabulary(
	    scene, "police", "b", ring, 1, scene_now, &why));
	CHECK(strstr(why.text, "no agreement 'b'"));
}

/* A member of a group need not be a party, and was yet received from. */
TEST(rule_29, onward_of_a_clause_whose_group_has_a_stranger)
{
	load(HEAD CLAUSE(
	    "4") "release report.title\n"
		 "agreement b/1 uses soc/1 parties council, immigration "
		 "purposes prevent starts 2026-01-01 ends 2026-12-31 "
		 "retain 1 year "
		 "group board chair council members charity, police "
		 "clause 1 share report from board to board for prevent "
		 "by common-law onward withhold");
	scene_decide("report.title x < charity\n", "council");
	CHECK_STR(scene_verdict("report.title"), "withhold b/1 1 untold");
}

int main(void)
{
	return test_main();
}
