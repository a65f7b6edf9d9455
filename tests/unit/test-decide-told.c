/* What the reader is told: rules 21 and 22 of the language page. */

#include "tests/unit/soc.h"

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

int main(void)
{
	return test_main();
}
