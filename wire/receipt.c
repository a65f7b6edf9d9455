/* Receipts: a line that says what is signed, then one array. */

#include "wire/receipt.h"

#include <assert.h>
#include <string.h>

#include "util/text.h"
#include "wire/codec.h"
#include "wire/message.h"

#define FIRST_LINE "caveat receipt v1\n"

void receipt_pack(const struct receipt *receipt, struct buf *out)
{
	assert(receipt->count >= 1 && receipt->count <= RECEIPT_ROWS_MAX);
	buf_add_str(out, FIRST_LINE);
	codec_array(out, 4);
	codec_str(out, receipt->exchange);
	codec_str(out, receipt->partner);
	codec_int(out, receipt->at);
	codec_array(out, (uint32_t)receipt->count);
	for (size_t i = 0; i < receipt->count; i++) {
		const struct receipt_row *row = &receipt->rows[i];

		assert(row->copy > (i ? row[-1].copy : 0));
		codec_array(out, 2);
		codec_uint(out, row->copy);
		codec_bytes(out, row->digest, HASH_BYTES);
	}
}

static struct slice read_name(struct reader *r)
{
	struct slice name = reader_str(r);

	if (!text_is_name(name))
		reader_fail(r, "holds a name that is not one");
	return name;
}

static void read_rows(
    struct reader *r, struct arena *arena, struct receipt *ret)
{
	uint32_t count = reader_array(r);
	struct receipt_row *rows;
	uint64_t last = 0;

	if (count == 0 || count > RECEIPT_ROWS_MAX)
		reader_fail(r, "is for no copies, or for too many");
	rows = arena_array(arena, reader_ok(r) ? count : 0, struct receipt_row);
	for (uint32_t i = 0; i < count && reader_ok(r); i++) {
		reader_array_of(r, 2);
		rows[i].copy = reader_uint(r, INT64_MAX);
		reader_copy(r, rows[i].digest, HASH_BYTES);
		if (rows[i].copy <= last)
			reader_fail(r, "has copies out of order");
		last = rows[i].copy;
	}
	ret->rows = rows;
	ret->count = count;
}

bool receipt_parse(struct slice bytes, struct arena *arena, struct receipt *ret,
    struct why *why)
{
	size_t first = strlen(FIRST_LINE);
	struct receipt receipt = { 0 };
	struct reader r;

	if (bytes.len < first || memcmp(bytes.data, FIRST_LINE, first)) {
		why_set(why, "this is not a receipt: its first line is not"
			     " 'caveat receipt v1'");
		return false;
	}
	reader_init(&r, slice_of(bytes.data + first, bytes.len - first));
	reader_array_of(&r, 4);
	receipt.exchange = read_name(&r);
	receipt.partner = read_name(&r);
	receipt.at = (int64_t)reader_uint(&r, MESSAGE_TIME_MAX);
	read_rows(&r, arena, &receipt);
	if (!reader_end(&r)) {
		reader_why(&r, "the receipt", why);
		return false;
	}
	*ret = receipt;
	return true;
}
