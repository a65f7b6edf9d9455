/* The strict reader: what it takes, what it refuses, and msgpack-c as judge of
 * whether what it takes is MessagePack at all. */

#include "tests/unit/test.h"

#include <msgpack.h>

#include "util/mem.h"
#include "wire/codec.h"
#include "wire/id.h"
#include "wire/reader.h"

static bool takes(struct slice bytes)
{
	struct reader r;

	reader_init(&r, bytes);
	reader_value(&r);
	return reader_end(&r);
}

#define TAKES(literal) takes(slice_of(literal, sizeof(literal) - 1))

/* The least value of each longer form, and one below in that form. */
TEST(reader, shortest_forms_only)
{
	CHECK(TAKES("\x7f") && TAKES("\xe0") && TAKES("\xff"));
	CHECK(TAKES("\xcc\x80") && !TAKES("\xcc\x7f"));
	CHECK(TAKES("\xcd\x01\x00") && !TAKES("\xcd\x00\xff"));
	CHECK(TAKES("\xce\x00\x01\x00\x00") && !TAKES("\xce\x00\x00\xff\xff"));
	CHECK(TAKES("\xcf\x00\x00\x00\x01\x00\x00\x00\x00"));
	CHECK(!TAKES("\xcf\x00\x00\x00\x00\xff\xff\xff\xff"));
	CHECK(TAKES("\xd0\xdf") && !TAKES("\xd0\xe0") && !TAKES("\xd0\x00"));
	CHECK(TAKES("\xd1\xff\x7f") && !TAKES("\xd1\xff\x80"));
	CHECK(!TAKES("\xd1\x01\x00")); /* not negative */
	CHECK(TAKES("\xd2\xff\xff\x7f\xff") && !TAKES("\xd2\xff\xff\x80\x00"));
	CHECK(TAKES("\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"));
	CHECK(!TAKES("\xd3\xff\xff\xff\xff\x80\x00\x00\x00"));
	CHECK(TAKES("\xa0") && !TAKES("\xd9\x00"));
	CHECK(!TAKES("\xd9\x1f"
		     "0123456789012345678901234567890"));
	CHECK(TAKES("\xd9\x20"
		    "01234567890123456789012345678901"));
	CHECK(TAKES("\xc4\x00") && !TAKES("\xc5\x00\x00"));
	CHECK(!TAKES("\xc6\x00\x00\x00\x00"));
	CHECK(!TAKES("\xda\x00\x00") && !TAKES("\xdb\x00\x00\x00\x00"));
	CHECK(TAKES("\x90") && !TAKES("\xdc\x00\x00"));
	CHECK(!TAKES("\xdd\x00\x00\x00\x00"));
}

TEST(reader, types_that_are_not_used)
{
	static const uint8_t heads[] = { 0xc1, 0xc7, 0xc8, 0xc9, 0xca, 0xcb,
		0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0x80, 0x81, 0xde, 0xdf };

	for (size_t i = 0; i < sizeof(heads); i++) {
		uint8_t bytes[32] = { heads[i] };

		for (size_t n = 0; n <= sizeof(bytes); n++)
			CHECK(!takes(slice_of(bytes, n)));
	}
}

/* Five bytes that make msgpack-c ask for half a gigabyte, and their like. */
TEST(reader, counts_beyond_the_bytes)
{
	CHECK(!TAKES("\xdd\x01\x00\x00\x00"));
	CHECK(!TAKES("\xdc\xff\xff\xc0"));
	CHECK(!TAKES("\xc6\xff\xff\xff\xff"));
	CHECK(!TAKES("\xdb\xff\xff\xff\xff"));
	CHECK(!TAKES("\x92\xc0") && TAKES("\x92\xc0\xc0"));
	CHECK(!TAKES("\x91\xc0\xc0")); /* one too many */
	CHECK(!TAKES(""));
	CHECK(!TAKES("\xa3"
		     "ab"));
}

TEST(reader, depth_at_and_past_the_limit)
{
	uint8_t bytes[READER_DEPTH_MAX + 2];

	memset(bytes, 0x91, sizeof(bytes));
	bytes[READER_DEPTH_MAX] = 0xc0;
	CHECK(takes(slice_of(bytes, READER_DEPTH_MAX + 1)));
	bytes[READER_DEPTH_MAX] = 0x91;
	bytes[READER_DEPTH_MAX + 1] = 0xc0;
	CHECK(!takes(slice_of(bytes, READER_DEPTH_MAX + 2)));
}

TEST(reader, utf8)
{
	static const char *const good[] = { "", "a", "\xc2\x80", "\xdf\xbf",
		"\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9z" };
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf",
		"\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xef\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5",
		"\xff", "a\xc3(", "\xe2\x82" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK(reader_is_utf8(slice_str(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!reader_is_utf8(slice_str(bad[i])));
	CHECK(!TAKES("\xa1\xff"));
	CHECK(TAKES("\xc4\x01\xff")); /* bytes may be anything */
}

TEST(reader, typed_reads_and_their_ranges)
{
	struct reader r;

	reader_init(&r, slice_of("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9));
	CHECK(reader_uint(&r, UINT64_MAX) == UINT64_MAX && reader_end(&r));
	reader_init(&r, slice_of("\xcf\x80\0\0\0\0\0\0\0", 9));
	reader_int(&r);
	CHECK(!reader_end(&r));
	reader_init(&r, slice_of("\xd3\x80\0\0\0\0\0\0\0", 9));
	CHECK(reader_int(&r) == INT64_MIN && reader_end(&r));
	reader_init(&r, slice_of("\xff", 1));
	CHECK(reader_uint(&r, 10) == 0 && !reader_end(&r));
	reader_init(&r, slice_of("\x0a\x0b", 2));
	CHECK(reader_uint(&r, 10) == 10 && reader_ok(&r));
	CHECK(reader_uint(&r, 10) == 0 && !reader_ok(&r));
	reader_init(&r, slice_of("\xc3\xc2\xc0", 3));
	CHECK(reader_bool(&r) && !reader_bool(&r) && reader_nil(&r));
	CHECK(!reader_nil(&r) && reader_end(&r));
}

/* After a fault nothing more is read and the first fault stays. */
TEST(reader, is_sticky)
{
	struct reader r;
	struct why why;
	uint8_t bytes[4];

	reader_init(&r, slice_of("\xa1z\x05\x06", 4));
	CHECK(reader_uint(&r, 9) == 0);
	CHECK_STR(r.fault, "lacks a number");
	CHECK(reader_str(&r).len == 0);
	CHECK(reader_peek(&r) == READER_NONE);
	CHECK(!reader_nil(&r) && !reader_bool(&r));
	reader_copy(&r, bytes, 4);
	CHECK(!bytes[0]);
	CHECK(reader_value(&r).len == 0 && reader_array(&r) == 0);
	CHECK_STR(r.fault, "lacks a number");
	CHECK(!reader_end(&r));
	reader_why(&r, "the thing", &why);
	CHECK_STR(
	    why.text, "the thing is malformed at byte 0: it lacks a number");
}

/* {"v": 1, "salt": nil, "at": 2} with "salt" optional, and its neighbours. */
static bool map_ok(const char *bytes, size_t len)
{
	struct reader r;
	uint32_t left;

	reader_init(&r, slice_of(bytes, len));
	left = reader_map(&r);
	reader_key(&r, &left, "v");
	reader_uint(&r, 1);
	if (reader_try_key(&r, &left, "salt"))
		reader_nil(&r);
	reader_key(&r, &left, "at");
	reader_uint(&r, 2);
	reader_map_end(&r, left);
	return reader_end(&r);
}

#define MAP_OK(literal) map_ok(literal, sizeof(literal) - 1)

TEST(reader, maps_have_their_keys_in_order)
{
	CHECK(MAP_OK("\x83\xa1v\x01\xa4salt\xc0\xa2"
		     "at\x02"));
	CHECK(MAP_OK("\x82\xa1v\x01\xa2"
		     "at\x02"));
	CHECK(!MAP_OK("\x82\xa2"
		      "at\x02\xa1v\x01"));
	CHECK(!MAP_OK("\x83\xa1v\x01\xa1v\x01\xa2"
		      "at\x02"));
	CHECK(!MAP_OK("\x83\xa1v\x01\xa2"
		      "at\x02\xa1z\x01"));
	CHECK(!MAP_OK("\x81\xa1v\x01"));
	CHECK(!MAP_OK("\x81\xa1v\x01\xa2"
		      "at\x02"));
	CHECK(!MAP_OK("\x82\xa1v\x01\xa2"
		      "at"));
}

/* A random value of the kinds the reader takes. */
static void random_value(struct buf *out, unsigned depth)
{
	static const char text[] = "caveat caveat caveat caveat caveat caveat";
	uint64_t n = test_random() >> test_below(64);

	switch (test_below(depth < 4 ? 7 : 6)) {
	case 0:
		codec_nil(out);
		break;
	case 1:
		codec_bool(out, n & 1);
		break;
	case 2:
		codec_uint(out, n);
		break;
	case 3:
		codec_int(out, (int64_t)n * (n & 1 ? -1 : 1));
		break;
	case 4:
		codec_str(out, slice_of(text, n % sizeof(text)));
		break;
	case 5:
		codec_bytes(out, text, n % sizeof(text));
		break;
	default:
		n %= 20;
		codec_array(out, (uint32_t)n);
		while (n--)
			random_value(out, depth + 1);
	}
}

static bool judge_takes(struct slice bytes, size_t *ret_used)
{
	msgpack_unpacked result;
	bool ok;

	*ret_used = 0;
	msgpack_unpacked_init(&result);
	ok = msgpack_unpack_next(&result, (const char *)bytes.data, bytes.len,
		 ret_used) == MSGPACK_UNPACK_SUCCESS;
	msgpack_unpacked_destroy(&result);
	return ok;
}

TEST(reader, takes_what_codec_writes)
{
	struct buf b = { 0 };

	for (int i = 0; i < 5000; i++) {
		buf_reset(&b);
		random_value(&b, 0);
		CHECK(takes(buf_slice(&b)));
		for (size_t n = 0; n < b.len; n++)
			CHECK(!takes(slice_of(b.data, n)));
	}
	buf_deinit(&b);
}

/* What the reader takes, msgpack-c reads as one value of the same length. The
 * judge is asked only then: it may not see what the reader refuses. */
TEST(reader, msgpack_c_agrees)
{
	struct buf b = { 0 };
	size_t taken = 0, used;

	for (int i = 0; i < 60000; i++) {
		buf_reset(&b);
		random_value(&b, 0);
		for (uint64_t k = test_below(4); k > 0; k--)
			b.data[test_below(b.len)] = (uint8_t)test_random();
		if (!takes(buf_slice(&b)))
			continue;
		taken++;
		CHECK(judge_takes(buf_slice(&b), &used));
		CHECK_INT(used, b.len);
	}
	CHECK(taken > 1000);
	buf_deinit(&b);
}

/* Whatever is taken is the one encoding of what was read. */
static void repack(struct reader *r, struct buf *out)
{
	struct reader ahead = *r;
	uint64_t n;

	switch (reader_peek(r)) {
	case READER_NIL:
		reader_nil(r);
		codec_nil(out);
		break;
	case READER_BOOL:
		codec_bool(out, reader_bool(r));
		break;
	case READER_INT:
		n = reader_uint(&ahead, UINT64_MAX);
		if (reader_ok(&ahead)) {
			codec_uint(out, n);
			*r = ahead;
		} else {
			codec_int(out, reader_int(r));
		}
		break;
	case READER_STR:
		codec_str(out, reader_str(r));
		break;
	case READER_BIN:
		codec_bin(out, reader_bin(r));
		break;
	case READER_ARRAY:
		n = reader_array(r);
		codec_array(out, (uint32_t)n);
		while (n-- && reader_ok(r))
			repack(r, out);
		break;
	case READER_NONE:
	case READER_MAP:
		reader_fail(r, "cannot be");
	}
}

TEST(reader, one_encoding_a_value)
{
	struct buf b = { 0 }, again = { 0 };

	for (int i = 0; i < 60000; i++) {
		struct reader r;

		buf_reset(&b);
		buf_reset(&again);
		random_value(&b, 2);
		for (uint64_t k = test_below(4); k > 0; k--)
			b.data[test_below(b.len)] = (uint8_t)test_random();
		if (!takes(buf_slice(&b)))
			continue;
		reader_init(&r, buf_slice(&b));
		repack(&r, &again);
		CHECK(reader_end(&r));
		CHECK(slice_eq(buf_slice(&b), buf_slice(&again)));
	}
	buf_deinit(&b);
	buf_deinit(&again);
}

TEST(id, texts)
{
	static const char *const bad[] = { "", "a", "a/", "a/1", "a/1.", "/1.1",
		"a/0.1", "a/1.0", "a/01.1", "a/1.01", "a/4294967296.1",
		"a/1.9223372036854775808", "A/1.1", "a/1.1 ", "a/-1.1",
		"a/1.1/1", "a/1.1.1" };
	struct message_id id, again;
	char text[MESSAGE_ID_TEXT_MAX];
	struct buf b = { 0 };
	struct reader r;

	CHECK(message_id_parse(slice_str("warwickshire-police/1.1047"), &id));
	CHECK_STR(id.partner, "warwickshire-police");
	CHECK(id.epoch == 1 && id.number == 1047);
	CHECK(message_id_parse(
	    slice_str("a/4294967295.9223372036854775807"), &id));
	message_id_format(&id, text);
	CHECK_STR(text, "a/4294967295.9223372036854775807");
	message_id_pack(&id, &b);
	reader_init(&r, buf_slice(&b));
	message_id_read(&r, &again);
	CHECK(reader_end(&r) && message_id_eq(&id, &again));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!message_id_parse(slice_str(bad[i]), &id));
	buf_deinit(&b);
}

int main(void)
{
	return test_main();
}
