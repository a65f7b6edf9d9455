#ifndef AGENTS_VALUE_H
#define AGENTS_VALUE_H

/*
 * A value between its two written forms: minimal msgpack (str, int, bool, array
 * of str) as messages hold it, and JSON as people's systems do.
 */

#include <jansson.h>

#include "util/buf.h"
#include "util/slice.h"

/* Append. A list must hold only texts; false for any other JSON. */
bool field_value_pack(const json_t *json, struct buf *out);

/* A new reference; JSON null when @value is empty or is not one of the four
 * forms. */
json_t *field_value_json(struct slice value);

/* For people: one line, without quotes; a list with commas. Caller frees. */
char *field_value_text(const json_t *json);

#endif
