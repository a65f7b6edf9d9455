/*
 * What the words of a condition stand for (rules 15 and 16): values, header
 * keys, sender, recipient and originator, and paths to fields.
 */

#include <stdio.h>

#include "policy/check.h"

/* ---- sender, recipient, originator ------------------------------------ */

static const char *const parties[] = {
	[PARTY_SENDER] = "sender",
	[PARTY_RECIPIENT] = "recipient",
	[PARTY_ORIGINATOR] = "originator",
};

static const char *const attributes[] = {
	[PARTY_NAME] = "name",
	[PARTY_KIND] = "kind",
	[PARTY_CLEARANCE] = "clearance",
};

/* Whether the path speaks of a party at all. */
static bool check_party(
    const struct scope *scope, struct operand *operand, struct slice entity)
{
	const char *rest = operand->text + entity.len + 1;
	size_t i = 0, j = 0;

	while (i < ARRAY_LEN(parties) && !slice_is(entity, parties[i]))
		i++;
	if (i == ARRAY_LEN(parties))
		return false;
	while (j < ARRAY_LEN(attributes) && strcmp(rest, attributes[j]))
		j++;
	operand->kind = OPERAND_PARTY;
	operand->party = (enum party_role)i;
	operand->attribute = (enum party_attribute)j;
	if (j == ARRAY_LEN(attributes)) {
		operand->kind = OPERAND_UNKNOWN;
		check_error(scope->policy, operand->at,
		    policy_nearest(scope->policy, slice_str(rest), attributes,
			ARRAY_LEN(attributes)),
		    "'%s': of the %s there is only name, kind and clearance",
		    operand->text, parties[i]);
	} else if (i == PARTY_ORIGINATOR && scope->kind != SCOPE_RULE) {
		check_error(scope->policy, operand->at, NULL,
		    "'%s' can stand only in the 'when' of a rule about fields: "
		    "each field has its own originator",
		    operand->text);
	}
	return true;
}

/* ---- fields ----------------------------------------------------------- */

static const char *field_path(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->fields[i]->path;
}

static const char *entity_name(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->entities[i]->name;
}

static void no_entity(const struct scope *scope, const struct operand *operand,
    struct slice entity)
{
	const struct vocabulary *v = scope->vocabulary;
	char name[NAME_BYTES_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(entity));
	check_error(scope->policy, operand->at,
	    check_nearest(
		scope->policy, name, v->entities_count, entity_name, v),
	    "no entity '%s' in %s", name, v->cited);
}

static const struct field *find_field(
    const struct scope *scope, const struct operand *operand, struct slice path)
{
	const struct vocabulary *v = scope->vocabulary;
	const struct field *field = vocabulary_field(v, path);
	const uint8_t *dot = memchr(path.data, '.', path.len);
	struct slice entity =
	    slice_of(path.data, dot ? (size_t)(dot - path.data) : path.len);
	char name[NAME_BYTES_MAX + 1];

	if (field)
		return field;
	if (!vocabulary_entity(v, entity)) {
		no_entity(scope, operand, entity);
		return NULL;
	}
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(path));
	check_error(scope->policy, operand->at,
	    check_nearest(scope->policy, name, v->fields_count, field_path, v),
	    "no field '%s' in %s", name, v->cited);
	return NULL;
}

/* Rule 17: item.about.role, one link deep; the field must exist in at least one
 * entity the link can name. */
static void check_link_path(
    const struct scope *scope, struct operand *operand, size_t link_len)
{
	struct slice path = slice_of(operand->text, link_len);
	const char *name = operand->text + link_len + 1;
	const struct field *link = find_field(scope, operand, path);

	operand->kind = OPERAND_UNKNOWN;
	if (!link)
		return;
	if (link->type != TYPE_LINK) {
		check_error(scope->policy, operand->at, NULL,
		    "'%s' is no link, so '%s' leads nowhere", link->path,
		    operand->text);
		return;
	}
	for (size_t i = 0; i < link->links.count && !operand->field; i++) {
		const struct entity *to = link->link_to[i];

		for (size_t j = 0; to && j < to->count; j++)
			if (!strcmp(to->fields[j].name, name))
				operand->field = &to->fields[j];
	}
	if (!operand->field) {
		check_error(scope->policy, operand->at, NULL,
		    "nothing that '%s' can name has a field '%s'", link->path,
		    name);
		return;
	}
	operand->kind = OPERAND_FIELD;
	operand->link = link;
}

static void check_age(const struct scope *scope, struct operand *operand)
{
	const struct field *field = operand->field;

	if (operand->kind != OPERAND_FIELD)
		return;
	operand->kind = OPERAND_AGE;
	if (operand->link)
		check_error(scope->policy, operand->at, NULL,
		    "age(...) takes ENTITY.FIELD and follows no link");
	else if (field->type != TYPE_DATE || field->set)
		check_error(scope->policy, operand->at, NULL,
		    "age(...) is of a date, and '%s' is none", field->path);
}

static void check_path(const struct scope *scope, struct operand *operand)
{
	const char *dot = strchr(operand->text, '.');
	const char *second = dot ? strchr(dot + 1, '.') : NULL;
	size_t len = dot ? (size_t)(dot - operand->text) : 0;

	operand->kind = OPERAND_UNKNOWN;
	if (!dot) { /* only age(x) comes here without one */
		check_error(scope->policy, operand->at, NULL,
		    "age(...) takes ENTITY.FIELD, such as age(subject.born)");
		return;
	}
	if (!operand->age &&
	    check_party(scope, operand, slice_of(operand->text, len)))
		return;
	if (second && strchr(second + 1, '.')) {
		check_error(scope->policy, operand->at, NULL,
		    "'%s' is too long: a path can follow one link",
		    operand->text);
		return;
	}
	if (second) {
		check_link_path(
		    scope, operand, (size_t)(second - operand->text));
	} else {
		operand->field =
		    find_field(scope, operand, slice_str(operand->text));
		if (operand->field)
			operand->kind = OPERAND_FIELD;
	}
	if (operand->age)
		check_age(scope, operand);
}

/* ---- words ------------------------------------------------------------ */

static bool is_value(const struct operand *operand)
{
	char first = operand->text[0];

	return operand->quoted || first == '-' ||
	       (first >= '0' && first <= '9');
}

bool check_operand(const struct scope *scope, struct operand *operand)
{
	if (!operand->age && is_value(operand))
		operand->kind = OPERAND_VALUE;
	else if (operand->age || strchr(operand->text, '.'))
		check_path(scope, operand);
	else
		return false;
	return true;
}

bool check_header(const struct scope *scope, struct operand *operand)
{
	int key = check_find_header_key(operand->text);

	if (key < 0)
		return false;
	operand->kind = OPERAND_HEADER;
	operand->header = (enum header_key)key;
	if (key == HEADER_GATEWAY && scope->kind == SCOPE_VOCABULARY)
		check_error(scope->policy, operand->at, NULL,
		    "a vocabulary knows no gateway: clauses do");
	return true;
}

static const char *header_key(const void *from, size_t i)
{
	return check_header_key(i);
}

void check_no_word(
    const struct scope *scope, struct operand *operand, const char *hence)
{
	operand->kind = OPERAND_UNKNOWN;
	if (!strcmp(operand->text, "this"))
		check_error(scope->policy, operand->at, NULL,
		    "'this' can stand only after 'has', as in item.about has "
		    "this");
	else
		check_error(scope->policy, operand->at,
		    check_nearest(scope->policy, operand->text,
			HEADER_GATEWAY + 1, header_key, NULL),
		    "'%s' is no header key; %s", operand->text, hence);
}
