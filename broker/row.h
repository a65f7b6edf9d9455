#ifndef BROKER_ROW_H
#define BROKER_ROW_H

/*
 * A queue row: what, beside the stored message, it takes to make one
 * recipient's copy again, byte for byte. MessagePack
 *
 *     [entry, digest, id, statement, charge, day, destroy-by, shown, decisions]
 *
 * `shown` has a byte a slot (enum slot_kind); a tombstone's is empty and so are
 * its decisions. Rows are sealed in the store; row_parse() is strict all the
 * same, because what is sent must be exactly what was decided.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/hash.h"
#include "wire/copy.h"

struct row {
	uint64_t entry;             /* index of the `decided` entry */
	uint8_t digest[HASH_BYTES]; /* of the body */
	struct message_id id;
	uint8_t statement[HASH_BYTES];
	uint64_t charge; /* bytes its sender pays for in the queue; 0: none */
	int32_t day;     /* London day of the decision */
	int32_t destroy_by;
	struct slice shown;
	const struct decision *decisions;
	size_t decisions_count;
};

void row_pack(const struct row *row, struct buf *out);

/* Slices point into @bytes. False: not a row. */
bool row_parse(struct slice bytes, struct arena *arena, struct row *ret)
    __attribute__((warn_unused_result));

/* Append the body that @row shows of @envelope, whose slots are read. False:
 * they do not belong together. */
bool row_body(const struct row *row, const struct envelope *envelope,
    struct arena *arena, struct buf *out, struct why *why)
    __attribute__((warn_unused_result));

#endif
