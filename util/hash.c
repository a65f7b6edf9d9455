/*
 * A message has more than a hundred hashes of one block each. OpenSSL's general
 * interface costs as much again as such a hash, so this uses the functions for
 * SHA-256 alone, which OpenSSL 3 marks as deprecated but keeps: they are the
 * same code under it. They cannot fail.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include "util/hash.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

_Static_assert(HASH_BYTES == SHA256_DIGEST_LENGTH, "a hash is SHA-256");

static _Thread_local SHA256_CTX context;

void hash_begin(void)
{
	SHA256_Init(&context);
}

void hash_add(const void *data, size_t len)
{
	SHA256_Update(&context, data, len);
}

void hash_end(uint8_t ret[HASH_BYTES])
{
	SHA256_Final(ret, &context);
}

void hash_parts(
    const struct slice *parts, size_t count, uint8_t ret[HASH_BYTES])
{
	SHA256_CTX whole;

	SHA256_Init(&whole);
	for (size_t i = 0; i < count; i++)
		SHA256_Update(&whole, parts[i].data, parts[i].len);
	SHA256_Final(ret, &whole);
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
