/* Everything a broker writes about a message, without a broker. */

#include "tests/unit/log-fixture.h"

#include <fts.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "tests/unit/test.h"
#include "util/mem.h"
#include "wire/enrol.h"
#include "wire/id.h"
#include "wire/receipt.h"
#include "wire/sign.h"

struct key *raw_key(enum key_kind kind, uint8_t n)
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

void add_entry(struct writer *w, struct entry *e, struct slice detail)
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

void add_text(
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

/* An agreement that says @alpha and @beta are the agree keys of the two, signed
 * by both, and listed as signed by @signers of them. */
void add_agreement(struct writer *w, const char *name, uint8_t alpha,
    uint8_t beta, size_t signers)
{
	const char *names[] = { "alpha", "beta" };
	uint8_t seeds[] = { alpha, beta };
	struct key *keys[2];
	struct entry e = { .kind = ENTRY_AGREEMENT,
		.name = slice_str(name),
		.signers_count = signers,
		.destroy_by = INT32_MAX };
	_cleanup_buf_ struct buf note = { 0 };
	struct why why;

	buf_addf(&note,
	    "agreement %s/1 \"Both\"\nuses soc/1\n"
	    "parties alpha, beta\n",
	    name);
	for (int i = 0; i < 2; i++) {
		char text[VKEY_TEXT_MAX];
		uint8_t public[KEY_BYTES];
		struct vkey vkey;

		keys[i] = raw_key(KEY_ED25519, (uint8_t)(seeds[i] + 3));
		key_public(keys[i], public);
		CHECK(vkey_make(names[i], public, &vkey));
		vkey_format(&vkey, text);
		buf_addf(&note,
		    "identity %s kind police clearance OFFICIAL"
		    " agree \"%s\"\n",
		    names[i], text);
		e.signers[i] = slice_str(names[i]);
	}
	for (int i = 0; i < 2; i++) {
		CHECK_INT(note_sign(&note, names[i], keys[i], &why), 0);
		key_free(keys[i]);
	}
	ledger_text_put(w->txn, buf_slice(&note), e.text);
	add_entry(w, &e, (struct slice){ 0 });
}

/* Enrol "alpha" with keys from @seed on; its message key is kept. */
void enrol(struct writer *w, const char *name, uint8_t seed)
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

void add_received(struct writer *w, uint64_t number, uint32_t recipients)
{
	struct message_id id = { "alpha", 1, number };
	char text[MESSAGE_ID_TEXT_MAX];
	struct entry e = { .kind = ENTRY_RECEIVED,
		.recipients = recipients,
		.destroy_by = INT32_MAX };
	uint8_t public[KEY_BYTES];

	message_id_format(&id, text);
	e.id = slice_str(text);
	hash_random(w->statement, HASH_BYTES);
	memcpy(e.statement, w->statement, HASH_BYTES);
	key_public(w->message, public);
	key_id(public, e.key);
	add_entry(w, &e, (struct slice){ 0 });
}

/* About the last message received. */
static struct entry about(
    struct writer *w, enum entry_kind kind, uint64_t number, const char *to)
{
	static char text[MESSAGE_ID_TEXT_MAX];
	struct message_id id = { "alpha", 1, number };
	struct entry e = { .kind = kind,
		.to = slice_str(to),
		.has_statement = true,
		.destroy_by = INT32_MAX };

	message_id_format(&id, text);
	e.id = slice_str(text);
	memcpy(e.statement, w->statement, HASH_BYTES);
	return e;
}

void add_decided(struct writer *w, uint64_t number, const char *to)
{
	struct entry e = about(w, ENTRY_DECIDED, number, to);

	e.copy = ++w->copies;
	hash_random(e.body, HASH_BYTES);
	memcpy(w->last_body, e.body, HASH_BYTES);
	add_entry(w, &e, slice_str("the detail"));
}

void add_refused(struct writer *w, uint64_t number, const char *to)
{
	struct entry e = about(w, ENTRY_REFUSED, number, to);

	add_entry(w, &e, slice_str("why it was refused"));
}

/* One message of alpha's, decided for alpha itself (who also receipts it) and
 * refused for "beta". */
void add_message(struct writer *w)
{
	add_received(w, ++w->number, 2);
	add_decided(w, w->number, "alpha");
	add_refused(w, w->number, "beta");
}

void add_receipt(struct writer *w)
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

void begin(struct writer *w)
{
	CHECK_INT(store_begin(w->store, &w->txn), 0);
}

/* As the broker: the note of the last checkpoint goes with the next commit;
 * here it has one of its own. */
void commit(struct writer *w)
{
	struct checkpoint c = { .origin = "exchange/1" };
	_cleanup_buf_ struct buf note = { 0 };

	c.size = tree_size(w->tree);
	tree_root(w->tree, c.root);
	CHECK_INT(checkpoint_sign(&c, "exchange", w->log, &note), 0);
	store_note_put(w->txn, LEDGER_CHECKPOINT, buf_slice(&note));
	CHECK_INT(store_commit(w->txn), 0);
}

struct writer *writer_new(void)
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

void writer_free(struct writer *w)
{
	store_free(w->store);
	tree_free(w->tree);
	key_free(w->log);
	key_free(w->message);
	remove_tree(w->dir);
	free(w->dir);
	free(w);
}

struct writer *small_log(unsigned messages)
{
	struct writer *w = writer_new();

	begin(w);
	enrol(w, "beta", BETA);
	enrol(w, "alpha", ALPHA);
	add_text(w, ENTRY_AGREEMENT, "soc-1.vocabulary",
	    slice_str("vocabulary soc/1\n"));
	add_agreement(w, "both", ALPHA, BETA, 2);
	for (unsigned i = 0; i < messages; i++) {
		add_message(w);
		if (i % 2 == 0)
			add_receipt(w);
	}
	commit(w);
	return w;
}

/* ---- asking the verifier ---------------------------------------------- */

static void keep_doubt(
    void *ctx, uint64_t entry, const char *where, const char *what)
{
	struct buf *doubts = ctx;

	buf_addf(doubts, "%s: %s\n", where, what);
}

int verify(const char *path, const struct vkey *key, struct buf *doubts,
    struct verify_totals *ret)
{
	struct verify_request request = {
		.path = path, .key = key, .doubt = keep_doubt, .ctx = doubts
	};
	struct why why;

	buf_reset(doubts);
	return audit_verify(&request, ret, &why);
}

void expect_doubt(struct writer *w, const char *words)
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
