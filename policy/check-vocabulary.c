/*
 * Vocabularies: names resolved, indexes made, and the names refused that would
 * make a condition or a record ambiguous (end of the grammar).
 */

#include <stdlib.h>

#include "policy/check.h"

/* ---- codes ------------------------------------------------------------ */

static int code_by_text(const void *left, const void *right)
{
	const struct code *const *a = left, *const *b = right;

	return strcmp((*a)->text, (*b)->text);
}

static void index_codes(struct policy *p, struct codes *codes)
{
	const struct code **sorted =
	    arena_array(&p->arena, codes->count + 1, const struct code *);

	for (size_t i = 0; i < codes->count; i++)
		sorted[i] = &codes->items[i];
	if (codes->count)
		mem_sort(
		    sorted, codes->count, sizeof(const void *), code_by_text);
	codes->sorted = sorted;
}

static void check_codes(struct policy *p, struct codes *codes)
{
	struct seen *seen = seen_new(p, "code");

	for (size_t i = 0; i < codes->count; i++) {
		const struct code *code = &codes->items[i];

		seen_add(seen, code->text, code->at);
		if (check_find_header_key(code->text) >= 0)
			check_error(p, code->at, NULL,
			    "a code cannot be called '%s': conditions would "
			    "take it for the header key",
			    code->text);
	}
	seen_free(seen);
	index_codes(p, codes);
}

static void check_code_lists(struct policy *p, struct vocabulary *v)
{
	static const char *const names[] = { "kind", "purpose", "gateway",
		"marking" };
	const struct codes **lists[] = { &v->kind, &v->purpose, &v->gateway,
		&v->marking };
	struct seen *seen = seen_new(p, "code list");

	for (size_t i = 0; i < v->codes_count; i++) {
		seen_add(seen, v->codes[i]->name, v->codes[i]->at);
		check_codes(p, v->codes[i]);
	}
	seen_free(seen);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		*lists[i] = vocabulary_codes(v, names[i]);
		if (!*lists[i])
			check_error(p, v->id.at, NULL,
			    "%s has no 'codes %s', which every vocabulary "
			    "needs",
			    v->cited, names[i]);
	}
	if (v->marking && !v->marking->ordered)
		check_error(p, v->marking->at, NULL,
		    "the markings must be ordered: codes marking ordered "
		    "LOWEST, ..., HIGHEST");
}

/* ---- classes ---------------------------------------------------------- */

static void check_classes(struct policy *p, const struct vocabulary *v)
{
	/* After a field's type these words mean something else. */
	static const char *const taken[] = { "required", "absent", "set",
		"codes", "classes", "entity", "record", "vocabulary" };
	struct seen *seen = seen_new(p, "class");

	for (size_t i = 0; i < v->classes_count; i++) {
		const struct name *class = &v->classes[i];

		seen_add(seen, class->text, class->at);
		for (size_t j = 0; j < ARRAY_LEN(taken); j++)
			if (!strcmp(class->text, taken[j]))
				check_error(p, class->at, NULL,
				    "a class cannot be called '%s', which "
				    "means something else after a field",
				    class->text);
	}
	seen_free(seen);
}

/* ---- fields ----------------------------------------------------------- */

static const char *codes_name(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->codes[i]->name;
}

static const char *entity_name(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->entities[i]->name;
}

static struct entity *find_entity(
    struct policy *p, const struct vocabulary *v, struct name name)
{
	for (size_t i = 0; i < v->entities_count; i++)
		if (!strcmp(v->entities[i]->name, name.text))
			return v->entities[i];
	check_error(p, name.at,
	    check_nearest(p, name.text, v->entities_count, entity_name, v),
	    "no entity '%s' in %s", name.text, v->cited);
	return NULL;
}

static void check_field_type(
    struct policy *p, const struct vocabulary *v, struct field *field)
{
	if (field->type == TYPE_CODE) {
		struct name name = field->codes_name;

		field->codes = vocabulary_codes(v, name.text);
		if (!field->codes)
			check_error(p, name.at,
			    check_nearest(
				p, name.text, v->codes_count, codes_name, v),
			    "no code list '%s' in %s", name.text, v->cited);
	}
	if (field->type != TYPE_LINK)
		return;
	if (field->set)
		check_error(p, field->at, NULL,
		    "'%s' is a link, which names several as it is and is never "
		    "a set",
		    field->path);
	check_duplicates(p, &field->links, "entity");
	field->link_to =
	    arena_array(&p->arena, field->links.count, struct entity *);
	for (size_t i = 0; i < field->links.count; i++)
		field->link_to[i] = find_entity(p, v, field->links.items[i]);
}

static void check_fields(
    struct policy *p, const struct vocabulary *v, struct entity *entity)
{
	struct seen *seen = seen_new(p, "field");

	for (size_t i = 0; i < entity->count; i++) {
		struct field *field = &entity->fields[i];

		seen_add(seen, field->name, field->at);
		if (vocabulary_class(v, field->name))
			check_error(p, field->at, NULL,
			    "a field cannot be called '%s', which is a class",
			    field->name);
		check_duplicates(p, &field->class_names, "class");
		for (size_t j = 0; j < field->class_names.count; j++)
			field->classes |= vocabulary_class(
			    v, field->class_names.items[j].text);
		check_field_type(p, v, field);
	}
	seen_free(seen);
}

/* ---- entities --------------------------------------------------------- */

static void check_entity_name(struct policy *p, const struct entity *entity)
{
	static const char *const taken[] = { "message", "sender", "recipient",
		"originator", "this", "to", "officer", "originators",
		"forward" };
	bool bad = check_find_header_key(entity->name) >= 0;

	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		bad |= !strcmp(entity->name, taken[i]);
	if (bad)
		check_error(p, entity->at, NULL,
		    "an entity cannot be called '%s': records and conditions "
		    "use that word for something else",
		    entity->name);
	if (entity->name[0] == '-' ||
	    (entity->name[0] >= '0' && entity->name[0] <= '9'))
		check_error(p, entity->at, NULL,
		    "an entity's name cannot begin with a digit or '-': "
		    "conditions would take its paths for values");
}

static int field_by_path(const void *left, const void *right)
{
	const struct field *const *a = left, *const *b = right;

	return strcmp((*a)->path, (*b)->path);
}

static void index_fields(struct policy *p, struct vocabulary *v)
{
	size_t count = 0;

	for (size_t i = 0; i < v->entities_count; i++)
		count += v->entities[i]->count;
	v->fields = arena_array(&p->arena, count + 1, struct field *);
	v->by_path = arena_array(&p->arena, count + 1, struct field *);
	for (size_t i = 0; i < v->entities_count; i++) {
		struct entity *entity = v->entities[i];

		entity->id = (uint32_t)i;
		entity->first_field = (uint32_t)v->fields_count;
		for (size_t j = 0; j < entity->count; j++) {
			entity->fields[j].id = (uint32_t)v->fields_count;
			v->fields[v->fields_count] = &entity->fields[j];
			v->by_path[v->fields_count++] = &entity->fields[j];
		}
	}
	if (count)
		mem_sort(v->by_path, count, sizeof(void *), field_by_path);
	if (count > VOCABULARY_FIELDS_MAX)
		check_error(p, v->id.at, NULL, "%s has more than %u fields",
		    v->cited, VOCABULARY_FIELDS_MAX);
}

static void check_entities(struct policy *p, struct vocabulary *v)
{
	struct seen *seen = seen_new(p, "entity");

	for (size_t i = 0; i < v->entities_count; i++) {
		struct entity *entity = v->entities[i];

		seen_add(seen, entity->name, entity->at);
		check_entity_name(p, entity);
		check_fields(p, v, entity);
	}
	seen_free(seen);
}

/* ---- records ---------------------------------------------------------- */

static void check_parts(
    struct policy *p, const struct vocabulary *v, struct record *record)
{
	struct seen *seen = seen_new(p, "entity");

	for (size_t i = 0; i < record->count; i++) {
		struct part *part = &record->parts[i];

		seen_add(seen, part->name.text, part->name.at);
		part->entity = find_entity(p, v, part->name);
		if (part->entity && part->many)
			part->entity->many = true;
	}
	seen_free(seen);
}

static void check_records(struct policy *p, struct vocabulary *v)
{
	struct seen *seen = seen_new(p, "record");

	for (size_t i = 0; i < v->records_count; i++) {
		seen_add(seen, v->records[i]->name, v->records[i]->at);
		check_parts(p, v, v->records[i]);
	}
	seen_free(seen);
}

/* ---- the whole -------------------------------------------------------- */

/* `required when` and `absent when`: of the instance the field is in. */
static void check_field_conds(struct policy *p, const struct vocabulary *v)
{
	for (size_t i = 0; i < v->fields_count; i++) {
		const struct field *field = v->fields[i];
		const struct entity *own = field->entity;
		struct scope scope = { .policy = p,
			.vocabulary = v,
			.kind = SCOPE_VOCABULARY,
			.own = &own,
			.own_count = 1 };

		check_cond(&scope, field->required_when);
		check_cond(&scope, field->absent_when);
	}
}

void check_vocabulary(struct policy *p, struct vocabulary *v)
{
	check_code_lists(p, v);
	check_classes(p, v);
	check_entities(p, v);
	index_fields(p, v);
	check_records(p, v);
	check_field_conds(p, v);
}
