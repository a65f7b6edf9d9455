/* What was changed on disk is noticed. The tests go to the raw rows through
 * kv.h, and to the raw bytes of the files. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "store/ledger-rows.h"
#include "tests/unit/store-fixture.h"
#include "util/mem.h"

extern const struct store_schema mailbox_schema;

static const struct store_options small = { .map_bytes = SMALL_MAP };
static const struct store_options read_only = { .read_only = true };

/* A ledger with two rows in each table, and more where chunks matter. */
static void make_ledger(const char *dir)
{
	struct store *s = fixture_ledger(dir, SMALL_MAP);
	struct ledger_accepted accepted = { .result = slice_str("yes") };
	static uint8_t tile[LEDGER_TILE_BYTES];
	struct store_txn *t = fixture_write(s);
	static const char *const partners[] = { "hmrc", "rugby-council" };

	for (uint64_t i = 1; i <= 2; i++) {
		const char *name = partners[i - 1];
		struct ledger_copy copy = { .number = i,
			.decision = slice_str("secret decision") };
		uint8_t digest[32];

		ledger_partner_put(
		    t, name, &(struct ledger_partner){ .copy = 2 });
		ledger_enrolment_put(t, name, slice_str(name));
		ledger_entry_add(t, slice_str("entry"), slice_str("detail"));
		accepted.entry = i - 1;
		ledger_accept(t, (struct ledger_id){ name, 1, 1 }, &accepted);
		copy.message =
		    ledger_message_add(t, fixture_bytes(i, 9000 * i), 1);
		ledger_queue_put(t, "hmrc", &copy);
		ledger_tile_put(t, 0, i, tile);
		ledger_text_put(t, slice_str(name), digest);
		ledger_policy_put(t, 1, name, digest);
		store_note_put(t, name, slice_str("note"));
	}
	fixture_commit(t);
	store_free(s);
}

static void make_mailbox(const char *dir)
{
	struct store *s = fixture_mailbox(dir);
	const struct mailbox_text texts[] = { { "a", slice_str("1") },
		{ "b", slice_str("2") } };
	struct store_txn *t = fixture_write(s);

	mailbox_epoch_set(t, 1, 0);
	for (uint64_t i = 1; i <= 4; i++) {
		struct mailbox_number id = { 1, i };
		struct mailbox_copy copy = { .number = i,
			.id = { "hmrc", 1, i },
			.destroy_by = 100,
			.copy = slice_str("copy"),
			.summary = slice_str("summary") };

		mailbox_outbox_add(
		    t, id, fixture_bytes(i, 900 * i), slice_str("summary"));
		if (i % 2)
			CHECK_INT(
			    mailbox_outbox_answer(t, id, slice_str("yes")), 0);
		CHECK_INT(mailbox_inbox_put(t, &copy), 0);
	}
	mailbox_policies_replace(t, 1, texts, 2);
	fixture_commit(t);
	store_free(s);
}

/* ---- raw rows ---- */

struct raw {
	struct kv *kv;
	const struct store_schema *schema;
};

struct raw_row {
	unsigned table;
	struct buf key, value;
};

struct raw_rows {
	struct raw_row *of;
	size_t count, cap;
};

static struct raw open_raw(const char *dir, const struct store_schema *schema)
{
	struct kv_config config = { .dir = dir,
		.tables = schema->tables,
		.table_count = schema->table_count,
		.map_bytes = SMALL_MAP,
		.reserve_bytes = 1 << 20 };
	struct raw raw = { .schema = schema };
	struct why why;

	CHECK_INT(kv_open(&config, &raw.kv, &why), 0);
	return raw;
}

static struct raw_rows raw_all(struct raw *raw)
{
	struct raw_rows rows = { 0 };
	struct kv_txn *t;

	CHECK_INT(kv_begin(raw->kv, false, &t), 0);
	for (unsigned table = 0; table < raw->schema->table_count; table++) {
		struct buf from = { 0 };
		struct kv_row row;

		buf_add_byte(&from, 0);
		while (kv_seek(t, table, buf_slice(&from), &row) == 0) {
			struct raw_row *r =
			    mem_push(rows.of, rows.count, rows.cap);

			r->table = table;
			buf_add_slice(&r->key, row.key);
			buf_add_slice(&r->value, row.value);
			buf_reset(&from);
			buf_add_slice(&from, row.key);
			buf_add_byte(&from, 0);
		}
		buf_deinit(&from);
	}
	kv_end(t);
	return rows;
}

static void raw_free(struct raw_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		buf_deinit(&rows->of[i].key);
		buf_deinit(&rows->of[i].value);
	}
	free(rows->of);
}

static void raw_put(
    struct raw *raw, unsigned table, struct slice key, struct slice value)
{
	struct kv_txn *t;

	CHECK_INT(kv_begin(raw->kv, true, &t), 0);
	if (value.data)
		kv_put(t, table, key, value);
	else
		kv_delete(t, table, key);
	CHECK_INT(kv_commit(t), 0);
}

static uint64_t check_any(const char *dir, const struct store_schema *schema)
{
	return schema == &ledger_schema ? fixture_check_ledger(dir)
					: fixture_check_mailbox(dir);
}

/* The check must name the table, unless the store does not open at all. */
static void expect_noticed(
    const char *dir, const struct raw *raw, const struct raw_row *row)
{
	const char *table = raw->schema->tables[row->table].name;

	if (check_any(dir, raw->schema) == 0)
		test_fail(__FILE__, __LINE__, "unnoticed in table '%s'", table);
	CHECK(strstr(fixture_problem, table) ||
	      strstr(fixture_problem, "damaged"));
}

static void change_each_row(const char *dir, const struct store_schema *schema)
{
	struct raw raw = open_raw(dir, schema);
	struct raw_rows rows = raw_all(&raw);

	CHECK(rows.count > 15);
	for (size_t i = 0; i < rows.count; i++) {
		struct raw_row *row = &rows.of[i];
		size_t at = (size_t)test_below(row->value.len);
		uint8_t bit = (uint8_t)(1U << test_below(8));

		row->value.data[at] ^= bit;
		raw_put(&raw, row->table, buf_slice(&row->key),
		    buf_slice(&row->value));
		kv_free(raw.kv);
		expect_noticed(dir, &raw, row);
		raw = open_raw(dir, schema);
		row->value.data[at] ^= bit;
		raw_put(&raw, row->table, buf_slice(&row->key),
		    buf_slice(&row->value));
	}
	kv_free(raw.kv);
	raw_free(&rows);
	CHECK_INT(check_any(dir, schema), 0);
}

TEST(damage, a_changed_bit_in_any_row_is_noticed)
{
	const char *dir = fixture_dir();

	make_ledger(dir);
	change_each_row(dir, &ledger_schema);
	dir = fixture_dir();
	make_mailbox(dir);
	change_each_row(dir, &mailbox_schema);
}

/* Each row's value into its neighbour's place, then cut by a byte, and by all
 * that follows a clear part. */
static void move_each_row(const char *dir, const struct store_schema *schema)
{
	struct raw raw = open_raw(dir, schema);
	struct raw_rows rows = raw_all(&raw);

	for (size_t i = 0; i + 1 < rows.count; i++) {
		struct raw_row *row = &rows.of[i];
		struct slice other = buf_slice(&rows.of[i + 1].value);

		for (int how = 0; how < 3; how++) {
			struct slice value = other;

			if (how == 1)
				value = slice_of(
				    row->value.data, row->value.len - 1);
			else if (how == 2)
				value = slice_of(row->value.data,
				    row->value.len > 17 ? 17 : 1);
			if (slice_eq(value, buf_slice(&row->value)))
				continue;
			raw_put(&raw, row->table, buf_slice(&row->key), value);
			kv_free(raw.kv);
			expect_noticed(dir, &raw, row);
			raw = open_raw(dir, schema);
		}
		raw_put(&raw, row->table, buf_slice(&row->key),
		    buf_slice(&row->value));
	}
	kv_free(raw.kv);
	raw_free(&rows);
	CHECK_INT(check_any(dir, schema), 0);
}

TEST(damage, a_row_moved_or_cut_is_noticed)
{
	const char *dir = fixture_dir();

	make_ledger(dir);
	move_each_row(dir, &ledger_schema);
	dir = fixture_dir();
	make_mailbox(dir);
	move_each_row(dir, &mailbox_schema);
}

TEST(damage, a_missing_row_that_others_need_is_noticed)
{
	const char *dir = fixture_dir();
	static const unsigned needed[] = { TABLE_META, TABLE_HOLDER,
		TABLE_ENVELOPE, TABLE_ENTRY, TABLE_TEXT };
	struct raw raw;
	struct raw_rows rows;

	make_ledger(dir);
	raw = open_raw(dir, &ledger_schema);
	rows = raw_all(&raw);
	for (size_t i = 0; i < rows.count; i++) {
		struct raw_row *row = &rows.of[i];
		bool is_needed = false;

		for (size_t k = 0; k < ARRAY_LEN(needed); k++)
			is_needed |= row->table == needed[k];
		if (!is_needed)
			continue;
		raw_put(
		    &raw, row->table, buf_slice(&row->key), slice_of(NULL, 0));
		kv_free(raw.kv);
		CHECK(fixture_check_ledger(dir) > 0);
		raw = open_raw(dir, &ledger_schema);
		raw_put(&raw, row->table, buf_slice(&row->key),
		    buf_slice(&row->value));
	}
	kv_free(raw.kv);
	raw_free(&rows);
	CHECK_INT(fixture_check_ledger(dir), 0);
}

TEST(damage, met_at_work_is_remembered_until_a_check_is_clean)
{
	const char *dir = fixture_dir();
	struct row_key key = name_row("hmrc");
	_cleanup_buf_ struct buf good = { 0 }, b = { 0 };
	struct slice value;
	struct kv_txn *k;
	struct store_txn *t;
	struct store *s;
	struct why why;
	struct raw raw;

	make_ledger(dir);
	key_number(&key, 0, 2); /* the chunk */
	raw = open_raw(dir, &ledger_schema);
	CHECK_INT(kv_begin(raw.kv, false, &k), 0);
	CHECK_INT(
	    kv_get(k, TABLE_NOTE, slice_of(key.bytes, key.len), &value), 0);
	buf_add_slice(&good, value);
	kv_end(k);
	raw_put(&raw, TABLE_NOTE, slice_of(key.bytes, key.len),
	    slice_of(good.data, good.len - 1));
	kv_free(raw.kv);

	s = fixture_ledger(dir, SMALL_MAP);
	t = fixture_write(s);
	store_note_put(t, "other", slice_str("lost"));
	CHECK_INT(store_note(t, "hmrc", &b), -EBADMSG);
	CHECK_INT(store_note(t, "rugby-council", &b), -EBADMSG);
	CHECK_INT(store_commit(t), -EBADMSG);
	CHECK(strstr(store_fault(s), "table 'note', row 'hmrc"));
	CHECK_INT(store_begin(s, &t), -EIO);
	store_free(s);

	CHECK_INT(ledger_open(dir, &small, &s, &why), STORE_DAMAGED);
	CHECK(strstr(why.text, "table 'note', row 'hmrc"));
	CHECK_INT(ledger_open(dir, &read_only, &s, &why), 0);
	t = fixture_read(s);
	CHECK_INT(store_note(t, "rugby-council", &b), 0);
	CHECK_INT(store_note(t, "other", &b), STORE_NONE);
	store_end(t);
	store_free(s);
	CHECK_INT(fixture_check_ledger(dir), 1);
	CHECK_INT(ledger_open(dir, &small, &s, &why), STORE_DAMAGED);

	raw = open_raw(dir, &ledger_schema);
	raw_put(
	    &raw, TABLE_NOTE, slice_of(key.bytes, key.len), buf_slice(&good));
	kv_free(raw.kv);
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(fixture_ledger(dir, SMALL_MAP));
}

/* ---- files ---- */

static void expect_damaged(const char *dir, const char *word)
{
	struct store *s;
	struct why why = { 0 };

	CHECK_INT(ledger_open(dir, &small, &s, &why), STORE_DAMAGED);
	if (!strstr(why.text, word))
		test_fail(__FILE__, __LINE__, "no '%s' in: %s", word, why.text);
}

static void flip(const char *dir, const char *file, uint64_t at)
{
	uint8_t byte;

	fixture_peek(dir, file, at, &byte, 1);
	byte ^= 0x10;
	fixture_poke(dir, file, at, &byte, 1);
}

TEST(damage, to_the_keys_is_noticed)
{
	const char *dir = fixture_dir();
	uint8_t one[64], two[64];
	const uint8_t zeros[64] = { 0 };

	make_ledger(dir);
	for (uint64_t block = 0; block < 2; block++) {
		uint64_t at = block * 4096 + test_below(76);

		flip(dir, "key", at);
		expect_damaged(dir, "key");
		CHECK(fixture_check_ledger(dir) > 0);
		flip(dir, "key", at);
	}
	/* slots 1 to 3 are in use: details, and two messages */
	for (uint64_t slot = 1; slot <= 3; slot++) {
		uint64_t at = slot * 64 + test_below(64);

		flip(dir, "slots", at);
		CHECK(fixture_check_ledger(dir) > 0);
		flip(dir, "slots", at);
	}
	fixture_peek(dir, "slots", 2 * 64, one, 64);
	fixture_peek(dir, "slots", 3 * 64, two, 64);
	fixture_poke(dir, "slots", 2 * 64, two, 64);
	fixture_poke(dir, "slots", 3 * 64, one, 64);
	CHECK_INT(fixture_check_ledger(dir), 6);
	fixture_poke(dir, "slots", 2 * 64, one, 64);
	fixture_poke(dir, "slots", 3 * 64, two, 64);
	CHECK_INT(fixture_check_ledger(dir), 0);
	fixture_poke(dir, "slots", 2 * 64, zeros, 64);
	expect_damaged(dir, "slots");
	CHECK(fixture_check_ledger(dir) > 0);
	fixture_poke(dir, "slots", 2 * 64, one, 64);
	CHECK_INT(fixture_check_ledger(dir), 0);
	store_free(fixture_ledger(dir, SMALL_MAP));
}

static void cut(const char *dir, const char *file, uint64_t size)
{
	_cleanup_free_ char *path = mem_format("%s/%s", dir, file);

	if (size)
		CHECK_INT(truncate(path, (off_t)size), 0);
	else
		CHECK_INT(unlink(path), 0);
}

TEST(damage, a_missing_or_short_file_never_begins_a_new_store)
{
	static const char *const files[] = { "data.mdb", "key", "slots" };
	static const uint64_t sizes[] = { 0, 1, 8192, 20480 };

	for (size_t f = 0; f < ARRAY_LEN(files); f++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			const char *dir = fixture_dir();

			make_ledger(dir);
			if (fixture_size(dir, files[f]) <= sizes[i])
				continue;
			if (f > 0 && sizes[i] >= 8192)
				continue; /* what is cut off was not in use */
			cut(dir, files[f], sizes[i]);
			CHECK(fixture_check_ledger(dir) > 0);
			expect_damaged(dir, files[f]);
		}
}

TEST(damage, no_garbage_in_the_file_ends_the_check)
{
	const char *dir = fixture_dir();
	uint64_t noticed = 0;

	for (int i = 0; i < 40; i++) {
		uint64_t pages;

		if (i % 10 == 0) {
			dir = fixture_dir();
			make_ledger(dir);
		}
		pages = 45; /* about what is in use */
		for (int k = 0; k < 20; k++)
			flip(dir, "data.mdb", test_below(pages * 4096));
		noticed += fixture_check_ledger(dir) > 0;
	}
	CHECK(noticed > 0);
}

int main(void)
{
	return test_main();
}
