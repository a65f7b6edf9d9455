/* Conditions: rules 13 to 20 of the language page. */

#include "tests/unit/soc.h"

TEST(rule_13, absent_values_cannot_be_told)
{
	CHECK_STR(answer("report.risk = high", "report.risk high\n"), "yes");
	CHECK_STR(answer("report.risk = high", "report.risk low\n"), "no");
	CHECK_STR(answer("report.risk = high", ""), "cannot");
	CHECK_STR(answer("report.risk != high", ""), "cannot");
	CHECK_STR(answer("not report.risk = high", ""), "cannot");
	CHECK_STR(answer("report.risk = high", "report.risk ?\n"), "cannot");
	CHECK_STR(answer("report.risk is present", "report.risk ?\n"), "yes");
	CHECK_STR(answer("report.risk is absent", ""), "yes");
	CHECK_STR(answer("report.risk is present", ""), "no");
	CHECK_STR(
	    answer("report.risk = high and subject.role = victim", ""), "no");
	CHECK_STR(
	    answer("report.risk = high or subject.role = suspect", ""), "yes");
	CHECK_STR(answer("report.risk = high or subject.role = victim", ""),
	    "cannot");
}

TEST(rule_14, quantifiers_bind_before_not_and_and_or)
{
	static const char *const m = "vehicle[0].colour red\n"
				     "vehicle[1].colour blue\n"
				     "report.risk low\n";

	CHECK_STR(answer("not any vehicle.colour = \"red\"", m), "no");
	CHECK_STR(answer("any vehicle.colour = \"red\" and "
			 "report.risk = high",
		      m),
	    "no");
	CHECK_STR(answer("report.risk = low or report.risk = high and "
			 "report.risk = medium",
		      m),
	    "yes");
	CHECK_STR(answer("any (vehicle.colour = \"red\" and "
			 "vehicle.plate is absent)",
		      m),
	    "yes");
}

TEST(rule_15, header_keys_and_the_clauses_own_gateway)
{
	CHECK_STR(answer("purpose = prevent", ""), "yes");
	CHECK_STR(answer("type = report and agreement = a", ""), "yes");
	CHECK_STR(answer("marking <= OFFICIAL-SENSITIVE", ""), "yes");
	CHECK_STR(answer("priority = urgent", "priority urgent\n"), "yes");
	CHECK_STR(answer("priority = urgent", ""), "cannot");
	CHECK_STR(answer("gateway = cda-s115", ""), "yes");
	CHECK_STR(answer("gateway = common-law", ""), "no");
	/* A London day: midnight comes an hour earlier in summer. */
	CHECK_STR(
	    answer("sent = 2026-05-05", "sent 2026-05-04T23:30:00Z\n"), "yes");
	CHECK_STR(
	    answer("handling-instruction = \"x\"", "handling-instruction x\n"),
	    "yes");
	CHECK_STR(answer("expires < \"2026-06-01T00:00:00Z\"",
		      "expires 2026-05-31T00:00:00Z\n"),
	    "yes");
}

TEST(rule_15, a_standing_rule_is_asked_for_every_gateway)
{
	static const char *const two = HEAD CLAUSE(
	    "1") "release * "
		 "clause 2 share report from police to council for prevent "
		 "by common-law only when report.risk = high release *\n";
	static const char *const law =
	    LAW "rule r conceal subject.name when gateway = common-law";

	load_law(two, law);
	VERDICT(
	    "subject.name A\nreport.risk low\n", "subject.name", "release 1");
	VERDICT("subject.name A\nreport.risk high\n", "subject.name",
	    "conceal uk-law/1 r");
	VERDICT("subject.name A\n", "subject.name", "conceal uk-law/1 r");
}

TEST(rule_16, sender_recipient_and_originator)
{
	CHECK_STR(
	    answer("sender.kind = police and recipient.name = council", ""),
	    "yes");
	CHECK_STR(answer("recipient.clearance >= SECRET", ""), "no");
	CHECK_STR(answer("originator.kind = police", ""), "yes");
	load(AGREEMENT("release * conceal * when originator.kind = hmrc\n"));
	VERDICT("subject.name A < hmrc\nsubject.role victim\n", "subject.name",
	    "conceal 4");
	CHECK_STR(scene_verdict("subject.role"), "release 4");
}

TEST(rule_17, own_paths_mean_the_same_instance_and_links_lead_on)
{
	static const char *const m = "item[0].text A\n"
				     "item[0].about subject/0, subject/1\n"
				     "item[1].text B\nitem[1].about subject/1\n"
				     "item[2].text C\nitem[3].text D\n"
				     "item[3].about vehicle/0\n"
				     "subject[0].role victim\n"
				     "subject[1].role suspect\n"
				     "vehicle[0].plate AB12CDE\n";

	load(AGREEMENT("release * conceal item.text "
		       "when item.about.role = suspect\n"));
	scene_decide(m, "council");
	CHECK_STR(scene_verdict("item[0].text"), "conceal 4"); /* mixed */
	CHECK_STR(scene_verdict("item[1].text"), "conceal 4");
	CHECK_STR(scene_verdict("item[2].text"), "conceal 4"); /* no link */
	CHECK_STR(scene_verdict("item[3].text"), "conceal 4"); /* no role */
	load(AGREEMENT("release item.about, subject.*, vehicle.* "
		       "release item.text when item.about.role is absent\n"));
	scene_decide(m, "council");
	CHECK_STR(scene_verdict("item[0].text"), "conceal -");
	CHECK_STR(scene_verdict("item[2].text"), "release 4");
	CHECK_STR(scene_verdict("item[3].text"), "release 4");
	load(AGREEMENT("release * conceal subject.name "
		       "when subject.role = victim\n"));
	scene_decide("subject[0].name A\nsubject[0].role suspect\n"
		     "subject[1].name B\nsubject[1].role victim\n",
	    "council");
	CHECK_STR(scene_verdict("subject[0].name"), "release 4");
	CHECK_STR(scene_verdict("subject[1].name"), "conceal 4");
}

TEST(rule_18, any_over_none_is_no_and_every_over_none_cannot_be_told)
{
	static const char *const red = "vehicle[0].colour red\n";
	static const char *const mixed = "vehicle[0].colour red\n"
					 "vehicle[1].plate AB12CDE\n";

	CHECK_STR(answer("any vehicle.colour = \"red\"", ""), "no");
	CHECK_STR(answer("every vehicle.colour = \"red\"", ""), "cannot");
	CHECK_STR(answer("every vehicle.colour = \"red\"", red), "yes");
	CHECK_STR(answer("every vehicle.colour = \"red\"", mixed), "cannot");
	CHECK_STR(answer("any vehicle.colour = \"red\"", mixed), "yes");
	CHECK_STR(answer("any vehicle.colour = \"blue\"", mixed), "cannot");
	/* The decided one too. */
	CHECK_STR(answer("any subject.role = suspect", ""), "yes");
}

TEST(rule_19, sets_and_links_hold_things)
{
	CHECK_STR(answer("subject.flags has victim",
		      "subject.flags victim, witness\n"),
	    "yes");
	CHECK_STR(answer("subject.flags has suspect",
		      "subject.flags victim, witness\n"),
	    "no");
	CHECK_STR(
	    answer("subject.flags has suspect", "subject.flags \n"), "no");
	CHECK_STR(answer("subject.flags has suspect", ""), "cannot");
	CHECK_STR(
	    answer("any item.about has this", "item.about subject/0\n"), "yes");
	CHECK_STR(answer("any item.about has this",
		      "item.about subject/1\nsubject[1].name Al\n"),
	    "no");
	CHECK_STR(answer("any item.about has this", ""), "no");
	/* An item without links is about everything. */
	CHECK_STR(
	    answer("any item.about has this", "item.text It\n"), "cannot");
	CHECK_STR(answer("any item.about has this", "item.about \n"), "cannot");
}

TEST(rule_20, ages_are_whole_years_on_the_day_of_sent)
{
	static const char *const child = "age(subject.born) < 18";

	CHECK_STR(answer(child, "subject.born 2008-05-05\n"), "yes");
	CHECK_STR(answer(child, "subject.born 2008-05-04\n"), "no");
	CHECK_STR(answer(child, "subject.born 2008-05-05\n"
				"sent 2026-05-04T23:30:00Z\n"),
	    "no");
	CHECK_STR(answer(child, "subject.born 2008-02-29\n"
				"sent 2026-02-28T12:00:00Z\n"),
	    "no");
	CHECK_STR(answer(child, ""), "cannot");
}

TEST(rule_20, required_and_absent_bind_only_on_yes)
{
	scene_life = (struct scene_life){ 0 };
	scene_load("vocabulary soc/1 codes kind police codes purpose prevent "
		   "codes gateway g codes marking ordered OFFICIAL "
		   "codes handling P, C "
		   "entity head title text required "
		   "entity item text text required "
		   "handling code handling "
		   "action text required when item.handling = C "
		   "absent when item.handling = P "
		   "record report one head many item",
	    "partner police kind police clearance OFFICIAL "
	    "partner council kind police clearance OFFICIAL",
	    "agreement a/1 uses soc/1 parties police, council "
	    "purposes prevent starts 2026-01-01 ends 2026-12-31 "
	    "clause 1 share report from police to council for prevent by g "
	    "retain 1 year release *");
	wrong("", "council", "head.title is required");
	wrong("head.title x\nitem[1].handling P\n", "council",
	    "item[1].text is required");
	wrong("head.title x\nitem.text x\nitem.handling C\n", "council",
	    "item[0].action is required");
	wrong("head.title x\nitem.text x\nitem.handling P\nitem.action x\n",
	    "council", "item[0].action must not be given");
	CHECK(!scene_wrong(
	    "head.title x\nitem.text x\nitem.action x\n", "council"));
	CHECK(!scene_wrong(
	    "head.title x\nitem.text x\nitem.handling ?\n", "council"));
}

TEST(rule_18, a_quantifier_over_what_is_one_changes_nothing)
{
	load(HEAD CLAUSE("4") "release subject.name\n"
			      "withhold subject.name "
			      "when any report.title = \"x\"\n");
	scene_decide("subject[0].name Bob\n", "council");
	CHECK_STR(scene_verdict("subject[0].name"), "withhold 4 untold");
	scene_decide("report.title y\nsubject[0].name Bob\n", "council");
	CHECK_STR(scene_verdict("subject[0].name"), "release 4");
	scene_decide("report.title x\nsubject[0].name Bob\n", "council");
	CHECK_STR(scene_verdict("subject[0].name"), "withhold 4 untold");
}

TEST(rule_18, an_instance_without_fields_is_asked_too)
{
	load(HEAD CLAUSE("4") "release report.title\n"
			      "conceal report.title "
			      "when every subject.name = \"Bob\"\n");
	scene_decide("report.title x\nsubject[0].name Ann\n", "council");
	CHECK_STR(scene_verdict("report.title"), "release 4");
	scene_decide("report.title x\nsubject[0].name Bob\n"
		     "bare subject[1]\n",
	    "council");
	CHECK_STR(scene_verdict("report.title"), "conceal 4");
	load(HEAD CLAUSE("4") "release report.title "
			      "when every subject.name = \"Bob\"\n");
	scene_decide("report.title x\nsubject[0].name Bob\n", "council");
	CHECK_STR(scene_verdict("report.title"), "release 4");
	scene_decide("report.title x\nsubject[0].name Bob\n"
		     "bare subject[1]\n",
	    "council");
	CHECK_STR(scene_verdict("report.title"), "conceal -");
}

TEST(rule_20, what_is_required_on_a_condition)
{
	scene_load(
	    "vocabulary soc/1 codes kind police, council, hmrc, immigration "
	    "codes purpose prevent codes gateway g "
	    "codes marking ordered OFFICIAL, OFFICIAL-SENSITIVE, SECRET "
	    "entity item handling text "
	    "action text required when item.handling = \"C\" "
	    "record report many item",
	    PARTNERS,
	    "agreement a/1 uses soc/1 parties police, council "
	    "purposes prevent starts 2026-01-01 ends 2026-12-31");
	CHECK_STR(scene_wrong("item[0].handling C\n", "council"),
	    "item[0].action is required here");
	CHECK(!scene_wrong("item[0].handling P\n", "council"));
	CHECK(
	    !scene_wrong("item[0].handling C\nitem[0].action go\n", "council"));
}

int main(void)
{
	return test_main();
}
