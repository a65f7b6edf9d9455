/*
 * One function decodes every head byte; all others ask it and check the type.
 * The table below holds the forms whose size or value follows in 1 to 8 bytes:
 * of each, the least value that needs it, so that a longer form than needed is
 * refused and every value has one encoding. That is what lets a digest of bytes
 * stand for a value.
 */

#include "wire/reader.h"

#include <string.h>

struct head {
	enum reader_type type;
	bool negative;
	uint64_t n; /* the value (two's complement), the count or the length */
};

struct form {
	enum reader_type type;
	uint8_t width;
	bool is_signed;
	uint64_t least; /* signed forms: of the value's complement */
};

/* Forms 0xc4 to 0xdf. Ext and floats have no type here: they are refused. */
static const struct form forms[0x20] = {
	[0x04] = { READER_BIN, 1, false, 0 },
	[0x05] = { READER_BIN, 2, false, 0x100 },
	[0x06] = { READER_BIN, 4, false, 0x10000 },
	[0x0c] = { READER_INT, 1, false, 0x80 },
	[0x0d] = { READER_INT, 2, false, 0x100 },
	[0x0e] = { READER_INT, 4, false, 0x10000 },
	[0x0f] = { READER_INT, 8, false, 0x100000000 },
	[0x10] = { READER_INT, 1, true, 0x20 },
	[0x11] = { READER_INT, 2, true, 0x80 },
	[0x12] = { READER_INT, 4, true, 0x8000 },
	[0x13] = { READER_INT, 8, true, 0x80000000 },
	[0x19] = { READER_STR, 1, false, 32 },
	[0x1a] = { READER_STR, 2, false, 0x100 },
	[0x1b] = { READER_STR, 4, false, 0x10000 },
	[0x1c] = { READER_ARRAY, 2, false, 16 },
	[0x1d] = { READER_ARRAY, 4, false, 0x10000 },
	[0x1e] = { READER_MAP, 2, false, 16 },
	[0x1f] = { READER_MAP, 4, false, 0x10000 },
};

void reader_init(struct reader *r, struct slice bytes)
{
	*r = (struct reader){ .start = bytes.data,
		.at = bytes.data,
		.end = bytes.len ? bytes.data + bytes.len : bytes.data };
}

void reader_fail(struct reader *r, const char *fault)
{
	if (!r->fault)
		r->fault = fault;
}

enum reader_type reader_peek(const struct reader *r)
{
	uint8_t c;

	if (reader_left(r) == 0)
		return READER_NONE;
	c = *r->at;
	if (c <= 0x7f || c >= 0xe0)
		return READER_INT;
	if (c <= 0x8f)
		return READER_MAP;
	if (c <= 0x9f)
		return READER_ARRAY;
	if (c <= 0xbf)
		return READER_STR;
	if (c == 0xc0)
		return READER_NIL;
	if (c == 0xc2 || c == 0xc3)
		return READER_BOOL;
	return forms[c - 0xc0].type;
}

/* The forms that hold their number in the head byte itself. */
static bool read_short(uint8_t c, struct head *h)
{
	if (c <= 0x7f)
		h->n = c;
	else if (c <= 0x9f)
		h->n = c & 0x0f;
	else if (c <= 0xbf)
		h->n = c & 0x1f;
	else if (c == 0xc2 || c == 0xc3)
		h->n = c & 1;
	else if (c >= 0xe0)
		h->n = (uint64_t)(int8_t)c;
	else if (c != 0xc0)
		return false;
	h->negative = c >= 0xe0;
	return true;
}

static void read_long(struct reader *r, const struct form *form, struct head *h)
{
	unsigned spare = 64 - 8u * form->width;
	uint64_t n = 0;

	if (reader_left(r) < form->width) {
		reader_fail(r, "is cut short");
		return;
	}
	for (unsigned i = 0; i < form->width; i++)
		n = n << 8 | *r->at++;
	if (form->is_signed) {
		n = (uint64_t)((int64_t)(n << spare) >> spare);
		h->negative = (int64_t)n < 0;
		if (!h->negative || ~n < form->least)
			reader_fail(
			    r, "holds a number not in its shortest form");
	} else if (n < form->least) {
		reader_fail(
		    r, "holds a number or length not in its shortest form");
	}
	h->n = n;
}

/* A size is believed only when so many bytes are there. */
static void check_size(struct reader *r, const struct head *h)
{
	size_t left = reader_left(r);

	if (h->type == READER_MAP)
		left /= 2;
	if (h->type >= READER_STR && h->n > left)
		reader_fail(r, "is cut short");
}

/* Take the head of the next value; on a fault it is all zero. */
static struct head read_head(struct reader *r)
{
	struct head h = { .type = reader_peek(r) };
	uint8_t c;

	if (h.type == READER_NONE) {
		reader_fail(r, reader_left(r) ? "holds a type that is not used"
					      : "is cut short");
		return h;
	}
	c = *r->at++;
	if (!read_short(c, &h))
		read_long(r, &forms[c - 0xc0], &h);
	check_size(r, &h);
	return r->fault ? (struct head){ 0 } : h;
}

static struct head expect(
    struct reader *r, enum reader_type type, const char *fault)
{
	struct head h = { 0 };

	if (reader_peek(r) == type)
		return read_head(r);
	reader_fail(r, reader_left(r) ? fault : "is cut short");
	return h;
}

uint32_t reader_array(struct reader *r)
{
	return (uint32_t)expect(r, READER_ARRAY, "lacks an array").n;
}

uint32_t reader_map(struct reader *r)
{
	return (uint32_t)expect(r, READER_MAP, "lacks a map").n;
}

void reader_array_of(struct reader *r, uint32_t count)
{
	if (reader_array(r) != count)
		reader_fail(r, "holds an array of the wrong length");
}

uint64_t reader_uint(struct reader *r, uint64_t max)
{
	struct head h = expect(r, READER_INT, "lacks a number");

	if (h.negative || h.n > max) {
		reader_fail(r, "holds a number out of range");
		return 0;
	}
	return h.n;
}

int64_t reader_int(struct reader *r)
{
	struct head h = expect(r, READER_INT, "lacks a number");

	if (!h.negative && h.n > INT64_MAX) {
		reader_fail(r, "holds a number out of range");
		return 0;
	}
	return (int64_t)h.n;
}

bool reader_bool(struct reader *r)
{
	return expect(r, READER_BOOL, "lacks a true or false").n != 0;
}

bool reader_nil(struct reader *r)
{
	if (reader_peek(r) != READER_NIL)
		return false;
	r->at++;
	return true;
}

static struct slice take(struct reader *r, uint64_t len)
{
	struct slice s = { 0 };

	if (r->fault)
		return s;
	s = slice_of(r->at, (size_t)len);
	r->at += len;
	return s;
}

struct slice reader_str(struct reader *r)
{
	struct head h = expect(r, READER_STR, "lacks a text");
	struct slice s = take(r, h.n);

	if (!reader_is_utf8(s)) {
		reader_fail(r, "holds a text that is not UTF-8");
		return (struct slice){ 0 };
	}
	return s;
}

struct slice reader_bin(struct reader *r)
{
	return take(r, expect(r, READER_BIN, "lacks bytes").n);
}

struct slice reader_str_max(struct reader *r, size_t max)
{
	struct slice s = reader_str(r);

	if (s.len > 0 && s.len <= max)
		return s;
	reader_fail(r, "holds a text that is empty or too long");
	return (struct slice){ 0 };
}

struct slice reader_bin_of(struct reader *r, size_t len)
{
	struct slice s = reader_bin(r);

	if (s.len == len && !r->fault)
		return s;
	reader_fail(r, "holds bytes of the wrong length");
	return (struct slice){ 0 };
}

void reader_copy(struct reader *r, void *ret, size_t len)
{
	struct slice s = reader_bin_of(r, len);

	if (s.len == len && len > 0)
		memcpy(ret, s.data, len);
	else
		memset(ret, 0, len);
}

void reader_word(struct reader *r, const char *word)
{
	if (!slice_is(reader_str(r), word))
		reader_fail(r, "holds another word than expected");
}

struct slice reader_value(struct reader *r)
{
	const uint8_t *start = r->at;
	uint64_t left[READER_DEPTH_MAX + 1] = { 1 };
	unsigned depth = 0;

	while (!r->fault) {
		enum reader_type type;

		while (left[depth] == 0 && depth > 0)
			depth--;
		if (left[depth] == 0)
			return slice_of(start, (size_t)(r->at - start));
		left[depth]--;
		type = reader_peek(r);
		if (type == READER_ARRAY && depth == READER_DEPTH_MAX)
			reader_fail(r, "is nested too deeply");
		else if (type == READER_ARRAY)
			left[++depth] = reader_array(r);
		else if (type == READER_MAP)
			reader_fail(r, "holds a map where none may be");
		else if (type == READER_STR)
			reader_str(r);
		else if (type == READER_BIN)
			reader_bin(r);
		else
			read_head(r);
	}
	return (struct slice){ 0 };
}

void reader_key(struct reader *r, uint32_t *left, const char *key)
{
	if (!reader_try_key(r, left, key))
		reader_fail(r, "lacks a key, or has one out of place");
}

bool reader_try_key(struct reader *r, uint32_t *left, const char *key)
{
	struct reader ahead = *r;

	if (*left == 0 || !slice_is(reader_str(&ahead), key))
		return false;
	*r = ahead;
	(*left)--;
	return true;
}

void reader_map_end(struct reader *r, uint32_t left)
{
	if (left)
		reader_fail(r, "has a key that is unknown or out of place");
}

bool reader_end(struct reader *r)
{
	if (!r->fault && r->at != r->end)
		reader_fail(r, "has bytes after its end");
	return !r->fault;
}

void reader_why(const struct reader *r, const char *what, struct why *why)
{
	why_set(why, "%s is malformed at byte %zu: it %s", what,
	    (size_t)(r->at - r->start), r->fault ? r->fault : "is whole");
}

/* How many bytes the character at @p (of @left) has; 0: not UTF-8. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	uint32_t c;

	if (len == 0 || *p > 0xf4 || len > left)
		return 0;
	c = *p & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return len;
}

/* How many ASCII bytes begin at @i, looking at eight at a time. */
static size_t ascii_len(struct slice text, size_t i)
{
	size_t start = i;
	uint64_t eight;

	for (; text.len - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, text.data + i, sizeof(eight));
		if (eight & 0x8080808080808080)
			break;
	}
	while (i < text.len && text.data[i] < 0x80)
		i++;
	return i - start;
}

bool reader_is_utf8(struct slice text)
{
	size_t i = 0;

	for (;;) {
		size_t len;

		i += ascii_len(text, i);
		if (i == text.len)
			return true;
		len = utf8_len(text.data + i, text.len - i);
		if (len == 0)
			return false;
		i += len;
	}
}
