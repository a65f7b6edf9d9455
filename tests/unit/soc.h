#ifndef TESTS_UNIT_SOC_H
#define TESTS_UNIT_SOC_H

/*
 * The exchange most tests of the decision are set in: one vocabulary, five
 * partners, an agreement of one clause "4" whose rules the test writes, and the
 * words to ask it with. Messages are scene.h's.
 */

#include "tests/unit/scene.h"
#include "tests/unit/test.h"

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

/* An agreement under another that ends in June. */
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

static inline void load(const char *agreement)
{
	scene_life = (struct scene_life){ 0 };
	scene_load(VOCABULARY, PARTNERS, agreement);
}

static inline void load_law(const char *agreement, const char *law)
{
	scene_life = (struct scene_life){ 0 };
	scene_load(VOCABULARY, PARTNERS, agreement, law);
}

#define LAW "standing uk-law/1 uses soc/1 "

static inline const char *verdict_of(const char *message, const char *path)
{
	scene_decide(message, "council");
	return scene_verdict(path);
}

#define VERDICT(message, path, want)                                           \
	CHECK_STR(verdict_of((message), (path)), (want))

static inline void refused(
    const char *message, const char *recipient, const char *why)
{
	scene_decide(message, recipient);
	CHECK_INT(scene_decision.outcome, POLICY_REFUSED);
	if (!strstr(scene_decision.reason, why))
		test_fail(__FILE__, __LINE__, "'%s' does not say '%s'",
		    scene_decision.reason, why);
}

static inline void accepted(const char *message, const char *recipient)
{
	scene_decide(message, recipient);
	if (scene_decision.outcome != POLICY_ACCEPTED)
		test_fail(__FILE__, __LINE__, "%s", scene_decision.reason);
}

static inline void wrong(
    const char *message, const char *recipients, const char *why)
{
	const char *found = scene_wrong(message, recipients);

	if (!found || !strstr(found, why))
		test_fail(__FILE__, __LINE__, "'%s' does not say '%s'",
		    found ? found : "it is valid", why);
}

static inline const char *roster(const char *notices)
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

/* Whether `conceal subject.name when COND` closes: "yes" and "cannot tell" do.
 * With `release` its other side: only "yes" grants. */
static inline const char *answer(const char *cond, const char *message)
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

static inline const char *onward(const char *says, const char *message)
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

#endif
