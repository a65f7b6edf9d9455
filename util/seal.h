#ifndef UTIL_SEAL_H
#define UTIL_SEAL_H

/*
 * AES-256-GCM, for rows at rest and wrapped keys. A sealed text is
 * nonce[12] || ciphertext || tag[16]. The nonce is four bytes drawn when the
 * process starts and a counter, so that it never repeats under one key within a
 * process and a collision between processes needs the same four bytes and the
 * same count. @bind is authenticated but not stored: say which table and row
 * the sealed bytes belong to, so that they cannot be moved to another.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define SEAL_KEY_BYTES 32
#define SEAL_OVERHEAD 28

/* Append the sealed @plain to @out. */
void seal_add(struct buf *out, const uint8_t key[SEAL_KEY_BYTES],
    struct slice bind, struct slice plain);

/* Append what @sealed holds to @out. False, with @out as it was, when the key,
 * the binding or any byte is wrong. */
bool seal_open(struct buf *out, const uint8_t key[SEAL_KEY_BYTES],
    struct slice bind, struct slice sealed) __attribute__((warn_unused_result));

#endif
