/* What commands print, apart from tables. */

#include "agents/print.h"

#include <stdio.h>

#include "util/clock.h"

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

json_t *print_day(int32_t day)
{
	char text[CLOCK_TEXT_MAX];

	if (day == INT32_MAX)
		return json_null();
	clock_format_day(day, text);
	return json_string(text);
}
