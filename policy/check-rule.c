/*
 * Rules: what they select, whether a reducer or mask fits it, and what their
 * conditions may ask (rules 5, 7, 17, 23, 24).
 */

#include <stdio.h>

#include "policy/check.h"

/* ---- selectors -------------------------------------------------------- */

static const char *entity_name(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->entities[i]->name;
}

static const char *field_path(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->fields[i]->path;
}

static const char *class_name(const void *from, size_t i)
{
	static const char *const known[] = { "sensitive", "grade" };
	const struct vocabulary *v = from;

	return i < ARRAY_LEN(known) ? known[i]
				    : v->classes[i - ARRAY_LEN(known)].text;
}

static void resolve_entity(
    struct policy *p, const struct vocabulary *v, struct selector *selector)
{
	const char *name = selector->entity_name;

	selector->entity = vocabulary_entity(v, slice_str(name));
	if (!selector->entity)
		check_error(p, selector->at,
		    check_nearest(p, name, v->entities_count, entity_name, v),
		    "no entity '%s' in %s", name, v->cited);
}

static void resolve_field(
    struct policy *p, const struct vocabulary *v, struct selector *selector)
{
	char path[POLICY_PATH_MAX + 1];

	resolve_entity(p, v, selector);
	if (!selector->entity)
		return;
	snprintf(path, sizeof(path), "%s.%s", selector->entity_name,
	    selector->field_name);
	selector->field = vocabulary_field(v, slice_str(path));
	if (!selector->field)
		check_error(p, selector->at,
		    check_nearest(p, path, v->fields_count, field_path, v),
		    "no field '%s' in %s", path, v->cited);
}

static void resolve_class(
    struct policy *p, const struct vocabulary *v, struct selector *selector)
{
	const char *name = selector->class_name;

	selector->class_bit = vocabulary_class(v, name);
	if (!selector->class_bit)
		check_error(p, selector->at,
		    check_nearest(p, name, v->classes_count + 2, class_name, v),
		    "no class '%s' in %s", name, v->cited);
	if (selector->entity_name)
		resolve_entity(p, v, selector);
}

static void resolve_selector(
    struct policy *p, const struct vocabulary *v, struct selector *selector)
{
	if (selector->kind == SELECT_FIELD)
		resolve_field(p, v, selector);
	else if (selector->kind == SELECT_ENTITY)
		resolve_entity(p, v, selector);
	else if (selector->kind == SELECT_CLASS)
		resolve_class(p, v, selector);
}

bool check_selects(const struct selector *selector, const struct field *field)
{
	if (selector->kind == SELECT_FIELD)
		return selector->field == field;
	if (selector->kind == SELECT_ENTITY)
		return selector->entity == field->entity;
	if (selector->kind == SELECT_EVERY)
		return true;
	return (field->classes & selector->class_bit) &&
	       (!selector->entity_name || selector->entity == field->entity);
}

static bool rule_selects(const struct rule *rule, const struct field *field)
{
	for (size_t i = 0; i < rule->selectors_count; i++)
		if (check_selects(&rule->selectors[i], field))
			return true;
	return false;
}

/* ---- reducers and masks ----------------------------------------------- */

#define FITS(type) (1u << (type))

static const struct {
	unsigned types;
	const char *words;
} fits[] = {
	[REDUCE_MONTH] = { FITS(TYPE_DATE), "a date" },
	[REDUCE_YEAR] = { FITS(TYPE_DATE), "a date" },
	[REDUCE_AGE_BAND] = { FITS(TYPE_DATE), "a date" },
	[REDUCE_SECTOR] = { FITS(TYPE_POSTCODE), "a postcode" },
	[REDUCE_DISTRICT] = { FITS(TYPE_POSTCODE), "a postcode" },
	[REDUCE_AREA] = { FITS(TYPE_POSTCODE), "a postcode" },
	[REDUCE_INITIALS] = { FITS(TYPE_TEXT), "a text" },
	[REDUCE_BAND] = { FITS(TYPE_INTEGER) | FITS(TYPE_DECIMAL),
	    "an integer or decimal" },
	[MASK_FIRST] = { FITS(TYPE_TEXT) | FITS(TYPE_POSTCODE) |
			     FITS(TYPE_PHONE) | FITS(TYPE_PLATE) |
			     FITS(TYPE_REFERENCE),
	    "a text, postcode, phone, plate or reference" },
	[MASK_LAST] = { FITS(TYPE_TEXT) | FITS(TYPE_POSTCODE) |
			    FITS(TYPE_PHONE) | FITS(TYPE_PLATE) |
			    FITS(TYPE_REFERENCE),
	    "a text, postcode, phone, plate or reference" },
};

static const char *const type_names[] = {
	[TYPE_TEXT] = "text",
	[TYPE_NARRATIVE] = "narrative",
	[TYPE_INTEGER] = "integer",
	[TYPE_DECIMAL] = "decimal",
	[TYPE_DATE] = "date",
	[TYPE_TIME] = "time",
	[TYPE_FLAG] = "flag",
	[TYPE_POSTCODE] = "postcode",
	[TYPE_PHONE] = "phone",
	[TYPE_PLATE] = "plate",
	[TYPE_REFERENCE] = "reference",
	[TYPE_PARTY] = "party",
	[TYPE_CODE] = "code",
	[TYPE_LINK] = "link",
};

static bool fits_field(
    const struct reduction *reduction, const struct field *field)
{
	return !field->set && (fits[reduction->kind].types & FITS(field->type));
}

/* A selector of many fields may take in some that do not fit: they are withheld
 * (rule 23), which its author should know. One that fits none is a mistake. */
static void check_fits(struct policy *p, const struct vocabulary *v,
    const struct rule *rule, const struct selector *selector)
{
	const struct reduction *reduction = &rule->reduction;
	const struct field *misfit = NULL;
	size_t fitting = 0;

	for (size_t i = 0; i < v->fields_count; i++) {
		if (!check_selects(selector, v->fields[i]))
			continue;
		if (fits_field(reduction, v->fields[i]))
			fitting++;
		else if (!misfit)
			misfit = v->fields[i];
	}
	if (!misfit)
		return;
	if (fitting)
		check_warn(p, selector->at,
		    "'%s' is for %s; '%s' is a %s%s, and where it is selected "
		    "too it is withheld",
		    reduction->name, fits[reduction->kind].words, misfit->path,
		    misfit->set ? "set of " : "", type_names[misfit->type]);
	else
		check_error(p, selector->at, NULL,
		    "'%s' is for %s; '%s' is a %s%s", reduction->name,
		    fits[reduction->kind].words, misfit->path,
		    misfit->set ? "set of " : "", type_names[misfit->type]);
}

/* The reduced value travels as a field of its own, subject.born~year. */
static void check_form(
    struct policy *p, const struct rule *rule, const struct selector *selector)
{
	const char *form = rule->reduction.name;
	size_t len = strlen(form);

	if (!strncmp(form, "keep ", 5))
		len -= 5;
	if (selector->field &&
	    strlen(selector->field->path) + 1 + len > POLICY_PATH_MAX)
		check_error(p, selector->at, NULL,
		    "'%s' is too long a path to be reduced to '%s': together "
		    "they have at most %u bytes",
		    selector->field->path, form, POLICY_PATH_MAX - 1);
}

/* ---- one rule --------------------------------------------------------- */

static bool resolved(const struct rule *rule)
{
	for (size_t i = 0; i < rule->selectors_count; i++) {
		const struct selector *selector = &rule->selectors[i];

		if ((selector->field_name && !selector->field) ||
		    (selector->entity_name && !selector->entity) ||
		    (selector->class_name && !selector->class_bit))
			return false;
	}
	return true;
}

/* The entities that have a field the rule selects. */
static size_t selected_entities(struct policy *p, const struct vocabulary *v,
    const struct rule *rule, const struct entity ***ret)
{
	size_t count = 0;

	*ret = arena_array(
	    &p->arena, v->entities_count + 1, const struct entity *);
	for (size_t i = 0; i < v->fields_count; i++) {
		const struct entity *entity = v->fields[i]->entity;

		if ((count == 0 || (*ret)[count - 1] != entity) &&
		    rule_selects(rule, v->fields[i]))
			(*ret)[count++] = entity;
	}
	return count;
}

static void check_when(
    struct policy *p, const struct vocabulary *v, struct rule *rule, bool whole)
{
	struct scope scope = {
		.policy = p, .vocabulary = v, .kind = SCOPE_RULE
	};
	const struct entity **own;

	if (!rule->when)
		return;
	if (rule->action == POLICY_REFUSE)
		scope.kind = SCOPE_CLAUSE;
	else if (whole)
		scope.own_count = selected_entities(p, v, rule, &own);
	if (scope.own_count)
		scope.own = own;
	check_cond(&scope, rule->when);
}

static void check_rule(struct policy *p, const struct vocabulary *v,
    struct rule *rule, bool standing)
{
	bool whole;

	for (size_t i = 0; i < rule->selectors_count; i++)
		resolve_selector(p, v, &rule->selectors[i]);
	whole = resolved(rule);
	for (size_t i = 0; i < rule->selectors_count && whole; i++) {
		if (!rule->reduction.name)
			continue;
		check_fits(p, v, rule, &rule->selectors[i]);
		check_form(p, rule, &rule->selectors[i]);
	}
	if (standing && rule->action == POLICY_RELEASE)
		check_error(p, rule->at, NULL,
		    "a standing rule may not release: it only closes what "
		    "agreements open");
	if (rule->target && strcmp(rule->target, "originator"))
		check_partner_name(
		    p, (struct name){ rule->target, rule->target_at });
	check_when(p, v, rule, whole);
}

/* The entities, by id, that some record of the clause holds. */
static bool *shared_entities(
    const struct vocabulary *v, const struct clause *clause)
{
	bool *shared = mem_array(v->entities_count + 1, sizeof(*shared));

	for (size_t i = 0; i < clause->share.count; i++) {
		const struct record *record = vocabulary_record(
		    v, slice_str(clause->share.items[i].text));

		for (size_t j = 0; record && j < record->count; j++)
			if (record->parts[j].entity)
				shared[record->parts[j].entity->id] = true;
	}
	return shared;
}

/* A rule about what no record of its clause holds never decides anything. */
static void check_shared(
    struct policy *p, const struct vocabulary *v, const struct clause *clause)
{
	_cleanup_free_ bool *shared = shared_entities(v, clause);

	for (size_t i = 0; i < clause->rules_count; i++) {
		const struct rule *rule = &clause->rules[i];

		for (size_t j = 0; j < rule->selectors_count; j++) {
			const struct selector *selector = &rule->selectors[j];

			if (!selector->entity || shared[selector->entity->id])
				continue;
			check_warn(p, selector->at,
			    "no record that clause %s shares holds a %s, so "
			    "this decides nothing",
			    clause->label, selector->entity->name);
		}
	}
}

void check_rules(struct policy *p, const struct vocabulary *v,
    struct clause *clause, bool standing)
{
	struct scope scope = {
		.policy = p, .vocabulary = v, .kind = SCOPE_CLAUSE
	};

	check_cond(&scope, clause->only_when);
	for (size_t i = 0; i < clause->retains_count; i++)
		check_cond(&scope, clause->retains[i].when);
	for (size_t i = 0; i < clause->rules_count; i++)
		check_rule(p, v, &clause->rules[i], standing);
	if (clause->share.count)
		check_shared(p, v, clause);
}
