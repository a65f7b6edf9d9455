/* The decision, rule by rule of the language page. */

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

static void load(const char *agreement)
{
	scene_load(VOCABULARY, PARTNERS, agreement);
}

TEST(rule_07, only_a_grant_opens)
{
	load(HEAD CLAUSE("4") "release subject.name\n"
			      "withhold subject.born\n"
			      "refer subject.income to hmrc\n");
	scene_decide("subject[0].name Bob\n"
		     "subject[0].born 1990-02-03\n"
		     "subject[0].income 12\n",
	    "council");
	CHECK_STR(scene_verdict("subject[0].name"), "release 4");
	CHECK_STR(scene_value("subject[0].name"), "Bob");
	CHECK_STR(scene_verdict("subject[0].born"), "conceal -");
	CHECK_STR(scene_verdict("subject[0].income"), "conceal -");
}

int main(void)
{
	return test_main();
}
