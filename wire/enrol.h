#ifndef WIRE_ENROL_H
#define WIRE_ENROL_H

/*
 * The enrolment of a partner: its four public keys in a signed note.
 *
 *     caveat enrolment v1
 *     partner NAME
 *     curve BASE64
 *     message VKEY
 *     witness VKEY
 *     agree VKEY
 *
 * signed by the agree, message and witness keys (each proves its possession;
 * the curve key proves its own in the handshake) and by nobody else. The vkeys'
 * names are NAME/message, NAME/witness and NAME. Whose keys these are is what
 * the agreements say, by their identity statements: an enrolment counts only
 * when its agree key is theirs (design, promise 14).
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/text.h"
#include "util/why.h"
#include "wire/key.h"
#include "wire/note.h"

#define ENROLMENT_BYTES_MAX 4096u

struct enrolment {
	char partner[TEXT_NAME_MAX + 1];
	uint8_t curve[KEY_BYTES];
	struct vkey message;
	struct vkey witness;
	struct vkey agree;
};

/* The three Ed25519 keys by their raw bytes, names filled in. False when
 * @partner is not a name or two keys are the same. */
struct enrolment_keys {
	uint8_t curve[KEY_BYTES];
	uint8_t message[KEY_BYTES];
	uint8_t witness[KEY_BYTES];
	uint8_t agree[KEY_BYTES];
};
bool enrolment_make(const char *partner, const struct enrolment_keys *keys,
    struct enrolment *ret, struct why *why);

/* Append the text to be signed; then note_sign() with each vkey's name. */
void enrolment_text(const struct enrolment *e, struct buf *out);

/* Parse and verify: form, names, keys, all three signatures and no other. */
bool enrolment_parse(struct slice bytes, struct enrolment *ret, struct why *why)
    __attribute__((warn_unused_result));

/* Whether any of the four keys of @a is any of @b's: no public key stands twice
 * in an exchange. */
bool enrolment_shares_key(const struct enrolment *a, const struct enrolment *b);
bool enrolment_has_key(
    const struct enrolment *e, const uint8_t public[KEY_BYTES]);

#endif
