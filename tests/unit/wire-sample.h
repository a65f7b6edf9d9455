#ifndef TESTS_UNIT_WIRE_SAMPLE_H
#define TESTS_UNIT_WIRE_SAMPLE_H

/* A fixed message, always the same bytes: fixed keys, salts, nonce and time.
 * The unit tests, the fuzzers' seeds and the test vectors are made from it. */

#include "wire/message.h"

#define SAMPLE_FIELDS 12u
#define SAMPLE_SENT INT64_C(1795341600000) /* 2026-11-22T10:00:00Z */

/* The key whose private bytes are all @fill. */
struct key *sample_key(uint8_t fill, enum key_kind kind);
void sample_public(uint8_t fill, enum key_kind kind, uint8_t ret[KEY_BYTES]);

/* "hmrc"'s or any partner's header of message 1.@number. */
struct message_header sample_header(const char *partner, uint64_t number);

/* The sample's fields; all is in @arena. */
struct message_field *sample_fields(struct arena *arena);

/* A msgpack str in @arena. */
struct slice sample_text(struct arena *arena, const char *text);

/* The sample from @partner, signed with its message key (@fill). */
void sample_envelope(const char *partner, uint8_t fill, struct arena *arena,
    struct envelope *ret);

/* The envelope's bytes, in @arena. */
struct slice sample_packed(
    const struct envelope *e, const bool *home, struct arena *arena);

/* Open, read and verify with the key that sample_key(@fill) is. */
bool sample_opens(struct slice bytes, uint8_t fill, struct arena *arena,
    struct envelope *ret);

/* A message of HMRC's (fill 2) that forwards two fields of @original, a sample
 * envelope: both subjects' names, which change their instances to 5 and 4. */
void sample_forward(
    const struct envelope *original, struct arena *arena, struct envelope *ret);

#endif
