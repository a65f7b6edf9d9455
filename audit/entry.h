#ifndef AUDIT_ENTRY_H
#define AUDIT_ENTRY_H

/*
 * One entry of the log, caveat-log(5). A msgpack map: `v` (1), `kind`, `salt`
 * (16 random bytes: a leaf hash must not be guessable), `at` (ms since 1970,
 * the broker's clock), then the kind's own keys in the order they stand below,
 * no others. An entry holds digests, codes, identities and times, never a value
 * of a message (design, promise 8).
 *
 * What not every holder of an entry may know is its detail: bytes kept beside
 * the entry, committed to by `detail`, erasable without touching a proof.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/hash.h"
#include "util/slice.h"

#define ENTRY_BYTES_MAX 65535u /* tlog-tiles: an entry's length is 16 bits */
#define ENTRY_SALT_BYTES 16u
#define ENTRY_SIGNERS_MAX 256u

enum entry_kind {
	ENTRY_RECEIVED, /* id statement key policy recipients */
	ENTRY_DECIDED, /* to copy id statement body policy [destroy-by] [detail]
			*/
	ENTRY_REFUSED, /* [from] [id] [to] [statement] policy [detail] */
	ENTRY_DELIVERED, /* to receipt signature */
	ENTRY_PARTNER,   /* name what [text] */
	ENTRY_AGREEMENT, /* name text signers policy */
	ENTRY_NOTICE,    /* name text policy */
	ENTRY_KINDS,
};

/*
 * All kinds in one struct; a kind uses the members its line above names (`id`
 * and so on) and the others stay zero. Slices and strings point to the caller's
 * memory when encoding and into the entry when decoded.
 */
struct entry {
	enum entry_kind kind;
	uint8_t salt[ENTRY_SALT_BYTES];
	int64_t at;
	struct slice id;   /* "warwickshire-police/1.1047" */
	struct slice from; /* who a refused frame came from */
	struct slice to;   /* a partner; refused: may be empty (all) */
	uint8_t statement[HASH_BYTES];
	bool has_statement; /* refused: a frame may have had none */
	uint8_t key[8];     /* key id of the sender's message key */
	uint64_t copy;      /* the recipient's copy number, from 1 */
	uint8_t body[HASH_BYTES];
	uint64_t policy;     /* policy number it was decided under */
	uint32_t recipients; /* how many decided and refused entries follow */
	int32_t destroy_by;  /* London day; INT32_MAX: none */
	uint8_t detail[HASH_BYTES];
	bool has_detail;
	struct slice receipt, signature;
	struct slice name; /* "rugby-council", "warwickshire-socjag/4" */
	struct slice what; /* "enrolled", "suspended", "resumed" */
	uint8_t
	    text[HASH_BYTES]; /* SHA-256 of the enrolment, agreement, notice */
	bool has_text;        /* partner: suspended and resumed have none */
	struct slice signers[ENTRY_SIGNERS_MAX];
	size_t signers_count;
};

const char *entry_kind_name(enum entry_kind kind);

/* Append the entry's bytes. The caller has set salt and at, and kept every text
 * within its own limit (a name is at most 64 bytes, a receipt one frame's). */
void entry_encode(const struct entry *e, struct buf *out);

/* Strict: NULL and *@ret filled, or what is wrong, a static phrase. */
const char *entry_decode(struct slice bytes, struct entry *ret);

/* The RFC 6962 leaf hash: SHA-256(0x00 || bytes). */
void entry_leaf(struct slice bytes, uint8_t ret[HASH_BYTES]);

/*
 * The detail of a decided or refused entry: msgpack [salt, clause or nil,
 * reason or nil, [[path, instance, action, told, to or nil, clause or nil,
 * reason or nil], ...]]. `clause` and `reason` are the refusal's.
 */
struct detail_field {
	struct slice path;
	uint16_t instance;
	const char *action; /* "release", ... */
	bool told;
	const char *to, *clause, *reason; /* NULL: none */
};
void detail_encode(const char *clause, const char *reason,
    const struct detail_field *fields, size_t count, struct buf *out);

#endif
