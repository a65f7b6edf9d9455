/* Whatever value the reader takes, written again it is the same bytes. */

#include "tests/fuzz/fuzz.h"
#include "wire/codec.h"
#include "wire/reader.h"

static void repack_int(struct reader *r, struct buf *out)
{
	struct reader ahead = *r;
	uint64_t n = reader_uint(&ahead, UINT64_MAX);

	if (!reader_ok(&ahead)) {
		codec_int(out, reader_int(r));
		return;
	}
	codec_uint(out, n);
	*r = ahead;
}

static void repack(struct reader *r, struct buf *out)
{
	uint32_t n;

	switch (reader_peek(r)) {
	case READER_NIL:
		reader_nil(r);
		codec_nil(out);
		break;
	case READER_BOOL:
		codec_bool(out, reader_bool(r));
		break;
	case READER_INT:
		repack_int(r, out);
		break;
	case READER_STR:
		codec_str(out, reader_str(r));
		break;
	case READER_BIN:
		codec_bin(out, reader_bin(r));
		break;
	case READER_ARRAY:
		n = reader_array(r);
		codec_array(out, n);
		while (n-- && reader_ok(r))
			repack(r, out);
		break;
	case READER_NONE:
	case READER_MAP:
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct buf again = { 0 };
	struct reader r;

	reader_init(&r, bytes);
	reader_value(&r);
	if (!reader_end(&r))
		return 0;
	reader_init(&r, bytes);
	repack(&r, &again);
	MUST(reader_end(&r));
	MUST(slice_eq(buf_slice(&again), bytes));
	buf_deinit(&again);
	return 0;
}
