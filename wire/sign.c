/*
 * Ed25519 hashes its message twice, so OpenSSL wants it in one piece: parts are
 * put together first, in place when short. Each thread keeps one context.
 */

#include "wire/sign.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static pthread_key_t context_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *thread_context;

static void free_context(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void free_main_context(void)
{
	EVP_MD_CTX_free(thread_context);
	thread_context = NULL;
}

static void make_key(void)
{
	if (pthread_key_create(&context_key, free_context))
		abort();
	atexit(free_main_context);
}

/* This thread's context, as new; NULL when memory has run out. */
static EVP_MD_CTX *context(void)
{
	pthread_once(&once, make_key);
	if (!thread_context) {
		thread_context = EVP_MD_CTX_new();
		pthread_setspecific(context_key, thread_context);
	} else {
		EVP_MD_CTX_reset(thread_context);
	}
	return thread_context;
}

#define WHOLE_BYTES 512

/* The parts in one piece: in @room, or in memory that *@ret_heap is given. */
static struct slice join(const struct slice *parts, size_t count,
    uint8_t room[WHOLE_BYTES], uint8_t **ret_heap)
{
	size_t len = 0, at = 0;
	uint8_t *p = room;

	for (size_t i = 0; i < count; i++)
		len += parts[i].len;
	if (count == 1)
		return parts[0];
	if (len > WHOLE_BYTES)
		p = *ret_heap = mem_alloc(len);
	for (size_t i = 0; i < count; at += parts[i++].len)
		if (parts[i].len)
			memcpy(p + at, parts[i].data, parts[i].len);
	return slice_of(p, len);
}

int sign_parts(const struct key *key, const struct slice *parts, size_t count,
    uint8_t ret[SIGN_BYTES], struct why *why)
{
	_cleanup_free_ uint8_t *heap = NULL;
	uint8_t room[WHOLE_BYTES];
	struct slice whole = join(parts, count, room, &heap);
	EVP_MD_CTX *ctx = context();
	size_t len = SIGN_BYTES;

	if (ctx && key_kind(key) == KEY_ED25519 &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, key_evp(key)) == 1 &&
	    EVP_DigestSign(ctx, ret, &len, whole.data, whole.len) == 1 &&
	    len == SIGN_BYTES)
		return 0;
	why_set(why, "cannot sign: OpenSSL: %s",
	    ERR_reason_error_string(ERR_peek_error())
		? ERR_reason_error_string(ERR_peek_error())
		: "the key is not one for signatures");
	ERR_clear_error();
	return -EIO;
}

bool sign_verify(const uint8_t public[KEY_BYTES], const struct slice *parts,
    size_t count, const uint8_t signature[SIGN_BYTES])
{
	_cleanup_free_ uint8_t *heap = NULL;
	uint8_t room[WHOLE_BYTES];
	struct slice whole = join(parts, count, room, &heap);
	EVP_MD_CTX *ctx = context();
	EVP_PKEY *key;
	bool good;

	key = EVP_PKEY_new_raw_public_key_ex(
	    NULL, "ED25519", NULL, public, KEY_BYTES);
	good = ctx && key &&
	       EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestVerify(
		   ctx, signature, SIGN_BYTES, whole.data, whole.len) == 1;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good;
}
