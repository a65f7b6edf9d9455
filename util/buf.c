/* A growing byte buffer; buf.h is the contract. */

#include "util/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define BUF_CAP_LEAST 64u

void buf_deinit(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
}

uint8_t *buf_room(struct buf *b, size_t len)
{
	size_t need = b->len + len;

	assert(len <= SIZE_MAX / 4 && b->len <= SIZE_MAX / 4);
	if (need > b->cap) {
		b->cap = need > 2 * b->cap ? need : 2 * b->cap;
		if (b->cap < BUF_CAP_LEAST)
			b->cap = BUF_CAP_LEAST;
		b->data = mem_resize(b->data, b->cap);
	}
	return b->data ? b->data + b->len : NULL;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_room(b, len), data, len);
	b->len += len;
}

void buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.data, s.len);
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_byte(struct buf *b, uint8_t byte)
{
	buf_add(b, &byte, 1);
}

void buf_add_be16(struct buf *b, uint16_t v)
{
	uint8_t bytes[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	buf_add(b, bytes, sizeof(bytes));
}

void buf_add_be32(struct buf *b, uint32_t v)
{
	buf_add_be16(b, (uint16_t)(v >> 16));
	buf_add_be16(b, (uint16_t)v);
}

void buf_add_be64(struct buf *b, uint64_t v)
{
	buf_add_be32(b, (uint32_t)(v >> 32));
	buf_add_be32(b, (uint32_t)v);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);
	buf_room(b, (size_t)len + 1);
	va_start(args, format);
	vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->data, b->len);
}

struct slice buf_from(const struct buf *b, size_t start)
{
	assert(start <= b->len);
	return start < b->len ? slice_of(b->data + start, b->len - start)
			      : (struct slice){ 0 };
}

char *buf_steal_str(struct buf *b)
{
	char *text;

	buf_add_byte(b, 0);
	text = (char *)b->data;
	*b = (struct buf){ 0 };
	return text;
}
