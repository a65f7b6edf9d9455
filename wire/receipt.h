#ifndef WIRE_RECEIPT_H
#define WIRE_RECEIPT_H

/*
 * A recipient's word that copies are in its own store, on disk:
 *
 *     "caveat receipt v1\n" || [exchange, partner, at,
 *                               [[copy number, body digest bin], ...]]
 *
 * signed with its message key (sign_parts over these bytes). 1 to 256 copies,
 * numbers strictly ascending. For a tombstone, the digest is the one it names.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/hash.h"
#include "util/why.h"

#define RECEIPT_ROWS_MAX 256u
#define RECEIPT_BYTES_MAX (RECEIPT_ROWS_MAX * 48u + 256u)

struct receipt_row {
	uint64_t copy; /* from 1 */
	uint8_t digest[HASH_BYTES];
};

struct receipt {
	struct slice exchange;
	struct slice partner;
	int64_t at; /* ms since 1970 */
	const struct receipt_row *rows;
	size_t count;
};

/* Append the bytes to be signed. The receipt must keep the rules above. */
void receipt_pack(const struct receipt *receipt, struct buf *out);

/* Slices point into @bytes, rows are in @arena. The signature is verified by
 * the caller, before this. */
bool receipt_parse(struct slice bytes, struct arena *arena, struct receipt *ret,
    struct why *why) __attribute__((warn_unused_result));

#endif
