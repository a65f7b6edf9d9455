/*
 * Whether a message can be read at all (rule 3): its own mistakes, which no
 * agreement could mend. Nothing of a message that has one is sent to anybody.
 */

#include "policy/decide.h"

#include <stdio.h>

#include "util/clock.h"
#include "util/text.h"

struct checking {
	struct view view;
	const struct record *record;
	struct expansion to;
	struct arena arena;
	struct why *why;
};

/* "subject[1].born", or as the caller calls it. */
static const char *where_is(
    struct checking *c, const struct field *f, const struct instance *instance)
{
	uint32_t position = view_find(&c->view, instance, f);

	if (position != NOWHERE && c->view.m->fields[position].where)
		return c->view.m->fields[position].where;
	if (!f->entity->many || !instance)
		return f->path;
	return arena_format(
	    &c->arena, "%s[%u].%s", f->entity->name, instance->number, f->name);
}

static const char *suggest(struct checking *c, const char *near)
{
	return near ? arena_format(&c->arena, "; did you mean '%s'?", near)
		    : "";
}

/* ---- the header ------------------------------------------------------- */

static const char *nearest_code(
    struct checking *c, const struct codes *codes, struct slice text)
{
	const char **names = arena_array(&c->arena, codes->count, const char *);

	for (size_t i = 0; i < codes->count; i++)
		names[i] = codes->items[i].text;
	return suggest(c, text_nearest(text, names, codes->count));
}

static bool check_said(struct checking *c)
{
	const struct policy_message *m = c->view.m;
	const struct {
		const char *key;
		const char *text;
	} keys[] = {
		{ "from", m->from },
		{ "type", m->type },
		{ "agreement", m->agreement },
		{ "purpose", m->purpose },
		{ "marking", m->marking },
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!keys[i].text) {
			why_set(
			    c->why, "%s: the message has none", keys[i].key);
			return false;
		}
	if (m->count > POLICY_FIELDS_MAX) {
		why_set(c->why, "the message has more than %u fields",
		    POLICY_FIELDS_MAX);
		return false;
	}
	return true;
}

static bool check_sender(struct checking *c)
{
	const char *from = c->view.m->from;

	c->view.sender = policy_partner(c->view.p, slice_str(from));
	if (c->view.sender)
		return true;
	why_set(c->why, "from: there is no partner '%s'%s", from,
	    suggest(c, policy_nearest_partner(c->view.p, slice_str(from))));
	return false;
}

/* The header's three that are codes. */
static bool check_codes(struct checking *c)
{
	const struct policy_message *m = c->view.m;
	const struct {
		const char *key;
		const char *text;
		const struct codes *codes;
	} keys[] = {
		{ "purpose", m->purpose, c->view.v->purpose },
		{ "marking", m->marking, c->view.v->marking },
		{ "priority", m->priority, &codes_priority },
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct slice text = slice_str(keys[i].text);

		if (!keys[i].text || codes_find(keys[i].codes, text) >= 0)
			continue;
		why_set(c->why, "%s: there is no %s '%s'%s", keys[i].key,
		    keys[i].key, keys[i].text,
		    nearest_code(c, keys[i].codes, text));
		return false;
	}
	return true;
}

static bool check_header(struct checking *c)
{
	const struct policy_message *m = c->view.m;
	const struct vocabulary *v = c->view.v;

	c->record = vocabulary_record(v, slice_str(m->type));
	if (!c->record) {
		why_set(c->why, "type: %s has no '%s'%s", v->cited, m->type,
		    suggest(c, policy_nearest_type(
				   c->view.p, v->cited, slice_str(m->type))));
		return false;
	}
	return check_codes(c);
}

/* ---- fields ----------------------------------------------------------- */

static const struct part *part_of(
    const struct checking *c, const struct entity *entity)
{
	for (size_t i = 0; i < c->record->count; i++)
		if (c->record->parts[i].entity == entity)
			return &c->record->parts[i];
	return NULL;
}

static bool check_place(struct checking *c, uint32_t position)
{
	const struct policy_field *given = &c->view.m->fields[position];
	const struct field *f = c->view.fields[position];
	const struct part *part = f ? part_of(c, f->entity) : NULL;
	const struct instance *instance;

	if (!f) {
		why_set(c->why, "%s: %s has no field '%.*s'%s",
		    given->where ? given->where : "field", c->view.v->cited,
		    SLICE_ARG(given->path),
		    suggest(c, policy_nearest_field(
				   c->view.p, c->view.v->cited, given->path)));
		return false;
	}
	instance = &c->view.instances[c->view.instance[position]];
	if (!part)
		why_set(c->why, "%s: %s has no '%s'", where_is(c, f, instance),
		    c->record->name, f->entity->name);
	else if (given->instance && !part->many)
		why_set(c->why, "%s: %s has one '%s'", where_is(c, f, instance),
		    c->record->name, f->entity->name);
	else if (given->instance >= POLICY_INSTANCES_MAX)
		why_set(c->why, "%s: there are more than %u",
		    where_is(c, f, instance), POLICY_INSTANCES_MAX);
	else if (view_find(&c->view, instance, f) != position)
		why_set(c->why, "%s is there twice", where_is(c, f, instance));
	else
		return true;
	return false;
}

/* What is wrong with a text of this type; NULL: nothing. */
static const char *text_wrong(
    struct checking *c, const struct field *f, struct slice text)
{
	const char *s = (const char *)text.data;
	struct literal number;
	int32_t day;
	int64_t at;

	switch (f->type) {
	case TYPE_DATE:
		return clock_parse_day(s, text.len, &day)
			   ? NULL
			   : "is no date like 1990-02-03";
	case TYPE_TIME:
		return clock_parse(s, text.len, &at)
			   ? NULL
			   : "is no time like 2026-05-04T10:00:00Z";
	case TYPE_DECIMAL:
		return literal_parse(DOMAIN_DECIMAL, NULL, text, &number)
			   ? NULL
			   : "is no decimal like 12.50 of at most 18 digits";
	case TYPE_POSTCODE:
		return value_is_postcode(text) ? NULL
					       : "is no postcode like CV21 3AB";
	case TYPE_PLATE:
		if (!value_is_plate(text))
			return "is no plate: upper case, no blanks";
		break;
	case TYPE_CODE:
		return codes_find(f->codes, text) >= 0
			   ? NULL
			   : arena_format(&c->arena, "is no code of %s%s",
				 f->codes->name,
				 nearest_code(c, f->codes, text));
	case TYPE_PARTY:
		return policy_partner(c->view.p, text)
			   ? NULL
			   : arena_format(&c->arena, "is no partner%s",
				 suggest(c,
				     policy_nearest_partner(c->view.p, text)));
	case TYPE_TEXT:
	case TYPE_NARRATIVE:
	case TYPE_PHONE:
	case TYPE_REFERENCE:
	case TYPE_INTEGER:
	case TYPE_FLAG:
	case TYPE_LINK:
		break;
	}
	return text_fault(text);
}

static const char *link_wrong(
    struct checking *c, const struct field *f, struct slice text)
{
	struct slice name;
	unsigned number;

	if (!packed_link(text, &name, &number))
		return "is no link like subject/0";
	for (size_t i = 0; i < f->links.count; i++)
		if (slice_is(name, f->link_to[i]->name))
			return view_instance(&c->view, f->link_to[i], number)
				   ? NULL
				   : "is not in the message";
	return "is not what it can link to";
}

/* The text shown may be long: a message for people shows its beginning. */
#define SHOWN 60

static bool wrong(struct checking *c, uint32_t position, struct slice text,
    const char *problem)
{
	const char *where = where_is(c, c->view.fields[position],
	    &c->view.instances[c->view.instance[position]]);

	if (!text.data || text.len > SHOWN || text_fault(text))
		why_set(c->why, "%s: the value %s", where, problem);
	else
		why_set(
		    c->why, "%s: '%.*s' %s", where, SLICE_ARG(text), problem);
	return false;
}

/* Whether @text stands among the last @last of a list. */
static bool is_in(struct slice text, struct slice value, size_t last)
{
	struct packed_list list;
	struct slice other;

	if (!packed_list(value, &list))
		return false;
	while (packed_next(&list, &other))
		if (list.left < last && slice_eq(text, other))
			return true;
	return false;
}

static bool check_list(
    struct checking *c, uint32_t position, struct slice value)
{
	const struct field *f = c->view.fields[position];
	struct packed_list list;
	struct slice text;

	if (!packed_is_list(value) || !packed_list(value, &list))
		return wrong(c, position, (struct slice){ 0 }, "is no list");
	while (packed_next(&list, &text)) {
		const char *problem = f->type == TYPE_LINK
					  ? link_wrong(c, f, text)
					  : text_wrong(c, f, text);

		if (!problem && is_in(text, value, list.left))
			problem = "is there twice";
		if (problem)
			return wrong(c, position, text, problem);
	}
	return true;
}

static bool check_value(struct checking *c, uint32_t position)
{
	const struct field *f = c->view.fields[position];
	struct slice value = view_value(&c->view, position), text = { 0 };
	const char *problem;
	int64_t number;
	bool flag;

	if (view_state(&c->view, position) == POLICY_HIDDEN)
		return true;
	if (f->set || f->type == TYPE_LINK)
		return check_list(c, position, value);
	if (f->type == TYPE_INTEGER)
		problem = packed_integer(value, &number) ? NULL
							 : "is no whole number";
	else if (f->type == TYPE_FLAG)
		problem =
		    packed_flag(value, &flag) ? NULL : "is not true or false";
	else if (!packed_text(value, &text))
		problem = "is no text";
	else
		problem = text_wrong(c, f, text);
	return !problem || wrong(c, position, text, problem);
}

static bool check_originator(struct checking *c, uint32_t position)
{
	const char *name = view_originator(&c->view, position);

	if (!name || policy_partner(c->view.p, slice_str(name)))
		return true;
	why_set(c->why, "originators: there is no partner '%s'%s", name,
	    suggest(c, policy_nearest_partner(c->view.p, slice_str(name))));
	return false;
}

/* ---- what must and must not be there ---------------------------------- */

/* They bind only on yes (rule 20), for whichever recipient. */
static bool binds(
    struct checking *c, const struct cond *when, const struct instance *self)
{
	struct scope scope = { .self = self };
	bool yes;

	if (!when)
		return true;
	if (!(cond_reads(when) & READS_RECIPIENT))
		return cond_ask(&c->view, &scope, when) == TRUTH_YES;
	yes = false;
	for (size_t i = 0; i < c->to.count && !yes; i++) {
		c->view.recipient =
		    policy_partner(c->view.p, slice_str(c->to.names[i]));
		yes = cond_ask(&c->view, &scope, when) == TRUTH_YES;
	}
	return yes;
}

static bool check_instance(struct checking *c, const struct instance *instance)
{
	const struct entity *entity = instance->entity;

	for (size_t i = 0; i < entity->count; i++) {
		const struct field *f = &entity->fields[i];
		bool there =
		    datum_field(&c->view, instance, f).kind != DATUM_ABSENT;

		if ((f->required || f->required_when) && !there &&
		    binds(c, f->required_when, instance)) {
			why_set(c->why, "%s is required%s",
			    where_is(c, f, instance),
			    f->required_when ? " here" : "");
			return false;
		}
		if (f->absent_when && there &&
		    binds(c, f->absent_when, instance)) {
			why_set(c->why, "%s must not be given here",
			    where_is(c, f, instance));
			return false;
		}
	}
	return true;
}

/* The one instance of a part is there even when nothing of it is said. */
static bool check_parts(struct checking *c)
{
	for (size_t i = 0; i < c->record->count; i++) {
		const struct part *part = &c->record->parts[i];
		struct instance none = {
			.entity = part->entity,
			.first = NOWHERE,
		};

		if (!part->many && !view_instance(&c->view, part->entity, 0) &&
		    !check_instance(c, &none))
			return false;
	}
	for (uint32_t i = 0; i < c->view.instances_count; i++)
		if (!check_instance(c, &c->view.instances[i]))
			return false;
	return true;
}

static bool check_fields(struct checking *c)
{
	const struct policy_message *m = c->view.m;

	for (uint32_t i = 0; i < m->count; i++)
		if (!check_place(c, i))
			return false;
	for (uint32_t i = 0; i < m->count; i++)
		if (!check_value(c, i) || !check_originator(c, i))
			return false;
	return check_parts(c);
}

static bool check_addressees(
    struct checking *c, const char *const *recipients, size_t count)
{
	struct expansion *to = &c->to;

	to->p = c->view.p;
	to->from = c->view.m->from;
	to->agreement = c->view.m->agreement;
	to->arena = &c->arena;
	return expand_all(to, recipients, count, c->why);
}

/* Read it under the agreement, when there is one of that name: else that is
 * all that can be said of it, and the decision says it. */
static bool check_content(struct checking *c)
{
	struct why problem = { 0 };

	c->view.agreement = expand_agreement(&c->to, &problem);
	if (problem.text[0]) {
		*c->why = problem;
		return false;
	}
	if (!c->view.agreement)
		return true;
	c->view.v = c->view.agreement->vocabulary;
	if (!check_header(c))
		return false;
	view_build(&c->view, &c->arena);
	return check_fields(c);
}

bool policy_valid(const struct policy *p, const struct policy_message *m,
    const char *const *recipients, size_t count, int64_t now, struct why *why)
{
	struct checking c = {
		.view = {
			.p = p,
			.m = m,
			.sent_day = clock_london_day(m->sent),
		},
		.to = { .day = clock_london_day(now) },
		.why = why,
	};
	bool valid;

	valid = check_said(&c) && check_sender(&c) &&
		check_addressees(&c, recipients, count) && check_content(&c);
	arena_deinit(&c.arena);
	return valid;
}
