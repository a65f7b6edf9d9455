/* What commands print, apart from tables. */

#include "agents/print.h"

#include <stdio.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

void print_document(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

json_t *print_text(const char *text)
{
	return text ? json_string(text) : json_null();
}

json_t *print_slice(struct slice text)
{
	return text.len ? json_stringn((const char *)text.data, text.len)
			: json_null();
}

json_t *print_day(int32_t day)
{
	char text[CLOCK_TEXT_MAX];

	if (day == INT32_MAX)
		return json_null();
	clock_format_day(day, text);
	return json_string(text);
}

bool print_next_line(struct slice *rest, struct slice *ret_line)
{
	const uint8_t *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->data, '\n', rest->len);
	*ret_line =
	    slice_of(rest->data, end ? (size_t)(end - rest->data) : rest->len);
	rest->data += ret_line->len + (end ? 1 : 0);
	rest->len -= ret_line->len + (end ? 1 : 0);
	return true;
}

const char *print_member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

enum colour print_colour(const char *word)
{
	static const struct {
		const char *word;
		enum colour colour;
	} rows[] = {
		{ "release", COLOUR_GOOD },
		{ "reduce", COLOUR_CARE },
		{ "mask", COLOUR_CARE },
		{ "refer", COLOUR_CARE },
		{ "withhold", COLOUR_BAD },
		{ "conceal", COLOUR_BAD },
		{ "accepted", COLOUR_GOOD },
		{ "delivered", COLOUR_GOOD },
		{ "queued", COLOUR_CARE },
		{ "refused", COLOUR_BAD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i].word, word))
			return rows[i].colour;
	return COLOUR_NONE;
}
