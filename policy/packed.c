/*
 * Values are minimal msgpack: a text, an integer, a flag, or an array of texts.
 * These few forms are read here by hand, strictly: a value with a second
 * spelling would have a second digest.
 */

#include "policy/decide.h"

static uint64_t big_endian(const uint8_t *data, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | data[i];
	return v;
}

/*
 * The head of a text or array: @fix is the first byte of the short form, which
 * holds counts below @fix_count; @wide that of the long forms, of which the
 * first has @width bytes of count. Takes it off @in.
 */
struct head {
	uint8_t fix;
	uint8_t fix_count;
	uint8_t wide;
	uint8_t width;
};

static const struct head text_head = { 0xa0, 32, 0xd9, 1 };
static const struct head list_head = { 0x90, 16, 0xdc, 2 };

static bool take_head(struct slice *in, const struct head *head, size_t *ret)
{
	uint64_t count;
	size_t width, least;

	if (in->len == 0)
		return false;
	if ((uint8_t)(in->data[0] - head->fix) < head->fix_count) {
		*ret = in->data[0] - head->fix;
		*in = slice_of(in->data + 1, in->len - 1);
		return true;
	}
	width = head->width;
	least = head->fix_count;
	for (uint8_t byte = head->wide; in->data[0] != byte; byte++) {
		least = width == 1 ? 256 : 65536;
		width *= 2;
		if (width > 4)
			return false;
	}
	if (in->len < 1 + width)
		return false;
	count = big_endian(in->data + 1, width);
	*in = slice_of(in->data + 1 + width, in->len - 1 - width);
	*ret = (size_t)count;
	return count >= least;
}

static bool take_text(struct slice *in, struct slice *ret)
{
	size_t len;

	if (!take_head(in, &text_head, &len) || len > in->len)
		return false;
	*ret = slice_of(in->data, len);
	*in = slice_of(in->data + len, in->len - len);
	return true;
}

bool packed_text(struct slice value, struct slice *ret)
{
	return take_text(&value, ret) && value.len == 0;
}

/* 0xcc to 0xcf: 1, 2, 4, 8 bytes, unsigned; a smaller width would not do. */
static bool read_unsigned(struct slice value, int64_t *ret)
{
	size_t width = (size_t)1 << (value.data[0] - 0xcc);
	uint64_t v;

	if (value.len != 1 + width)
		return false;
	v = big_endian(value.data + 1, width);
	if (v > INT64_MAX || v < (width == 1 ? 128 : UINT64_C(1) << width * 4))
		return false;
	*ret = (int64_t)v;
	return true;
}

/* 0xd0 to 0xd3: the same, signed; minimal only below zero. */
static bool read_signed(struct slice value, int64_t *ret)
{
	size_t width = (size_t)1 << (value.data[0] - 0xd0);
	unsigned idle = 64 - 8 * (unsigned)width;
	int64_t v, above;

	if (value.len != 1 + width)
		return false;
	v = (int64_t)(big_endian(value.data + 1, width) << idle) >> idle;
	above = width == 1 ? -32 : -(INT64_C(1) << (width * 4 - 1));
	*ret = v;
	return v < above;
}

bool packed_integer(struct slice value, int64_t *ret)
{
	if (value.len == 0)
		return false;
	if (value.data[0] <= 0x7f || value.data[0] >= 0xe0) {
		*ret = (int8_t)value.data[0];
		return value.len == 1;
	}
	if (value.data[0] >= 0xcc && value.data[0] <= 0xcf)
		return read_unsigned(value, ret);
	if (value.data[0] >= 0xd0 && value.data[0] <= 0xd3)
		return read_signed(value, ret);
	return false;
}

bool packed_flag(struct slice value, bool *ret)
{
	if (value.len != 1 || (value.data[0] & 0xfe) != 0xc2)
		return false;
	*ret = value.data[0] == 0xc3;
	return true;
}

bool packed_list(struct slice value, struct packed_list *ret)
{
	size_t count;

	if (!take_head(&value, &list_head, &count) || count > value.len)
		return false;
	*ret = (struct packed_list){ .rest = value, .left = count };
	return true;
}

bool packed_next(struct packed_list *list, struct slice *ret_text)
{
	if (list->left == 0 || !take_text(&list->rest, ret_text))
		return false;
	list->left--;
	return true;
}

bool packed_is_list(struct slice value)
{
	struct packed_list list;
	struct slice text;

	if (!packed_list(value, &list))
		return false;
	while (packed_next(&list, &text))
		;
	return list.left == 0 && list.rest.len == 0;
}

bool packed_is_empty_list(struct slice value)
{
	return value.len == 1 && value.data[0] == list_head.fix;
}

bool packed_link(struct slice text, struct slice *ret_entity, unsigned *ret)
{
	const uint8_t *slash;
	size_t at;
	unsigned n = 0;

	if (text.len == 0)
		return false;
	slash = memchr(text.data, '/', text.len);
	if (!slash)
		return false;
	at = (size_t)(slash - text.data);
	if (at == 0 || text.len - at < 2 || text.len - at > 4)
		return false;
	if (slash[1] == '0' && text.len - at > 2)
		return false;
	for (size_t i = at + 1; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		n = n * 10 + (text.data[i] - '0');
	}
	*ret_entity = slice_of(text.data, at);
	*ret = n;
	return n < POLICY_INSTANCES_MAX;
}

size_t packed_text_head(size_t len, uint8_t ret[PACKED_HEAD_MAX])
{
	size_t width = len < 32 ? 0 : len < 256 ? 1 : len < 65536 ? 2 : 4;

	ret[0] =
	    width == 0 ? (uint8_t)(0xa0 | len) : (uint8_t)(0xd9 + width / 2);
	for (size_t i = 0; i < width; i++)
		ret[1 + i] = (uint8_t)(len >> (8 * (width - 1 - i)));
	return 1 + width;
}
