#ifndef WIRE_NOTE_H
#define WIRE_NOTE_H

/*
 * Signed notes (C2SP signed-note): a text that ends in a newline, an empty
 * line, and one line a signature:
 *
 *     — NAME base64(key id[4] || signature[64])
 *
 * where the key id is the first 4 bytes of H(NAME || "\n" || 0x01 || public).
 * Agreements, enrolments and checkpoints are notes. A verifier key, "vkey", is
 * the text NAME+HEX+base64(0x01 || public).
 *
 * A name is not empty, holds no space or '+', and is at most NOTE_NAME_MAX
 * bytes. Signatures of unknown keys and kinds are carried and ignored, as the
 * format wants; the same name and key id twice is refused, so that nobody has
 * to choose.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/why.h"
#include "wire/base64.h"
#include "wire/key.h"
#include "wire/sign.h"

#define NOTE_TEXT_MAX (1u << 20) /* bytes, its last newline with it */
#define NOTE_SIGNATURES_MAX 100u /* Go's sumdb refuses more */
#define NOTE_NAME_MAX 128u
#define NOTE_BLOB_MAX 256u /* bytes in a signature of a kind not ours */
#define NOTE_KEY_ID_BYTES 4
#define NOTE_LINE_MAX (4 + NOTE_NAME_MAX + 1 + BASE64_LEN(NOTE_BLOB_MAX) + 1)
/* The longest note there is. */
#define NOTE_BYTES_MAX (NOTE_TEXT_MAX + 1 + NOTE_SIGNATURES_MAX * NOTE_LINE_MAX)

/* ---- verifier keys ----------------------------------------------------- */

#define VKEY_TEXT_MAX (NOTE_NAME_MAX + 1 + 8 + 1 + KEY_BASE64_BYTES + 1)

struct vkey {
	char name[NOTE_NAME_MAX + 1];
	uint8_t id[NOTE_KEY_ID_BYTES];
	uint8_t public[KEY_BYTES];
};

/* False when @name is not a note's name. */
bool vkey_make(
    const char *name, const uint8_t public[KEY_BYTES], struct vkey *ret);

/* Parse a vkey; refuses a key id that does not match, any kind but Ed25519, and
 * keys that key_public_check() refuses. */
bool vkey_parse(struct slice text, struct vkey *ret, struct why *why)
    __attribute__((warn_unused_result));
void vkey_format(const struct vkey *vkey, char ret[VKEY_TEXT_MAX]);
bool vkey_eq(const struct vkey *a, const struct vkey *b);

/* ---- notes ------------------------------------------------------------- */

struct note_signature {
	struct slice name;
	uint8_t id[NOTE_KEY_ID_BYTES];
	struct slice base64; /* of key id and signature, as it stands */
	struct slice line;   /* the whole line, its newline with it */
};

struct note {
	struct slice text; /* what is signed, its last newline with it */
	struct note_signature signatures[NOTE_SIGNATURES_MAX];
	size_t count; /* at least 1 */
};

/* Parse a note; slices point into @bytes. Nothing is verified. */
bool note_parse(struct slice bytes, struct note *ret, struct why *why)
    __attribute__((warn_unused_result));

enum note_verdict {
	NOTE_FORGED = 0, /* it has this key's signature, which is wrong */
	NOTE_UNSIGNED,   /* this key has not signed it */
	NOTE_SIGNED,
};
enum note_verdict note_verify(const struct note *note, const struct vkey *vkey)
    __attribute__((warn_unused_result));

/*
 * Add a signature by @key under @name to @note, which holds a text that ends in
 * a newline (then the empty line is added first), or a note with signatures.
 * -EINVAL: the text is not fit to be a note. -EEXIST: this key has signed it.
 */
int note_sign(struct buf *note, const char *name, const struct key *key,
    struct why *why) __attribute__((warn_unused_result));

/* Whether @bytes has signature lines at its end, or is only a text. */
bool note_is_signed(struct slice bytes);

#endif
