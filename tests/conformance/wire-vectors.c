/*
 * The test vectors of caveat-wire(7) and the fuzzers' first inputs, from fixed
 * keys, salts and times.
 *
 *     wire-vectors DATA            compare with the files in DATA (tests/data)
 *     wire-vectors DATA --write    write them
 */

#include <string.h>

#include "tests/conformance/vectors.h"
#include "tests/unit/wire-sample.h"
#include "util/mem.h"
#include "wire/codec.h"
#include "wire/copy.h"
#include "wire/enrol.h"
#include "wire/frame.h"
#include "wire/receipt.h"

#define POLICE "warwickshire-police"
#define BATCH 5
#define LOG_SIZE 7
#define LOG_INDEX 4

static struct arena arena;

/* ---- envelopes ---------------------------------------------------------- */

static struct slice packed(const struct envelope *e)
{
	return sample_packed(e, NULL, &arena);
}

static void json_slot(struct buf *j, const struct envelope *e, size_t i)
{
	const struct slot *s = &e->slots[i];

	buf_add_str(j, i ? ",\n    {" : "\n    {");
	json_text(j, "path", s->path);
	buf_addf(j, ", \"instance\": %u, ", s->instance);
	json_hex(j, "salt", s->salt);
	buf_add_str(j, ",\n     ");
	json_hex(j, "value", s->value);
	buf_add_str(j, ",\n     ");
	json_hex(j, "V", hash32(s->hash));
	buf_add_str(j, ",\n     ");
	json_hex(j, "D", hash32(e->statement.digests.data + i * HASH_BYTES));
	buf_add_str(j, "}");
}

/* The bytes under a batch's signature, written out from the page. */
static void json_batch(struct buf *j, const struct statement *s)
{
	_cleanup_buf_ struct buf b = { 0 };

	buf_add_str(&b, "caveat batch v1\n");
	buf_add_byte(&b, (uint8_t)s->header.exchange.len);
	buf_add_slice(&b, s->header.exchange);
	buf_add_byte(&b, (uint8_t)s->header.from.len);
	buf_add_slice(&b, s->header.from);
	buf_add_be16(&b, s->size);
	buf_add(&b, s->root.bytes, HASH_BYTES);
	buf_addf(j, "  \"size\": %u,\n  ", s->size);
	json_hex(j, "root", hash32(s->root.bytes));
	buf_add_str(j, ",\n  ");
	json_hex(j, "signed", buf_slice(&b));
	buf_add_str(j, ",\n  ");
	json_hex(j, "signature", s->signature);
}

static void envelope_vector(void)
{
	_cleanup_buf_ struct buf j = { 0 };
	bool home[SAMPLE_FIELDS] = { false };
	struct envelope e;

	sample_envelope(POLICE, 1, &arena, &e);
	buf_add_str(&j, "{\n");
	json_key(&j, "key", 1);
	buf_add_str(&j, "  ");
	json_hex(&j, "header", e.statement.header_bytes);
	buf_add_str(&j, ",\n  \"slots\": [");
	for (size_t i = 0; i < e.statement.count; i++) {
		json_slot(&j, &e, i);
		home[i] = slice_is(e.slots[i].path, "subject.born");
	}
	buf_add_str(&j, "],\n  ");
	json_hex(&j, "statement", hash32(e.statement.hash));
	buf_add_str(&j, ",\n");
	json_batch(&j, &e.statement);
	buf_add_str(&j, ",\n  ");
	json_hex(&j, "envelope", packed(&e));
	buf_add_str(&j, ",\n  \"home\": [\"subject.born\", 0],\n  ");
	json_hex(&j, "without", sample_packed(&e, home, &arena));
	buf_add_str(&j, "\n}\n");
	emit("wire/envelope.json", buf_slice(&j));
	emit("fuzz/envelope/sample", packed(&e));
	emit("fuzz/envelope/home", sample_packed(&e, home, &arena));
}

static void batch_vector(void)
{
	struct message_field field = { .path = slice_str("report.title"),
		.salt = (const uint8_t *)"sixteen byte sal" };
	struct envelope batch[BATCH], *list[BATCH];
	struct key *key = sample_key(1, KEY_ED25519);
	_cleanup_buf_ struct buf j = { 0 };
	struct why why;

	field.value = sample_text(&arena, "one of five");
	for (size_t i = 0; i < BATCH; i++) {
		struct message_header h = sample_header(POLICE, i + 1);
		struct message_draft draft = {
			.header = &h, .fields = &field, .count = 1
		};

		must(envelope_new(&draft, &arena, &batch[i], &why), why.text);
		list[i] = &batch[i];
	}
	must(!envelope_sign(list, BATCH, key, &arena, &why), why.text);
	key_free(key);
	buf_add_str(&j, "{\n");
	json_key(&j, "key", 1);
	json_batch(&j, &batch[0].statement);
	buf_add_str(&j, ",\n  \"messages\": [");
	for (size_t i = 0; i < BATCH; i++) {
		buf_add_str(&j, i ? ",\n    {" : "\n    {");
		json_hex(&j, "statement", hash32(batch[i].statement.hash));
		buf_add_str(&j, ",\n     ");
		json_hex(&j, "path", batch[i].statement.path);
		buf_add_str(&j, ",\n     ");
		json_hex(&j, "envelope", packed(&batch[i]));
		buf_add_str(&j, "}");
	}
	buf_add_str(&j, "]\n}\n");
	emit("wire/batch.json", buf_slice(&j));
	emit("fuzz/envelope/batch", packed(&batch[BATCH - 1]));
}

/* ---- copies ------------------------------------------------------------- */

struct shown {
	const char *path;
	uint16_t instance;
	enum slot_kind kind;
	struct decision decision;
};

/* What Rugby gets of the sample; fields not listed are shown whole. */
static size_t decide(
    const struct envelope *e, enum slot_kind *kinds, struct decision *decisions)
{
	const struct shown plan[] = {
		{ "message.to", 1, SLOT_NIL, { 0 } },
		{ "subject.born", 0, SLOT_NAMED,
		    { .action = slice_str("reduce"),
			.clause = slice_str("4"),
			.to = slice_str("year") } },
		{ "report.title", 0, SLOT_NAMED,
		    { .action = slice_str("mask"),
			.clause = slice_str("4"),
			.to = slice_str("keep last 3"),
			.value = sample_text(
			    &arena, "********* ** * **** ** **gby") } },
		{ "subject.name", 1, SLOT_NAMED,
		    { .action = slice_str("refer"),
			.clause = slice_str("uk-law/1 hmrc-onward"),
			.to = slice_str("hmrc") } },
		{ "subject.warning", 0, SLOT_NAMED,
		    { .action = slice_str("withhold"),
			.clause = slice_str("4"),
			.reason = slice_str("handling C") } },
	};
	size_t count = 0;

	for (uint16_t i = 0; i < e->statement.count; i++) {
		kinds[i] = SLOT_WHOLE;
		for (size_t k = 0; k < ARRAY_LEN(plan); k++) {
			if (!slice_is(e->slots[i].path, plan[k].path) ||
			    e->slots[i].instance != plan[k].instance)
				continue;
			kinds[i] = plan[k].kind;
			if (plan[k].kind != SLOT_NAMED)
				continue;
			decisions[count] = plan[k].decision;
			decisions[count++].slot = i;
		}
	}
	return count;
}

static struct slice body_of(const struct envelope *e)
{
	enum slot_kind kinds[MESSAGE_FIELDS_MAX];
	struct decision decisions[SAMPLE_FIELDS];
	struct copy_draft draft = {
		.envelope = e, .shown = kinds, .decisions = decisions
	};
	_cleanup_buf_ struct buf b = { 0 };
	struct why why;

	draft.decisions_count = decide(e, kinds, decisions);
	must(copy_body(&draft, &b, &why), why.text);
	return arena_slice(&arena, buf_slice(&b));
}

/* A copy whose entry is leaf 4 of a log of 7. */
static struct slice copy_of(struct slice body, struct merkle_hash *ret_root)
{
	struct slice entry = slice_str("stands for the decided entry");
	struct merkle_hash leaves[LOG_SIZE];
	_cleanup_buf_ struct buf b = { 0 };
	struct merkle_source source;
	struct merkle_table table;
	struct merkle_proof path;

	for (uint8_t i = 0; i < LOG_SIZE; i++)
		leaves[i] =
		    merkle_leaf(i == LOG_INDEX ? entry : slice_of(&i, 1));
	merkle_table_init(&table, leaves, LOG_SIZE, &arena);
	source = merkle_table_source(&table);
	merkle_tree_path(&source, LOG_INDEX, LOG_SIZE, &path);
	merkle_tree_root(&source, LOG_SIZE, ret_root);
	copy_pack(body, entry, LOG_INDEX,
	    slice_of(path.hashes, path.count * HASH_BYTES), &b);
	return arena_slice(&arena, buf_slice(&b));
}

static void copy_vector(void)
{
	struct envelope sample, forward;
	_cleanup_buf_ struct buf j = { 0 };
	struct merkle_hash root;
	uint8_t digest[HASH_BYTES];
	struct slice body, copy;

	sample_envelope(POLICE, 1, &arena, &sample);
	sample_forward(&sample, &arena, &forward);
	body = body_of(&sample);
	copy_body_digest(body, digest);
	copy = copy_of(body, &root);
	buf_add_str(&j, "{\n");
	json_key(&j, "key", 1);
	json_key(&j, "forwarder", 2);
	buf_add_str(&j, "  ");
	json_hex(&j, "digest", hash32(digest));
	buf_addf(&j, ",\n  \"size\": %d,\n  ", LOG_SIZE);
	json_hex(&j, "root", hash32(root.bytes));
	buf_add_str(&j, ",\n  ");
	json_hex(&j, "copy", copy);
	buf_add_str(&j, ",\n  ");
	json_hex(&j, "forwarded", copy_of(body_of(&forward), &root));
	buf_add_str(&j, "\n}\n");
	emit("wire/copy.json", buf_slice(&j));
	emit("fuzz/copy/sample", copy);
	emit("fuzz/copy/body", body);
	emit("fuzz/copy/forwarded", copy_of(body_of(&forward), &root));
	emit("fuzz/envelope/forwarded", packed(&forward));
}

/* ---- receipts, notes ---------------------------------------------------- */

static struct slice receipt_bytes(void)
{
	struct receipt_row rows[2] = { { .copy = 12 }, { .copy = 13 } };
	struct receipt receipt = { .exchange = slice_str("warwickshire"),
		.partner = slice_str("rugby-council"),
		.at = SAMPLE_SENT,
		.rows = rows,
		.count = 2 };
	_cleanup_buf_ struct buf b = { 0 };

	memset(rows[0].digest, 0x11, HASH_BYTES);
	memset(rows[1].digest, 0x22, HASH_BYTES);
	receipt_pack(&receipt, &b);
	return arena_slice(&arena, buf_slice(&b));
}

static struct slice receipt_signature(void)
{
	struct key *key = sample_key(3, KEY_ED25519);
	uint8_t *signature = arena_alloc(&arena, SIGN_BYTES);
	struct slice bytes = receipt_bytes();
	struct why why;

	must(!sign_parts(key, &bytes, 1, signature, &why), why.text);
	key_free(key);
	return slice_of(signature, SIGN_BYTES);
}

static void receipt_vector(void)
{
	_cleanup_buf_ struct buf j = { 0 };

	buf_add_str(&j, "{\n");
	json_key(&j, "key", 3);
	buf_add_str(&j, "  ");
	json_hex(&j, "bytes", receipt_bytes());
	buf_add_str(&j, ",\n  ");
	json_hex(&j, "signature", receipt_signature());
	buf_add_str(&j, "\n}\n");
	emit("wire/receipt.json", buf_slice(&j));
	emit("fuzz/frame/receipt-bytes", receipt_bytes());
}

static void sign_note(struct buf *note, const char *name, uint8_t fill)
{
	struct key *key = sample_key(fill, KEY_ED25519);
	struct why why;

	must(!note_sign(note, name, key, &why), why.text);
	key_free(key);
}

static struct slice enrolment(void)
{
	struct enrolment_keys keys;
	_cleanup_buf_ struct buf note = { 0 };
	struct enrolment e;
	struct why why;

	sample_public(9, KEY_X25519, keys.curve);
	sample_public(1, KEY_ED25519, keys.message);
	sample_public(4, KEY_ED25519, keys.witness);
	sample_public(5, KEY_ED25519, keys.agree);
	must(enrolment_make(POLICE, &keys, &e, &why), why.text);
	enrolment_text(&e, &note);
	sign_note(&note, e.agree.name, 5);
	sign_note(&note, e.message.name, 1);
	sign_note(&note, e.witness.name, 4);
	must(enrolment_parse(buf_slice(&note), &e, &why), why.text);
	return arena_slice(&arena, buf_slice(&note));
}

static void note_vector(void)
{
	_cleanup_buf_ struct buf j = { 0 }, note = { 0 };
	char vkey_text[VKEY_TEXT_MAX];
	uint8_t public[KEY_BYTES];
	struct vkey vkey;

	sample_public(6, KEY_ED25519, public);
	must(vkey_make("warwickshire", public, &vkey), "vkey");
	vkey_format(&vkey, vkey_text);
	buf_add_str(&note, "warwickshire/1\n7\n");
	buf_add_str(&note, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	sign_note(&note, "warwickshire", 6);
	buf_add_str(&j, "{\n  ");
	json_text(&j, "vkey", slice_str(vkey_text));
	buf_add_str(&j, ",\n  ");
	json_text(&j, "note", buf_slice(&note));
	buf_add_str(&j, ",\n  ");
	json_text(&j, "enrolment", enrolment());
	buf_add_str(&j, "\n}\n");
	emit("wire/note.json", buf_slice(&j));
	emit("fuzz/note/checkpoint", buf_slice(&note));
	emit("fuzz/note/enrolment", enrolment());
	emit("fuzz/note/vkey", slice_str(vkey_text));
}

/* ---- trees -------------------------------------------------------------- */

static void json_proof(struct buf *j, const struct merkle_proof *p)
{
	json_hex(j, "hashes", slice_of(p->hashes, p->count * HASH_BYTES));
	buf_add_str(j, "}");
}

static void merkle_vector(void)
{
	struct merkle_hash leaves[LOG_SIZE], root;
	_cleanup_buf_ struct buf j = { 0 };
	struct merkle_source source;
	struct merkle_table table;
	struct merkle_proof proof;

	for (uint8_t i = 0; i < LOG_SIZE; i++)
		leaves[i] = merkle_leaf(slice_of(&i, 1));
	merkle_table_init(&table, leaves, LOG_SIZE, &arena);
	source = merkle_table_source(&table);
	buf_add_str(&j, "{\n  \"roots\": [");
	for (size_t n = 0; n <= LOG_SIZE; n++) {
		root = merkle_root(leaves, n);
		buf_add_str(&j, n ? ",\n    {" : "\n    {");
		json_hex(&j, "root", hash32(root.bytes));
		buf_add_str(&j, "}");
	}
	buf_add_str(&j, "],\n  \"paths\": [");
	for (size_t i = 0; i < LOG_SIZE; i++) {
		merkle_tree_path(&source, i, LOG_SIZE, &proof);
		buf_addf(&j, "%s\n    {\"index\": %zu, ", i ? "," : "", i);
		json_proof(&j, &proof);
	}
	buf_add_str(&j, "],\n  \"consistency\": [");
	for (size_t m = 1; m <= LOG_SIZE; m++) {
		merkle_tree_consistency(&source, m, LOG_SIZE, &proof);
		buf_addf(&j, "%s\n    {\"old\": %zu, ", m > 1 ? "," : "", m);
		json_proof(&j, &proof);
	}
	buf_add_str(&j, "]\n}\n");
	emit("wire/merkle.json", buf_slice(&j));
}

/* ---- frames ------------------------------------------------------------- */

static void add_frame(struct buf *j, const char *name, const struct frame *f)
{
	_cleanup_free_ char *seed = mem_format("fuzz/frame/%s", name);
	_cleanup_buf_ struct buf b = { 0 };

	frame_pack(f, &b);
	buf_addf(j, "%s  ", j->len > 2 ? ",\n" : "");
	json_hex(j, name, buf_slice(&b));
	emit(seed, buf_slice(&b));
}

static void add_long_frames(struct buf *j)
{
	struct merkle_hash root;
	struct envelope e;
	struct slice envelope;
	struct frame f = { .kind = FRAME_SUBMIT,
		.submit = { .envelopes = &envelope, .count = 1 } };
	struct frame_deliver_row rows[2] = {
		{ .number = 12 },
		{ .number = 13,
		    .digest = slice_str("0123456789abcdef0123456789abcdef"),
		    .entry = slice_str("stands for the refused entry"),
		    .index = 5,
		    .path = slice_str("0123456789abcdef0123456789abcdef") },
	};

	sample_envelope(POLICE, 1, &arena, &e);
	envelope = packed(&e);
	add_frame(j, "submit", &f);
	rows[0].copy = copy_of(body_of(&e), &root);
	f = (struct frame){ .kind = FRAME_DELIVER,
		.deliver = { .checkpoint = slice_str("a signed note\n"),
		    .rows = rows,
		    .count = 2 } };
	add_frame(j, "deliver", &f);
	f = (struct frame){ .kind = FRAME_RECEIPT,
		.receipt = { receipt_bytes(), receipt_signature() } };
	add_frame(j, "receipt", &f);
}

static void add_result(struct buf *j)
{
	const struct frame_outcome outcomes[] = {
		{ .partner = slice_str("hmrc"), .accepted = true },
		{ .partner = slice_str("rugby-council"),
		    .clause = slice_str("uk-law/1 section-115"),
		    .reason = slice_str("not an authority it lists") },
		{ .partner = slice_str("immigration-enforcement"),
		    .accepted = true,
		    .delivered = true,
		    .reason = slice_str("2026-11-22T10:00:05Z") },
	};
	const struct frame_result_row rows[] = {
		{ .epoch = 1,
		    .number = 1047,
		    .accepted = true,
		    .outcomes = outcomes,
		    .count = 3 },
		{ .epoch = 1,
		    .number = 1048,
		    .reason = slice_str("the id is used") },
	};
	struct frame f = { .kind = FRAME_RESULT,
		.result = { .rows = rows, .count = 2 } };

	add_frame(j, "result", &f);
}

static void add_policies(struct buf *j)
{
	const struct frame_text text = { slice_str("soc-1.vocabulary"),
		slice_str("vocabulary soc/1\n") };
	const struct slice enrolments[] = { enrolment() };
	const struct slice suspended[] = { slice_str("rugby-council") };
	struct frame f = { .kind = FRAME_POLICIES,
		.policies = { .number = 9,
		    .part = 1,
		    .parts = 1,
		    .texts = &text,
		    .texts_count = 1,
		    .enrolments = enrolments,
		    .enrolments_count = 1,
		    .suspended = suspended,
		    .suspended_count = 1 } };

	add_frame(j, "policies", &f);
}

static void frame_vector(void)
{
	_cleanup_buf_ struct buf j = { 0 };
	struct frame f = { .kind = FRAME_HELLO, .hello = { 1, 1047, 12, 9 } };

	buf_add_str(&j, "{\n");
	add_frame(&j, "hello", &f);
	f = (struct frame){ .kind = FRAME_WELCOME,
		.welcome = { .exchange = slice_str("warwickshire"),
		    .epoch = 1,
		    .number = 1047,
		    .copy = 12,
		    .policy = 9,
		    .now = SAMPLE_SENT,
		    .vkey = slice_str("warwickshire+00000000+AAAA") } };
	add_frame(&j, "welcome", &f);
	add_long_frames(&j);
	add_result(&j);
	add_policies(&j);
	f = (struct frame){ .kind = FRAME_BUSY,
		.busy = { 250, slice_str("the store is nearly full") } };
	add_frame(&j, "busy", &f);
	f = (struct frame){ .kind = FRAME_ERROR,
		.error = { FRAME_HELLO_FIRST, slice_str("say hello first") } };
	add_frame(&j, "error", &f);
	buf_add_str(&j, "\n}\n");
	emit("wire/frames.json", buf_slice(&j));
}

static void reader_seeds(void)
{
	_cleanup_buf_ struct buf b = { 0 };

	codec_array(&b, 7);
	codec_nil(&b);
	codec_bool(&b, true);
	codec_uint(&b, UINT64_MAX);
	codec_int(&b, -70000);
	codec_text(&b, "thirty-three bytes of text: \xc3\xa9\xe2\x82\xac");
	codec_bytes(&b, "bytes", 5);
	codec_array(&b, 0);
	emit("fuzz/reader/all-kinds", buf_slice(&b));
	emit("fuzz/reader/counts", slice_of("\xdd\x01\x00\x00\x00", 5));
	emit("fuzz/reader/nested",
	    slice_of("\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0", 10));
}

int main(int argc, char **argv)
{
	must(argc >= 2, "usage: wire-vectors DATA [--write]");
	vectors_init(argv[1], argc > 2 && !strcmp(argv[2], "--write"));
	envelope_vector();
	batch_vector();
	copy_vector();
	receipt_vector();
	note_vector();
	merkle_vector();
	frame_vector();
	reader_seeds();
	arena_deinit(&arena);
	return vectors_differing() ? 1 : 0;
}
