/*
 * The language: each text that is wrong, with the place and the words; the
 * round trip of printing; limits; and that no text whatever breaks the reader.
 * Numbers are those of the language page's rules.
 */

#include "tests/unit/test.h"

#include <stdio.h>

#include "policy/model.h"
#include "policy/policy.h"
#include "util/file.h"
#include "util/mem.h"

/* ---- a small world ---------------------------------------------------- */

/* What the snippets below stand in: each in one line, so that a snippet begins
 * in line 2 of its file. */
static const char vocabulary[] =
    "vocabulary soc/1 "
    "codes kind police, council, hmrc codes purpose prevent, pursue "
    "codes gateway cda, common-law codes marking ordered LOW, MIDDLE, HIGH "
    "codes role suspect, victim, witness codes handling P, C "
    "codes source 1, 2, 3 codes level ordered low, high "
    "classes identifying, sensitive, grade "
    "entity report title text urgent flag dated date sent-at time "
    "entity item text narrative source code source grade "
    "handling code handling grade about link subject, vehicle "
    "entity subject name text identifying born date identifying "
    "role code role postcode postcode identifying health text sensitive "
    "height integer worth decimal level code level flags code role set "
    "nick text set owner party reported party seen time warning flag "
    "phone phone nino reference "
    "entity vehicle plate plate role code role weight integer "
    "entity meeting place text "
    "record report one report, meeting many item, subject, vehicle "
    "record short one report";

static const char partners[] =
    "partner police \"The Police\" kind police clearance HIGH "
    "partner council kind council clearance MIDDLE "
    "partner hmrc kind hmrc clearance HIGH";

#define HEAD                                                                   \
	"agreement a/1 uses soc/1 parties police, council purposes prevent "   \
	"basis \"b\" contact \"c\" starts 2026-01-01 review 2026-06-01 "       \
	"ends 2027-12-31 retain 2 years "
#define GROUP "group board chair police members police, council "
#define CLAUSE                                                                 \
	"clause 1 share report from police to council for prevent by cda "

static const char standing[] = "standing law/1 uses soc/1 rule first";

struct texts {
	struct policy_text items[8];
	size_t count;
};

static void add(struct texts *texts, const char *name, const char *text)
{
	texts->items[texts->count++] = (struct policy_text){
		.name = name,
		.text = slice_str(text),
		.all_signed = true,
	};
}

static struct policy *load(const struct texts *texts)
{
	struct policy_input input = { .texts = texts->items,
		.count = texts->count };

	return policy_load(&input);
}

/* All that was found, a line each. The caller frees. */
static char *problems_of(const struct policy *p)
{
	struct buf out = { 0 };
	const struct policy_problem *problems;
	size_t count;

	problems = policy_problems(p, &count);
	for (size_t i = 0; i < count; i++)
		policy_problem_print(&problems[i], &out);
	return buf_steal_str(&out);
}

/* ---- what is wrong, and where ----------------------------------------- */

enum where {
	VOCABULARY, /* after the code lists of a vocabulary v/1 */
	RULE,       /* the rules of clause 1 */
	MIDDLE,     /* between a clause's head and its rules */
	SECOND,     /* after clause 1 */
	STATEMENT,  /* after an agreement's statements */
	WHOLE,      /* an agreement text */
	STANDING,   /* the rules of a named standing rule */
	LAW,        /* a standing text */
	NOTICE,
	PARTNER,
};

static const struct {
	const char *name, *before, *after;
} places[] = {
	[VOCABULARY] = { "v.vocabulary",
	    "vocabulary v/1 codes kind k codes purpose p codes gateway g "
	    "codes marking ordered LOW, HIGH",
	    "" },
	[RULE] = { "a.agreement", HEAD GROUP CLAUSE, "" },
	[MIDDLE] = { "a.agreement", HEAD GROUP CLAUSE, "\nrelease *" },
	[SECOND] = { "a.agreement", HEAD GROUP CLAUSE "release *", "" },
	[STATEMENT] = { "a.agreement", HEAD, "\n" CLAUSE "release *" },
	[WHOLE] = { "a.agreement", "", "" },
	[STANDING] = { "law.standing", standing, "" },
	[LAW] = { "law.standing", "", "" },
	[NOTICE] = { "n.notice", "", "" },
	[PARTNER] = { "more.partners", "", "" },
};

/* What the world finds in @snippet. The caller frees. */
static char *find(enum where where, const char *snippet)
{
	_cleanup_free_ char *text = mem_format(
	    "%s\n%s%s", places[where].before, snippet, places[where].after);
	struct texts texts = { 0 };
	struct policy *p;
	char *found;

	add(&texts, "soc.vocabulary", vocabulary);
	add(&texts, "soc.partners", partners);
	if (where == NOTICE)
		add(&texts, "a.agreement", HEAD GROUP CLAUSE "release *");
	add(&texts, places[where].name, text);
	p = load(&texts);
	found = problems_of(p);
	policy_unref(p);
	return found;
}

static enum where where_of(const char *name)
{
	static const char *const names[] = { [VOCABULARY] = "vocabulary",
		[RULE] = "rule",
		[MIDDLE] = "middle",
		[SECOND] = "second",
		[STATEMENT] = "statement",
		[WHOLE] = "agreement",
		[STANDING] = "standing",
		[LAW] = "law",
		[NOTICE] = "notice",
		[PARTNER] = "partner" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], name))
			return (enum where)i;
	test_fail(__FILE__, __LINE__, "no place '%s'", name);
}

/* tests/data/language/wrong: "@ RULE PLACE what is tried", the snippet, and
 * each line that must be found after "> ", in order. */
struct wrong {
	char title[128], where[16];
	struct buf snippet, found;
};

/* The next case from *@at; false at the end. */
static bool next_case(const char **at, struct wrong *ret)
{
	*ret = (struct wrong){ 0 };
	*at = strstr(*at, "@ ");
	if (!*at)
		return false;
	CHECK(sscanf(*at, "@ %127[^\n]", ret->title) == 1);
	CHECK(sscanf(*at, "@ %*s %15s", ret->where) == 1);
	for (const char *line = strchr(*at, '\n') + 1;; line = *at) {
		const char *end = strchr(line, '\n');

		*at = line;
		if (!end || !strncmp(line, "@ ", 2))
			break;
		end++;
		*at = end;
		if (!strncmp(line, "> ", 2))
			buf_add(
			    &ret->found, line + 2, (size_t)(end - line) - 2);
		else if (end - line > 1)
			buf_add(&ret->snippet, line, (size_t)(end - line));
	}
	buf_add_byte(&ret->snippet, '\0');
	buf_add_byte(&ret->found, '\0');
	return true;
}

TEST(language, each_wrong_text_is_told_with_its_place)
{
	_cleanup_buf_ struct buf cases = { 0 };
	struct why why;
	struct wrong wrong;
	const char *at;
	size_t count = 0;

	CHECK_INT(
	    file_read(test_data("language/wrong"), 1 << 20, &cases, &why), 0);
	buf_add_byte(&cases, '\0');
	at = (const char *)cases.data;
	while (next_case(&at, &wrong)) {
		_cleanup_free_ char *found = find(
		    where_of(wrong.where), (const char *)wrong.snippet.data);

		if (strcmp(found, (const char *)wrong.found.data))
			test_fail(__FILE__, __LINE__,
			    "rule %s:\n%s# found:\n%s# wanted:\n%s",
			    wrong.title, (char *)wrong.snippet.data, found,
			    (char *)wrong.found.data);
		buf_deinit(&wrong.snippet);
		buf_deinit(&wrong.found);
		count++;
	}
	CHECK(count > 100);
}

int main(void)
{
	return test_main();
}
