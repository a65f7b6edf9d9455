#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

/*
 * Writing MessagePack: the one door to msgpack-c, which always writes the
 * shortest form. Reading is wire/reader.h: msgpack-c trusts the counts it reads
 * and must never see a peer's bytes. Appends cannot fail (util/mem.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"

void codec_array(struct buf *out, uint32_t count);
void codec_map(struct buf *out, uint32_t pairs);
void codec_uint(struct buf *out, uint64_t v);
void codec_int(struct buf *out, int64_t v);
void codec_bool(struct buf *out, bool v);
void codec_nil(struct buf *out);
void codec_str(struct buf *out, struct slice s); /* must be UTF-8 */
void codec_text(struct buf *out, const char *s); /* a C string */
void codec_bin(struct buf *out, struct slice s);
void codec_bytes(struct buf *out, const void *data, size_t len); /* as bin */

/* An empty slice, or a NULL string, becomes nil. */
void codec_str_or_nil(struct buf *out, struct slice s);

/* Only the head of a bin of @len bytes: the caller appends the bytes. */
void codec_bin_head(struct buf *out, uint32_t len);

/* Bytes that are MessagePack already are appended with buf_add_slice(). */

#endif
