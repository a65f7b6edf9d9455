/* Base64, canonical both ways: a text that decodes encodes to itself again. */

#include "wire/base64.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t *to = buf_room(out, BASE64_LEN(len) + 1);

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)p[i] << 16;

		if (n > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			bits |= p[i + 2];
		*to++ = (uint8_t)digits[bits >> 18];
		*to++ = (uint8_t)digits[bits >> 12 & 63];
		*to++ = (uint8_t)(n > 1 ? digits[bits >> 6 & 63] : '=');
		*to++ = (uint8_t)(n > 2 ? digits[bits & 63] : '=');
	}
	out->len += BASE64_LEN(len);
}

static int digit_value(uint8_t c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Four digits to @n bytes; false for a wrong digit or bits left over. */
static bool read_group(const uint8_t *text, size_t n, uint8_t *ret)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i <= n ? digit_value(text[i]) : 0;

		if (value < 0 || (i > n && text[i] != '='))
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(bits >> (16 - 8 * i));
	return (bits & ((1u << (24 - 8 * n)) - 1)) == 0;
}

bool base64_read(struct slice text, uint8_t *ret, size_t cap, size_t *ret_len)
{
	size_t len = text.len / 4 * 3;

	if (text.len % 4)
		return false;
	if (text.len && text.data[text.len - 1] == '=')
		len -= text.data[text.len - 2] == '=' ? 2 : 1;
	if (len > cap)
		return false;
	for (size_t i = 0, at = 0; i < text.len; i += 4, at += 3) {
		size_t n = len - at < 3 ? len - at : 3;

		if (!read_group(text.data + i, n, ret + at))
			return false;
	}
	*ret_len = len;
	return true;
}
