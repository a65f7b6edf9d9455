#ifndef WIRE_SIGN_H
#define WIRE_SIGN_H

/*
 * Ed25519 (RFC 8032, pure) over the bytes of several parts one after another.
 * What is signed always begins with a line that says what it is, so that no
 * signature made for one purpose passes for another.
 *
 * A signature costs about 45 us and a verification about 100 us.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/slice.h"
#include "wire/key.h"

#define SIGN_BYTES 64

/* 0, or -EIO when the key's token fails. */
int sign_parts(const struct key *key, const struct slice *parts, size_t count,
    uint8_t ret[SIGN_BYTES], struct why *why)
    __attribute__((warn_unused_result));

/* Whether @signature is @public's over the parts. @public must have passed
 * key_public_check() once. */
bool sign_verify(const uint8_t public[KEY_BYTES], const struct slice *parts,
    size_t count, const uint8_t signature[SIGN_BYTES])
    __attribute__((warn_unused_result));

#endif
