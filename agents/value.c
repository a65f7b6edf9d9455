/* A value between msgpack and JSON; value.h is the contract. */

#include "agents/value.h"

#include "wire/codec.h"
#include "wire/reader.h"

static struct slice string_slice(const json_t *json)
{
	return slice_of(json_string_value(json), json_string_length(json));
}

static bool pack_list(const json_t *list, struct buf *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach(
	    list, i, item) if (!json_is_string(item)) return false;
	codec_array(out, (uint32_t)json_array_size(list));
	json_array_foreach(list, i, item) codec_str(out, string_slice(item));
	return true;
}

bool field_value_pack(const json_t *json, struct buf *out)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		codec_str(out, string_slice(json));
		return true;
	case JSON_INTEGER:
		codec_int(out, json_integer_value(json));
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		codec_bool(out, json_is_true(json));
		return true;
	case JSON_ARRAY:
		return pack_list(json, out);
	case JSON_OBJECT:
	case JSON_REAL:
	case JSON_NULL:
		break;
	}
	return false;
}

/* NULL for text that JSON cannot hold, such as one with a NUL. */
static json_t *read_string(struct reader *r)
{
	struct slice text = reader_str(r);

	return reader_ok(r) ? json_stringn((const char *)text.data, text.len)
			    : NULL;
}

static json_t *read_list(struct reader *r)
{
	uint32_t n = reader_array(r);
	json_t *list = json_array();

	for (uint32_t i = 0; i < n && reader_ok(r); i++) {
		json_t *item = read_string(r);

		if (!item)
			reader_fail(r, "a text was expected");
		else
			json_array_append_new(list, item);
	}
	return list;
}

json_t *field_value_json(struct slice value)
{
	json_t *json = NULL;
	struct reader r;

	reader_init(&r, value);
	switch (reader_peek(&r)) {
	case READER_BOOL:
		json = json_boolean(reader_bool(&r));
		break;
	case READER_INT:
		json = json_integer(reader_int(&r));
		break;
	case READER_STR:
		json = read_string(&r);
		break;
	case READER_ARRAY:
		json = read_list(&r);
		break;
	case READER_NONE:
	case READER_NIL:
	case READER_BIN:
	case READER_MAP:
		break;
	}
	if (json && reader_end(&r))
		return json;
	json_decref(json);
	return json_null();
}

static void add_text(const json_t *json, struct buf *out)
{
	const json_t *item;
	size_t i;

	switch (json_typeof(json)) {
	case JSON_STRING:
		buf_add_slice(out, string_slice(json));
		break;
	case JSON_INTEGER:
		buf_addf(
		    out, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_add_str(out, json_is_true(json) ? "true" : "false");
		break;
	case JSON_ARRAY:
		json_array_foreach(json, i, item)
		{
			buf_add_str(out, i ? ", " : "");
			add_text(item, out);
		}
		break;
	case JSON_OBJECT:
	case JSON_REAL:
	case JSON_NULL:
		break;
	}
}

char *field_value_text(const json_t *json)
{
	struct buf out = { 0 };

	if (json)
		add_text(json, &out);
	return buf_steal_str(&out);
}
