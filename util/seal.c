/* AES-256-GCM for rows at rest; seal.h says what is bound. */

#include "util/seal.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/hash.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16

static EVP_CIPHER *aes;
static pthread_key_t context_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_CIPHER_CTX *context;
static uint8_t nonce_prefix[4];
static atomic_uint_fast64_t nonce_count;

static void must(int ok, const char *what)
{
	if (ok == 1)
		return;
	fprintf(stderr, "caveat: OpenSSL cannot %s\n", what);
	abort();
}

static void free_context(void *ctx)
{
	EVP_CIPHER_CTX_free(ctx);
}

static void free_cipher(void)
{
	EVP_CIPHER_CTX_free(context);
	context = NULL;
	EVP_CIPHER_free(aes);
	aes = NULL;
}

static void fetch_cipher(void)
{
	uint64_t start;

	aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	must(aes != NULL, "provide AES-256-GCM");
	must(pthread_key_create(&context_key, free_context) == 0,
	    "make room for a cipher in each thread");
	hash_random(nonce_prefix, sizeof(nonce_prefix));
	hash_random(&start, sizeof(start));
	atomic_store(&nonce_count, start);
	atexit(free_cipher);
}

static EVP_CIPHER_CTX *cipher(void)
{
	pthread_once(&once, fetch_cipher);
	if (!context) {
		context = EVP_CIPHER_CTX_new();
		must(context != NULL, "make a cipher context");
		pthread_setspecific(context_key, context);
	}
	return context;
}

void seal_add(struct buf *out, const uint8_t key[SEAL_KEY_BYTES],
    struct slice bind, struct slice plain)
{
	EVP_CIPHER_CTX *ctx = cipher();
	uint64_t n = atomic_fetch_add(&nonce_count, 1);
	uint8_t *p = buf_room(out, plain.len + SEAL_OVERHEAD);
	int len;

	memcpy(p, nonce_prefix, sizeof(nonce_prefix));
	memcpy(p + sizeof(nonce_prefix), &n, sizeof(n));
	must(EVP_EncryptInit_ex2(ctx, aes, key, p, NULL), "start a seal");
	if (bind.len)
		must(EVP_EncryptUpdate(
			 ctx, NULL, &len, bind.data, (int)bind.len),
		    "bind a seal");
	if (plain.len)
		must(EVP_EncryptUpdate(ctx, p + NONCE_BYTES, &len, plain.data,
			 (int)plain.len),
		    "seal");
	must(EVP_EncryptFinal_ex(ctx, p + NONCE_BYTES + plain.len, &len),
	    "finish a seal");
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
		 p + NONCE_BYTES + plain.len),
	    "tag a seal");
	out->len += plain.len + SEAL_OVERHEAD;
}

bool seal_open(struct buf *out, const uint8_t key[SEAL_KEY_BYTES],
    struct slice bind, struct slice sealed)
{
	EVP_CIPHER_CTX *ctx = cipher();
	uint8_t tag[TAG_BYTES], *p;
	size_t plain;
	int len;

	if (sealed.len < SEAL_OVERHEAD)
		return false;
	plain = sealed.len - SEAL_OVERHEAD;
	p = buf_room(out, plain + 1);
	memcpy(tag, sealed.data + NONCE_BYTES + plain, TAG_BYTES);
	must(EVP_DecryptInit_ex2(ctx, aes, key, sealed.data, NULL),
	    "start to open a seal");
	if (bind.len)
		must(EVP_DecryptUpdate(
			 ctx, NULL, &len, bind.data, (int)bind.len),
		    "check a seal's binding");
	if (plain)
		must(EVP_DecryptUpdate(
			 ctx, p, &len, sealed.data + NONCE_BYTES, (int)plain),
		    "open a seal");
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag),
	    "set a seal's tag");
	if (EVP_DecryptFinal_ex(ctx, p + plain, &len) != 1)
		return false;
	out->len += plain;
	return true;
}
