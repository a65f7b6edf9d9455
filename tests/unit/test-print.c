/* Printing and reading again: whatever can be written comes back the same. */

#include "tests/unit/test.h"

#include "policy/model.h"
#include "util/mem.h"

/* ---- random texts ----------------------------------------------------- */

/* What is written is right by the grammar and stands in the printer's order,
 * so that all words must come back in theirs. Names mean nothing: the checker
 * has much to say about such texts, the printer nothing. */
struct writer {
	struct buf out;
	unsigned depth;
};

static const char *const names[] = { "a", "b-2", "codes", "when", "release",
	"from", "OFFICIAL", "x_1", "rule", "any" };

static const char *pick_name(void)
{
	return names[test_below(ARRAY_LEN(names))];
}

/* Blanks, new lines and comments mean nothing. */
static void gap(struct writer *w)
{
	static const char *const gaps[] = { " ", "  ", "\n", "\n\t", "\r\n",
		" # and \"so\" on\n", "\n\n# (\n " };

	buf_add_str(
	    &w->out, test_below(3) ? " " : gaps[test_below(ARRAY_LEN(gaps))]);
}

static void word(struct writer *w, const char *text)
{
	buf_add_str(&w->out, text);
	gap(w);
}

static void name(struct writer *w)
{
	word(w, pick_name());
}

static void string(struct writer *w)
{
	word(w, test_below(2) ? "\"R\xc3\xa9n\xc3\xa9, no. 4 (# not this)\""
			      : "\"\"");
}

static void title(struct writer *w)
{
	if (test_below(2))
		string(w);
}

static void number(struct writer *w, unsigned from, unsigned to)
{
	buf_addf(&w->out, "%u", from + (unsigned)test_below(to - from + 1));
	gap(w);
}

static void list(struct writer *w, void (*item)(struct writer *))
{
	item(w);
	while (test_below(3) == 0) {
		word(w, ",");
		item(w);
	}
}

static void path(struct writer *w)
{
	buf_addf(&w->out, "%s.%s", pick_name(), pick_name());
	if (test_below(4) == 0)
		buf_addf(&w->out, ".%s", pick_name());
	gap(w);
}

static void operand(struct writer *w)
{
	static const char *const values[] = { "1990", "-3.5", "2026-04-01",
		"suspect", "marking", "\"two words\"", "\"this\"" };

	if (test_below(4) == 0) {
		buf_addf(&w->out, "age ( %s.%s )", pick_name(), pick_name());
		gap(w);
	} else if (test_below(2)) {
		path(w);
	} else {
		word(w, values[test_below(ARRAY_LEN(values))]);
	}
}

static void comparison(struct writer *w)
{
	static const char *const marks[] = { "=", "!=", "<", "<=", ">",
		">=", "has" };

	operand(w);
	switch (test_below(5)) {
	case 0:
		word(w, "in");
		list(w, operand);
		break;
	case 1:
		word(w, "is");
		word(w, test_below(2) ? "present" : "absent");
		break;
	case 2:
		word(w, "has");
		word(w, "this");
		break;
	default:
		word(w, marks[test_below(ARRAY_LEN(marks))]);
		operand(w);
		break;
	}
}

static void cond(struct writer *w);

static void primary(struct writer *w)
{
	if (w->depth > 6 || test_below(3)) {
		comparison(w);
		return;
	}
	word(w, "(");
	cond(w);
	word(w, ")");
}

static void cond(struct writer *w)
{
	w->depth++;
	do {
		if (test_below(3) == 0)
			word(w, "not");
		if (test_below(3) == 0)
			word(w, test_below(2) ? "any" : "every");
		primary(w);
		if (test_below(2))
			break;
		word(w, test_below(2) ? "and" : "or");
	} while (true);
	w->depth--;
}

static void when(struct writer *w, const char *before)
{
	if (test_below(2))
		return;
	if (*before)
		word(w, before);
	word(w, "when");
	cond(w);
}

static void selector(struct writer *w)
{
	switch (test_below(4)) {
	case 0:
		word(w, "*");
		break;
	case 1:
		buf_addf(&w->out, "%s.*", pick_name());
		gap(w);
		break;
	case 2:
		buf_addf(&w->out, "%s.%s", pick_name(), pick_name());
		gap(w);
		break;
	default:
		word(w, "all");
		name(w);
		if (test_below(2)) {
			word(w, "of");
			name(w);
		}
		break;
	}
}

static void rule(struct writer *w)
{
	static const char *const actions[] = { "release", "withhold", "conceal",
		"refer", "reduce", "mask" };
	static const char *const to[] = { "month", "year", "age-band", "sector",
		"district", "area", "initials", "band 1000" };
	size_t action = test_below(ARRAY_LEN(actions) + 1);

	if (action == ARRAY_LEN(actions)) {
		word(w, "refuse");
	} else {
		word(w, actions[action]);
		list(w, selector);
	}
	if (action == 3 || action == 4)
		word(w, "to");
	if (action == 3)
		word(w, test_below(2) ? "originator" : pick_name());
	if (action == 4)
		word(w, to[test_below(ARRAY_LEN(to))]);
	if (action == 5) {
		word(w, "keep");
		word(w, test_below(2) ? "first" : "last");
		number(w, 1, 9);
	}
	when(w, "");
	if (test_below(4) == 0)
		word(w, "openly");
	if (test_below(4) == 0) {
		word(w, "because");
		string(w);
	}
}

static void said(struct writer *w, const char *keyword)
{
	word(w, keyword);
	list(w, name);
}

static void retain(struct writer *w)
{
	static const char *const units[] = { "days", "weeks", "months",
		"years" };

	word(w, "retain");
	number(w, 2, 9999);
	word(w, units[test_below(4)]);
	when(w, "");
}

static void onward(struct writer *w)
{
	word(w, "onward");
	switch (test_below(3)) {
	case 0:
		word(w, "refer to originator");
		break;
	case 1:
		word(w, "withhold");
		break;
	default:
		word(w, "release");
		if (test_below(2))
			said(w, "to");
		if (test_below(2))
			said(w, "for");
		break;
	}
}

static void clause(struct writer *w)
{
	word(w, "clause");
	name(w);
	title(w);
	said(w, "share");
	said(w, "from");
	said(w, "to");
	said(w, "for");
	word(w, "by");
	name(w);
	when(w, "only");
	while (test_below(3) == 0)
		retain(w);
	if (test_below(2))
		onward(w);
	while (test_below(4))
		rule(w);
}

static void agreement(struct writer *w)
{
	word(w, "agreement t/7");
	title(w);
	word(w, "uses soc/1");
	if (test_below(2))
		word(w, "under above/2");
	said(w, "parties");
	said(w, "purposes");
	word(w, "starts 2026-01-01 ends 2027-12-31");
	while (test_below(2))
		retain(w);
	if (test_below(2))
		word(w, "identity a kind b clearance C agree \"x+y+z\"");
	if (test_below(2))
		word(w, "pin soc/1 \"abc=\"");
	while (test_below(3) == 0) {
		word(w, "group");
		name(w);
		title(w);
		word(w, "chair");
		name(w);
		said(w, "members");
	}
	while (test_below(3))
		clause(w);
}

static void standing(struct writer *w)
{
	word(w, "standing t/7");
	title(w);
	word(w, "uses soc/1");
	while (test_below(3)) {
		word(w, "rule");
		name(w);
		title(w);
		when(w, "only");
		while (test_below(3))
			rule(w);
	}
}

static void code(struct writer *w)
{
	name(w);
	title(w);
}

static void field(struct writer *w)
{
	static const char *const types[] = { "text", "narrative", "integer",
		"decimal", "date", "time", "flag", "postcode", "phone", "plate",
		"reference", "party", "code a", "link a , b-2" };

	/* Not a word that goes on with the field before, or ends it. */
	word(w, test_below(2) ? "a" : "x_1");
	word(w, types[test_below(ARRAY_LEN(types))]);
	if (test_below(3) == 0)
		word(w, "set");
	if (test_below(3) == 0)
		word(w, "private");
	if (test_below(3) == 0)
		word(w, "sensitive");
	if (test_below(3) == 0)
		word(w, "required");
	else if (test_below(3) == 0)
		when(w, "required");
	when(w, "absent");
}

static void vocabulary(struct writer *w)
{
	word(w, "vocabulary t/7");
	title(w);
	while (test_below(3)) {
		word(w, "codes");
		name(w);
		if (test_below(2))
			word(w, "ordered");
		list(w, code);
	}
	word(w, "classes private , identifying");
	while (test_below(3)) {
		word(w, "entity");
		name(w);
		title(w);
		while (test_below(4))
			field(w);
	}
	while (test_below(3)) {
		word(w, "record");
		name(w);
		title(w);
		for (bool many = test_below(2); test_below(2); many = !many) {
			word(w, many ? "many" : "one");
			list(w, name);
		}
	}
}

/* ---- the same text ---------------------------------------------------- */

/* All words in order, parentheses left out: @ret can be compared. */
static void words_of(struct slice text, struct buf *ret)
{
	bool string = false, comment = false;
	char before = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.data[i];
		char class = strchr("=<>!", c) ? '=' : c == ',' ? ',' : 'a';

		if (c == '\n')
			comment = false;
		if (!string && c == '#')
			comment = true;
		if (comment)
			continue;
		if (!string && strchr(" \t\r\n()", c)) {
			before = 0;
			continue;
		}
		if (!string && (class != before || class == ','))
			buf_add_byte(ret, '\n');
		before = class;
		if (c == '"')
			string = !string;
		buf_add_byte(ret, (uint8_t)c);
	}
	buf_add_byte(ret, '\0');
}

/* A condition with every parenthesis there can be. */
static void tree_of(const struct cond *cond, struct buf *ret)
{
	if (!cond)
		return;
	buf_addf(ret, "(%d/%d %s%s", (int)cond->kind, (int)cond->compare,
	    cond->left.text ? cond->left.text : "", cond->left.age ? "~" : "");
	for (size_t i = 0; i < cond->right_count; i++)
		buf_addf(ret, " %s%s%s", cond->right[i].text,
		    cond->right[i].age ? "~" : "",
		    cond->right[i].quoted ? "\"" : "");
	for (size_t i = 0; i < cond->kids_count; i++)
		tree_of(cond->kids[i], ret);
	buf_add_byte(ret, ')');
}

static void trees_of_clause(const struct clause *clause, struct buf *ret)
{
	tree_of(clause->only_when, ret);
	for (size_t i = 0; i < clause->retains_count; i++)
		tree_of(clause->retains[i].when, ret);
	for (size_t i = 0; i < clause->rules_count; i++)
		tree_of(clause->rules[i].when, ret);
}

static void trees_of(const struct policy *p, struct buf *ret)
{
	for (size_t i = 0; i < p->agreements_count; i++)
		for (size_t j = 0; j < p->agreements[i]->clauses_count; j++)
			trees_of_clause(&p->agreements[i]->clauses[j], ret);
	for (size_t i = 0; i < p->standings_count; i++)
		for (size_t j = 0; j < p->standings[i]->rules_count; j++)
			trees_of_clause(&p->standings[i]->rules[j], ret);
	for (size_t i = 0; i < p->vocabularies_count; i++)
		for (size_t j = 0; j < p->vocabularies[i]->fields_count; j++) {
			const struct field *field =
			    p->vocabularies[i]->fields[j];

			tree_of(field->required_when, ret);
			tree_of(field->absent_when, ret);
		}
	buf_add_byte(ret, '\0');
}

static struct policy *load_one(const char *file, struct slice text)
{
	struct policy_text one = { .name = file, .text = text };

	return policy_load(&(struct policy_input){ .texts = &one, .count = 1 });
}

/* Errors of syntax begin so, and none of these texts has any. */
static void check_read(const struct policy *p, struct slice text)
{
	const struct policy_problem *problems;
	size_t count;

	problems = policy_problems(p, &count);
	for (size_t i = 0; i < count; i++)
		if (!strncmp(problems[i].text, "expected", 8))
			test_fail(__FILE__, __LINE__, "%u:%u: %s in\n%.*s",
			    problems[i].line, problems[i].column,
			    problems[i].text, SLICE_ARG(text));
}

static void check_words(struct slice text, struct slice printed)
{
	_cleanup_buf_ struct buf before = { 0 }, after = { 0 };

	words_of(text, &before);
	words_of(printed, &after);
	CHECK_STR((const char *)after.data, (const char *)before.data);
}

static void check_trees(const struct policy *p, const struct policy *q)
{
	_cleanup_buf_ struct buf before = { 0 }, after = { 0 };

	trees_of(p, &before);
	trees_of(q, &after);
	CHECK_STR((const char *)after.data, (const char *)before.data);
}

/* The words of @text in its order where @same_order, or at least all that
 * counts: printing what was printed changes nothing. */
static void check_round_trip(
    const char *file, const char *id, struct slice text, bool same_order)
{
	_cleanup_buf_ struct buf printed = { 0 }, again = { 0 };
	struct policy *p = load_one(file, text), *q;

	check_read(p, text);
	CHECK(policy_print(p, id, &printed));
	q = load_one(file, buf_slice(&printed));
	check_read(q, buf_slice(&printed));
	CHECK(policy_print(q, id, &again));
	CHECK(slice_eq(buf_slice(&printed), buf_slice(&again)));
	check_trees(p, q);
	if (same_order)
		check_words(text, buf_slice(&printed));
	policy_unref(p);
	policy_unref(q);
}

TEST(print, random_texts_come_back_the_same)
{
	static const struct {
		const char *file;
		void (*write)(struct writer *w);
	} kinds[] = {
		{ "t.agreement", agreement },
		{ "t.standing", standing },
		{ "t.vocabulary", vocabulary },
	};

	for (size_t i = 0; i < 3000; i++) {
		struct writer w = { 0 };
		size_t kind = i % ARRAY_LEN(kinds);

		kinds[kind].write(&w);
		check_round_trip(
		    kinds[kind].file, "t/7", buf_slice(&w.out), true);
		buf_deinit(&w.out);
	}
}

TEST(print, a_partner_and_the_highest_version)
{
	static const char text[] =
	    "partner a \"A\" kind k clearance C partner b kind k clearance C";
	struct policy *p = load_one("t.partners", slice_str(text));
	_cleanup_buf_ struct buf out = { 0 };

	CHECK(policy_print(p, "a", &out));
	check_words(slice_of(text, 33), buf_slice(&out));
	CHECK(!policy_print(p, "c", &out));
	CHECK(!policy_print(p, "a/1", &out));
	policy_unref(p);
	buf_reset(&out);
	p = load_one("t.standing",
	    slice_str("standing a/2 uses x/1 standing a/10 uses x/1"));
	CHECK(policy_print(p, "a", &out));
	check_words(slice_str("standing a/10 uses x/1"), buf_slice(&out));
	CHECK(!policy_print(p, "a/3", &out));
	CHECK(!policy_print(p, "a/", &out));
	CHECK(!policy_print(p, "a/02", &out));
	policy_unref(p);
}

int main(void)
{
	return test_main();
}
