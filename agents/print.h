#ifndef AGENTS_PRINT_H
#define AGENTS_PRINT_H

/* What commands print, apart from tables. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "agents/table.h"
#include "util/slice.h"

/* --json's one document, on standard output; consumes @json. */
void print_document(json_t *json);

/* JSON text, or null for NULL. A new reference. */
json_t *print_text(const char *text);

/* The same of a slice; null for an empty one. */
json_t *print_slice(struct slice text);

/* A London day as JSON text; null for INT32_MAX, no limit. */
json_t *print_day(int32_t day);

/* The next line of @rest, which moves behind it; false at the end. */
bool print_next_line(struct slice *rest, struct slice *ret_line);

/* A text member of @object, "" when there is none. Lives as long as it. */
const char *print_member(const json_t *object, const char *key);

/* The colour of a decision or an outcome. */
enum colour print_colour(const char *word);

#endif
