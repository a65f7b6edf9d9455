/*
 * One comparison. Each operand that is not a value has a side: what its values
 * are and how they compare. A value is read as the other operand's side would
 * have it, so that nothing is parsed while deciding; a word that is a code
 * there is a code first and a header key second (rule 15).
 */

#include <stdio.h>

#include "policy/check.h"

enum known_names { NAMES_ANY, NAMES_PARTNER, NAMES_RECORD, NAMES_AGREEMENT };

struct side {
	enum domain domain;
	const struct codes *codes; /* DOMAIN_CODE; NULL: not to be checked */
	enum known_names names;    /* DOMAIN_TEXT */
	bool flag;                 /* DOMAIN_NUMBER */
	enum type form;   /* TYPE_POSTCODE, TYPE_PLATE: has one form; else 0 */
	const char *what; /* "a date" */
};

/* ---- sides ------------------------------------------------------------ */

static const struct side type_sides[] = {
	[TYPE_TEXT] = { DOMAIN_TEXT, .what = "text" },
	[TYPE_NARRATIVE] = { DOMAIN_TEXT, .what = "text" },
	[TYPE_INTEGER] = { DOMAIN_NUMBER, .what = "a whole number" },
	[TYPE_DECIMAL] = { DOMAIN_DECIMAL, .what = "a decimal number" },
	[TYPE_DATE] = { DOMAIN_DAY, .what = "a date" },
	[TYPE_TIME] = { DOMAIN_TIME, .what = "a time" },
	[TYPE_FLAG] = { DOMAIN_NUMBER, .flag = true, .what = "a flag" },
	[TYPE_POSTCODE] = { DOMAIN_TEXT, .what = "a postcode" },
	[TYPE_PHONE] = { DOMAIN_TEXT, .what = "a phone number" },
	[TYPE_PLATE] = { DOMAIN_TEXT, .what = "a number plate" },
	[TYPE_REFERENCE] = { DOMAIN_TEXT, .what = "a reference" },
	[TYPE_PARTY] = { DOMAIN_TEXT, NULL, NAMES_PARTNER,
	    .what = "a partner's name" },
	[TYPE_CODE] = { DOMAIN_CODE, .what = "a code" },
	[TYPE_LINK] = { DOMAIN_TEXT, .what = "a link" },
};

static struct side field_side(const struct field *field)
{
	struct side side = type_sides[field->type];

	side.codes = field->codes;
	if (field->type == TYPE_POSTCODE || field->type == TYPE_PLATE)
		side.form = field->type;
	return side;
}

static struct side header_side(const struct scope *scope, enum header_key key)
{
	const struct vocabulary *v = scope->vocabulary;
	struct side code = { DOMAIN_CODE, .what = "a code" };
	struct side time = type_sides[TYPE_TIME];

	switch (key) {
	case HEADER_TYPE:
		return (struct side){ DOMAIN_TEXT, NULL, NAMES_RECORD,
			.what = "a type of record" };
	case HEADER_AGREEMENT:
		return (struct side){ DOMAIN_TEXT, NULL, NAMES_AGREEMENT,
			.what = "an agreement's name" };
	case HEADER_PURPOSE:
		code.codes = v->purpose;
		code.what = "a purpose";
		return code;
	case HEADER_MARKING:
		code.codes = v->marking;
		code.what = "a marking";
		return code;
	case HEADER_PRIORITY:
		code.codes = &codes_priority;
		code.what = "a priority";
		return code;
	case HEADER_GATEWAY:
		code.codes = v->gateway;
		code.what = "a gateway";
		return code;
	case HEADER_SENT:
		return type_sides[TYPE_DATE];
	case HEADER_EMBARGO_UNTIL:
	case HEADER_EXPIRES:
		return time;
	case HEADER_HANDLING_INSTRUCTION:
	default:
		return type_sides[TYPE_TEXT];
	}
}

static struct side party_side(
    const struct scope *scope, enum party_attribute attribute)
{
	struct side side = type_sides[TYPE_PARTY];

	if (attribute == PARTY_NAME)
		return side;
	if (attribute == PARTY_KIND)
		return (struct side){ DOMAIN_CODE, scope->vocabulary->kind,
			.what = "a kind" };
	return (struct side){ DOMAIN_CODE, scope->vocabulary->marking,
		.what = "a marking" };
}

/* The side of an operand that is not a value. */
static struct side side_of(
    const struct scope *scope, const struct operand *operand)
{
	if (operand->kind == OPERAND_HEADER)
		return header_side(scope, operand->header);
	if (operand->kind == OPERAND_PARTY)
		return party_side(scope, operand->attribute);
	if (operand->kind == OPERAND_AGE)
		return (struct side){ DOMAIN_NUMBER, .what = "an age" };
	return field_side(operand->field);
}

static bool has_side(const struct operand *operand)
{
	return operand->kind != OPERAND_VALUE &&
	       operand->kind != OPERAND_UNKNOWN;
}

/* Rule 17: through a link the field may be found in several entities, and must
 * mean the same in each. */
static bool check_linked_side(
    const struct scope *scope, const struct operand *operand)
{
	const struct field *link = operand->link, *field = operand->field;

	for (size_t i = 0; link && i < link->links.count; i++) {
		const struct entity *to = link->link_to[i];

		for (size_t j = 0; to && j < to->count; j++) {
			const struct field *other = &to->fields[j];

			if (strcmp(other->name, field->name) ||
			    (other->type == field->type &&
				other->codes == field->codes &&
				other->set == field->set))
				continue;
			check_error(scope->policy, operand->at, NULL,
			    "'%s' and '%s' differ in type, so '%s' has none",
			    field->path, other->path, operand->text);
			return false;
		}
	}
	return true;
}

/* ---- values ----------------------------------------------------------- */

static const char *record_name(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->records[i]->name;
}

static const char *agreement_name(const void *from, size_t i)
{
	const struct policy *p = from;

	return p->agreements[i]->id.name;
}

static const char *code_name(const void *from, size_t i)
{
	const struct codes *codes = from;

	return codes->items[i].text;
}

static bool knows_agreement(const struct policy *p, const char *text)
{
	return policy_find_agreement(p, slice_str(text), 0);
}

/* Whether a word without quotes means a value on this side. */
static bool is_word_of(
    const struct scope *scope, const struct side *side, const char *text)
{
	if (side->flag)
		return !strcmp(text, "true") || !strcmp(text, "false");
	if (side->domain == DOMAIN_CODE)
		return side->codes &&
		       codes_find(side->codes, slice_str(text)) >= 0;
	if (side->names == NAMES_PARTNER)
		return policy_partner(scope->policy, slice_str(text));
	if (side->names == NAMES_RECORD)
		return vocabulary_record(scope->vocabulary, slice_str(text));
	if (side->names == NAMES_AGREEMENT)
		return knows_agreement(scope->policy, text);
	return false;
}

/* The word or string names nothing the side knows. */
static void no_such_name(const struct scope *scope, const struct side *side,
    const struct operand *operand)
{
	struct policy *p = scope->policy;
	const struct vocabulary *v = scope->vocabulary;
	const char *text = operand->text;

	if (side->names == NAMES_PARTNER)
		check_partner_name(p, (struct name){ text, operand->at });
	else if (side->names == NAMES_RECORD)
		check_error(p, operand->at,
		    check_nearest(p, text, v->records_count, record_name, v),
		    "no record '%s' in %s", text, v->cited);
	else if (side->names == NAMES_AGREEMENT)
		check_error(p, operand->at,
		    check_nearest(
			p, text, p->agreements_count, agreement_name, p),
		    "no agreement '%s'", text);
	else if (side->codes)
		check_error(p, operand->at,
		    check_nearest(
			p, text, side->codes->count, code_name, side->codes),
		    "no %s '%s' in %s", side->codes->name, text, v->cited);
}

static const char *const examples[] = {
	[DOMAIN_TEXT] = "\"...\"",
	[DOMAIN_NUMBER] = "18",
	[DOMAIN_DECIMAL] = "12.50",
	[DOMAIN_DAY] = "2026-04-01",
	[DOMAIN_TIME] = "\"2026-04-01T10:00:00Z\"",
	[DOMAIN_CODE] = "C",
};

static void wrong_value(const struct scope *scope, const struct side *side,
    const struct operand *operand)
{
	const char *example = examples[side->domain];

	if (side->flag)
		example = "true";
	if (side->form == TYPE_POSTCODE)
		example = "\"CV21 3AB\"";
	check_error(scope->policy, operand->at, NULL,
	    "'%s' is not %s, such as %s", operand->text, side->what, example);
}

/* A postcode or plate is compared in its one written form (rules 23, 25), which
 * its author need not know. */
static bool check_form(
    const struct scope *scope, const struct side *side, struct operand *operand)
{
	_cleanup_buf_ struct buf form = { 0 };

	if (!value_canonical(side->form, slice_str(operand->text), &form))
		return false;
	operand->written = operand->text;
	operand->text = arena_strn(&scope->policy->arena, form.data, form.len);
	return true;
}

static void check_value(
    const struct scope *scope, const struct side *side, struct operand *operand)
{
	bool named = side->domain == DOMAIN_CODE || side->names != NAMES_ANY;

	if (named && !is_word_of(scope, side, operand->text)) {
		no_such_name(scope, side, operand);
		return;
	}
	if (side->flag) {
		operand->literal.number = !strcmp(operand->text, "true");
		if (is_word_of(scope, side, operand->text))
			return;
	} else if (!side->codes && side->domain == DOMAIN_CODE) {
		return; /* the list is missing, which has been said */
	} else if (side->form) {
		if (check_form(scope, side, operand))
			return;
	} else if (literal_parse(side->domain, side->codes,
		       slice_str(operand->text), &operand->literal)) {
		return;
	}
	wrong_value(scope, side, operand);
}

/* ---- comparing -------------------------------------------------------- */

static bool is_ordered(enum compare compare)
{
	return compare != COMPARE_EQ && compare != COMPARE_NE;
}

static void check_ordered(
    const struct scope *scope, const struct cond *cond, const struct side *side)
{
	if (cond->kind != COND_COMPARE || !is_ordered(cond->compare))
		return;
	if (cond->domain == DOMAIN_TEXT || side->flag)
		check_error(scope->policy, cond->at, NULL,
		    "%s has no order: compare with = or !=", side->what);
	else if (cond->domain == DOMAIN_CODE && side->codes &&
		 !side->codes->ordered)
		check_error(scope->policy, cond->at, NULL,
		    "'codes %s' is not ordered: compare with = or !=",
		    side->codes->name);
}

/* Lists this long are taken to share a code: asking must stay cheap. */
#define SHARED_CODES_MAX 256

static bool share_a_code(const struct codes *a, const struct codes *b)
{
	if (!a || !b || a->count > SHARED_CODES_MAX)
		return true;
	for (size_t i = 0; i < a->count; i++)
		if (codes_find(b, slice_str(a->items[i].text)) >= 0)
			return true;
	return false;
}

/* Whether two sides can be equal at all; lists that differ, and codes and text,
 * compare as text (rule 25). */
static bool join(struct side *side, const struct side *other)
{
	bool texts =
	    (side->domain == DOMAIN_TEXT || side->domain == DOMAIN_CODE) &&
	    (other->domain == DOMAIN_TEXT || other->domain == DOMAIN_CODE);

	if (side->domain == other->domain && side->flag == other->flag &&
	    side->codes == other->codes)
		return true;
	if (!texts || !share_a_code(side->codes, other->codes))
		return false;
	side->domain = DOMAIN_TEXT;
	return true;
}

/* Sets and links have no place here (rule 19). */
static bool check_single(
    const struct scope *scope, const struct operand *operand)
{
	const struct field *field = operand->field;

	if (operand->kind != OPERAND_FIELD)
		return true;
	if (field->type == TYPE_LINK) {
		check_error(scope->policy, operand->at, NULL,
		    "'%s' is a link: ask whether it 'has this', 'is present' "
		    "or 'is absent'",
		    operand->text);
		return false;
	}
	if (field->set) {
		check_error(scope->policy, operand->at, NULL,
		    "'%s' is a set: ask whether it 'has' a value, 'is present' "
		    "or 'is absent'",
		    operand->text);
		return false;
	}
	return check_linked_side(scope, operand);
}

/* A word on the right: a code first, then a header key. */
static void check_right_word(
    const struct scope *scope, const struct side *side, struct operand *operand)
{
	bool named;

	if (!side) {
		if (!check_header(scope, operand))
			check_no_word(
			    scope, operand, "fields are written ENTITY.FIELD");
		return;
	}
	named = side->domain == DOMAIN_CODE || side->names != NAMES_ANY;
	if (is_word_of(scope, side, operand->text)) {
		operand->kind = OPERAND_VALUE;
	} else if (check_header(scope, operand)) {
		return;
	} else if (named && strcmp(operand->text, "this")) {
		operand->kind = OPERAND_UNKNOWN;
		no_such_name(scope, side, operand);
	} else if (side->domain == DOMAIN_TEXT || named) {
		check_no_word(scope, operand, "text is written in quotes");
	} else {
		operand->kind = OPERAND_UNKNOWN;
		wrong_value(scope, side, operand);
	}
}

/* The side that values are read by: the left's, or the first on the right that
 * has one. */
static const struct operand *leading(const struct cond *cond)
{
	if (cond->left.kind != OPERAND_VALUE)
		return &cond->left;
	for (size_t i = 0; i < cond->right_count; i++)
		if (cond->right[i].kind != OPERAND_VALUE)
			return &cond->right[i];
	return NULL;
}

static void not_comparable(
    const struct scope *scope, const struct operand *a, const struct operand *b)
{
	struct side left = side_of(scope, a), right = side_of(scope, b);

	if (left.codes && right.codes)
		check_error(scope->policy, b->at, NULL,
		    "no code of '%s' is one of '%s', so '%s' and '%s' are "
		    "never equal",
		    left.codes->name, right.codes->name, a->text, b->text);
	else
		check_error(scope->policy, b->at, NULL,
		    "'%s' is %s and '%s' is %s: they cannot be compared",
		    a->text, left.what, b->text, right.what);
}

static void check_sides(
    const struct scope *scope, struct cond *cond, const struct operand *lead)
{
	struct side side = side_of(scope, lead), joined = side;

	if (cond->left.kind == OPERAND_VALUE)
		check_value(scope, &side, &cond->left);
	for (size_t i = 0; i < cond->right_count; i++) {
		struct operand *right = &cond->right[i];
		struct side other;

		if (right->kind == OPERAND_VALUE)
			check_value(scope, &side, right);
		if (!has_side(right) || !check_single(scope, right))
			continue;
		other = side_of(scope, right);
		if (!join(&joined, &other))
			not_comparable(scope, lead, right);
	}
	cond->domain = joined.domain;
	cond->codes = joined.domain == DOMAIN_CODE ? side.codes : NULL;
	check_ordered(scope, cond, &joined);
}

/* =, <, in, ... */
static void check_compared(const struct scope *scope, struct cond *cond)
{
	struct operand *left = &cond->left;
	const struct operand *lead;
	struct side side;

	if (has_side(left) && !check_single(scope, left))
		left->kind = OPERAND_UNKNOWN;
	if (has_side(left))
		side = side_of(scope, left);
	for (size_t i = 0; i < cond->right_count; i++) {
		struct operand *right = &cond->right[i];

		if (check_operand(scope, right))
			continue;
		if (left->kind == OPERAND_UNKNOWN)
			right->kind = OPERAND_UNKNOWN; /* cannot be told */
		else
			check_right_word(
			    scope, has_side(left) ? &side : NULL, right);
	}
	lead = leading(cond);
	if (!lead)
		check_error(scope->policy, cond->at, NULL,
		    "both sides are values, so this says nothing about a "
		    "message");
	else if (lead->kind != OPERAND_UNKNOWN)
		check_sides(scope, cond, lead);
}

/* ---- is, has ---------------------------------------------------------- */

static void check_presence(const struct scope *scope, const struct cond *cond)
{
	const struct operand *left = &cond->left;

	if (left->kind == OPERAND_VALUE)
		check_error(scope->policy, left->at, NULL,
		    "'%s' is a value: only what a message may hold can be "
		    "present or absent",
		    left->text);
	else if (left->kind == OPERAND_AGE)
		check_error(scope->policy, left->at, NULL,
		    "ask whether '%s' is present or absent, not its age",
		    left->text);
}

static void check_has_this(const struct scope *scope, const struct cond *cond)
{
	const struct operand *left = &cond->left;

	if (left->kind == OPERAND_UNKNOWN)
		return;
	if (left->kind != OPERAND_FIELD || left->link ||
	    left->field->type != TYPE_LINK)
		check_error(scope->policy, left->at, NULL,
		    "'%s' is no link: only a link has 'this'", left->text);
	else if (scope->kind != SCOPE_RULE)
		check_error(scope->policy, cond->at, NULL,
		    "'this' can stand only in the 'when' of a rule about "
		    "fields");
}

static void check_has(const struct scope *scope, struct cond *cond)
{
	const struct operand *left = &cond->left;
	struct operand *right = &cond->right[0];
	struct side side, other;

	if (left->kind == OPERAND_UNKNOWN)
		return;
	if (left->kind != OPERAND_FIELD || !left->field->set) {
		check_error(scope->policy, left->at, NULL,
		    "'%s' is no set: only a set 'has' a value%s", left->text,
		    left->kind == OPERAND_FIELD &&
			    left->field->type == TYPE_LINK
			? ", and a link 'has this'"
			: "");
		return;
	}
	if (!check_linked_side(scope, left))
		return;
	side = field_side(left->field);
	if (!check_operand(scope, right))
		check_right_word(scope, &side, right);
	if (right->kind == OPERAND_VALUE)
		check_value(scope, &side, right);
	cond->domain = side.domain;
	cond->codes = side.codes;
	if (!has_side(right) || !check_single(scope, right))
		return;
	other = side_of(scope, right);
	if (!join(&side, &other))
		not_comparable(scope, left, right);
	cond->domain = side.domain;
	cond->codes = side.domain == DOMAIN_CODE ? side.codes : NULL;
}

void check_compare(const struct scope *scope, struct cond *cond)
{
	if (!check_operand(scope, &cond->left) &&
	    !check_header(scope, &cond->left))
		check_no_word(scope, &cond->left,
		    "fields are written ENTITY.FIELD, and codes stand on the "
		    "right");
	if (cond->kind == COND_PRESENT || cond->kind == COND_ABSENT)
		check_presence(scope, cond);
	else if (cond->kind == COND_HAS_THIS)
		check_has_this(scope, cond);
	else if (cond->kind == COND_HAS)
		check_has(scope, cond);
	else
		check_compared(scope, cond);
}
