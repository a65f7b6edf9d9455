/*
 * The header of a record: its keys in one table, and who gave what. record.c
 * has the rest.
 */

#include "agents/record-read.h"

#include <string.h>

#include "agents/officers.h"
#include "util/clock.h"
#include "util/text.h"
#include "wire/message.h"

enum header_kind {
	HEADER_TEXT,
	HEADER_TIME,
	HEADER_OTHER, /* read by a function of its own */
};

static const struct header_row {
	const char *name;
	enum header_kind kind;
	bool required;
	size_t max;    /* bytes; longer could not travel */
	size_t offset; /* of its const char * or int64_t in struct record */
} header_rows[] = {
	{ "type", HEADER_TEXT, true, MESSAGE_WORD_MAX,
	    offsetof(struct record, message.type) },
	{ "to", HEADER_OTHER, true, 0, 0 },
	{ "agreement", HEADER_TEXT, true, MESSAGE_REF_MAX,
	    offsetof(struct record, message.agreement) },
	{ "purpose", HEADER_TEXT, true, MESSAGE_WORD_MAX,
	    offsetof(struct record, message.purpose) },
	{ "marking", HEADER_TEXT, true, MESSAGE_WORD_MAX,
	    offsetof(struct record, message.marking) },
	{ "officer", HEADER_TEXT, false, OFFICER_NAME_MAX,
	    offsetof(struct record, officer) },
	{ "priority", HEADER_TEXT, false, MESSAGE_WORD_MAX,
	    offsetof(struct record, message.priority) },
	{ "handling-instruction", HEADER_TEXT, false, MESSAGE_INSTRUCTION_MAX,
	    offsetof(struct record, message.handling_instruction) },
	{ "embargo-until", HEADER_TIME, false, 0,
	    offsetof(struct record, message.embargo_until) },
	{ "expires", HEADER_TIME, false, 0,
	    offsetof(struct record, message.expires) },
	{ "replaces", HEADER_TEXT, false, MESSAGE_ID_TEXT_MAX - 1,
	    offsetof(struct record, replaces) },
	{ "recalls", HEADER_TEXT, false, MESSAGE_ID_TEXT_MAX - 1,
	    offsetof(struct record, recalls) },
	{ "answers", HEADER_TEXT, false, MESSAGE_ID_TEXT_MAX - 1,
	    offsetof(struct record, answers) },
	{ "originators", HEADER_OTHER, false, 0, 0 },
	{ "forward", HEADER_OTHER, false, 0, 0 },
};

bool record_is_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(header_rows); i++)
		if (!strcmp(header_rows[i].name, name))
			return true;
	return false;
}

const char *record_nearest_key(const char *name)
{
	const char *names[ARRAY_LEN(header_rows)];

	for (size_t i = 0; i < ARRAY_LEN(header_rows); i++)
		names[i] = header_rows[i].name;
	return text_nearest(slice_str(name), names, ARRAY_LEN(names));
}

static void read_header_row(
    struct reading *r, const struct header_row *row, const json_t *value)
{
	void *member = (uint8_t *)r->record + row->offset;
	_cleanup_buf_ struct buf text = { 0 };
	const char *fault;

	if (!json_is_string(value)) {
		record_expected(
		    r, row->name, record_value_words[POLICY_VALUE_TEXT], value);
		return;
	}
	if (row->kind == HEADER_TIME) {
		if (!clock_parse(json_string_value(value),
			json_string_length(value), (int64_t *)member))
			record_problem(r, NULL,
			    "%s: '%.40s' is not a time; say for example"
			    " 2026-11-22T10:00:00Z",
			    row->name, json_string_value(value));
		return;
	}
	text_compose(slice_str(json_string_value(value)), &text);
	fault = text_fault(buf_slice(&text));
	if (fault)
		record_problem(r, NULL, "%s: the text %s", row->name, fault);
	else if (text.len > row->max)
		record_problem(
		    r, NULL, "%s: more than %zu bytes", row->name, row->max);
	else
		*(const char **)member =
		    text.len ? arena_strn(r->arena, text.data, text.len) : "";
}

static void read_to(struct reading *r, const json_t *list)
{
	const char **to;
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n == 0 || n > POLICY_RECIPIENTS_MAX) {
		record_problem(r, NULL,
		    "to: a list of 1 to %u partners, or groups such as"
		    " \"@rugby-socjag\", was expected",
		    POLICY_RECIPIENTS_MAX);
		return;
	}
	to = arena_array(r->arena, n, const char *);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);

		if (!json_is_string(item)) {
			_cleanup_free_ char *where = mem_format("to[%zu]", i);

			record_expected(r, where, "a partner's name", item);
			return;
		}
		to[i] = arena_str(r->arena, json_string_value(item));
	}
	r->record->to = to;
	r->record->to_count = n;
}

void record_read_header(struct reading *r, const json_t *root)
{
	for (size_t i = 0; i < ARRAY_LEN(header_rows); i++) {
		const struct header_row *row = &header_rows[i];
		const json_t *value = json_object_get(root, row->name);

		if (!value && row->required)
			record_problem(r, NULL, "%s: it is missing", row->name);
		else if (value && row->kind != HEADER_OTHER)
			read_header_row(r, row, value);
		else if (value && !strcmp(row->name, "to"))
			read_to(r, value);
	}
	if (json_object_get(root, "forward"))
		record_problem(r, NULL,
		    r->context->using
			? "forward: it takes fields from an agent's inbox,"
			  " which --using has not; say \"originators\" instead"
			: "forward: not yet; fields cannot be forwarded with"
			  " their provenance by this version");
}

/* ---- originators ------------------------------------------------------ */

static bool pattern_known(struct reading *r, const char *pattern)
{
	const char *voc = r->record->vocabulary;
	const struct policy *p = r->context->policy;
	size_t entity = strcspn(pattern, ".");

	if (!voc || !strcmp(pattern, "*"))
		return true;
	if (policy_entity_kind(p, voc, r->record->message.type,
		slice_of(pattern, entity)) == POLICY_ENTITY_NONE)
		return false;
	return !strcmp(pattern + entity, ".*") ||
	       policy_value_kind(p, voc, slice_str(pattern)) !=
		   POLICY_VALUE_NONE;
}

static void read_originator(struct reading *r, struct policy_origin *origins,
    const char *pattern, const json_t *value)
{
	const char *partner = json_string_value(value), *near;
	const struct policy *p = r->context->policy;

	if (!pattern_known(r, pattern)) {
		near = record_tells(r)
			   ? policy_nearest_field(
				 p, r->record->vocabulary, slice_str(pattern))
			   : NULL;
		record_problem(r, near,
		    "originators: '%.80s' is no field, entity.* or *", pattern);
		return;
	}
	if (!partner || !policy_partner_title(p, slice_str(partner))) {
		near = partner && record_tells(r)
			   ? policy_nearest_partner(p, slice_str(partner))
			   : NULL;
		record_problem(r, near, "originators.%.80s: no partner '%.80s'",
		    pattern, partner ? partner : "");
		return;
	}
	origins[r->record->message.origins_count++] = (struct policy_origin){
		.path = arena_str(r->arena, pattern),
		.originator = arena_str(r->arena, partner),
	};
}

void record_read_originators(struct reading *r, json_t *object)
{
	struct policy_origin *origins;
	const char *key;
	json_t *value;

	if (!object)
		return;
	if (!r->context->using) {
		record_problem(r, NULL,
		    "originators: only with --using; an agent knows who gave"
		    " what is in its inbox");
		return;
	}
	if (!json_is_object(object)) {
		record_expected(r, "originators",
		    "an object such as {\"finance.*\": \"hmrc\"}", object);
		return;
	}
	origins = arena_array(
	    r->arena, json_object_size(object) + 1, struct policy_origin);
	r->record->message.origins = origins;
	json_object_foreach(object, key, value)
	    read_originator(r, origins, key, value);
}
