/* Frames and receipts: each kind there and back, its limits, every cut. */

#include "tests/unit/test.h"

#include "tests/unit/wire-sample.h"
#include "util/mem.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/receipt.h"

static struct arena arena;

static void done(void)
{
	arena_deinit(&arena);
}

static struct slice pack(const struct frame *f)
{
	_cleanup_buf_ struct buf b = { 0 };

	frame_pack(f, &b);
	return arena_slice(&arena, buf_slice(&b));
}

static bool parses(const struct frame *f, struct frame *ret)
{
	struct why why;

	return frame_parse(pack(f), &arena, ret, &why);
}

static bool ok(const struct frame *f)
{
	struct frame got;

	return parses(f, &got);
}

/* The frame is read, packs to the same bytes again, and no cut of it is read.
 */
static struct frame there_and_back(const struct frame *f)
{
	struct slice bytes = pack(f);
	struct frame got, cut;
	struct why why;

	CHECK_INT(frame_peek(bytes), f->kind);
	CHECK(frame_parse(bytes, &arena, &got, &why));
	CHECK_INT(got.kind, f->kind);
	CHECK(slice_eq(pack(&got), bytes));
	for (size_t n = 0; n < bytes.len; n++) {
		uint8_t *copy = mem_copy(bytes.data, n);

		CHECK(!frame_parse(slice_of(copy, n), &arena, &cut, &why));
		free(copy);
	}
	return got;
}

static struct slice S(const char *text) {
	return slice_str(text);
}

/* @len bytes of 'x'. */
static struct slice
xs(size_t len)
{
	uint8_t *p = arena_alloc(&arena, len);

	memset(p, 'x', len);
	return slice_of(p, len);
}

TEST(frame, hello_and_welcome)
{
	struct frame f = { .kind = FRAME_HELLO,
		.hello = { 3, 1047, 12, INT64_MAX } };
	struct frame got = there_and_back(&f);

	CHECK_INT(got.hello.epoch, 3);
	CHECK_INT(got.hello.number, 1047);
	CHECK_INT(got.hello.copy, 12);
	CHECK(got.hello.policy == INT64_MAX);
	f.hello.number = (uint64_t)INT64_MAX + 1;
	CHECK(!ok(&f));
	f = (struct frame){ .kind = FRAME_WELCOME,
		.welcome = { .exchange = S("warwickshire"),
		    .epoch = 4,
		    .now = SAMPLE_SENT,
		    .vkey = S("warwickshire+01234567+AAAA") } };
	got = there_and_back(&f);
	CHECK(slice_is(got.welcome.exchange, "warwickshire"));
	CHECK(got.welcome.now == SAMPLE_SENT);
	f.welcome.epoch = 0;
	CHECK(!ok(&f));
	done();
}

TEST(frame, submit)
{
	struct slice envelopes[FRAME_SUBMIT_MAX + 1];
	struct frame f = { .kind = FRAME_SUBMIT,
		.submit = { .envelopes = envelopes, .count = 2 } };
	struct frame got;

	envelopes[0] = S("one");
	envelopes[1] = S("two");
	got = there_and_back(&f);
	CHECK_INT(got.submit.count, 2);
	CHECK(slice_is(got.submit.envelopes[1], "two"));
	for (size_t i = 0; i <= FRAME_SUBMIT_MAX; i++)
		envelopes[i] = S("e");
	f.submit.count = FRAME_SUBMIT_MAX;
	CHECK(ok(&f));
	f.submit.count++;
	CHECK(!ok(&f));
	f.submit.count = 0;
	CHECK(!ok(&f));
	f.submit.count = 1;
	envelopes[0] = xs(MESSAGE_BYTES_MAX);
	CHECK(ok(&f));
	envelopes[0] = xs(MESSAGE_BYTES_MAX + 1);
	CHECK(!ok(&f));
	envelopes[0] = S("");
	CHECK(!ok(&f));
	done();
}

TEST(frame, result)
{
	struct frame_outcome outcomes[3] = {
		{ .partner = S("hmrc"), .accepted = true },
		{ .partner = S("rugby-council"),
		    .clause = S("uk-law/1 section-115"),
		    .reason = S("not listed") },
		{ .partner = S("rugby-council"),
		    .accepted = true,
		    .delivered = true,
		    .reason = S("2026-11-22T10:00:05Z") },
	};
	struct frame_result_row rows[2] = {
		{ .epoch = 1,
		    .number = 7,
		    .accepted = true,
		    .outcomes = outcomes,
		    .count = 3 },
		{ .epoch = 1, .number = 8, .reason = S("the id is used") },
	};
	struct frame f = { .kind = FRAME_RESULT,
		.result = { .rows = rows, .count = 2 } };
	struct frame got = there_and_back(&f);

	CHECK(got.result.rows[0].accepted && !got.result.rows[1].accepted);
	CHECK(got.result.rows[0].outcomes[0].accepted);
	CHECK(!got.result.rows[0].outcomes[0].delivered);
	CHECK(!got.result.rows[0].outcomes[1].accepted);
	CHECK(got.result.rows[0].outcomes[2].delivered);
	CHECK(slice_is(got.result.rows[0].outcomes[1].reason, "not listed"));
	CHECK(slice_is(got.result.rows[1].reason, "the id is used"));
	rows[1].reason = xs(FRAME_REASON_MAX);
	CHECK(ok(&f));
	rows[1].reason = xs(FRAME_REASON_MAX + 1);
	CHECK(!ok(&f));
	rows[1].reason = S("\x1b[2J"); /* not for a terminal */
	CHECK(!ok(&f));
	rows[1].reason = S("fine");
	outcomes[0].partner = S("HMRC");
	CHECK(!ok(&f));
	done();
}

TEST(frame, deliver)
{
	static const uint8_t digest[HASH_BYTES], path[3 * HASH_BYTES];
	struct frame_deliver_row rows[FRAME_DELIVER_MAX + 1] = {
		{ .number = 1, .copy = S("copy") },
		{ .number = 2,
		    .digest = slice_of(digest, HASH_BYTES),
		    .entry = S("entry"),
		    .index = 9,
		    .path = slice_of(path, sizeof(path)) },
	};
	struct frame f = { .kind = FRAME_DELIVER,
		.deliver = { .checkpoint = S("warwickshire/1\n9\n"),
		    .rows = rows,
		    .count = 2 } };
	struct frame got = there_and_back(&f);

	CHECK(slice_is(got.deliver.rows[0].copy, "copy"));
	CHECK(!got.deliver.rows[1].copy.len);
	CHECK(slice_is(got.deliver.rows[1].entry, "entry"));
	CHECK_INT(got.deliver.rows[1].index, 9);
	rows[1].path.len--;
	CHECK(!ok(&f));
	rows[1].path = xs(COPY_PATH_MAX + HASH_BYTES);
	CHECK(!ok(&f));
	rows[1].path = xs(COPY_PATH_MAX);
	CHECK(ok(&f));
	rows[1].entry = xs(COPY_ENTRY_MAX + 1);
	CHECK(!ok(&f));
	rows[1].entry = S("e");
	rows[0].number = 0;
	CHECK(!ok(&f));
	for (size_t i = 0; i <= FRAME_DELIVER_MAX; i++)
		rows[i] = (struct frame_deliver_row){ .number = i + 1,
			.copy = S("c") };
	f.deliver.count = FRAME_DELIVER_MAX;
	CHECK(ok(&f));
	f.deliver.count++;
	CHECK(!ok(&f));
	f.deliver.count = 1;
	f.deliver.checkpoint = xs(FRAME_CHECKPOINT_MAX + 1);
	CHECK(!ok(&f));
	done();
}

/* The largest copy, alone with the largest checkpoint, is within a frame. */
TEST(frame, the_largest_copy_fits)
{
	struct frame_deliver_row row = { .number = INT64_MAX,
		.copy = xs(COPY_BYTES_MAX) };
	struct frame f = { .kind = FRAME_DELIVER,
		.deliver = { .checkpoint = xs(FRAME_CHECKPOINT_MAX),
		    .rows = &row,
		    .count = 1 } };

	CHECK(ok(&f));
	CHECK(pack(&f).len <= FRAME_BYTES_MAX);
	CHECK(pack(&f).len <= FRAME_CHECKPOINT_MAX + FRAME_OVERHEAD +
				  FRAME_ROW_OVERHEAD + COPY_BYTES_MAX);
	done();
}

TEST(frame, policies)
{
	struct frame_text texts[2] = {
		{ S("warwickshire-socjag-4.agreement"), S("agreement ...\n") },
		{ S("soc-1.vocabulary"), S("vocabulary ...\n") },
	};
	struct slice enrolments[1] = { S("caveat enrolment v1\n") };
	struct slice suspended[1] = { S("rugby-council") };
	struct frame f = { .kind = FRAME_POLICIES,
		.policies = { .number = 5,
		    .part = 2,
		    .parts = 2,
		    .texts = texts,
		    .texts_count = 2,
		    .enrolments = enrolments,
		    .enrolments_count = 1,
		    .suspended = suspended,
		    .suspended_count = 1 } };
	static const char *const names[] = { "", ".", "..", "a/b", "a b", "a\n",
		".hidden", "\xc3\xa9" };
	struct frame got = there_and_back(&f);

	CHECK(slice_is(got.policies.texts[1].name, "soc-1.vocabulary"));
	CHECK(slice_is(got.policies.suspended[0], "rugby-council"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		texts[0].name = S(names[i]);
		CHECK(!ok(&f));
	}
	texts[0].name = xs(FRAME_NAME_MAX);
	CHECK(ok(&f));
	texts[0].name = xs(FRAME_NAME_MAX + 1);
	CHECK(!ok(&f));
	texts[0].name = S("a.agreement");
	texts[0].text = xs(NOTE_BYTES_MAX);
	CHECK(ok(&f));
	f.policies.part = 3;
	CHECK(!ok(&f));
	f.policies.part = 0;
	CHECK(!ok(&f));
	done();
}

TEST(frame, busy_error_and_receipt)
{
	struct frame f = { .kind = FRAME_BUSY,
		.busy = { 250, S("the store is nearly full") } };
	struct frame got = there_and_back(&f);

	CHECK_INT(got.busy.retry_ms, 250);
	f.busy.retry_ms = FRAME_RETRY_MAX + 1;
	CHECK(!ok(&f));
	for (int code = 0; code <= FRAME_HELLO_FIRST; code++) {
		f = (struct frame){ .kind = FRAME_ERROR,
			.error = { (enum frame_code)code, S("said why") } };
		got = there_and_back(&f);
		CHECK_INT(got.error.code, code);
	}
	f = (struct frame){ .kind = FRAME_RECEIPT,
		.receipt = { xs(RECEIPT_BYTES_MAX), xs(SIGN_BYTES) } };
	there_and_back(&f);
	f.receipt.bytes = xs(RECEIPT_BYTES_MAX + 1);
	CHECK(!ok(&f));
	f.receipt.bytes = xs(9);
	f.receipt.signature = xs(SIGN_BYTES - 1);
	CHECK(!ok(&f));
	done();
}

static bool reads(const char *bytes, size_t len, enum frame_kind *ret)
{
	struct frame got = { .kind = FRAME_NONE };
	struct why why;
	bool good = frame_parse(slice_of(bytes, len), &arena, &got, &why);

	*ret = got.kind;
	return good;
}

#define READS(literal) reads(literal, sizeof(literal) - 1, &kind)

TEST(frame, what_is_reserved_or_unknown)
{
	enum frame_kind kind;

	CHECK(READS("\x91\xa3"
		    "act"));
	CHECK_INT(kind, FRAME_ACT);
	CHECK(READS("\x93\xaa"
		    "checkpoint\x01\x92\x01\x02"));
	CHECK_INT(kind, FRAME_CHECKPOINT);
	CHECK(READS("\x92\xab"
		    "cosignature\xc4\x01x"));
	CHECK_INT(kind, FRAME_COSIGNATURE);
	CHECK(!READS("\x92\xa3"
		     "act\xcb\0\0\0\0\0\0\0\0"));
	CHECK(!READS("\x91\xa4none") && !READS("\x91\xa5Hello"));
	CHECK(!READS("\x90") && !READS("") && !READS("\xc0"));
	CHECK(!READS("\x96\xa5hello\x02\x01\x01\x01\x01")); /* version 2 */
	CHECK(READS("\x96\xa5hello\x01\x01\x01\x01\x01"));
	CHECK(!READS("\x97\xa5hello\x01\x01\x01\x01\x01\x01"));
	CHECK(!READS("\x95\xa5hello\x01\x01\x01\x01"));
	CHECK(!READS("\x96\xa5hello\x01\x01\x01\x01\x01\x01"));
	done();
}

TEST(frame, size_past_the_limit)
{
	uint8_t *bytes = mem_alloc(FRAME_BYTES_MAX + 1);
	struct frame got;
	struct why why;

	CHECK(!frame_parse(
	    slice_of(bytes, FRAME_BYTES_MAX + 1), &arena, &got, &why));
	CHECK(strstr(why.text, "longer than"));
	free(bytes);
}

/* ---- receipts ----------------------------------------------------------- */

static struct receipt receipt_of(struct receipt_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		rows[i].copy = 10 + i;
		memset(rows[i].digest, (int)i, HASH_BYTES);
	}
	return (struct receipt){ .exchange = S("warwickshire"),
		.partner = S("rugby-council"),
		.at = SAMPLE_SENT,
		.rows = rows,
		.count = count };
}

TEST(receipt, round_trip_at_the_limit)
{
	struct receipt_row rows[RECEIPT_ROWS_MAX];
	struct receipt r = receipt_of(rows, RECEIPT_ROWS_MAX), got;
	struct buf b = { 0 };
	struct why why;

	rows[RECEIPT_ROWS_MAX - 1].copy = INT64_MAX;
	receipt_pack(&r, &b);
	CHECK(b.len <= RECEIPT_BYTES_MAX);
	CHECK(receipt_parse(buf_slice(&b), &arena, &got, &why));
	CHECK_INT(got.count, RECEIPT_ROWS_MAX);
	CHECK(!memcmp(got.rows, rows, sizeof(rows)));
	CHECK(slice_is(got.partner, "rugby-council"));
	CHECK(got.at == SAMPLE_SENT);
	for (size_t n = 0; n < b.len; n += 7)
		CHECK(!receipt_parse(slice_of(b.data, n), &arena, &got, &why));
	buf_deinit(&b);
	done();
}

/* One row: [exchange, partner, at, rows], packed by hand. */
static bool receipt_ok(const char *partner, int64_t at, uint64_t first,
    uint64_t second, size_t digest)
{
	_cleanup_buf_ struct buf b = { 0 };
	static const uint8_t zero[64];
	struct receipt got;
	struct why why;

	buf_add_str(&b, "caveat receipt v1\n");
	codec_array(&b, 4);
	codec_text(&b, "warwickshire");
	codec_text(&b, partner);
	codec_int(&b, at);
	codec_array(&b, 2);
	codec_array(&b, 2);
	codec_uint(&b, first);
	codec_bytes(&b, zero, digest);
	codec_array(&b, 2);
	codec_uint(&b, second);
	codec_bytes(&b, zero, HASH_BYTES);
	return receipt_parse(buf_slice(&b), &arena, &got, &why);
}

TEST(receipt, forms_that_are_not_receipts)
{
	struct receipt got;
	struct why why;

	CHECK(receipt_ok("hmrc", 1, 1, 2, HASH_BYTES));
	CHECK(!receipt_ok("hmrc", 1, 2, 2, HASH_BYTES));
	CHECK(!receipt_ok("hmrc", 1, 3, 2, HASH_BYTES));
	CHECK(!receipt_ok("hmrc", 1, 0, 2, HASH_BYTES));
	CHECK(!receipt_ok("hmrc", 1, 1, (uint64_t)INT64_MAX + 1, HASH_BYTES));
	CHECK(!receipt_ok("HMRC", 1, 1, 2, HASH_BYTES));
	CHECK(!receipt_ok("hmrc", -1, 1, 2, HASH_BYTES));
	CHECK(!receipt_ok("hmrc", 1, 1, 2, HASH_BYTES - 1));
	CHECK(!receipt_parse(S("caveat receipt v2\n"), &arena, &got, &why));
	done();
}

TEST(receipt, every_bit_flip_is_refused)
{
	struct key *key = sample_key(1, KEY_ED25519);
	uint8_t signature[SIGN_BYTES], public[KEY_BYTES];
	struct receipt_row rows[2];
	struct receipt r = receipt_of(rows, 2), got;
	struct buf b = { 0 };
	struct slice bytes;
	struct why why;

	key_public(key, public);
	receipt_pack(&r, &b);
	bytes = buf_slice(&b);
	CHECK(!sign_parts(key, &bytes, 1, signature, &why));
	for (size_t i = 0; i < 8 * b.len; i++) {
		b.data[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!sign_verify(public, &bytes, 1, signature) ||
		      !receipt_parse(bytes, &arena, &got, &why));
		b.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(sign_verify(public, &bytes, 1, signature));
	buf_deinit(&b);
	key_free(key);
	done();
}

int main(void)
{
	return test_main();
}
