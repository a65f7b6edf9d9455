#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

/*
 * A message: a header and a flat list of fields, of which any can be withheld
 * from a reader without breaking its originator's signature.
 *
 *     V         = H(0x02 || salt[16] || value)
 *     D         = H(0x03 || V || u16 instance || path)
 *     digests   = all D, strictly ascending
 *     statement = H("caveat message v1\n" || H(header) || u16 count ||
 *                   H(digests))
 *     signed    = "caveat batch v1\n" || lp(exchange) || lp(from) || u16 size
 * || MTH(statements) envelope  = [header bin, digests bin, key id bin, [index,
 * size, path bin], signature bin, slots] or, when it forwards fields, the same
 *                  with origins after the slots
 *     slot      = whole [salt, path, instance, value] |
 *                 named [path, instance, V] | nil
 *     origin    = [header bin, digests bin, key id bin, [index, size, path
 * bin], signature bin, [[slot, instance], ...]]
 *
 * caveat-wire(7) has every detail. Slots stand in the order of their digests.
 *
 * An origin is the statement that a forwarded field was first made in. The
 * forwarder keeps the field's salt, value and path, so V is the same; its D
 * with the instance it had there is one of the origin's digests.
 *
 * Nothing here is trusted before it is checked: envelope_open() reads and
 * hashes what the signature covers, message_verify() checks the signature (or
 * the caller knows the batch from message_batch_tag()), envelope_slots() then
 * reads the slots and recomputes every digest.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/why.h"
#include "wire/id.h"
#include "wire/key.h"
#include "wire/merkle.h"
#include "wire/reader.h"
#include "wire/sign.h"

#define MESSAGE_BYTES_MAX (1u << 20)  /* an envelope */
#define MESSAGE_FIELDS_MAX 1024u      /* digests: fields, forms and decoys */
#define MESSAGE_INSTANCES_MAX 256u    /* of an entity: 0 to 255 */
#define MESSAGE_PATH_MAX 64u          /* "entity.field~form" */
#define MESSAGE_BATCH_MAX 256u        /* messages under one signature */
#define MESSAGE_BATCH_PATH_MAX 8u     /* hashes in a path: 2^8 is 256 */
#define MESSAGE_HEADER_MAX 4096u      /* the header's bytes */
#define MESSAGE_WORD_MAX 64u          /* a type, code or purpose */
#define MESSAGE_REF_MAX 75u           /* NAME/N: 64 + 1 + 10 */
#define MESSAGE_INSTRUCTION_MAX 1024u /* the handling instruction */
#define MESSAGE_SET_MAX 1024u         /* elements of a set or link value */
#define MESSAGE_ORIGINS_MAX 16u
#define MESSAGE_SALT_BYTES 16u
#define MESSAGE_NONCE_BYTES 16u
#define MESSAGE_TIME_MAX INT64_C(253402300799999) /* the end of year 9999 */

/* ---- header ------------------------------------------------------------ */

/* In the order of its keys. Times are ms since 1970-01-01T00:00:00Z. Slices of
 * an optional key are empty, times 0 and ids' partners "" when it is absent. */
struct message_header {
	struct slice exchange; /* a name */
	struct message_id id;
	uint8_t nonce[MESSAGE_NONCE_BYTES];
	struct slice vocabulary; /* "soc/1" */
	struct slice type;
	struct slice from;      /* the same as the id's partner */
	struct slice agreement; /* "name" or "name/version" */
	struct slice purpose;
	int64_t sent;
	struct slice marking;
	struct slice handling_instruction; /* optional from here on */
	int64_t embargo_until;
	struct slice priority; /* routine, urgent or threat-to-life */
	int64_t expires;
	struct message_id replaces;
	struct message_id recalls;
	struct message_id answers;
};

/* False, and nothing appended, when a value breaks its form or limit. */
bool message_header_pack(
    const struct message_header *h, struct buf *out, struct why *why);

/* Slices of @ret point into @bytes. */
bool message_header_parse(struct slice bytes, struct message_header *ret,
    struct why *why) __attribute__((warn_unused_result));

/* ---- what is signed ---------------------------------------------------- */

struct statement {
	struct slice header_bytes;
	struct slice digests;
	uint8_t key_id[KEY_ID_BYTES]; /* which message key signed */
	uint16_t index;               /* this one's place in the batch */
	uint16_t size;                /* messages in the batch */
	struct slice path;            /* to the batch's root */
	struct slice signature;       /* SIGN_BYTES */

	/* Worked out from the above. */
	struct message_header header;
	uint16_t count;           /* digests */
	uint8_t hash[HASH_BYTES]; /* the statement: what an id is bound to */
	struct merkle_hash root;  /* of the batch */
};

/* Whether @public is the key named by the key id, and signed the batch. */
bool message_verify(const struct statement *s, const uint8_t public[KEY_BYTES])
    __attribute__((warn_unused_result));

/* Names (signed bytes, key, signature): equal tags verify alike, so a verified
 * tag may be remembered and the rest of its batch spared the 100 us. */
void message_batch_tag(const struct statement *s,
    const uint8_t public[KEY_BYTES], uint8_t ret[HASH_BYTES]);

/* ---- slots ------------------------------------------------------------- */

enum slot_kind {
	SLOT_NIL = 0, /* the reader may not know what it is */
	SLOT_NAMED,   /* name and V, no value */
	SLOT_WHOLE,
};

struct slot {
	enum slot_kind kind;
	uint16_t instance;        /* not for nil, nor the next two */
	struct slice path;        /* "subject.born", "subject.born~year" */
	uint8_t hash[HASH_BYTES]; /* V */
	struct slice salt;        /* whole only, as the next */
	struct slice value;       /* msgpack: str, int, bool, array of str */
	struct slice raw;         /* the slot as it stands in the envelope */
	uint16_t field;           /* of a new message: which of its fields */
};

/* Slots of a new message that are decoys have this for their field. */
#define SLOT_DECOY UINT16_MAX

struct origin_link {
	uint16_t slot;     /* of this message */
	uint16_t instance; /* the field's instance in the original */
};

struct origin {
	struct statement statement;
	const struct origin_link *links; /* slots ascending, at least 1 */
	size_t count;
};

/* Whether @path has the form entity.field or entity.field~form. */
bool message_path_ok(struct slice path);

/* Whether @value is one MessagePack value of the forms a field may have; else
 * @why. */
bool message_value_ok(struct slice value, struct why *why);

/* H(0x02 || salt || value) */
void message_value_hash(const uint8_t salt[MESSAGE_SALT_BYTES],
    struct slice value, uint8_t ret[HASH_BYTES]);
/* H(0x03 || V || instance || path) */
void message_digest(const uint8_t value_hash[HASH_BYTES], uint16_t instance,
    struct slice path, uint8_t ret[HASH_BYTES]);

/* ---- reading an envelope ----------------------------------------------- */

struct envelope {
	struct slice bytes; /* empty for a new message */
	struct statement statement;
	struct slice rest; /* slots and origins, not read yet */
	bool forwards;     /* origins follow the slots */

	/* From envelope_slots() or envelope_new(). */
	struct slot *slots; /* statement.count of them */
	struct origin *origins;
	size_t origins_count;
};

/* Read all but the slots; work out statement and root. All slices of @ret point
 * into @bytes. */
bool envelope_open(struct slice bytes, struct envelope *ret, struct why *why)
    __attribute__((warn_unused_result));

/*
 * Read the slots and origins: every whole and named slot's digest is
 * recomputed and must stand in its place, no (path, instance) stands twice, and
 * each value has one of the few forms. Allocates in @arena. Each origin's own
 * signature is for the caller to verify (message_verify(&origin->statement)),
 * for only it knows the originator's keys.
 */
bool envelope_slots(struct envelope *e, struct arena *arena, struct why *why)
    __attribute__((warn_unused_result));

/* The slot of (path, instance), or NULL. Walks all slots. */
const struct slot *envelope_find(
    const struct envelope *e, const char *path, uint16_t instance);

/* ---- making an envelope ------------------------------------------------ */

struct message_field {
	struct slice path;
	uint16_t instance;
	struct slice value;  /* msgpack */
	const uint8_t *salt; /* NULL: draw one. A forwarded field keeps its own
			      */
};

struct message_draft {
	const struct message_header *header;
	const struct message_field *fields;
	size_t count;
	size_t decoys; /* digests of nothing, so that a count tells less */
	/* For forwarded fields; link->slot is the index of the field here, and
	 * of the statement only the signed parts are used. */
	const struct origin *origins;
	size_t origins_count;
};

/* Hash and order the fields: a message with all its slots whole, not signed.
 * What @draft points to is copied to @arena. False when a limit or form is
 * broken. */
bool envelope_new(const struct message_draft *draft, struct arena *arena,
    struct envelope *ret, struct why *why) __attribute__((warn_unused_result));

/* Sign 1 to MESSAGE_BATCH_MAX new messages of one sender in one exchange. */
int envelope_sign(struct envelope *const *envelopes, size_t count,
    const struct key *key, struct arena *arena, struct why *why)
    __attribute__((warn_unused_result));

/*
 * Append the envelope. @home is NULL, or says of each slot whether its value
 * stays at home and only its name travels. A sender keeps the envelope with all
 * values, and sends the one without. False, and nothing appended, when it would
 * be longer than MESSAGE_BYTES_MAX.
 */
bool envelope_pack(const struct envelope *e, const bool *home, struct buf *out,
    struct why *why) __attribute__((warn_unused_result));

/* ---- inside wire/ ------------------------------------------------------ */

/* The five elements that every form of a message begins with. False, with @why
 * filled, on any fault; so for the next two. */
bool statement_read(struct reader *r, struct statement *ret, struct why *why);
bool slots_read(struct reader *r, const struct statement *s,
    struct arena *arena, struct slot **ret, struct why *why);

/* What origins_read() checks links against. */
struct origins_of {
	const struct slot *slots;
	size_t count;
};
bool origins_read(struct reader *r, struct origins_of of, struct arena *arena,
    struct origin **ret, size_t *ret_count, struct why *why);

/* Whether no (path, instance) is there twice. */
bool slots_unique(const struct slot *slots, size_t count, struct why *why);

/* Whether the origin's digests hold @slot's field, under @instance. */
bool origin_holds(
    const struct origin *o, const struct slot *slot, uint16_t instance);

void statement_hash(struct statement *s); /* from header, count and digests */
int statement_sign(const struct statement *s, const struct key *key,
    uint8_t ret[SIGN_BYTES], struct why *why);
void statement_pack(const struct statement *s, struct buf *out);
void slot_pack(const struct slot *slot, enum slot_kind as, struct buf *out);

/* Of @origins, what concerns slots that are shown (NULL: all are). */
void origins_pack(const struct origin *origins, size_t count,
    const enum slot_kind *shown, struct buf *out);

#endif
