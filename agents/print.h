#ifndef AGENTS_PRINT_H
#define AGENTS_PRINT_H

/* What commands print, apart from tables. */

#include <jansson.h>
#include <stdint.h>

/* --json's one document, on standard output; consumes @json. */
void print_document(json_t *json);

/* JSON text, or null for NULL. A new reference. */
json_t *print_text(const char *text);

/* A London day as JSON text; null for INT32_MAX, no limit. */
json_t *print_day(int32_t day);

#endif
