#ifndef UTIL_HASH_H
#define UTIL_HASH_H

/*
 * SHA-256 (FIPS 180-4), the only hash of the formats, by OpenSSL's own code for
 * it. Nothing here can fail.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/slice.h"

#define HASH_BYTES 32

/* The hash of the parts one after another, with nothing between them. */
void hash_parts(
    const struct slice *parts, size_t count, uint8_t ret[HASH_BYTES]);
void hash_bytes(const void *data, size_t len, uint8_t ret[HASH_BYTES]);

/* One per thread: an input that arrives in pieces. Not nested with the above.
 */
void hash_begin(void);
void hash_add(const void *data, size_t len);
void hash_end(uint8_t ret[HASH_BYTES]);

/* From the kernel's generator; ends the process if it cannot be had. */
void hash_random(void *ret, size_t len);

#endif
