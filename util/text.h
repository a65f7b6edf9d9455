#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

/*
 * Text rules of the formats: UTF-8 in Normalization Form C (UAX #15), without
 * control characters (Cc) save newline, and without format characters (Cf).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/slice.h"

/* NULL when @text keeps the rules; else what is wrong with it, a static phrase
 * such as TEXT_NOT_UTF8. */
#define TEXT_NOT_UTF8 "is not UTF-8"
const char *text_fault(struct slice text);

/* Append @text in Normalization Form C. What is not UTF-8 is appended as it is,
 * for text_fault() to name. */
void text_compose(struct slice text, struct buf *out);

/* The character of @text at *@at (below its length), which moves behind it.
 * What is not UTF-8 reads as U+FFFD, a byte at a time. */
uint32_t text_next(struct slice text, size_t *at);
bool text_is_letter(uint32_t c); /* categories L* */
bool text_is_digit(uint32_t c);  /* category Nd */
bool text_is_blank(uint32_t c);  /* category Zs, or newline */

/* Write @c in upper case, as UTF-8; returns how many bytes that took. A
 * character whose upper case is more than one character stays as it is. */
size_t text_upper(uint32_t c, uint8_t ret[4]);

/* Append @text as one line that is safe to show: what is not UTF-8, line ends,
 * control and format characters become '?', so that bytes from outside can
 * neither drive a terminal nor break a JSON document. */
void text_show(struct slice text, struct buf *out);

/* A name: [a-z0-9][a-z0-9-]*, at most 64 bytes. Partners, codes, agreements. */
#define TEXT_NAME_MAX 64
bool text_is_name(struct slice text);

/* How many edits (insert, delete, replace, swap neighbours) turn @a into @b,
 * but at most @limit + 1. For "did you mean". */
unsigned text_distance(struct slice a, struct slice b, unsigned limit);

/* The nearest of @names to @wanted, or NULL when none is close enough to be
 * what a person may have meant. */
const char *text_nearest(
    struct slice wanted, const char *const *names, size_t count);

#endif
