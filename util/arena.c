/*
 * Chunks are linked newest first; a request larger than a chunk gets a chunk
 * of its own, so nothing is ever moved.
 */

#include "util/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define ARENA_CHUNK_BYTES 8192

struct arena_chunk {
	struct arena_chunk *next;
	alignas(max_align_t) unsigned char data[];
};

void arena_deinit(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	*a = (struct arena){ 0 };
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t align = alignof(max_align_t);
	struct arena_chunk *chunk;
	void *p;

	assert(size < SIZE_MAX / 2);
	size = (size + align - 1) & ~(align - 1);
	if (!a->chunks || a->cap - a->used < size) {
		a->cap = size > ARENA_CHUNK_BYTES ? size : ARENA_CHUNK_BYTES;
		a->used = 0;
		chunk = mem_alloc(sizeof(*chunk) + a->cap);
		chunk->next = a->chunks;
		a->chunks = chunk;
	}
	p = a->chunks->data + a->used;
	a->used += size;
	return p;
}

void *arena_copy(struct arena *a, const void *data, size_t len)
{
	void *p = arena_alloc(a, len);

	if (len)
		memcpy(p, data, len);
	return p;
}

char *arena_strn(struct arena *a, const void *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (len)
		memcpy(p, s, len);
	return p;
}

char *arena_str(struct arena *a, const char *s)
{
	return s ? arena_strn(a, s, strlen(s)) : NULL;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	return slice_of(arena_copy(a, s.data, s.len), s.len);
}

char *arena_format(struct arena *a, const char *format, ...)
{
	va_list args;
	char *p;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);
	p = arena_alloc(a, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(p, (size_t)len + 1, format, args);
	va_end(args);
	return p;
}
