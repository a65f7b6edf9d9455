#ifndef UTIL_SEAL_H
#define UTIL_SEAL_H

/*
 * AES-256-GCM, for rows at rest and wrapped keys. A sealed text is
 * nonce[12] || ciphertext || tag[16]. The nonce is four bytes and a counter of
 * eight, both begun at random when the process first seals: it never repeats
 * within a process, and between two that sealed n and m times under one key it
 * does with a chance of (n + m) / 2^96. A child of fork() goes on with its
 * parent's counter and must not seal. @bind is authenticated but not stored:
 * say which table and row the sealed bytes belong to, so that they cannot be
 * moved to another.
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
