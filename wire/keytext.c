/* The text forms of public keys. */

#include <string.h>

#include "wire/base64.h"
#include "wire/key.h"

void key_to_base64(
    const uint8_t public[KEY_BYTES], char ret[KEY_BASE64_BYTES + 1])
{
	_cleanup_buf_ struct buf b = { 0 };

	base64_add(&b, public, KEY_BYTES);
	memcpy(ret, b.data, KEY_BASE64_BYTES);
	ret[KEY_BASE64_BYTES] = '\0';
}

bool key_from_base64(struct slice text, uint8_t ret[KEY_BYTES])
{
	size_t len;

	return base64_read(text, ret, KEY_BYTES, &len) && len == KEY_BYTES;
}

/* ZeroMQ RFC 32: four bytes are five digits of base 85. */
static const char z85[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    ".-:+=^!/*?&<>()[]{}@%$#";

void key_to_z85(const uint8_t public[KEY_BYTES], char ret[KEY_Z85_BYTES + 1])
{
	for (size_t i = 0; i < KEY_BYTES / 4; i++) {
		const uint8_t *p = public + 4 * i;
		uint32_t n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			     (uint32_t)p[2] << 8 | p[3];

		for (size_t j = 5; j > 0; j--, n /= 85)
			ret[5 * i + j - 1] = z85[n % 85];
	}
	ret[KEY_Z85_BYTES] = '\0';
}

bool key_from_z85(struct slice text, uint8_t ret[KEY_BYTES])
{
	if (text.len != KEY_Z85_BYTES)
		return false;
	for (size_t i = 0; i < KEY_BYTES / 4; i++) {
		uint64_t n = 0;

		for (size_t j = 0; j < 5; j++) {
			uint8_t c = text.data[5 * i + j];
			const char *at = c ? strchr(z85, c) : NULL;

			if (!at)
				return false;
			n = n * 85 + (uint64_t)(at - z85);
		}
		if (n > UINT32_MAX)
			return false;
		for (size_t j = 0; j < 4; j++)
			ret[4 * i + j] = (uint8_t)(n >> (24 - 8 * j));
	}
	return true;
}
