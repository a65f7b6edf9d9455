/*
 * A small whole log, made as a broker makes one, exported and verified; then
 * every byte of every file of the export is changed, one at a time, and every
 * file is cut, removed or joined by a stranger: verify must never say yes.
 */

#include "tests/unit/test.h"

#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/archive.h"
#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/verify.h"
#include "store/ledger.h"
#include "util/file.h"
#include "util/mem.h"
#include "wire/enrol.h"
#include "wire/id.h"
#include "wire/receipt.h"
#include "wire/sign.h"

/* ---- a broker in small ------------------------------------------------ */

struct writer {
	char *dir;
	struct store *store;
	struct store_txn *txn;
	struct tree *tree;
	struct key *log;
	struct vkey vkey;
	uint64_t copies, number;
	uint8_t last_body[HASH_BYTES];
	struct key *message;
};

static struct key *raw_key(enum key_kind kind, uint8_t n)
{
	uint8_t raw[KEY_BYTES] = { n, 77 };
	struct key *key = key_from_raw(kind, raw);

	CHECK(key);
	return key;
}

static int no_tile(void *ctx, unsigned level, uint64_t index, uint8_t *ret)
{
	return -1;
}

static int no_leaf(void *ctx, uint64_t index, uint8_t ret[HASH_BYTES])
{
	return -1;
}

static const struct tree_source nowhere = { no_tile, no_leaf, NULL };

static int store_tile(
    void *ctx, unsigned level, uint64_t index, const uint8_t *hashes)
{
	struct writer *w = ctx;

	ledger_tile_put(w->txn, (uint8_t)level, index, hashes);
	return 0;
}

static void add_entry(struct writer *w, struct entry *e, struct slice detail)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	uint8_t leaf[HASH_BYTES];

	hash_random(e->salt, sizeof(e->salt));
	e->at = 1795000000000;
	e->policy = 1;
	if (detail.len) {
		hash_bytes(detail.data, detail.len, e->detail);
		e->has_detail = true;
	}
	entry_encode(e, &bytes);
	entry_leaf(buf_slice(&bytes), leaf);
	CHECK_INT(tree_append(w->tree, leaf, store_tile, w), 0);
	CHECK_INT(ledger_entry_add(w->txn, buf_slice(&bytes), detail),
	    tree_size(w->tree) - 1);
}

static void add_text(
    struct writer *w, enum entry_kind kind, const char *name, struct slice text)
{
	struct entry e = { .kind = kind,
		.name = slice_str(name),
		.what = slice_str("enrolled"),
		.has_text = true,
		.destroy_by = INT32_MAX };

	ledger_text_put(w->txn, text, e.text);
	add_entry(w, &e, (struct slice){ 0 });
}

/* Enrol "alpha" with keys from @seed on; its message key is kept. */
static void enrol(struct writer *w, const char *name, uint8_t seed)
{
	struct key *curve = raw_key(KEY_X25519, seed);
	struct key *message = raw_key(KEY_ED25519, (uint8_t)(seed + 1));
	struct key *witness = raw_key(KEY_ED25519, (uint8_t)(seed + 2));
	struct key *agree = raw_key(KEY_ED25519, (uint8_t)(seed + 3));
	_cleanup_buf_ struct buf note = { 0 };
	struct enrolment_keys keys;
	struct enrolment e;
	struct why why;

	key_public(curve, keys.curve);
	key_public(message, keys.message);
	key_public(witness, keys.witness);
	key_public(agree, keys.agree);
	CHECK(enrolment_make(name, &keys, &e, &why));
	enrolment_text(&e, &note);
	CHECK_INT(note_sign(&note, e.agree.name, agree, &why), 0);
	CHECK_INT(note_sign(&note, e.message.name, message, &why), 0);
	CHECK_INT(note_sign(&note, e.witness.name, witness, &why), 0);
	add_text(w, ENTRY_PARTNER, name, buf_slice(&note));
	key_free(curve);
	key_free(witness);
	key_free(agree);
	key_free(w->message);
	w->message = message;
}

/* One message of alpha's, decided for alpha itself (who also receipts it) and
 * refused for "beta". */
static void add_message(struct writer *w)
{
	struct message_id id = { "alpha", 1, ++w->number };
	char text[MESSAGE_ID_TEXT_MAX];
	struct entry e = {
		.kind = ENTRY_RECEIVED, .recipients = 2, .destroy_by = INT32_MAX
	};
	uint8_t public[KEY_BYTES];

	message_id_format(&id, text);
	e.id = slice_str(text);
	hash_random(e.statement, HASH_BYTES);
	key_public(w->message, public);
	key_id(public, e.key);
	add_entry(w, &e, (struct slice){ 0 });

	e.kind = ENTRY_DECIDED;
	e.to = slice_str("alpha");
	e.copy = ++w->copies;
	hash_random(e.body, HASH_BYTES);
	memcpy(w->last_body, e.body, HASH_BYTES);
	add_entry(w, &e, slice_str("the detail"));

	e.kind = ENTRY_REFUSED;
	e.to = slice_str("beta");
	e.has_statement = true;
	e.has_detail = false;
	add_entry(w, &e, slice_str("why it was refused"));
}

static void add_receipt(struct writer *w)
{
	struct receipt_row row = { .copy = w->copies };
	struct receipt receipt = { .exchange = slice_str("exchange"),
		.partner = slice_str("alpha"),
		.at = 1795000000000,
		.rows = &row,
		.count = 1 };
	struct entry e = { .kind = ENTRY_DELIVERED,
		.to = slice_str("alpha"),
		.destroy_by = INT32_MAX };
	_cleanup_buf_ struct buf bytes = { 0 };
	uint8_t signature[SIGN_BYTES];
	struct slice part;
	struct why why;

	memcpy(row.digest, w->last_body, HASH_BYTES);
	receipt_pack(&receipt, &bytes);
	part = buf_slice(&bytes);
	CHECK_INT(sign_parts(w->message, &part, 1, signature, &why), 0);
	e.receipt = part;
	e.signature = slice_of(signature, sizeof(signature));
	add_entry(w, &e, (struct slice){ 0 });
}

static void begin(struct writer *w)
{
	CHECK_INT(store_begin(w->store, &w->txn), 0);
}

/* As the broker: the note of the last checkpoint goes with the next commit;
 * here it has one of its own. */
static void commit(struct writer *w)
{
	struct checkpoint c = { .origin = "exchange/1" };
	_cleanup_buf_ struct buf note = { 0 };

	c.size = tree_size(w->tree);
	tree_root(w->tree, c.root);
	CHECK_INT(checkpoint_sign(&c, "exchange", w->log, &note), 0);
	store_note_put(w->txn, LEDGER_CHECKPOINT, buf_slice(&note));
	CHECK_INT(store_commit(w->txn), 0);
}

static struct writer *writer_new(void)
{
	struct store_options options = { .map_bytes = 64 << 20 };
	struct writer *w = mem_alloc(sizeof(*w));
	char dir[] = "/tmp/caveat-test-XXXXXX";
	_cleanup_free_ char *store = NULL;
	uint8_t public[KEY_BYTES];
	struct why why;

	CHECK(mkdtemp(dir));
	w->dir = mem_str(dir);
	store = mem_format("%s/store", dir);
	CHECK_INT(ledger_open(store, &options, &w->store, &why), 0);
	CHECK_INT(tree_load(0, &nowhere, &w->tree, &why), 0);
	w->log = raw_key(KEY_ED25519, 200);
	key_public(w->log, public);
	CHECK(vkey_make("exchange", public, &w->vkey));
	return w;
}

static void remove_tree(const char *path)
{
	char *copy = mem_str(path), *paths[] = { copy, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	while ((e = fts_read(fts)))
		if (e->fts_info != FTS_D)
			remove(e->fts_path);
	fts_close(fts);
	free(copy);
}

static void writer_free(struct writer *w)
{
	store_free(w->store);
	tree_free(w->tree);
	key_free(w->log);
	key_free(w->message);
	remove_tree(w->dir);
	free(w->dir);
	free(w);
}

/* ---- asking the verifier ---------------------------------------------- */

static void keep_doubt(
    void *ctx, uint64_t entry, const char *where, const char *what)
{
	struct buf *doubts = ctx;

	buf_addf(doubts, "%s: %s\n", where, what);
}

static int verify(const char *path, const struct vkey *key, struct buf *doubts,
    struct verify_totals *ret)
{
	struct verify_request request = {
		.path = path, .key = key, .doubt = keep_doubt, .ctx = doubts
	};
	struct why why;

	buf_reset(doubts);
	return audit_verify(&request, ret, &why);
}

static struct writer *small_log(unsigned messages)
{
	struct writer *w = writer_new();

	begin(w);
	enrol(w, "alpha", 10);
	add_text(w, ENTRY_AGREEMENT, "soc-1.vocabulary",
	    slice_str("vocabulary soc/1\n"));
	for (unsigned i = 0; i < messages; i++) {
		add_message(w);
		if (i % 2 == 0)
			add_receipt(w);
	}
	commit(w);
	return w;
}

static void export(struct writer *w, const char *out)
{
	struct why why;

	if (audit_export(w->dir, out, NULL, NULL, &why) != 0)
		test_fail(__FILE__, __LINE__, "%s", why.text);
}

TEST(verify, whole_log_from_store_and_export)
{
	struct writer *w = small_log(300);
	_cleanup_free_ char *out = mem_format("%s/export", w->dir);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;

	for (int round = 0; round < 3; round++) {
		export(w, out);
		CHECK_INT(verify(out, &w->vkey, &doubts, &t), 0);
		CHECK_INT(t.received, w->number);
		CHECK_INT(t.decided, w->number);
		CHECK_INT(t.refused, w->number);
		CHECK_INT(t.entries, t.size);
		CHECK_INT(verify(w->dir, &w->vkey, &doubts, &t), 0);
		begin(w); /* and an export brought up to date is whole too */
		for (int i = 0; i < 40; i++)
			add_message(w);
		commit(w);
	}
	writer_free(w);
}

TEST(verify, another_key_proves_nothing)
{
	struct writer *w = small_log(2);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;
	struct vkey other = w->vkey;

	other.public[0] ^= 1;
	CHECK_INT(verify(w->dir, &other, &doubts, &t), VERIFY_DOUBT);
	writer_free(w);
}

/* Change one byte, see it noticed, put it back. */
static void flip_bytes(
    const struct writer *w, const char *out, const char *path)
{
	_cleanup_buf_ struct buf file = { 0 }, doubts = { 0 };
	struct verify_totals t;
	struct why why;
	FILE *f;

	CHECK_INT(file_read(path, 1 << 20, &file, &why), 0);
	for (size_t i = 0; i < file.len; i++) {
		uint8_t was = file.data[i];

		f = fopen(path, "r+b");
		CHECK(f);
		fseek(f, (long)i, SEEK_SET);
		fputc(was ^ (1 << test_below(8)), f);
		fclose(f);
		if (verify(out, &w->vkey, &doubts, &t) != VERIFY_DOUBT)
			test_fail(__FILE__, __LINE__,
			    "byte %zu of %s changed and nobody noticed", i,
			    path);
		f = fopen(path, "r+b");
		fseek(f, (long)i, SEEK_SET);
		fputc(was, f);
		fclose(f);
	}
	CHECK_INT(truncate(path, (off_t)file.len - 1), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), VERIFY_DOUBT);
	CHECK_INT(
	    unlink(path), 0); /* without a checkpoint it is no log at all */
	CHECK(verify(out, &w->vkey, &doubts, &t) != 0);
	buf_add_byte(&file, 'x');
	CHECK_INT(file_write(path, buf_slice(&file), 0644, &why), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), VERIFY_DOUBT);
	file.len--;
	CHECK_INT(file_write(path, buf_slice(&file), 0644, &why), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), 0);
}

TEST(verify, every_byte_of_an_export)
{
	struct writer *w = small_log(3);
	_cleanup_free_ char *out = mem_format("%s/export", w->dir);
	char *copy = mem_str(out), *paths[] = { copy, NULL };
	_cleanup_free_ char *stray = mem_format("%s/tile/0/x", out);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;
	struct why why;
	size_t files = 0;
	FTSENT *e;
	FTS *fts;

	export(w, out);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), 0);
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while ((e = fts_read(fts))) {
		if (e->fts_info != FTS_F)
			continue;
		flip_bytes(w, out, e->fts_path);
		files++;
	}
	fts_close(fts);
	CHECK_INT(files, 6);
	CHECK_INT(file_write(stray, slice_str("x"), 0644, &why), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), VERIFY_DOUBT);
	free(copy);
	writer_free(w);
}

/* ---- logs that hash well and lie -------------------------------------- */

static void expect_doubt(struct writer *w, const char *words)
{
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;

	commit(w);
	CHECK_INT(verify(w->dir, &w->vkey, &doubts, &t), VERIFY_DOUBT);
	buf_add_byte(&doubts, 0);
	if (!strstr((char *)doubts.data, words))
		test_fail(__FILE__, __LINE__, "'%s' is not in: %s", words,
		    (char *)doubts.data);
	writer_free(w);
}

TEST(verify, a_gap_in_a_partners_numbers)
{
	struct writer *w = small_log(1);

	begin(w);
	w->copies++;
	add_message(w);
	expect_doubt(w, "copies are missing");
}

TEST(verify, a_number_used_twice)
{
	struct writer *w = small_log(2);

	begin(w);
	w->copies--;
	add_message(w);
	expect_doubt(w, "a number was used twice");
}

TEST(verify, an_id_taken_twice)
{
	struct writer *w = small_log(2);

	begin(w);
	w->number--;
	add_message(w);
	expect_doubt(w, "a second time");
}

TEST(verify, a_message_nobody_decided)
{
	struct writer *w = small_log(1);
	struct entry e = { .kind = ENTRY_RECEIVED,
		.id = slice_str("alpha/1.900"),
		.recipients = 1,
		.destroy_by = INT32_MAX };

	begin(w);
	add_entry(w, &e, (struct slice){ 0 });
	add_receipt(w);
	expect_doubt(w, "lacks 1 of its decisions");
}

TEST(verify, a_receipt_for_another_body)
{
	struct writer *w = small_log(1);

	begin(w);
	add_message(w);
	w->last_body[5] ^= 1;
	add_receipt(w);
	expect_doubt(w, "another body than was decided");
}

TEST(verify, a_receipt_forged_by_the_operator)
{
	struct writer *w = small_log(1);

	begin(w);
	add_message(w);
	key_free(w->message);
	w->message = raw_key(KEY_ED25519, 99);
	add_receipt(w);
	expect_doubt(w, "did not sign");
}

TEST(verify, a_sender_nobody_enrolled)
{
	struct writer *w = writer_new();

	begin(w);
	w->message = raw_key(KEY_ED25519, 99);
	add_message(w);
	expect_doubt(w, "was not enrolled then");
}

int main(void)
{
	return test_main();
}
