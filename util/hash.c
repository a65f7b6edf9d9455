/*
 * One fetched EVP_MD for the process, one context a thread. OpenSSL's failures
 * here are either out of memory or a broken installation: both end the process.
 */

#include "util/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static EVP_MD *sha256;
static pthread_key_t context_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *context;

static void must(int ok, const char *what)
{
	if (ok == 1)
		return;
	fprintf(stderr, "caveat: OpenSSL cannot %s\n", what);
	abort();
}

static void free_context(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void free_digest(void)
{
	EVP_MD_CTX_free(context);
	context = NULL;
	EVP_MD_free(sha256);
	sha256 = NULL;
}

static void fetch_digest(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(sha256 != NULL, "provide SHA-256");
	must(pthread_key_create(&context_key, free_context) == 0,
	    "make room for a hash in each thread");
	atexit(free_digest);
}

void hash_begin(void)
{
	pthread_once(&once, fetch_digest);
	if (!context) {
		context = EVP_MD_CTX_new();
		must(context != NULL, "make a hash context");
		pthread_setspecific(context_key, context);
	}
	must(EVP_DigestInit_ex2(context, sha256, NULL), "start SHA-256");
}

void hash_add(const void *data, size_t len)
{
	must(EVP_DigestUpdate(context, data, len), "compute SHA-256");
}

void hash_end(uint8_t ret[HASH_BYTES])
{
	must(EVP_DigestFinal_ex(context, ret, NULL), "finish SHA-256");
}

void hash_parts(
    const struct slice *parts, size_t count, uint8_t ret[HASH_BYTES])
{
	hash_begin();
	for (size_t i = 0; i < count; i++)
		hash_add(parts[i].data, parts[i].len);
	hash_end(ret);
}

void hash_bytes(const void *data, size_t len, uint8_t ret[HASH_BYTES])
{
	struct slice part = slice_of(data, len);

	hash_parts(&part, 1, ret);
}

void hash_random(void *ret, size_t len)
{
	uint8_t *p = ret;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fprintf(stderr, "caveat: the kernel gives no random"
					" bytes\n");
			abort();
		}
		p += n;
		len -= (size_t)n;
	}
}
