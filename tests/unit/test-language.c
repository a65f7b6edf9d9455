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

/* ---- limits ----------------------------------------------------------- */

/* A text of @count times @each (a %zu in it is numbered from 0) between @before
 * and @after: right at @max, and wrong one beyond it. */
static const struct limit {
	const char *what, *file, *before, *each, *after;
	size_t max;
	const char *told; /* part of what is told beyond it */
} limits[] = {
#define LISTS                                                                  \
	"codes kind k codes purpose p codes gateway g codes marking ordered "  \
	"M "
#define VOCABULARY_TEXT "vocabulary v/1 " LISTS
	{ "codes in a list", "v.vocabulary", VOCABULARY_TEXT "codes c c",
	    ", c%zu", "", CODES_MAX - 1, "more than 4096 codes in one list" },
	{ "code lists", "v.vocabulary", VOCABULARY_TEXT, "codes c%zu a ", "",
	    CODE_LISTS_MAX - 4, "more than 256 code lists" },
	{ "classes", "v.vocabulary", VOCABULARY_TEXT "classes c", ", c%zu", "",
	    CLASSES_DECLARED_MAX - 1, "more than 62 classes" },
	{ "entities", "v.vocabulary", VOCABULARY_TEXT, "entity e%zu ", "",
	    ENTITIES_MAX, "more than 256 entities" },
	{ "records", "v.vocabulary", VOCABULARY_TEXT, "record r%zu ", "",
	    RECORDS_MAX, "more than 256 records" },
	{ "fields of an entity", "v.vocabulary", VOCABULARY_TEXT "entity e ",
	    "f%zu text ", "", VOCABULARY_FIELDS_MAX,
	    "more than 4096 fields in one entity" },
	{ "fields", "v.vocabulary", VOCABULARY_TEXT,
	    "entity e%zu a text b text "
	    "c text d text e text f text g text h text i text j text k text l "
	    "text "
	    "m text n text o text p text q text ",
	    "", VOCABULARY_FIELDS_MAX / 17, "has more than 4096 fields" },
	{ "a name", "v.vocabulary", VOCABULARY_TEXT "record ", "r", "",
	    NAME_BYTES_MAX, "longer than 64 bytes" },
	{ "a string", "v.vocabulary", VOCABULARY_TEXT "record r \"", "x", "\"",
	    STRING_BYTES_MAX, "longer than 4096 bytes" },
	{ "a path", "v.vocabulary", VOCABULARY_TEXT "entity e ", "f", " text",
	    POLICY_PATH_MAX - 2, "longer than 64 bytes" },
	{ "partners in a text", "p.partners", "",
	    "partner p%zu kind police "
	    "clearance HIGH ",
	    "", UNITS_MAX, "more than 4096" },
	{ "parties", "a.agreement",
	    "agreement b/1 uses soc/1 purposes prevent "
	    "basis \"b\" contact \"c\" starts 2026-01-01 review 2026-01-01 "
	    "ends 2026-01-01 parties police",
	    ", p%zu", "", LIST_NAMES_MAX - 1,
	    "more than 1024 names in one list" },
	{ "groups", "a.agreement", HEAD,
	    "group g%zu chair police members "
	    "police ",
	    "", GROUPS_MAX, "more than 256 groups" },
	{ "clauses", "a.agreement", HEAD,
	    "clause %zu share report from police "
	    "to council for prevent by cda ",
	    "", CLAUSES_MAX, "more than 1024 clauses" },
	{ "rules", "a.agreement", HEAD CLAUSE, "release * ", "", RULES_MAX,
	    "more than 8192 rules in one text" },
	{ "selectors", "a.agreement", HEAD CLAUSE "release *", ", *", "",
	    SELECTORS_MAX - 1, "more than 16384 selectors in one text" },
	{ "periods of an agreement", "a.agreement", HEAD, "retain 1 day ", "",
	    RETAINS_MAX - 1, "more than 64 'retain' statements" },
	{ "periods of a clause", "a.agreement", HEAD CLAUSE, "retain 1 day ",
	    "", RETAINS_MAX, "more than 64 'retain' statements" },
	{ "standing rules", "l.standing", "standing l/1 uses soc/1 ",
	    "rule r%zu conceal * ", "", CLAUSES_MAX,
	    "more than 1024 standing rules" },
	{ "nots", "a.agreement", HEAD CLAUSE "release * when ", "not ",
	    "marking = LOW", POLICY_COND_DEPTH_MAX, "nested 32 deep" },
	{ "parentheses", "a.agreement", HEAD CLAUSE "release * when ", "(",
	    "marking = LOW ", POLICY_COND_DEPTH_MAX, "nested 32 deep" },
	{ "comparisons", "a.agreement",
	    HEAD CLAUSE "release * when marking = LOW", " or marking = LOW", "",
	    COMPARISONS_MAX - 1, "more than 256 comparisons" },
	{ "comparisons for rule 26", "a.agreement",
	    "agreement b/1 uses soc/1 "
	    "parties police, council purposes prevent basis \"b\" contact "
	    "\"c\" starts 2026-01-01 review 2026-01-01 ends 2026-01-01 retain "
	    "1 day when marking = LOW retain 1 day when marking != LOW and "
	    "(any subject.height = 1",
	    " or any subject.height = 2%zu", " or not marking = LOW)" CLAUSE,
	    RETAIN_COMPARISONS_MAX - 2, "more than 14 different comparisons" },
};

/* Parentheses are closed again. */
static char *limit_text(const struct limit *limit, size_t count)
{
	struct buf text = { 0 };

	buf_add_str(&text, limit->before);
	for (size_t i = 0; i < count; i++) {
		const char *at = strstr(limit->each, "%zu");

		if (!at) {
			buf_add_str(&text, limit->each);
			continue;
		}
		buf_add(&text, limit->each, (size_t)(at - limit->each));
		buf_addf(&text, "%zu%s", i, at + 3);
	}
	buf_add_str(&text, limit->after);
	for (size_t i = 0; i < count && *limit->each == '('; i++)
		buf_add_str(&text, ")");
	return buf_steal_str(&text);
}

/* What is found with @count of them. */
static char *at_limit(const struct limit *limit, size_t count)
{
	_cleanup_free_ char *text = limit_text(limit, count);
	_cleanup_buf_ struct buf many = { 0 };
	struct texts texts = { 0 };
	struct policy *p;
	char *found;

	if (!strcmp(limit->what, "parties"))
		for (size_t i = 0; i < count; i++)
			buf_addf(&many,
			    "partner p%zu kind police "
			    "clearance HIGH ",
			    i);
	buf_add_byte(&many, '\0');
	add(&texts, "soc.vocabulary", vocabulary);
	add(&texts, "soc.partners", partners);
	add(&texts, "many.partners", (const char *)many.data);
	add(&texts, limit->file, text);
	p = load(&texts);
	found = problems_of(p);
	policy_unref(p);
	return found;
}

TEST(language, limits_hold_and_one_more_is_told)
{
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		_cleanup_free_ char *right =
		    at_limit(&limits[i], limits[i].max);
		_cleanup_free_ char *wrong =
		    at_limit(&limits[i], limits[i].max + 1);

		if (*right || !strstr(wrong, limits[i].told))
			test_fail(__FILE__, __LINE__,
			    "%s: at %zu: %.200s, beyond: %.200s",
			    limits[i].what, limits[i].max, right, wrong);
	}
}

/* What is found in one text of @len bytes, all of it a comment. */
static char *of_length(size_t len)
{
	_cleanup_free_ char *text = mem_alloc(len + 1);
	struct texts texts = { 0 };
	struct policy *p;
	char *found;

	memset(text, '#', len);
	add(&texts, "n.notice", text);
	p = load(&texts);
	found = problems_of(p);
	policy_unref(p);
	return found;
}

TEST(language, limit_of_a_text)
{
	_cleanup_free_ char *right = of_length(POLICY_TEXT_MAX);
	_cleanup_free_ char *wrong = of_length(POLICY_TEXT_MAX + 1);

	CHECK_STR(right, "");
	CHECK_STR(wrong, "n.notice: the text is longer than 1048576 bytes\n");
}

TEST(language, limit_of_a_set)
{
	static struct policy_text texts[POLICY_TEXTS_MAX + 1];
	struct policy *p;
	_cleanup_free_ char *found = NULL;

	for (size_t i = 0; i <= POLICY_TEXTS_MAX; i++)
		texts[i] = (struct policy_text){ .name = "n.notice" };
	p = policy_load(&(struct policy_input){ texts, POLICY_TEXTS_MAX });
	CHECK_INT(policy_errors(p), 0);
	policy_unref(p);
	p = policy_load(&(struct policy_input){ texts, POLICY_TEXTS_MAX + 1 });
	found = problems_of(p);
	CHECK(strstr(found, "more than 4096 texts"));
	policy_unref(p);
}

TEST(language, limit_of_what_is_told)
{
	_cleanup_buf_ struct buf text = { 0 };

	for (size_t n = PROBLEMS_MAX; n <= PROBLEMS_MAX + 1; n++) {
		_cleanup_free_ char *found = NULL;
		size_t lines = 0;

		buf_reset(&text);
		buf_add_str(&text, "release *\n");
		for (size_t i = 0; i < n; i++)
			buf_add_str(&text, "conceal subject.nmae\n");
		buf_add_byte(&text, '\0');
		found = find(RULE, (const char *)text.data);
		for (const char *c = found; *c; c++)
			lines += *c == '\n';
		CHECK_INT(lines, n);
		CHECK((n > PROBLEMS_MAX) ==
		      !!strstr(found, "the rest is not told"));
	}
}

/* Agreements u0 to u@count, each under the next. */
static char *umbrellas(size_t count)
{
	_cleanup_buf_ struct buf text = { 0 };

	for (size_t i = 0; i <= count; i++) {
		buf_addf(&text,
		    "agreement u%zu/1 uses soc/1 parties police purposes "
		    "prevent basis \"b\" contact \"c\" starts 2026-01-01 "
		    "review 2026-01-01 ends 2026-01-01\n",
		    i);
		if (i < count)
			buf_addf(&text, "under u%zu/1\n", i + 1);
	}
	buf_add_byte(&text, '\0');
	return find(WHOLE, (const char *)text.data);
}

TEST(language, limit_of_umbrellas)
{
	_cleanup_free_ char *right = umbrellas(POLICY_UMBRELLAS_MAX);
	_cleanup_free_ char *wrong = umbrellas(POLICY_UMBRELLAS_MAX + 1);

	CHECK_STR(right, "");
	CHECK_STR(wrong, "a.agreement:3:7: more than 8 umbrellas above u0/1\n");
}

/* ---- what a set answers ----------------------------------------------- */

TEST(language, a_set_is_counted_and_answers)
{
	struct texts texts = { 0 };
	struct policy_agreement_info info;
	struct arena arena = { 0 };
	struct policy *p;

	add(&texts, "soc.vocabulary", vocabulary);
	add(&texts, "soc.partners", partners);
	add(&texts, "a.agreement", HEAD GROUP CLAUSE "release *");
	p = load(&texts);
	policy_unref(policy_ref(p));
	CHECK_INT(policy_errors(p), 0);
	CHECK_INT(policy_agreements(p), 1);
	policy_agreement(p, 0, &arena, &info);
	CHECK_STR(info.name, "a");
	CHECK_STR(info.uses, "soc/1");
	CHECK(!info.under && !info.title);
	CHECK_INT(info.parties_count, 2);
	CHECK_INT(info.clauses, 1);
	CHECK_STR(policy_partner_title(p, slice_str("police")), "The Police");
	CHECK_STR(policy_partner_title(p, slice_str("hmrc")), "hmrc");
	CHECK(!policy_partner_title(p, slice_str("polic")));
	CHECK_STR(policy_nearest_partner(p, slice_str("polic")), "police");
	CHECK(policy_has_type(p, "soc/1", "report"));
	CHECK(!policy_has_type(p, "soc/2", "report"));
	CHECK_STR(
	    policy_nearest_type(p, "soc/1", slice_str("reprot")), "report");
	CHECK_STR(
	    policy_nearest_entity(p, "soc/1", "report", slice_str("itme")),
	    "item");
	CHECK(!policy_nearest_entity(p, "soc/1", "short", slice_str("itme")));
	CHECK_STR(policy_nearest_field(p, "soc/1", slice_str("subject.rol")),
	    "subject.role");
	CHECK_INT(policy_entity_kind(p, "soc/1", "report", slice_str("item")),
	    POLICY_ENTITY_MANY);
	CHECK_INT(policy_entity_kind(p, "soc/1", "short", slice_str("item")),
	    POLICY_ENTITY_NONE);
	CHECK_INT(policy_value_kind(p, "soc/1", slice_str("item.about")),
	    POLICY_VALUE_LINK);
	CHECK_INT(policy_value_kind(p, "soc/1", slice_str("subject.flags")),
	    POLICY_VALUE_SET);
	CHECK_INT(policy_value_kind(p, "soc/1", slice_str("subject.worth")),
	    POLICY_VALUE_TEXT);
	CHECK_INT(policy_value_kind(p, "soc/1", slice_str("subject")),
	    POLICY_VALUE_NONE);
	policy_unref(p);
	arena_deinit(&arena);
}

int main(void)
{
	return test_main();
}
