/*
 * Private keys stay inside OpenSSL. A key is named by a URI and found by
 * OSSL_STORE, so a file and a token look the same to the caller; only for
 * files do we look first, because OSSL_STORE reports a missing one as an
 * "unregistered scheme", and does not mind who else can read it.
 */

#include "wire/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "util/hash.h"
#include "util/mem.h"

struct key {
	EVP_PKEY *pkey;
	enum key_kind kind;
	uint8_t public[KEY_BYTES];
};

static const char *const kind_names[] = {
	[KEY_ED25519] = "ED25519", [KEY_X25519] = "X25519"
};

/* What OpenSSL has to say, and nothing left in its queue. */
static const char *ssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return reason ? reason : "no reason given";
}

static void free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

int key_generate(enum key_kind kind, const char *path, struct why *why)
{
	_cleanup_(free_pkey) EVP_PKEY *pkey = NULL;
	_cleanup_(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;
	int r;

	pkey = EVP_PKEY_Q_keygen(NULL, NULL, kind_names[kind]);
	if (!pkey || !bio ||
	    PEM_write_bio_PKCS8PrivateKey(
		bio, pkey, NULL, NULL, 0, NULL, NULL) != 1) {
		why_set(why, "cannot make a key for '%s': OpenSSL: %s", path,
		    ssl_reason());
		return -EIO;
	}
	len = BIO_get_mem_data(bio, &pem);
	r = file_create(path, slice_of(pem, (size_t)len), 0600, why);
	mem_wipe(pem, (size_t)len);
	return r;
}

struct key *key_free(struct key *key)
{
	if (key)
		EVP_PKEY_free(key->pkey);
	free(key);
	return NULL;
}

/* The path a URI means, or NULL when it is not a file's. */
static const char *file_of(const char *uri)
{
	const char *colon = strchr(uri, ':');
	const char *slash = strchr(uri, '/');

	if (!strncasecmp(uri, "file://", 7))
		return uri + 7;
	if (!strncasecmp(uri, "file:", 5))
		return uri + 5;
	return !colon || (slash && slash < colon) ? uri : NULL;
}

static int check_file(const char *path, struct why *why)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		int error = errno;

		why_set(
		    why, "there is no key in '%s': %s", path, strerror(error));
		return -error;
	}
	if (!S_ISREG(st.st_mode)) {
		why_set(why, "'%s' is not a file that can hold a key", path);
		return -EINVAL;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		why_set(why,
		    "the key in '%s' can be reached by others; it must belong"
		    " to the user who runs this: chmod 600 '%s'",
		    path, path);
		return -EPERM;
	}
	return 0;
}

/* A daemon has nobody to ask. */
static int no_pass_phrase(char *buf, int size, int writing, void *ctx)
{
	return -1;
}

/* The first private key in what @uri names. */
static EVP_PKEY *first_key(const char *uri)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(no_pass_phrase, 0);
	OSSL_STORE_CTX *ctx = OSSL_STORE_open(uri, ui, NULL, NULL, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx && OSSL_STORE_expect(ctx, OSSL_STORE_INFO_PKEY) != 1) {
		OSSL_STORE_close(ctx);
		ctx = NULL;
	}
	while (ctx && !pkey && !OSSL_STORE_eof(ctx)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(ctx);

		if (!info)
			break;
		pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(ctx);
	UI_destroy_method(ui);
	return pkey;
}

/* Takes @pkey. NULL when it is not a sound key of this kind. */
static struct key *wrap(enum key_kind kind, EVP_PKEY *pkey)
{
	struct key *key = mem_alloc(sizeof(*key));
	size_t len = KEY_BYTES;
	struct why why;

	key->pkey = pkey;
	key->kind = kind;
	if (pkey && EVP_PKEY_is_a(pkey, kind_names[kind]) &&
	    EVP_PKEY_get_raw_public_key(pkey, key->public, &len) == 1 &&
	    len == KEY_BYTES && key_public_check(kind, key->public, &why))
		return key;
	return key_free(key);
}

int key_load(
    enum key_kind kind, const char *uri, struct key **ret, struct why *why)
{
	const char *path = file_of(uri);
	_cleanup_free_ char *absolute = NULL, *file_uri = NULL;
	EVP_PKEY *pkey;
	int r;

	if (path) {
		r = check_file(path, why);
		if (r < 0)
			return r;
		absolute = realpath(path, NULL);
		file_uri = mem_format("file:%s", absolute ? absolute : path);
	}
	ERR_clear_error();
	pkey = first_key(path ? file_uri : uri);
	if (!pkey) {
		why_set(why,
		    "cannot load a key from '%s': OpenSSL: %s; a key file is"
		    " PKCS#8 PEM without a pass phrase",
		    uri, ssl_reason());
		return -EINVAL;
	}
	*ret = wrap(kind, pkey);
	if (!*ret) {
		why_set(why, "the key in '%s' is not of the kind %s", uri,
		    kind_names[kind]);
		return -EINVAL;
	}
	return 0;
}

void key_uri_resolve(const char *dir, char **uri)
{
	char *whole;

	if (strchr(*uri, ':'))
		return;
	whole = **uri == '/' ? mem_format("file:%s", *uri)
			     : mem_format("file:%s/%s", dir, *uri);
	free(*uri);
	*uri = whole;
}

struct key *key_from_raw(enum key_kind kind, const uint8_t raw[KEY_BYTES])
{
	return wrap(kind, EVP_PKEY_new_raw_private_key_ex(
			      NULL, kind_names[kind], NULL, raw, KEY_BYTES));
}

enum key_kind key_kind(const struct key *key)
{
	return key->kind;
}

void key_public(const struct key *key, uint8_t ret[KEY_BYTES])
{
	memcpy(ret, key->public, KEY_BYTES);
}

int key_curve_secret(
    const struct key *key, uint8_t ret[KEY_BYTES], struct why *why)
{
	size_t len = KEY_BYTES;

	if (key->kind == KEY_X25519 &&
	    EVP_PKEY_get_raw_private_key(key->pkey, ret, &len) == 1 &&
	    len == KEY_BYTES)
		return 0;
	why_set(why,
	    "the CURVE key cannot be taken out of where it is kept, which"
	    " ZeroMQ needs: keep this one in a file");
	ERR_clear_error();
	return -EACCES;
}

struct evp_pkey_st *key_evp(const struct key *key)
{
	return key->pkey;
}

void key_id(const uint8_t public[KEY_BYTES], uint8_t ret[KEY_ID_BYTES])
{
	uint8_t h[HASH_BYTES];

	hash_bytes(public, KEY_BYTES, h);
	memcpy(ret, h, KEY_ID_BYTES);
}

/* Coordinates (little-endian) of the points of small order: y for the Edwards
 * curve, u for Montgomery's. p is 2^255 - 19. */
static const uint8_t small_edwards[][KEY_BYTES] = {
	{ 0 },
	{ 1 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
	    0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
	    0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
	    0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
	    0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
};
static const uint8_t small_montgomery[][KEY_BYTES] = {
	{ 0 },
	{ 1 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	    0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	    0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
	{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
	    0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
	    0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
};

/* Whether the 255-bit little-endian number is below p. */
static bool below_p(const uint8_t n[KEY_BYTES])
{
	if (n[31] != 0x7f || n[0] < 0xed)
		return true;
	for (size_t i = 1; i < 31; i++)
		if (n[i] != 0xff)
			return true;
	return false;
}

bool key_public_check(
    enum key_kind kind, const uint8_t public[KEY_BYTES], struct why *why)
{
	const uint8_t(*small)[KEY_BYTES] =
	    kind == KEY_ED25519 ? small_edwards : small_montgomery;
	uint8_t coordinate[KEY_BYTES];

	memcpy(coordinate, public, KEY_BYTES);
	coordinate[31] &= 0x7f;
	for (size_t i = 0; i < ARRAY_LEN(small_edwards); i++) {
		if (!memcmp(coordinate, small[i], KEY_BYTES)) {
			why_set(why, "the public key is a point of small order,"
				     " which no honest party has");
			return false;
		}
	}
	/* X25519 ignores the top bit; for Ed25519 it is the sign of x. */
	if (!below_p(coordinate) ||
	    (kind == KEY_X25519 && (public[31] & 0x80))) {
		why_set(why, "the public key is not in its canonical form");
		return false;
	}
	return true;
}
