/*
 * Conditions. Words keep the meaning they were written with (a word, a string,
 * age(...)); which of them are values, codes, header keys or paths is for the
 * checker, which knows the vocabulary (rule 15).
 */

#include <stdio.h>

#include "policy/parse.h"
#include "util/text.h"

static struct cond *cond_or(struct parser *p);

static struct cond *new_cond(struct parser *p, enum cond_kind kind)
{
	struct cond *cond = arena_new(p->arena, struct cond);

	cond->kind = kind;
	cond->at = p->token.at;
	return cond;
}

static void add_kid(struct parser *p, struct cond *cond, struct cond *kid)
{
	*parse_push(p, cond->kids, cond->kids_count, COMPARISONS_MAX,
	    "parts in one condition") = kid;
}

/* Parentheses and nots are what recursion follows. */
static void deeper(struct parser *p)
{
	if (++p->depth > POLICY_COND_DEPTH_MAX)
		parse_fail(p, p->token.at,
		    "a condition can be nested %u deep, no deeper",
		    POLICY_COND_DEPTH_MAX);
}

static void parse_age(struct parser *p, struct operand *operand)
{
	if (!parse_accept_mark(p, TOKEN_OPEN))
		return; /* a word that happens to be "age" */
	operand->age = true;
	operand->text = parse_path(p, "a field such as subject.born").text;
	if (!parse_accept_mark(p, TOKEN_CLOSE))
		parse_expected(p, "')'", NULL);
}

static void parse_operand(
    struct parser *p, struct operand *ret, const char *what)
{
	ret->at = p->token.at;
	ret->text = "";
	if (p->failed)
		return;
	if (p->token.kind == TOKEN_STRING) {
		ret->quoted = true;
		ret->text = parse_string(p, what);
		return;
	}
	ret->text = parse_path(p, what).text;
	if (!p->failed && !strcmp(ret->text, "age"))
		parse_age(p, ret);
}

static void add_right(struct parser *p, struct cond *cond)
{
	struct operand right = { 0 };

	parse_operand(p, &right, "a value, a code or a field");
	if (!p->failed)
		*parse_push(p, cond->right, cond->right_count, LIST_NAMES_MAX,
		    "values in one list") = right;
}

static void parse_is(struct parser *p, struct cond *cond)
{
	static parse_words words = { "present", "absent", NULL };

	if (parse_accept(p, "present"))
		cond->kind = COND_PRESENT;
	else if (parse_accept(p, "absent"))
		cond->kind = COND_ABSENT;
	else
		parse_expected(p, "'present' or 'absent'", words);
}

static void parse_has(struct parser *p, struct cond *cond)
{
	cond->kind = COND_HAS_THIS;
	if (parse_accept(p, "this"))
		return;
	cond->kind = COND_HAS;
	add_right(p, cond);
}

static const struct {
	enum token_kind mark;
	enum compare compare;
} compares[] = {
	{ TOKEN_EQ, COMPARE_EQ },
	{ TOKEN_NE, COMPARE_NE },
	{ TOKEN_LT, COMPARE_LT },
	{ TOKEN_LE, COMPARE_LE },
	{ TOKEN_GT, COMPARE_GT },
	{ TOKEN_GE, COMPARE_GE },
};

static bool parse_compare(struct parser *p, struct cond *cond)
{
	for (size_t i = 0; i < ARRAY_LEN(compares); i++) {
		if (!parse_accept_mark(p, compares[i].mark))
			continue;
		cond->compare = compares[i].compare;
		add_right(p, cond);
		return true;
	}
	return false;
}

static struct cond *comparison(struct parser *p)
{
	static parse_words words = { "in", "is", "has", NULL };
	struct cond *cond = new_cond(p, COND_COMPARE);

	if (++p->comparisons > COMPARISONS_MAX)
		parse_fail(p, p->token.at,
		    "more than %u comparisons in one condition",
		    COMPARISONS_MAX);
	parse_operand(
	    p, &cond->left, "a comparison, such as subject.role = suspect");
	if (parse_compare(p, cond))
		return cond;
	if (parse_accept(p, "in")) {
		cond->kind = COND_IN;
		do
			add_right(p, cond);
		while (parse_accept_mark(p, TOKEN_COMMA));
	} else if (parse_accept(p, "is")) {
		parse_is(p, cond);
	} else if (parse_accept(p, "has")) {
		parse_has(p, cond);
	} else {
		parse_expected(p,
		    "a comparison: =, !=, <, <=, >, >=, 'in', 'is' or 'has'",
		    words);
	}
	return cond;
}

/* "(" cond ")" stands for what is in it: printing puts parentheses back where
 * they are needed. */
static struct cond *primary(struct parser *p)
{
	struct cond *cond;

	if (!parse_accept_mark(p, TOKEN_OPEN))
		return comparison(p);
	deeper(p);
	cond = cond_or(p);
	p->depth--;
	if (!parse_accept_mark(p, TOKEN_CLOSE))
		parse_expected(p, "')', 'and' or 'or'", NULL);
	return cond;
}

/* Rule 14: a quantifier binds one comparison or one parenthesis, then not. */
static struct cond *negation(struct parser *p)
{
	struct cond *cond;

	if (parse_at(p, "not")) {
		cond = new_cond(p, COND_NOT);
		parse_next(p);
		deeper(p);
		add_kid(p, cond, negation(p));
		p->depth--;
		return cond;
	}
	if (!parse_at(p, "any") && !parse_at(p, "every"))
		return primary(p);
	cond = new_cond(p, parse_at(p, "any") ? COND_ANY : COND_EVERY);
	parse_next(p);
	add_kid(p, cond, primary(p));
	return cond;
}

/* One operand is itself; two or more become a list. */
static struct cond *chain(struct parser *p, enum cond_kind kind,
    const char *word, struct cond *(*operand)(struct parser *))
{
	struct cond *first = NULL, *list = new_cond(p, kind);

	first = operand(p);
	if (!parse_at(p, word))
		return first;
	add_kid(p, list, first);
	while (parse_accept(p, word))
		add_kid(p, list, operand(p));
	return list;
}

static struct cond *conjunction(struct parser *p)
{
	return chain(p, COND_AND, "and", negation);
}

static struct cond *cond_or(struct parser *p)
{
	return chain(p, COND_OR, "or", conjunction);
}

struct cond *parse_cond(struct parser *p)
{
	struct cond *cond;

	p->depth = 0;
	p->comparisons = 0;
	cond = cond_or(p);
	return p->failed ? NULL : cond;
}

struct cond *parse_when(struct parser *p)
{
	return parse_accept(p, "when") ? parse_cond(p) : NULL;
}

struct cond *parse_only_when(struct parser *p)
{
	if (!parse_accept(p, "only"))
		return NULL;
	parse_expect(p, "when");
	return parse_cond(p);
}
