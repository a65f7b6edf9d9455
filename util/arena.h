#ifndef UTIL_ARENA_H
#define UTIL_ARENA_H

/*
 * Memory that is freed all at once: what a parsed text or a received frame
 * needs lives in one arena and goes with it. Allocations are zeroed, aligned
 * for any type, and never fail.
 */

#include <stddef.h>

#include "util/slice.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	size_t used;
	size_t cap;
};

void arena_deinit(struct arena *a);

void *arena_alloc(struct arena *a, size_t size);
void *arena_copy(struct arena *a, const void *data, size_t len);
char *arena_str(struct arena *a, const char *s); /* NULL stays NULL */
char *arena_strn(struct arena *a, const void *s, size_t len);
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_format(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, n, type) ((type *)arena_alloc((a), (n) * sizeof(type)))

#endif
