#ifndef AUDIT_CHECKPOINT_H
#define AUDIT_CHECKPOINT_H

/*
 * A checkpoint, C2SP tlog-checkpoint: a signed note whose text is the origin
 * (`EXCHANGE/EPOCH`), the number of entries and the base64 root, a line each.
 * The signing key's name is the exchange's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/hash.h"
#include "util/why.h"
#include "wire/key.h"
#include "wire/note.h"

#define CHECKPOINT_BYTES_MAX 16384u /* with cosignatures */
#define CHECKPOINT_ORIGIN_MAX 96u

struct checkpoint {
	char origin[CHECKPOINT_ORIGIN_MAX];
	uint64_t size;
	uint8_t root[HASH_BYTES];
};

/* Append the signed note of @c, signed by @key under the name @name. */
int checkpoint_sign(const struct checkpoint *c, const char *name,
    const struct key *key, struct buf *out);

/* Parse @note and check the log's own signature with @key, a vkey. Refuses any
 * text that is not byte for byte what checkpoint_sign() would have made, other
 * signature lines aside, or that is of another exchange than @key's name. */
bool checkpoint_open(struct slice note, const struct vkey *key,
    struct checkpoint *ret, struct why *why)
    __attribute__((warn_unused_result));

/* Parse the text of @note without looking at any signature: for a log that is
 * one's own. False: it is not a checkpoint. */
bool checkpoint_read(struct slice note, struct checkpoint *ret);

#endif
