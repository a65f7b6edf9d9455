#ifndef WIRE_COPY_H
#define WIRE_COPY_H

/*
 * What one recipient gets of a message.
 *
 *     body = [1, header bin, digests bin, key id bin, [index, size, path bin],
 *             signature bin, slots, decisions, origins]
 *     decision = [slot, action, clause or nil, reason or nil, derived]
 *     derived  = nil | [to, value or nil]
 *     copy = [body bin, entry bin, index, path bin]
 *
 * There is one decision for each named slot, in slot order, and none for
 * others. The `decided` entry of the log commits to the body's digest,
 * H("caveat body v1\n" || body); index and path prove that the entry is in the
 * log whose checkpoint the deliver frame carries.
 *
 *     action      derived
 *     release     [to, value]: the value, changed by the broker (`to` says how)
 *     reduce      [to, value], or [to, nil] when the form's own slot is whole
 *     mask        likewise
 *     refer       [party, nil], or nil
 *     withhold    nil
 *
 * A derived value is the broker's word: the originator did not sign it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/why.h"
#include "wire/merkle.h"
#include "wire/message.h"

#define COPY_ENTRY_MAX 65535u /* bytes of a log entry */
/* With entry, path and checkpoint, a copy always fits a frame. */
#define COPY_BODY_MAX ((2u << 20) - (128u << 10))
#define COPY_PATH_MAX (64 * HASH_BYTES)
#define COPY_BYTES_MAX (COPY_BODY_MAX + COPY_ENTRY_MAX + COPY_PATH_MAX + 32)
#define COPY_CLAUSE_MAX 160u /* "uk-law/1 victim-firewall" */
#define COPY_REASON_MAX 512u
#define COPY_TO_MAX 512u /* "year", "keep last 3", parties to be asked */

struct decision {
	uint16_t slot;
	struct slice action; /* one of the words above */
	struct slice clause; /* empty: none, as the next two */
	struct slice reason;
	struct slice to;
	struct slice value; /* msgpack; empty: none */
};

struct copy_draft {
	const struct envelope *envelope; /* its slots read */
	const enum slot_kind *shown;     /* of each slot */
	const struct decision *decisions;
	size_t decisions_count;
};

/*
 * Append the body. A slot may be shown as it stands in the envelope or less; of
 * the origins, those of slots shown go along. False, and nothing appended, when
 * the draft breaks the rules above or a limit.
 */
bool copy_body(const struct copy_draft *draft, struct buf *out, struct why *why)
    __attribute__((warn_unused_result));

/* H("caveat body v1\n" || body) */
void copy_body_digest(struct slice body, uint8_t ret[HASH_BYTES]);

/* Append the copy: a body and the proof that its disclosure is logged. @path is
 * hashes one after another. */
void copy_pack(struct slice body, struct slice entry, uint64_t index,
    struct slice path, struct buf *out);

struct copy {
	struct slice body;
	uint8_t digest[HASH_BYTES]; /* of the body */
	struct slice entry;         /* audit/ reads it */
	uint64_t index;             /* of the entry in the log */
	struct slice path;

	struct statement statement;
	struct slot *slots; /* statement.count of them */
	struct decision *decisions;
	size_t decisions_count;
	struct origin *origins;
	size_t origins_count;
};

/*
 * Read a copy strictly and recompute every digest. Slices point into @bytes;
 * the rest is allocated in @arena. The caller then checks, in this order: the
 * originator's signature (message_verify), the entry's commitment to the digest
 * and the copy number, the path to the checkpoint's root (merkle_path_root),
 * and that its agreements would have allowed it.
 */
bool copy_open(struct slice bytes, struct arena *arena, struct copy *ret,
    struct why *why) __attribute__((warn_unused_result));

/* The same for a body alone: entry and path stay empty. */
bool copy_open_body(struct slice body, struct arena *arena, struct copy *ret,
    struct why *why) __attribute__((warn_unused_result));

/* The decision of slot @slot, or NULL when it is whole or nil. */
const struct decision *copy_decision(const struct copy *c, uint16_t slot);

#endif
