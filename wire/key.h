#ifndef WIRE_KEY_H
#define WIRE_KEY_H

/*
 * Keys: Ed25519 for signatures (RFC 8032), X25519 for CURVE (RFC 7748). A
 * private key is made into a PKCS#8 PEM file or loaded from an OSSL_STORE URI,
 * so that it may live in a token as well; only CURVE keys are ever taken out
 * of OpenSSL, because ZeroMQ wants their bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/slice.h"
#include "util/why.h"

#define KEY_BYTES 32   /* public or private, either kind */
#define KEY_ID_BYTES 8 /* the first of SHA-256(public key) */
#define KEY_Z85_BYTES 40
#define KEY_BASE64_BYTES 44

enum key_kind {
	KEY_ED25519,
	KEY_X25519,
};

struct key; /* a private key */

/* Create the PEM file @path, mode 0600. -EEXIST when there is one already: a
 * key is never overwritten. */
int key_generate(enum key_kind kind, const char *path, struct why *why);

/*
 * Load a private key: "file:DIR/keys/message.pem", "pkcs11:...", or a plain
 * path. A file must be a regular one that only its owner, the caller, can
 * reach. -ENOENT: no such file. -EPERM: others can read it. -EINVAL: it holds
 * no key of this kind. Never asks for a pass phrase.
 */
int key_load(
    enum key_kind kind, const char *uri, struct key **ret, struct why *why);

/* Make of what a configuration says in @dir the URI to load: "keys/message.pem"
 * is a file in the folder, "/x" a file; "file:/x" and "pkcs11:..." stay. *@uri
 * is allocated, and replaced. */
void key_uri_resolve(const char *dir, char **uri);

/* From its 32 private bytes: for tests and fixed vectors. NULL: not a key. */
struct key *key_from_raw(enum key_kind kind, const uint8_t raw[KEY_BYTES]);

struct key *key_free(struct key *key); /* takes NULL; returns NULL */

enum key_kind key_kind(const struct key *key);
void key_public(const struct key *key, uint8_t ret[KEY_BYTES]);

/* The 32 private bytes of an X25519 key, to be wiped by the caller. -EACCES
 * when the token does not give them out. */
int key_curve_secret(
    const struct key *key, uint8_t ret[KEY_BYTES], struct why *why);

/* The first 8 bytes of SHA-256 of a public key. */
void key_id(const uint8_t public[KEY_BYTES], uint8_t ret[KEY_ID_BYTES]);

/* Refuses what no honest party has: bytes that are not the one canonical
 * encoding, and points of small order (with those, one signature can verify for
 * many messages, and a shared secret is known to all). */
bool key_public_check(enum key_kind kind, const uint8_t public[KEY_BYTES],
    struct why *why) __attribute__((warn_unused_result));

/* Text forms: base64 with padding (RFC 4648) and Z85 (ZeroMQ RFC 32), both
 * NUL-terminated. Reading takes exactly the canonical text. */
void key_to_base64(
    const uint8_t public[KEY_BYTES], char ret[KEY_BASE64_BYTES + 1]);
bool key_from_base64(struct slice text, uint8_t ret[KEY_BYTES]);
void key_to_z85(const uint8_t public[KEY_BYTES], char ret[KEY_Z85_BYTES + 1]);
bool key_from_z85(struct slice text, uint8_t ret[KEY_BYTES]);

/* Inside wire/ only, for sign.c. */
struct evp_pkey_st *key_evp(const struct key *key);

static inline void key_freep(struct key **key)
{
	key_free(*key);
}
#define _cleanup_key_ __attribute__((cleanup(key_freep)))

#endif
