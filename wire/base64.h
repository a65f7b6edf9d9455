#ifndef WIRE_BASE64_H
#define WIRE_BASE64_H

/* Base64 of RFC 4648 section 4, with padding and nothing else: no line ends, no
 * stray bits, so that each text stands for one byte string and back. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)

void base64_add(struct buf *out, const void *data, size_t len);

/* Decode @text into @ret, which has room for @cap bytes. False when it is not
 * canonical base64 or is longer. */
bool base64_read(struct slice text, uint8_t *ret, size_t cap, size_t *ret_len)
    __attribute__((warn_unused_result));

#endif
