#ifndef UTIL_BUF_H
#define UTIL_BUF_H

/*
 * A growing byte buffer. Zero-initialise it (`struct buf b = { 0 };`), append,
 * then buf_deinit(). @data stays valid until the next append.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/slice.h"

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

void buf_deinit(struct buf *b);
void buf_reset(struct buf *b); /* empty it, keep the memory */

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *s);
void buf_add_byte(struct buf *b, uint8_t byte);
void buf_add_be16(struct buf *b, uint16_t v);
void buf_add_be32(struct buf *b, uint32_t v);
void buf_add_be64(struct buf *b, uint64_t v);
void buf_addf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for @len more bytes; the caller writes them and adds to @len itself. */
uint8_t *buf_room(struct buf *b, size_t len);

struct slice buf_slice(const struct buf *b);
struct slice buf_from(const struct buf *b, size_t start); /* start <= len */

/* Take the bytes as a NUL-terminated string (caller frees); empties @b. */
char *buf_steal_str(struct buf *b);

#define _cleanup_buf_ __attribute__((cleanup(buf_deinit)))

#endif
