/*
 * Frames. For each kind one function packs and one reads, side by side, in the
 * order of caveat-wire(7); the table at the end ties them to their words.
 */

#include "wire/frame.h"

#include <assert.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "wire/codec.h"
#include "wire/receipt.h"

/* ---- what several kinds share ------------------------------------------- */

static uint64_t read_number(struct reader *r)
{
	return reader_uint(r, INT64_MAX);
}

static struct slice read_name(struct reader *r)
{
	struct slice name = reader_str(r);

	if (!text_is_name(name))
		reader_fail(r, "holds a name that is not one");
	return name;
}

/* Text for people, at most FRAME_REASON_MAX bytes. */
static struct slice read_reason(struct reader *r)
{
	struct slice s = reader_str_max(r, FRAME_REASON_MAX);
	const char *fault = text_fault(s);

	if (fault)
		reader_fail(r, fault);
	return s;
}

static struct slice read_reason_or_nil(struct reader *r)
{
	return reader_nil(r) ? (struct slice){ 0 } : read_reason(r);
}

/* The length of an array of @least to @most elements; 0 on a fault. */
static uint32_t read_count(struct reader *r, uint32_t least, uint32_t most)
{
	uint32_t count = reader_array(r);

	if (count >= least && count <= most && reader_ok(r))
		return count;
	reader_fail(r, "holds a list that is empty or too long");
	return 0;
}

static struct slice read_bin_max(struct reader *r, size_t max)
{
	struct slice s = reader_bin(r);

	if (s.len == 0 || s.len > max)
		reader_fail(r, "holds bytes that are too many or none");
	return s;
}

/* What becomes of a message, or of it for one recipient. */
static void pack_outcome(struct buf *out, bool accepted, bool delivered)
{
	codec_text(out, delivered  ? "delivered"
			: accepted ? "accepted"
				   : "refused");
}

static void read_outcome(
    struct reader *r, bool *ret_accepted, bool *ret_delivered)
{
	struct slice word = reader_str(r);

	*ret_delivered = slice_is(word, "delivered");
	*ret_accepted = *ret_delivered || slice_is(word, "accepted");
	if (!*ret_accepted && !slice_is(word, "refused"))
		reader_fail(r, "holds an outcome that is none");
}

/* ---- hello, welcome ----------------------------------------------------- */

static void pack_hello(const struct frame *f, struct buf *out)
{
	codec_uint(out, FRAME_VERSION);
	codec_uint(out, f->hello.epoch);
	codec_uint(out, f->hello.number);
	codec_uint(out, f->hello.copy);
	codec_uint(out, f->hello.policy);
}

static void read_version(struct reader *r)
{
	if (reader_uint(r, UINT32_MAX) != FRAME_VERSION)
		reader_fail(r, "is of a version that is not known");
}

static void read_hello(struct reader *r, struct arena *arena, struct frame *f)
{
	read_version(r);
	f->hello.epoch = (uint32_t)reader_uint(r, UINT32_MAX);
	f->hello.number = read_number(r);
	f->hello.copy = read_number(r);
	f->hello.policy = read_number(r);
}

static void pack_welcome(const struct frame *f, struct buf *out)
{
	codec_uint(out, FRAME_VERSION);
	codec_str(out, f->welcome.exchange);
	codec_uint(out, f->welcome.epoch);
	codec_uint(out, f->welcome.number);
	codec_uint(out, f->welcome.copy);
	codec_uint(out, f->welcome.policy);
	codec_int(out, f->welcome.now);
	codec_str(out, f->welcome.vkey);
}

static void read_welcome(struct reader *r, struct arena *arena, struct frame *f)
{
	read_version(r);
	f->welcome.exchange = read_name(r);
	f->welcome.epoch = (uint32_t)reader_uint(r, UINT32_MAX);
	f->welcome.number = read_number(r);
	f->welcome.copy = read_number(r);
	f->welcome.policy = read_number(r);
	f->welcome.now = (int64_t)reader_uint(r, MESSAGE_TIME_MAX);
	f->welcome.vkey = reader_str_max(r, VKEY_TEXT_MAX - 1);
	if (f->welcome.epoch == 0)
		reader_fail(r, "allots no epoch");
}

/* ---- submit, result ----------------------------------------------------- */

static void pack_submit(const struct frame *f, struct buf *out)
{
	codec_array(out, (uint32_t)f->submit.count);
	for (size_t i = 0; i < f->submit.count; i++)
		codec_bin(out, f->submit.envelopes[i]);
}

static void read_submit(struct reader *r, struct arena *arena, struct frame *f)
{
	uint32_t count = read_count(r, 1, FRAME_SUBMIT_MAX);
	struct slice *envelopes = arena_array(arena, count, struct slice);

	for (uint32_t i = 0; i < count && reader_ok(r); i++)
		envelopes[i] = read_bin_max(r, MESSAGE_BYTES_MAX);
	f->submit.envelopes = envelopes;
	f->submit.count = count;
}

static void pack_result_row(const struct frame_result_row *row, struct buf *out)
{
	codec_array(out, 5);
	codec_uint(out, row->epoch);
	codec_uint(out, row->number);
	pack_outcome(out, row->accepted, false);
	codec_str_or_nil(out, row->reason);
	codec_array(out, (uint32_t)row->count);
	for (size_t i = 0; i < row->count; i++) {
		const struct frame_outcome *o = &row->outcomes[i];

		codec_array(out, 4);
		codec_str(out, o->partner);
		pack_outcome(out, o->accepted, o->delivered);
		codec_str_or_nil(out, o->clause);
		codec_str_or_nil(out, o->reason);
	}
}

static void pack_result(const struct frame *f, struct buf *out)
{
	codec_array(out, (uint32_t)f->result.count);
	for (size_t i = 0; i < f->result.count; i++)
		pack_result_row(&f->result.rows[i], out);
}

static void read_result_row(
    struct reader *r, struct arena *arena, struct frame_result_row *row)
{
	struct frame_outcome *outcomes;
	bool delivered;
	uint32_t count;

	reader_array_of(r, 5);
	row->epoch = (uint32_t)reader_uint(r, UINT32_MAX);
	row->number = read_number(r);
	read_outcome(r, &row->accepted, &delivered);
	if (delivered)
		reader_fail(r, "holds an outcome that is none");
	row->reason = read_reason_or_nil(r);
	count = read_count(r, 0, FRAME_RESULT_TO_MAX);
	outcomes = arena_array(arena, count, struct frame_outcome);
	for (uint32_t i = 0; i < count && reader_ok(r); i++) {
		reader_array_of(r, 4);
		outcomes[i].partner = read_name(r);
		read_outcome(r, &outcomes[i].accepted, &outcomes[i].delivered);
		outcomes[i].clause = read_reason_or_nil(r);
		outcomes[i].reason = read_reason_or_nil(r);
	}
	row->outcomes = outcomes;
	row->count = count;
}

static void read_result(struct reader *r, struct arena *arena, struct frame *f)
{
	uint32_t count = read_count(r, 1, FRAME_RESULTS_MAX);
	struct frame_result_row *rows =
	    arena_array(arena, count, struct frame_result_row);

	for (uint32_t i = 0; i < count && reader_ok(r); i++)
		read_result_row(r, arena, &rows[i]);
	f->result.rows = rows;
	f->result.count = count;
}

/* ---- deliver, receipt --------------------------------------------------- */

static void pack_deliver(const struct frame *f, struct buf *out)
{
	codec_str(out, f->deliver.checkpoint);
	codec_array(out, (uint32_t)f->deliver.count);
	for (size_t i = 0; i < f->deliver.count; i++) {
		const struct frame_deliver_row *row = &f->deliver.rows[i];

		codec_array(out, row->copy.len ? 2 : 3);
		codec_uint(out, row->number);
		if (row->copy.len) {
			codec_bin(out, row->copy);
			continue;
		}
		codec_nil(out);
		codec_array(out, 4);
		codec_bin(out, row->digest);
		codec_bin(out, row->entry);
		codec_uint(out, row->index);
		codec_bin(out, row->path);
	}
}

static void read_tombstone(struct reader *r, struct frame_deliver_row *row)
{
	if (!reader_nil(r))
		reader_fail(r, "holds a tombstone with a copy");
	reader_array_of(r, 4);
	row->digest = reader_bin_of(r, HASH_BYTES);
	row->entry = read_bin_max(r, COPY_ENTRY_MAX);
	row->index = read_number(r);
	row->path = reader_bin(r);
	if (row->path.len % HASH_BYTES || row->path.len > COPY_PATH_MAX)
		reader_fail(r, "has a proof that cannot be one");
}

static void read_deliver(struct reader *r, struct arena *arena, struct frame *f)
{
	struct frame_deliver_row *rows;
	uint32_t count;

	f->deliver.checkpoint = reader_str_max(r, FRAME_CHECKPOINT_MAX);
	count = read_count(r, 1, FRAME_DELIVER_MAX);
	rows = arena_array(arena, count, struct frame_deliver_row);
	for (uint32_t i = 0; i < count && reader_ok(r); i++) {
		uint32_t parts = reader_array(r);

		rows[i].number = read_number(r);
		if (rows[i].number == 0)
			reader_fail(r, "holds a copy without a number");
		if (parts == 2)
			rows[i].copy = read_bin_max(r, COPY_BYTES_MAX);
		else if (parts == 3)
			read_tombstone(r, &rows[i]);
		else
			reader_fail(r, "holds neither copy nor tombstone");
	}
	f->deliver.rows = rows;
	f->deliver.count = count;
}

static void pack_receipt(const struct frame *f, struct buf *out)
{
	codec_bin(out, f->receipt.bytes);
	codec_bin(out, f->receipt.signature);
}

static void read_receipt(struct reader *r, struct arena *arena, struct frame *f)
{
	f->receipt.bytes = read_bin_max(r, RECEIPT_BYTES_MAX);
	f->receipt.signature = reader_bin_of(r, SIGN_BYTES);
}

/* ---- policies ----------------------------------------------------------- */

static void pack_policies(const struct frame *f, struct buf *out)
{
	const struct frame_policies *p = &f->policies;

	codec_uint(out, p->number);
	codec_uint(out, p->part);
	codec_uint(out, p->parts);
	codec_array(out, (uint32_t)p->texts_count);
	for (size_t i = 0; i < p->texts_count; i++) {
		codec_array(out, 2);
		codec_str(out, p->texts[i].name);
		codec_str(out, p->texts[i].text);
	}
	codec_array(out, (uint32_t)p->enrolments_count);
	for (size_t i = 0; i < p->enrolments_count; i++)
		codec_str(out, p->enrolments[i]);
	codec_array(out, (uint32_t)p->suspended_count);
	for (size_t i = 0; i < p->suspended_count; i++)
		codec_str(out, p->suspended[i]);
}

/* A name that cannot lead out of the folder it is put in. */
static struct slice read_file_name(struct reader *r)
{
	struct slice name = reader_str_max(r, FRAME_NAME_MAX);

	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] == '/' || name.data[i] <= ' ' ||
		    name.data[i] > '~')
			reader_fail(r, "names a file in a way it may not");
	if (name.len && name.data[0] == '.')
		reader_fail(r, "names a file in a way it may not");
	return name;
}

static void read_policies(
    struct reader *r, struct arena *arena, struct frame *f)
{
	struct frame_policies *p = &f->policies;
	struct slice *enrolments, *suspended;
	struct frame_text *texts;

	p->number = read_number(r);
	p->part = (uint32_t)reader_uint(r, UINT32_MAX);
	p->parts = (uint32_t)reader_uint(r, UINT32_MAX);
	if (p->part == 0 || p->part > p->parts)
		reader_fail(r, "is a part beyond its parts");
	p->texts_count = read_count(r, 0, FRAME_TEXTS_MAX);
	texts = arena_array(arena, p->texts_count, struct frame_text);
	for (size_t i = 0; i < p->texts_count && reader_ok(r); i++) {
		reader_array_of(r, 2);
		texts[i].name = read_file_name(r);
		texts[i].text = reader_str_max(r, NOTE_BYTES_MAX);
	}
	p->enrolments_count = read_count(r, 0, FRAME_TEXTS_MAX);
	enrolments = arena_array(arena, p->enrolments_count, struct slice);
	for (size_t i = 0; i < p->enrolments_count && reader_ok(r); i++)
		enrolments[i] = reader_str_max(r, ENROLMENT_BYTES_MAX);
	p->suspended_count = read_count(r, 0, FRAME_TEXTS_MAX);
	suspended = arena_array(arena, p->suspended_count, struct slice);
	for (size_t i = 0; i < p->suspended_count && reader_ok(r); i++)
		suspended[i] = read_name(r);
	p->texts = texts;
	p->enrolments = enrolments;
	p->suspended = suspended;
}

/* ---- busy, error -------------------------------------------------------- */

static void pack_busy(const struct frame *f, struct buf *out)
{
	codec_uint(out, f->busy.retry_ms);
	codec_str(out, f->busy.reason);
}

static void read_busy(struct reader *r, struct arena *arena, struct frame *f)
{
	f->busy.retry_ms = (uint32_t)reader_uint(r, FRAME_RETRY_MAX);
	f->busy.reason = read_reason(r);
}

static const char *const codes[] = {
	[FRAME_MALFORMED] = "malformed",
	[FRAME_TOO_LARGE] = "too-large",
	[FRAME_NOT_ENROLLED] = "not-enrolled",
	[FRAME_SUSPENDED] = "suspended",
	[FRAME_CLONE] = "clone",
	[FRAME_FORGED] = "forged",
	[FRAME_NOT_YET] = "not-yet",
	[FRAME_HELLO_FIRST] = "hello-first",
};

const char *frame_code_name(enum frame_code code)
{
	return codes[code];
}

static void pack_error(const struct frame *f, struct buf *out)
{
	codec_text(out, frame_code_name(f->error.code));
	codec_str(out, f->error.text);
}

static void read_error(struct reader *r, struct arena *arena, struct frame *f)
{
	struct slice word = reader_str(r);
	size_t i = 0;

	while (i < ARRAY_LEN(codes) && !slice_is(word, codes[i]))
		i++;
	if (i == ARRAY_LEN(codes))
		reader_fail(r, "holds an error code that is not known");
	else
		f->error.code = (enum frame_code)i;
	f->error.text = read_reason(r);
}

/* ---- all of them -------------------------------------------------------- */

/* @parts counts the kind; 0: reserved, of any length. */
struct frame_form {
	const char *word;
	uint32_t parts;
	void (*pack)(const struct frame *f, struct buf *out);
	void (*read)(struct reader *r, struct arena *arena, struct frame *f);
};

static const struct frame_form forms[] = {
	[FRAME_NONE] = { "none" },
	[FRAME_HELLO] = { "hello", 6, pack_hello, read_hello },
	[FRAME_WELCOME] = { "welcome", 9, pack_welcome, read_welcome },
	[FRAME_SUBMIT] = { "submit", 2, pack_submit, read_submit },
	[FRAME_RESULT] = { "result", 2, pack_result, read_result },
	[FRAME_DELIVER] = { "deliver", 3, pack_deliver, read_deliver },
	[FRAME_RECEIPT] = { "receipt", 3, pack_receipt, read_receipt },
	[FRAME_POLICIES] = { "policies", 7, pack_policies, read_policies },
	[FRAME_BUSY] = { "busy", 3, pack_busy, read_busy },
	[FRAME_ERROR] = { "error", 3, pack_error, read_error },
	[FRAME_CHECKPOINT] = { "checkpoint" },
	[FRAME_COSIGNATURE] = { "cosignature" },
	[FRAME_ACT] = { "act" },
};

const char *frame_kind_name(enum frame_kind kind)
{
	return forms[kind].word;
}

/* Read the head; leaves the reader at what follows the kind. */
static enum frame_kind read_kind(struct reader *r, uint32_t *ret_parts)
{
	struct slice word;

	*ret_parts = reader_array(r);
	word = reader_str(r);
	for (size_t i = FRAME_NONE + 1; i < ARRAY_LEN(forms); i++)
		if (slice_is(word, forms[i].word))
			return (enum frame_kind)i;
	reader_fail(r, "is of a kind that is not known");
	return FRAME_NONE;
}

enum frame_kind frame_peek(struct slice bytes)
{
	struct reader r;
	uint32_t parts;

	reader_init(&r, bytes);
	return read_kind(&r, &parts);
}

void frame_pack(const struct frame *frame, struct buf *out)
{
	const struct frame_form *form = &forms[frame->kind];

	assert(form->pack);
	codec_array(out, form->parts);
	codec_text(out, form->word);
	form->pack(frame, out);
}

bool frame_parse(
    struct slice bytes, struct arena *arena, struct frame *ret, struct why *why)
{
	struct frame f = { 0 };
	struct reader r;
	uint32_t parts;

	if (bytes.len > FRAME_BYTES_MAX) {
		why_set(
		    why, "the frame is longer than %u bytes", FRAME_BYTES_MAX);
		return false;
	}
	reader_init(&r, bytes);
	f.kind = read_kind(&r, &parts);
	if (reader_ok(&r) && forms[f.kind].read) {
		if (parts != forms[f.kind].parts)
			reader_fail(&r, "has too many parts, or too few");
		forms[f.kind].read(&r, arena, &f);
	} else {
		for (uint32_t i = 1; i < parts; i++)
			reader_value(&r);
	}
	if (!reader_end(&r)) {
		reader_why(&r, "the frame", why);
		return false;
	}
	*ret = f;
	return true;
}
