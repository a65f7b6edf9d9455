/*
 * Almost all text is ASCII, for which the rules need no tables: utf8proc is
 * asked only from the first byte above 0x7f on.
 */

#include "util/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "util/mem.h"

static const char *fault_of(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	if (category == UTF8PROC_CATEGORY_CC && c != '\n')
		return "holds a control character";
	if (category == UTF8PROC_CATEGORY_CF)
		return "holds an invisible format character";
	return NULL;
}

void text_compose(struct slice text, struct buf *out)
{
	utf8proc_uint8_t *nfc = NULL;
	utf8proc_ssize_t len =
	    utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &nfc,
		UTF8PROC_STABLE | UTF8PROC_COMPOSE);

	buf_add_slice(out, len >= 0 ? slice_of(nfc, (size_t)len) : text);
	free(nfc);
}

static bool is_nfc(struct slice text)
{
	_cleanup_buf_ struct buf nfc = { 0 };

	text_compose(text, &nfc);
	return slice_eq(buf_slice(&nfc), text);
}

static const char *fault_beyond_ascii(struct slice text)
{
	size_t i = 0;

	while (i < text.len) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(
		    text.data + i, (utf8proc_ssize_t)(text.len - i), &c);
		const char *fault;

		if (n <= 0)
			return TEXT_NOT_UTF8;
		fault = fault_of(c);
		if (fault)
			return fault;
		i += (size_t)n;
	}
	return is_nfc(text) ? NULL : "is not in Unicode Normalization Form C";
}

const char *text_fault(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c >= 0x80)
			return fault_beyond_ascii(text);
		if ((c < 0x20 && c != '\n') || c == 0x7f)
			return "holds a control character";
	}
	return NULL;
}

uint32_t text_next(struct slice text, size_t *at)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n = utf8proc_iterate(
	    text.data + *at, (utf8proc_ssize_t)(text.len - *at), &c);

	*at += n > 0 ? (size_t)n : 1;
	return n > 0 ? (uint32_t)c : 0xfffd;
}

static utf8proc_category_t category_of(uint32_t c)
{
	return utf8proc_category((utf8proc_int32_t)c);
}

bool text_is_letter(uint32_t c)
{
	return category_of(c) >= UTF8PROC_CATEGORY_LU &&
	       category_of(c) <= UTF8PROC_CATEGORY_LO;
}

bool text_is_digit(uint32_t c)
{
	return category_of(c) == UTF8PROC_CATEGORY_ND;
}

bool text_is_blank(uint32_t c)
{
	return c == '\n' || category_of(c) == UTF8PROC_CATEGORY_ZS;
}

size_t text_upper(uint32_t c, uint8_t ret[4])
{
	return (size_t)utf8proc_encode_char(
	    utf8proc_toupper((utf8proc_int32_t)c), ret);
}

static bool is_shown(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return c != '\n' && category != UTF8PROC_CATEGORY_ZL &&
	       category != UTF8PROC_CATEGORY_ZP && !fault_of(c);
}

void text_show(struct slice text, struct buf *out)
{
	size_t i = 0;

	while (i < text.len) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(
		    text.data + i, (utf8proc_ssize_t)(text.len - i), &c);

		if (n > 0 && is_shown(c))
			buf_add(out, text.data + i, (size_t)n);
		else
			buf_add_byte(out, '?');
		i += n > 0 ? (size_t)n : 1;
	}
}

bool text_is_name(struct slice text)
{
	if (text.len == 0 || text.len > TEXT_NAME_MAX || text.data[0] == '-')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return true;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

#define DISTANCE_BYTES_MAX 128

unsigned text_distance(struct slice a, struct slice b, unsigned limit)
{
	unsigned rows[3][DISTANCE_BYTES_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	if (a.len > DISTANCE_BYTES_MAX || b.len > DISTANCE_BYTES_MAX)
		return limit + 1;
	for (unsigned j = 0; j <= b.len; j++)
		above[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *spare = before;

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			unsigned same = a.data[i - 1] == b.data[j - 1];

			row[j] = min3(
			    above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b.len] > limit ? limit + 1 : above[b.len];
}

const char *text_nearest(
    struct slice wanted, const char *const *names, size_t count)
{
	unsigned limit = wanted.len < 4 ? 1 : (unsigned)wanted.len / 3 + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned d = text_distance(wanted, slice_str(names[i]), limit);

		if (d <= limit) {
			nearest = names[i];
			if (d == 0)
				break;
			limit = d - 1;
		}
	}
	return nearest;
}
