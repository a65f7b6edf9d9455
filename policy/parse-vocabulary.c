/*
 * Vocabularies. A field's modifiers end where a word is neither a modifier nor
 * a class declared above: that word is the next field. So classes are read
 * before they are used, and the one mistake the grammar cannot see, a misspelt
 * class, is guessed at when the supposed field has no type.
 */

#include <stdio.h>

#include "policy/parse.h"
#include "util/text.h"

static parse_words statements = { "codes", "classes", "entity", "record",
	NULL };

/* ---- codes and classes ------------------------------------------------ */

static void parse_code(struct parser *p, struct codes *codes)
{
	struct name name = parse_label(p, "a code");
	struct code *code;

	if (p->failed)
		return;
	code = parse_push(
	    p, codes->items, codes->count, CODES_MAX, "codes in one list");
	code->text = name.text;
	code->at = name.at;
	code->title = parse_title(p);
}

static void parse_codes(struct parser *p, struct vocabulary *v)
{
	struct codes *codes = arena_new(p->arena, struct codes);
	struct name name;

	parse_expect(p, "codes");
	name = parse_name(p, "the name of a code list");
	if (p->failed)
		return;
	codes->name = name.text;
	codes->at = name.at;
	*parse_push(p, v->codes, v->codes_count, CODE_LISTS_MAX, "code lists") =
	    codes;
	codes->ordered = parse_accept(p, "ordered");
	do
		parse_code(p, codes);
	while (parse_accept_mark(p, TOKEN_COMMA));
}

static void parse_classes(struct parser *p, struct vocabulary *v)
{
	parse_expect(p, "classes");
	do {
		struct name name = parse_name(p, "the name of a class");

		if (!p->failed)
			*parse_push(p, v->classes, v->classes_count,
			    CLASSES_DECLARED_MAX, "classes") = name;
	} while (parse_accept_mark(p, TOKEN_COMMA));
}

/* ---- fields ----------------------------------------------------------- */

static const struct {
	const char *word;
	enum type type;
} types[] = {
	{ "text", TYPE_TEXT },
	{ "narrative", TYPE_NARRATIVE },
	{ "integer", TYPE_INTEGER },
	{ "decimal", TYPE_DECIMAL },
	{ "date", TYPE_DATE },
	{ "time", TYPE_TIME },
	{ "flag", TYPE_FLAG },
	{ "postcode", TYPE_POSTCODE },
	{ "phone", TYPE_PHONE },
	{ "plate", TYPE_PLATE },
	{ "reference", TYPE_REFERENCE },
	{ "party", TYPE_PARTY },
	{ "code", TYPE_CODE },
	{ "link", TYPE_LINK },
};

static parse_words type_words = { "text", "narrative", "integer", "decimal",
	"date", "time", "flag", "postcode", "phone", "plate", "reference",
	"party", "code", "link", NULL };

static bool at_class(const struct parser *p, const struct vocabulary *v)
{
	if (parse_at(p, "sensitive") || parse_at(p, "grade"))
		return true;
	for (size_t i = 0; i < v->classes_count; i++)
		if (parse_at(p, v->classes[i].text))
			return true;
	return false;
}

/* "name text identifing born date": no type is called born. */
static void no_type(
    struct parser *p, const struct vocabulary *v, struct name field)
{
	const char *names[CLASSES_MAX + 6] = { "sensitive", "grade", "required",
		"absent", "set" };
	const char *meant;
	size_t count = 5;

	for (size_t i = 0; i < v->classes_count && i < CLASSES_MAX; i++)
		names[count++] = v->classes[i].text;
	meant = policy_nearest(p->policy, slice_str(field.text), names, count);
	if (meant && p->token.kind == TOKEN_WORD)
		parse_fail(p, field.at,
		    "'%s' is neither a class declared above nor a field with a "
		    "type; did you mean '%s'?",
		    field.text, meant);
	else
		parse_expected(p,
		    "the type of the field, such as text, date or code NAME",
		    type_words);
}

static void parse_type(
    struct parser *p, const struct vocabulary *v, struct field *field)
{
	size_t i = 0;

	while (i < ARRAY_LEN(types) && !parse_accept(p, types[i].word))
		i++;
	if (i == ARRAY_LEN(types)) {
		no_type(p, v, (struct name){ field->name, field->at });
		return;
	}
	field->type = types[i].type;
	if (field->type == TYPE_CODE)
		field->codes_name = parse_name(p, "the name of a code list");
	if (field->type == TYPE_LINK)
		field->links = parse_names(p, "the name of an entity");
}

static void parse_required(struct parser *p, struct field *field)
{
	struct place at = p->before.at;
	struct cond *when = parse_when(p);

	if (field->required || field->required_when)
		parse_error(
		    p, at, "'%s' is said to be required twice", field->name);
	field->required |= !when;
	if (when)
		field->required_when = when;
}

static void parse_absent(struct parser *p, struct field *field)
{
	struct place at = p->before.at;

	if (field->absent_when)
		parse_error(
		    p, at, "'%s' is said to be absent twice", field->name);
	parse_expect(p, "when");
	field->absent_when = parse_cond(p);
}

static void parse_modifiers(
    struct parser *p, const struct vocabulary *v, struct field *field)
{
	while (!p->failed) {
		if (parse_accept(p, "required"))
			parse_required(p, field);
		else if (parse_accept(p, "absent"))
			parse_absent(p, field);
		else if (parse_accept(p, "set"))
			field->set = true;
		else if (at_class(p, v))
			*parse_push(p, field->class_names.items,
			    field->class_names.count, CLASSES_MAX, "classes") =
			    parse_name(p, "a class");
		else
			return;
	}
}

static void parse_field(
    struct parser *p, const struct vocabulary *v, struct entity *entity)
{
	static parse_words modifiers = { "required", "absent", "set", NULL };
	struct field field = { .entity = entity };
	struct name name;

	if (parse_at_any(p, modifiers) || at_class(p, v))
		parse_fail(p, p->token.at,
		    "a field cannot be called '%.*s', which says something "
		    "about fields",
		    SLICE_ARG(p->token.text));
	name = parse_name(p, "a field, or the next entity or record");
	field.name = name.text;
	field.at = name.at;
	field.path = arena_format(p->arena, "%s.%s", entity->name, name.text);
	if (strlen(field.path) > POLICY_PATH_MAX)
		parse_fail(p, name.at, "the path '%s' is longer than %u bytes",
		    field.path, POLICY_PATH_MAX);
	if (!p->failed)
		parse_type(p, v, &field);
	if (p->failed)
		return;
	parse_modifiers(p, v, &field);
	*parse_push(p, entity->fields, entity->count, VOCABULARY_FIELDS_MAX,
	    "fields in one entity") = field;
}

/* After an error in a field that began at @start: a line that does not go on
 * with a condition is the next one. */
static void next_field(struct parser *p, size_t start)
{
	static parse_words within = { "and", "or", "not", "any", "every", "is",
		"in", "has", "when", "required", "absent", "set", NULL };

	p->failed = false;
	if (p->lexer.pos == start)
		parse_next(p);
	while (p->token.kind != TOKEN_END) {
		bool word = p->token.kind == TOKEN_WORD && parse_can_begin(p);

		if (word &&
		    (parse_at_any(p, statements) || parse_at_any(p, p->top)))
			return;
		if (word && p->token.first && !parse_at_any(p, within))
			return;
		parse_next(p);
	}
}

static void parse_entity(struct parser *p, struct vocabulary *v)
{
	struct entity *entity = arena_new(p->arena, struct entity);
	struct name name;
	size_t start;

	parse_expect(p, "entity");
	name = parse_name(p, "the name of an entity");
	if (p->failed)
		return;
	entity->name = name.text;
	entity->at = name.at;
	entity->title = parse_title(p);
	*parse_push(p, v->entities, v->entities_count, ENTITIES_MAX,
	    "entities") = entity;
	while (p->token.kind != TOKEN_END && !parse_at_any(p, statements) &&
	       !parse_at_any(p, p->top)) {
		start = p->lexer.pos;
		parse_field(p, v, entity);
		if (p->failed)
			next_field(p, start);
	}
}

/* ---- records ---------------------------------------------------------- */

static parse_words part_words = { "one", "many", NULL };

static void parse_parts(struct parser *p, struct record *record)
{
	bool many = parse_at(p, "many");

	parse_next(p);
	do {
		struct name name = parse_name(p, "the name of an entity");
		struct part *part;

		if (p->failed)
			return;
		part = parse_push(p, record->parts, record->count, ENTITIES_MAX,
		    "entities in one record");
		part->name = name;
		part->many = many;
	} while (parse_accept_mark(p, TOKEN_COMMA));
}

static void parse_record(struct parser *p, struct vocabulary *v)
{
	struct record *record = arena_new(p->arena, struct record);
	struct name name;

	parse_expect(p, "record");
	name = parse_name(p, "the name of a record");
	if (p->failed)
		return;
	record->name = name.text;
	record->at = name.at;
	record->title = parse_title(p);
	*parse_push(p, v->records, v->records_count, RECORDS_MAX, "records") =
	    record;
	while (p->token.kind != TOKEN_END && !parse_at_any(p, statements) &&
	       !parse_at_any(p, p->top)) {
		if (p->failed)
			parse_recover(p, part_words, statements);
		else if (parse_at_any(p, part_words))
			parse_parts(p, record);
		else
			parse_expected(p, "'one' or 'many'", part_words);
	}
}

/* ---- the whole -------------------------------------------------------- */

static const struct {
	const char *word;
	void (*parse)(struct parser *p, struct vocabulary *v);
} parses[] = {
	{ "codes", parse_codes },
	{ "classes", parse_classes },
	{ "entity", parse_entity },
	{ "record", parse_record },
};

static bool parse_statement(struct parser *p, struct vocabulary *v)
{
	for (size_t i = 0; i < ARRAY_LEN(parses); i++) {
		if (!parse_at(p, parses[i].word))
			continue;
		parses[i].parse(p, v);
		return true;
	}
	return false;
}

void parse_vocabulary(struct parser *p)
{
	struct vocabulary *v = arena_new(p->arena, struct vocabulary);

	v->id = parse_versioned(p, "a name and version, such as soc/1");
	if (!p->failed)
		load_vocabulary(p->policy, v);
	v->cited = arena_format(p->arena, "%s/%u", v->id.name, v->id.version);
	v->title = parse_title(p);
	while (p->token.kind != TOKEN_END && !parse_at_any(p, p->top)) {
		if (p->failed)
			parse_recover(p, statements, NULL);
		else if (!parse_statement(p, v))
			parse_expected(
			    p, "codes, classes, entity or record", statements);
	}
}
