#ifndef WIRE_READER_H
#define WIRE_READER_H

/*
 * A strict reader of MessagePack: the first thing to touch a peer's bytes.
 *
 * Sticky: after the first fault every call returns zero or an empty slice, so
 * a caller reads all it expects and asks once, with reader_end(). Nothing is
 * allocated or copied; slices point into the input and live as long as it does.
 *
 * What it takes is a subset of MessagePack with one encoding for each value:
 * nil, bool, int, str, bin, array, and maps whose keys the caller names in
 * order. Refused: any form longer than needed, ext, floats, text that is not
 * UTF-8, a count greater than the bytes that are left (so a count may be used
 * to size an array), and bytes after the end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/slice.h"
#include "util/why.h"

/* Arrays inside an opaque value (reader_value): the formats need two. */
#define READER_DEPTH_MAX 8u

enum reader_type {
	READER_NONE = 0, /* nothing is left, or nothing this reader takes */
	READER_NIL,
	READER_BOOL,
	READER_INT,
	READER_STR,
	READER_BIN,
	READER_ARRAY,
	READER_MAP,
};

struct reader {
	const uint8_t *start;
	const uint8_t *at;
	const uint8_t *end;
	const char *fault; /* NULL: all well; else a static phrase */
};

void reader_init(struct reader *r, struct slice bytes);

/* The type of what comes next; takes nothing. */
enum reader_type reader_peek(const struct reader *r);

/* How many elements, or pairs, follow. */
uint32_t reader_array(struct reader *r);
uint32_t reader_map(struct reader *r);
void reader_array_of(struct reader *r, uint32_t count); /* exactly so many */

uint64_t reader_uint(struct reader *r, uint64_t max); /* 0..max */
int64_t reader_int(struct reader *r);                 /* any int64_t */
bool reader_bool(struct reader *r);
struct slice reader_str(struct reader *r); /* UTF-8, may hold NUL */
struct slice reader_bin(struct reader *r);

/* As above, but the length must be within 1..max, or exactly @len. */
struct slice reader_str_max(struct reader *r, size_t max);
struct slice reader_bin_of(struct reader *r, size_t len);
void reader_copy(struct reader *r, void *ret, size_t len); /* bin, to @ret */
void reader_word(struct reader *r, const char *word);      /* this str */

/* True, and taken, when nil comes next. */
bool reader_nil(struct reader *r);

/* The bytes of the next value, whatever it is but a map, checked throughout. */
struct slice reader_value(struct reader *r);

/*
 * Maps are read key by key in the order of their format, so that a key that is
 * unknown, twice there or out of place cannot hide:
 *
 *     uint32_t left = reader_map(r);
 *     reader_key(r, &left, "v");
 *     v = reader_uint(r, 1);
 *     if (reader_try_key(r, &left, "expires"))
 *             expires = ...
 *     reader_map_end(r, left);
 */
void reader_key(struct reader *r, uint32_t *left, const char *key);
bool reader_try_key(struct reader *r, uint32_t *left, const char *key);
void reader_map_end(struct reader *r, uint32_t left);

/* Note a fault of the caller's own finding. The first one stands. */
void reader_fail(struct reader *r, const char *fault);

static inline bool reader_ok(const struct reader *r)
{
	return !r->fault;
}

static inline size_t reader_left(const struct reader *r)
{
	return r->fault ? 0 : (size_t)(r->end - r->at);
}

/* Whether all was well and nothing is left over. */
bool reader_end(struct reader *r) __attribute__((warn_unused_result));

/* Say why reader_end() was false: "WHAT is malformed at byte N: FAULT". */
void reader_why(const struct reader *r, const char *what, struct why *why);

/* Whether @text is well-formed UTF-8 (no surrogates, no overlong forms). */
bool reader_is_utf8(struct slice text);

#endif
