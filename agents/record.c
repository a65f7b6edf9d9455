/*
 * From a partner's JSON to a message.
 *
 * What is not a key of the header (record-header.c) is an entity: an object
 * when the record type has one of it, a list of objects when it has many. A
 * field's JSON type follows from its kind in the vocabulary; its value is
 * judged by the policy library, not here. Problems are collected, not thrown: a
 * person who corrects a record wants to see all of them.
 */

#include "agents/record-read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/value.h"
#include "util/text.h"

static const char *const json_words[] = {
	[JSON_OBJECT] = "an object",
	[JSON_ARRAY] = "a list",
	[JSON_STRING] = "a text",
	[JSON_INTEGER] = "a whole number",
	[JSON_REAL] = "a number with a point",
	[JSON_TRUE] = "true",
	[JSON_FALSE] = "false",
	[JSON_NULL] = "null",
};

const char *const record_value_words[] = {
	[POLICY_VALUE_NONE] = "nothing",
	[POLICY_VALUE_TEXT] = "a text in quotes",
	[POLICY_VALUE_INTEGER] = "a whole number",
	[POLICY_VALUE_FLAG] = "true or false",
	[POLICY_VALUE_CODE] = "a code",
	[POLICY_VALUE_SET] = "a list of values",
	[POLICY_VALUE_LINK] = "a link such as \"subject/0\", or a list of them",
};

void record_deinit(struct record *r)
{
	arena_deinit(&r->arena);
	*r = (struct record){ 0 };
}

void record_problem(
    struct reading *r, const char *near, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	if (++r->wrong > RECORD_PROBLEMS_MAX)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	text_show(slice_str(text), r->problems);
	if (near)
		buf_addf(r->problems, "; did you mean '%s'?", near);
	buf_add_byte(r->problems, '\n');
}

bool record_tells(const struct reading *r)
{
	return r->wrong < RECORD_PROBLEMS_MAX;
}

void record_expected(
    struct reading *r, const char *where, const char *what, const json_t *found)
{
	record_problem(r, NULL, "%s: %s was expected, found %s", where, what,
	    json_words[json_typeof(found)]);
}

/* ---- values ----------------------------------------------------------- */

/* The one written form of a link; what is not understood stays as it is, for
 * the policy library to complain of. */
static char *canonical_link(const char *text)
{
	size_t name = strcspn(text, "/.[ ");
	const char *digits = text + name;
	char *end;
	long n;

	if (name > 0 && !*digits)
		return mem_format("%s/0", text);
	if (name == 0 || strspn(digits + 1, "0123456789") == 0 ||
	    (digits[1] == '0' && digits[2] >= '0' && digits[2] <= '9'))
		return mem_str(text);
	n = strtol(digits + 1, &end, 10);
	if (strcmp(end, *digits == '[' ? "]" : "") != 0 ||
	    n >= (long)POLICY_INSTANCES_MAX)
		return mem_str(text);
	return mem_format("%.*s/%ld", (int)name, text, n);
}

static char *number_text(const json_t *value)
{
	return mem_format("%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static json_t *canonical_text(
    const struct reading *r, const char *path, const char *text)
{
	_cleanup_buf_ struct buf composed = { 0 }, out = { 0 };
	struct slice slice;

	text_compose(slice_str(text), &composed);
	slice = buf_slice(&composed);
	if (policy_canonical(r->context->policy, r->record->vocabulary,
		slice_str(path), slice, &out))
		slice = buf_slice(&out);
	return json_stringn(
	    slice.len ? (const char *)slice.data : "", slice.len);
}

/* One text, code or link as it will stand in the message; NULL: @value is
 * something else. */
static json_t *read_item(const struct reading *r, const char *path,
    enum policy_value_kind kind, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	if (json_is_string(value))
		text = kind == POLICY_VALUE_LINK
			   ? canonical_link(json_string_value(value))
			   : mem_str(json_string_value(value));
	else if (json_is_integer(value) &&
		 (kind == POLICY_VALUE_CODE || kind == POLICY_VALUE_SET))
		text = number_text(value);
	return text ? canonical_text(r, path, text) : NULL;
}

static json_t *read_list(const struct reading *r, const char *path,
    enum policy_value_kind kind, const json_t *value)
{
	json_t *list = json_array();
	const json_t *item;
	size_t i;

	if (kind == POLICY_VALUE_LINK && json_is_string(value)) {
		json_array_append_new(list, read_item(r, path, kind, value));
		return list;
	}
	json_array_foreach(value, i, item)
	{
		json_t *one = read_item(r, path, kind, item);

		if (!one) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, one);
	}
	if (json_is_array(value))
		return list;
	json_decref(list);
	return NULL;
}

/* A new reference to what goes into the message; NULL: not of this kind. */
static json_t *read_value(const struct reading *r, const char *path,
    enum policy_value_kind kind, json_t *value)
{
	switch (kind) {
	case POLICY_VALUE_TEXT:
	case POLICY_VALUE_CODE:
		return read_item(r, path, kind, value);
	case POLICY_VALUE_INTEGER:
		return json_is_integer(value) ? json_incref(value) : NULL;
	case POLICY_VALUE_FLAG:
		return json_is_boolean(value) ? json_incref(value) : NULL;
	case POLICY_VALUE_SET:
	case POLICY_VALUE_LINK:
		return read_list(r, path, kind, value);
	case POLICY_VALUE_NONE:
		break;
	}
	return NULL;
}

/* ---- fields ----------------------------------------------------------- */

static void add_field(struct reading *r, const char *path, size_t instance,
    const char *where, json_t *value)
{
	_cleanup_buf_ struct buf packed = { 0 };
	struct policy_field *field;

	if (r->count == POLICY_FIELDS_MAX) {
		record_problem(r, NULL,
		    "%s: more than %u fields; split the record", where,
		    POLICY_FIELDS_MAX);
		return;
	}
	if (r->count > POLICY_FIELDS_MAX || !field_value_pack(value, &packed))
		return;
	field = mem_push(r->fields, r->count, r->cap);
	*field = (struct policy_field){
		.path = slice_str(arena_str(r->arena, path)),
		.instance = (uint16_t)instance,
		.state = POLICY_KNOWN,
		.value = arena_slice(r->arena, buf_slice(&packed)),
		.originator =
		    policy_origin(&r->record->message, slice_str(path)),
		.where = arena_str(r->arena, where),
	};
}

static void read_field(struct reading *r, const char *path, size_t instance,
    const char *where, json_t *value)
{
	const struct policy *p = r->context->policy;
	const char *voc = r->record->vocabulary, *near;
	enum policy_value_kind kind =
	    policy_value_kind(p, voc, slice_str(path));
	json_t *read;

	if (kind == POLICY_VALUE_NONE) {
		near = record_tells(r)
			   ? policy_nearest_field(p, voc, slice_str(path))
			   : NULL;
		record_problem(
		    r, near, "%s: no field '%.80s' in %s", where, path, voc);
		return;
	}
	read = read_value(r, path, kind, value);
	if (!read) {
		record_expected(r, where, record_value_words[kind], value);
		return;
	}
	/* A link to nothing is no link (rule 17: the value is absent). */
	if (kind != POLICY_VALUE_LINK || json_array_size(read) > 0)
		add_field(r, path, instance, where, read);
	json_decref(read);
}

/* Rule 18 asks it, too; but a message that travels is a list of fields. */
static void add_bare(
    struct reading *r, const char *entity, size_t instance, const char *where)
{
	if (!r->context->using) {
		record_problem(
		    r, NULL, "%s: it has no fields; leave it out", where);
		return;
	}
	*mem_push(r->bare, r->bare_count, r->bare_cap) = (struct policy_bare){
		.entity = slice_str(arena_str(r->arena, entity)),
		.instance = (uint16_t)instance,
	};
}

static void read_instance(struct reading *r, const char *entity,
    size_t instance, const char *where, json_t *object)
{
	size_t before = r->count;
	unsigned wrong = r->wrong;
	const char *key;
	json_t *value;

	if (!json_is_object(object)) {
		record_expected(r, where, "an object", object);
		return;
	}
	json_object_foreach(object, key, value)
	{
		_cleanup_free_ char *path = mem_format("%s.%s", entity, key);
		_cleanup_free_ char *at = mem_format("%s.%.80s", where, key);

		read_field(r, path, instance, at, value);
	}
	if (r->count == before && r->wrong == wrong)
		add_bare(r, entity, instance, where);
}

static void read_many(struct reading *r, const char *entity, json_t *list)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list)) {
		record_expected(r, entity, "a list of objects", list);
		return;
	}
	if (json_array_size(list) > POLICY_INSTANCES_MAX) {
		record_problem(r, NULL,
		    "%s: more than %u of them; split the record", entity,
		    POLICY_INSTANCES_MAX);
		return;
	}
	json_array_foreach(list, i, item)
	{
		_cleanup_free_ char *where = mem_format("%s[%zu]", entity, i);

		read_instance(r, entity, i, where, item);
	}
}

static void unknown_key(struct reading *r, const char *key)
{
	const char *type = r->record->message.type;
	const char *voc = r->record->vocabulary;
	const char *near = NULL;

	if (record_tells(r))
		near = record_nearest_key(key);
	if (record_tells(r) && !near)
		near = policy_nearest_entity(
		    r->context->policy, voc, type, slice_str(key));
	record_problem(r, near,
	    "%.80s: a record of type %s in %s has no such part", key, type,
	    voc);
}

static void read_entities(struct reading *r, json_t *root)
{
	const char *key;
	json_t *value;

	json_object_foreach(root, key, value)
	{
		if (record_is_key(key))
			continue;
		switch (policy_entity_kind(r->context->policy,
		    r->record->vocabulary, r->record->message.type,
		    slice_str(key))) {
		case POLICY_ENTITY_NONE:
			unknown_key(r, key);
			break;
		case POLICY_ENTITY_ONE:
			read_instance(r, key, 0, key, value);
			break;
		case POLICY_ENTITY_MANY:
			read_many(r, key, value);
			break;
		}
	}
}

/* ---- the whole -------------------------------------------------------- */

/* Whether any version of the message's agreement is known (rule 3). */
static bool agreement_known(const struct reading *r)
{
	const char *wanted = r->record->message.agreement;
	size_t len = strcspn(wanted, "/");
	struct arena scratch = { 0 };
	bool found = false;

	for (size_t i = policy_agreements(r->context->policy); i-- > 0;) {
		struct policy_agreement_info info;

		policy_agreement(r->context->policy, i, &scratch, &info);
		found |=
		    strlen(info.name) == len && !memcmp(info.name, wanted, len);
	}
	arena_deinit(&scratch);
	return found;
}

/* Leaves it NULL when the agreement is unknown: the fields stay unread. */
static void find_vocabulary(struct reading *r)
{
	struct record *record = r->record;
	const struct policy *p = r->context->policy;
	struct why why;
	const char *near;

	if (!agreement_known(r))
		return;
	record->vocabulary = policy_resolve_vocabulary(p, r->context->from,
	    record->message.agreement, record->to, record->to_count,
	    r->context->now, &why);
	if (!record->vocabulary) {
		record_problem(r, NULL, "agreement: %s", why.text);
		return;
	}
	if (policy_has_type(p, record->vocabulary, record->message.type))
		return;
	near = policy_nearest_type(
	    p, record->vocabulary, slice_str(record->message.type));
	record_problem(r, near, "type: no record '%.80s' in %s",
	    record->message.type, record->vocabulary);
}

static void judge(struct reading *r)
{
	struct record *record = r->record;
	const struct policy *p = r->context->policy;
	struct policy_message *m = &record->message;
	struct why why;

	m->fields =
	    arena_copy(r->arena, r->fields, r->count * sizeof(*r->fields));
	m->count = r->count;
	m->bare =
	    arena_copy(r->arena, r->bare, r->bare_count * sizeof(*r->bare));
	m->bare_count = r->bare_count;
	if (!policy_valid(
		p, m, record->to, record->to_count, r->context->now, &why) ||
	    !policy_recipients(p, m, record->to, record->to_count,
		r->context->now, r->arena,
		(const char *const **)&record->partners,
		&record->partners_count, &why))
		record_problem(r, NULL, "%s", why.text);
}

static void read_root(struct reading *r, json_t *root)
{
	if (!json_is_object(root)) {
		record_problem(r, NULL, "1:1: a record is an object, found %s",
		    json_words[json_typeof(root)]);
		return;
	}
	record_read_header(r, root);
	if (r->wrong)
		return;
	find_vocabulary(r);
	if (r->wrong)
		return;
	record_read_originators(r, json_object_get(root, "originators"));
	if (r->record->vocabulary)
		read_entities(r, root);
	if (!r->wrong)
		judge(r);
}

int record_read(const struct record_context *context, struct slice json,
    struct buf *problems, struct record *ret)
{
	_cleanup_record_ struct record record = { 0 };
	struct reading reading = { .context = context,
		.record = &record,
		.arena = &record.arena,
		.problems = problems };
	json_error_t error;
	json_t *root;

	record.message.from = arena_str(&record.arena, context->from);
	record.message.sent = context->now;
	if (json.len > RECORD_JSON_MAX) {
		record_problem(&reading, NULL,
		    "1:1: more than %u bytes; split the record",
		    RECORD_JSON_MAX);
		return RECORD_WRONG;
	}
	root = json_loadb(
	    (const char *)json.data, json.len, JSON_REJECT_DUPLICATES, &error);
	if (root)
		read_root(&reading, root);
	else
		record_problem(&reading, NULL, "%d:%d: not JSON: %s",
		    error.line, error.column, error.text);
	json_decref(root);
	free(reading.fields);
	free(reading.bare);
	if (reading.wrong > RECORD_PROBLEMS_MAX)
		buf_addf(problems, "and %u more\n",
		    reading.wrong - RECORD_PROBLEMS_MAX);
	if (reading.wrong)
		return RECORD_WRONG;
	*ret = record;
	record = (struct record){ 0 };
	return 0;
}
