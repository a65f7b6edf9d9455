/*
 * The sides of a comparison: what an operand stands for, and how two of them
 * compare. A side that is absent cannot be compared, and neither can one whose
 * value is hidden, except that policy_possible() has to reckon with any value.
 */

#include "policy/decide.h"

#include "util/clock.h"

__extension__ typedef __int128 int128;

const struct instance *scope_instance(const struct view *view,
    const struct scope *scope, const struct entity *entity)
{
	if (scope->over && scope->over->entity == entity)
		return scope->over;
	if (scope->self && scope->self->entity == entity)
		return scope->self;
	return view_instance(view, entity, 0);
}

struct datum datum_field(const struct view *view,
    const struct instance *instance, const struct field *field)
{
	uint32_t at = view_find(view, instance, field);
	struct slice value;
	struct datum d = { .kind = DATUM_ABSENT };
	bool flag;

	if (at == NOWHERE) {
		d.kind = view->unseen ? DATUM_MAYBE : DATUM_ABSENT;
		return d;
	}
	d.kind = DATUM_HIDDEN;
	if (view_state(view, at) == POLICY_HIDDEN)
		return d;
	value = view_value(view, at);
	if (field->set || field->type == TYPE_LINK) {
		d.kind = DATUM_LIST;
		d.text = value;
		if (field->type == TYPE_LINK && packed_is_empty_list(value))
			d.kind = DATUM_ABSENT; /* no link (rule 19) */
	} else if (field->type == TYPE_INTEGER) {
		if (packed_integer(value, &d.number))
			d.kind = DATUM_NUMBER;
	} else if (field->type == TYPE_FLAG) {
		if (packed_flag(value, &flag))
			d = (struct datum){ .kind = DATUM_NUMBER,
				.number = flag };
	} else if (packed_text(value, &d.text)) {
		d.kind = DATUM_TEXT;
	}
	return d;
}

/* The field of the same name where a link leads (rule 17). */
const struct field *field_at(
    const struct field *field, const struct entity *entity)
{
	if (field->entity == entity)
		return field;
	for (size_t i = 0; i < entity->count; i++)
		if (!strcmp(entity->fields[i].name, field->name))
			return &entity->fields[i];
	return NULL;
}

static struct datum datum_path(
    const struct view *view, const struct scope *scope, const struct operand *o)
{
	const struct instance *instance = NULL;
	const struct field *field = o->field;

	if (!o->link)
		return datum_field(
		    view, scope_instance(view, scope, field->entity), field);
	for (size_t i = 0; i < 2; i++)
		if (scope->bound[i].link == o->link)
			instance = scope->bound[i].to;
	field = instance ? field_at(field, instance->entity) : NULL;
	return field ? datum_field(view, instance, field)
		     : (struct datum){ .kind = DATUM_ABSENT };
}

static struct datum datum_age(
    const struct view *view, const struct scope *scope, const struct operand *o)
{
	struct datum d = datum_path(view, scope, o);
	int32_t born;

	if (d.kind != DATUM_TEXT)
		return d;
	if (!clock_parse_day((const char *)d.text.data, d.text.len, &born))
		return (struct datum){ .kind = DATUM_HIDDEN };
	return (struct datum){ .kind = DATUM_NUMBER,
		.number = clock_age(born, view->sent_day) };
}

static struct datum datum_text(const char *text)
{
	return text ? (struct datum){ .kind = DATUM_TEXT,
		.text = slice_str(text) }
		    : (struct datum){ .kind = DATUM_ABSENT };
}

static struct datum datum_instant(int64_t at)
{
	return (struct datum){ .kind = at ? DATUM_INSTANT : DATUM_ABSENT,
		.number = at };
}

static struct datum datum_header(
    const struct view *view, const struct scope *scope, const struct operand *o)
{
	const struct policy_message *m = view->m;

	switch (o->header) {
	case HEADER_TYPE:
		return datum_text(m->type);
	case HEADER_AGREEMENT:
		return (struct datum){ .kind = DATUM_TEXT,
			.text = slice_str(view->agreement->cited),
			.versioned = true };
	case HEADER_PURPOSE:
		return datum_text(m->purpose);
	case HEADER_MARKING:
		return datum_text(m->marking);
	case HEADER_SENT:
		return (struct datum){ .kind = DATUM_DAY,
			.number = view->sent_day };
	case HEADER_PRIORITY:
		return datum_text(m->priority);
	case HEADER_HANDLING_INSTRUCTION:
		return datum_text(m->handling_instruction);
	case HEADER_EMBARGO_UNTIL:
		return datum_instant(m->embargo_until);
	case HEADER_EXPIRES:
		return datum_instant(m->expires);
	case HEADER_GATEWAY:
		return datum_text(scope->gateway);
	}
	return (struct datum){ .kind = DATUM_ABSENT };
}

static struct datum datum_party(
    const struct view *view, const struct scope *scope, const struct operand *o)
{
	const struct partner *who = view->sender;

	if (o->party == PARTY_RECIPIENT)
		who = view->recipient;
	if (o->party == PARTY_ORIGINATOR && scope->originator_unknown)
		return (struct datum){ .kind = DATUM_HIDDEN };
	if (o->party == PARTY_ORIGINATOR && scope->originator)
		who = policy_partner(view->p, slice_str(scope->originator));
	if (!who)
		return (struct datum){ .kind = DATUM_ABSENT };
	switch (o->attribute) {
	case PARTY_NAME:
		return datum_text(who->name);
	case PARTY_KIND:
		return datum_text(who->kind.text);
	case PARTY_CLEARANCE:
		return datum_text(who->clearance.text);
	}
	return (struct datum){ .kind = DATUM_ABSENT };
}

struct datum datum_operand(
    const struct view *view, const struct scope *scope, const struct operand *o)
{
	switch (o->kind) {
	case OPERAND_UNKNOWN:
		break;
	case OPERAND_VALUE:
		return (struct datum){ .kind = DATUM_LITERAL, .literal = o };
	case OPERAND_FIELD:
		return datum_path(view, scope, o);
	case OPERAND_AGE:
		return datum_age(view, scope, o);
	case OPERAND_HEADER:
		return datum_header(view, scope, o);
	case OPERAND_PARTY:
		return datum_party(view, scope, o);
	}
	return (struct datum){ .kind = DATUM_ABSENT };
}

static struct slice text_of(const struct datum *d)
{
	return d->kind == DATUM_LITERAL ? slice_str(d->literal->text) : d->text;
}

/* What orders a side in this domain; false: nothing does. */
static bool number_of(
    const struct cond *c, const struct datum *d, struct literal *ret)
{
	*ret = (struct literal){ .number = d->number };
	if (d->kind == DATUM_LITERAL) {
		*ret = d->literal->literal;
		return true;
	}
	if (d->kind == DATUM_TEXT)
		return literal_parse(c->domain, c->codes, d->text, ret);
	return d->kind != DATUM_LIST;
}

static int order(const struct literal *a, const struct literal *b)
{
	int128 x = a->number, y = b->number;

	for (int32_t i = a->scale; i < b->scale; i++)
		x *= 10;
	for (int32_t i = b->scale; i < a->scale; i++)
		y *= 10;
	return (x > y) - (x < y);
}

static unsigned by_order(enum compare compare, int order)
{
	static const struct {
		bool below, equal, above;
	} table[] = {
		[COMPARE_EQ] = { false, true, false },
		[COMPARE_NE] = { true, false, true },
		[COMPARE_LT] = { true, false, false },
		[COMPARE_LE] = { true, true, false },
		[COMPARE_GT] = { false, false, true },
		[COMPARE_GE] = { false, true, true },
	};
	bool yes = order < 0    ? table[compare].below
		   : order == 0 ? table[compare].equal
				: table[compare].above;

	return yes ? TRUTH_YES : TRUTH_NO;
}

/* A side that is not known; 0 when both are. */
unsigned datum_unsure(
    const struct view *view, const struct datum *a, const struct datum *b)
{
	if (a->kind == DATUM_ABSENT || b->kind == DATUM_ABSENT)
		return TRUTH_CANNOT;
	if (a->kind == DATUM_MAYBE || b->kind == DATUM_MAYBE)
		return TRUTH_ANY;
	if (a->kind == DATUM_HIDDEN || b->kind == DATUM_HIDDEN)
		return view->possible ? TRUTH_YES | TRUTH_NO : TRUTH_CANNOT;
	return 0;
}

/* `agreement = warwickshire-socjag` means any version of it. */
static bool text_equal(const struct datum *a, const struct datum *b)
{
	struct slice x = text_of(a), y = text_of(b);

	if (a->versioned && y.len < x.len && x.data[y.len] == '/' &&
	    !memchr(y.data, '/', y.len))
		x.len = y.len;
	return slice_eq(x, y);
}

unsigned datum_compare(const struct view *view, const struct cond *c,
    enum compare compare, const struct datum sides[2])
{
	bool equality = compare == COMPARE_EQ || compare == COMPARE_NE;
	unsigned unsure = datum_unsure(view, &sides[0], &sides[1]);
	struct literal a, b;

	if (unsure)
		return unsure;
	if (equality && (c->domain == DOMAIN_TEXT || c->domain == DOMAIN_CODE))
		return by_order(compare, !text_equal(&sides[0], &sides[1]) &&
					     !text_equal(&sides[1], &sides[0]));
	if (!number_of(c, &sides[0], &a) || !number_of(c, &sides[1], &b))
		return TRUTH_CANNOT;
	return by_order(compare, order(&a, &b));
}

/* Whether the list @sides[0] holds the text @sides[1]. */
unsigned datum_has(const struct view *view, const struct datum sides[2])
{
	unsigned unsure = datum_unsure(view, &sides[0], &sides[1]);
	struct packed_list list;
	struct slice text;

	if (unsure)
		return unsure;
	if (sides[0].kind != DATUM_LIST || !packed_list(sides[0].text, &list))
		return TRUTH_CANNOT;
	while (packed_next(&list, &text))
		if (slice_eq(text, text_of(&sides[1])))
			return TRUTH_YES;
	return TRUTH_NO;
}
