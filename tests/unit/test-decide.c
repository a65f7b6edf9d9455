/* The decision, rule by rule of the language page. */

#include "tests/unit/scene.h"
#include "tests/unit/test.h"
#include "util/clock.h"

#define VOCABULARY                                                             \
	"vocabulary soc/1 \"Test\"\n"                                          \
	"codes kind police, council, hmrc, immigration\n"                      \
	"codes purpose prevent, pursue, protect\n"                             \
	"codes gateway cda-s115, crca-s20, common-law\n"                       \
	"codes marking ordered OFFICIAL, OFFICIAL-SENSITIVE, SECRET\n"         \
	"codes role suspect, victim, witness\n"                                \
	"codes handling P, C\n"                                                \
	"codes risk ordered low, medium, high\n"                               \
	"classes identifying\n"                                                \
	"entity report\n"                                                      \
	"  title text\n"                                                       \
	"  source-reference reference\n"                                       \
	"  risk code risk\n"                                                   \
	"  lead party\n"                                                       \
	"entity item\n"                                                        \
	"  text narrative\n"                                                   \
	"  source code handling grade\n"                                       \
	"  handling code handling grade\n"                                     \
	"  sanitised flag\n"                                                   \
	"  about link subject, vehicle\n"                                      \
	"entity subject\n"                                                     \
	"  name text identifying\n"                                            \
	"  born date identifying\n"                                            \
	"  role code role\n"                                                   \
	"  postcode postcode identifying\n"                                    \
	"  health text sensitive\n"                                            \
	"  income integer\n"                                                   \
	"  debt decimal\n"                                                     \
	"  phone phone\n"                                                      \
	"  flags code role set\n"                                              \
	"  colour text\n"                                                      \
	"entity vehicle\n"                                                     \
	"  plate plate\n"                                                      \
	"  colour text\n"                                                      \
	"record report one report many item, subject, vehicle\n"               \
	"record referral one report many subject\n"

#define PARTNERS                                                               \
	"partner police kind police clearance SECRET\n"                        \
	"partner council kind council clearance OFFICIAL-SENSITIVE\n"          \
	"partner hmrc kind hmrc clearance SECRET\n"                            \
	"partner immigration kind immigration clearance OFFICIAL\n"            \
	"partner charity kind council clearance OFFICIAL\n"

#define HEAD                                                                   \
	"agreement a/1 \"Test\" uses soc/1 "                                   \
	"parties police, council, hmrc, immigration "                          \
	"purposes prevent, pursue basis \"x\" contact \"The desk\" "           \
	"starts 2026-01-01 review 2026-06-01 ends 2026-12-31 "                 \
	"retain 2 years\n"

#define CLAUSE(label)                                                          \
	"clause " label " share report from police, hmrc "                     \
	"to council, hmrc, immigration for prevent by cda-s115\n"

/* One clause of the usual head, and a standing text or NULL. */
#define AGREEMENT(rules) HEAD CLAUSE("4") rules

static void load(const char *agreement)
{
	scene_life = (struct scene_life){ 0 };
	scene_load(VOCABULARY, PARTNERS, agreement);
}

static void load_law(const char *agreement, const char *law)
{
	scene_life = (struct scene_life){ 0 };
	scene_load(VOCABULARY, PARTNERS, agreement, law);
}

#define LAW "standing uk-law/1 uses soc/1 "

static const char *verdict_of(const char *message, const char *path)
{
	scene_decide(message, "council");
	return scene_verdict(path);
}

#define VERDICT(message, path, want)                                           \
	CHECK_STR(verdict_of((message), (path)), (want))

static void refused(const char *message, const char *recipient, const char *why)
{
	scene_decide(message, recipient);
	CHECK_INT(scene_decision.outcome, POLICY_REFUSED);
	if (!strstr(scene_decision.reason, why))
		test_fail(__FILE__, __LINE__, "'%s' does not say '%s'",
		    scene_decision.reason, why);
}

static void accepted(const char *message, const char *recipient)
{
	scene_decide(message, recipient);
	if (scene_decision.outcome != POLICY_ACCEPTED)
		test_fail(__FILE__, __LINE__, "%s", scene_decision.reason);
}

static void wrong(const char *message, const char *recipients, const char *why)
{
	const char *found = scene_wrong(message, recipients);

	if (!found || !strstr(found, why))
		test_fail(__FILE__, __LINE__, "'%s' does not say '%s'",
		    found ? found : "it is valid", why);
}

/* ---- which clauses and rules apply ------------------------------------ */

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

static const char *roster(const char *notices)
{
	static const char *const a =
	    HEAD "group ring chair council members hmrc\n"
		 "clause 1 share report from police to ring for prevent "
		 "by cda-s115 release *\n";

	scene_life = (struct scene_life){ 0 };
	scene_load(VOCABULARY, PARTNERS, a, notices);
	scene_decide("", "immigration");
	return scene_decision.outcome == POLICY_ACCEPTED ? "in" : "out";
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

#define UMBRELLA(rules)                                                        \
	"agreement roof/1 uses soc/1 parties police, council "                 \
	"purposes prevent basis \"x\" contact \"y\" starts 2026-01-01 "        \
	"review 2026-02-02 ends 2026-06-30 retain 1 year\n"                    \
	"clause 1 share report from police to council for prevent "            \
	"by common-law " rules "\n"

#define UNDER                                                                  \
	"agreement a/1 uses soc/1 under roof/1 "                               \
	"parties police, council, hmrc purposes prevent, pursue basis \"x\" "  \
	"contact \"y\" starts 2026-01-01 review 2026-02-02 ends 2026-12-31 "   \
	"retain 2 years\n"                                                     \
	"clause 4 share report from police to council, hmrc "                  \
	"for prevent, pursue by cda-s115 "

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

/* ---- combining -------------------------------------------------------- */

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

/* ---- conditions ------------------------------------------------------- */

/* Whether `conceal subject.name when COND` closes: "yes" and "cannot tell" do.
 * With `release` its other side: only "yes" grants. */
static const char *answer(const char *cond, const char *message)
{
	_cleanup_free_ char *text = mem_format(
	    "%srelease subject.name when %s conceal subject.role when %s "
	    "release subject.role\n",
	    HEAD CLAUSE("4"), cond, cond);
	_cleanup_free_ char *m =
	    mem_format("subject.name Bob\nsubject.role suspect\n%s", message);
	bool grants, closes;

	load(text);
	scene_decide(m, "council");
	grants = !strcmp(scene_verdict("subject.name"), "release 4");
	closes = !strcmp(scene_verdict("subject.role"), "conceal 4");
	return grants ? closes ? "yes" : "broken" : closes ? "cannot" : "no";
}

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

/* ---- what the reader is told ------------------------------------------ */

TEST(rule_21, a_reason_is_told_when_the_reader_may_have_all_it_reads)
{
	static const char *const m = "subject.name A\nsubject.role victim\n"
				     "report.risk high\n";

	load(AGREEMENT("release * withhold subject.name "
		       "when subject.role = victim\n"));
	VERDICT(m, "subject.name", "withhold 4 told");
	load(AGREEMENT("release * withhold subject.name "
		       "when subject.role = victim conceal subject.role\n"));
	VERDICT(m, "subject.name", "withhold 4 untold");
	load(AGREEMENT("release * withhold subject.name "
		       "when subject.role = victim openly "
		       "conceal subject.role\n"));
	VERDICT(m, "subject.name", "withhold 4 told");
	/* Every rule at the winning level must be tellable. */
	load(AGREEMENT("release * withhold subject.name openly "
		       "withhold subject.name when subject.role = victim "
		       "conceal subject.role\n"));
	VERDICT(m, "subject.name", "withhold 4 untold");
	/* What a clause is conditional on is read, too. */
	load(HEAD CLAUSE("1") "release * conceal report.risk " CLAUSE(
	    "2") "only when report.risk = high "
		 "withhold subject.name\n");
	VERDICT(m, "subject.name", "withhold 2 untold");
}

TEST(rule_21, an_absent_value_counts_as_if_it_were_there_unknown)
{
	load(AGREEMENT("release * withhold subject.name "
		       "when subject.income > 5\n"));
	VERDICT("subject.name A\n", "subject.name", "withhold 4 told");
	load(AGREEMENT("release * withhold subject.name "
		       "when subject.income > 5 conceal subject.income\n"));
	VERDICT("subject.name A\n", "subject.name", "withhold 4 untold");
	load(AGREEMENT("release * withhold subject.name "
		       "when subject.income > 5 "
		       "conceal subject.income when subject.income > 9\n"));
	VERDICT("subject.name A\n", "subject.name", "withhold 4 untold");
	load(AGREEMENT("release * withhold subject.name "
		       "when subject.income > 5 "
		       "refuse when any subject.income is present\n"));
	VERDICT("subject.name A\n", "subject.name", "withhold 4 untold");
}

TEST(rule_21, originators_are_not_told)
{
	load(AGREEMENT("release * refer subject.name to originator "
		       "refer subject.role to originator openly "
		       "withhold subject.income "
		       "when originator.kind = police\n"));
	scene_decide("subject.name A\nsubject.role victim\n"
		     "subject.income 4\n",
	    "council");
	CHECK_STR(scene_verdict("subject.name"), "refer police 4 untold");
	CHECK_STR(scene_verdict("subject.role"), "refer police 4 told");
	CHECK_STR(scene_verdict("subject.income"), "withhold 4 untold");
}

TEST(rule_22, what_is_not_told_keeps_its_decision_for_the_sender)
{
	const struct policy_verdict *v;

	load(AGREEMENT("release * withhold subject.name "
		       "when subject.role = victim because \"secret\" "
		       "conceal subject.role\n"));
	VERDICT("subject.name A\nsubject.role victim\n", "subject.name",
	    "withhold 4 untold");
	v = &scene_decision.verdicts[0];
	CHECK_STR(v->reason, "secret");
	CHECK(v->value.len == 0);
}

/* ---- types ------------------------------------------------------------ */

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
		{ "vehicle.plate", " ", NULL },
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

/* ---- time, retention, life -------------------------------------------- */

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
	CHECK(true);
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

static const char *onward(const char *says, const char *message)
{
	_cleanup_free_ char *text = mem_format(
	    "%s%srelease *\n"
	    "agreement source/1 uses soc/1 parties hmrc, police "
	    "purposes pursue starts 2020-01-01 ends 2020-12-31 retain 1 year "
	    "clause 7 share report from hmrc to police for pursue "
	    "by crca-s20 only when report.risk = high onward %s "
	    "release report.*\n",
	    HEAD, CLAUSE("4"), says);

	load(text);
	return verdict_of(message, "subject.name");
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

/* ---- what a copy may show, and what stays at home --------------------- */

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

TEST(rule_25, no_value_has_control_or_format_characters)
{
	load(HEAD CLAUSE("4") "release *\n");
	CHECK(!scene_wrong("vehicle[0].plate AB12CDE\n", "council"));
	CHECK(scene_wrong("vehicle[0].plate \u202eAB12CDE\n", "council"));
	CHECK(scene_wrong("vehicle[0].plate AB12\tCDE\n", "council"));
	CHECK(scene_wrong("vehicle[0].plate ab12cde\n", "council"));
	CHECK(scene_wrong("subject[0].phone \u202e999\n", "council"));
}

/* The value is not there: what it would be if it were, its reader cannot tell
 * from silence. */
TEST(rules_21_29, an_absent_value_has_an_originator)
{
	load(HEAD CLAUSE("4") "release report.title, subject.name\n"
			      "withhold subject.name "
			      "when report.title = \"x\"\n");
	scene_decide("subject[0].name Bob\n", "council");
	CHECK_STR(scene_verdict("subject[0].name"), "withhold 4 told");
	scene_decide(
	    "subject[0].name Bob\noriginator report.* hmrc\n", "council");
	CHECK_STR(scene_verdict("subject[0].name"), "withhold 4 untold");
	scene_decide(
	    "subject[0].name Bob\noriginator item.* hmrc\n", "council");
	CHECK_STR(scene_verdict("subject[0].name"), "withhold 4 told");
}

TEST(rule_21, a_quantifier_over_none_reads_nothing)
{
	load(HEAD CLAUSE("4") "release report.title\n"
			      "withhold report.title "
			      "when not any vehicle.plate = \"AB12CDE\"\n");
	scene_decide("report.title x\n", "council");
	CHECK_STR(scene_verdict("report.title"), "withhold 4 told");
	scene_decide("report.title x\nvehicle[0].plate X1\n", "council");
	CHECK_STR(scene_verdict("report.title"), "withhold 4 untold");
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
