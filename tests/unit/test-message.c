/* Messages: headers, digests, batches, slots, and every way to change one after
 * it was signed. */

#include "tests/unit/test.h"

#include <stdio.h>

#include "tests/unit/wire-sample.h"
#include "util/mem.h"
#include "wire/codec.h"

#define POLICE "warwickshire-police"

static struct arena arena;

static void done(void)
{
	arena_deinit(&arena);
}

static bool opens(struct slice bytes, uint8_t fill, struct envelope *ret)
{
	return sample_opens(bytes, fill, &arena, ret);
}

static struct slice packed(const struct envelope *e, const bool *home)
{
	return sample_packed(e, home, &arena);
}

/* ---- header ------------------------------------------------------------- */

TEST(header, round_trip_with_and_without_optional_keys)
{
	struct message_header h = sample_header(POLICE, 7), got;
	struct buf b = { 0 };
	struct why why;

	for (unsigned mask = 0; mask < 128; mask++) {
		struct message_id id = {
			.partner = "hmrc", .epoch = 2, .number = 17
		};
		struct message_id none = { 0 };

		h.handling_instruction =
		    slice_str(mask & 1 ? "Keep it in the room." : "");
		h.embargo_until = mask & 2 ? SAMPLE_SENT + 5 : 0;
		h.priority = slice_str(mask & 4 ? "threat-to-life" : "");
		h.expires = mask & 8 ? MESSAGE_TIME_MAX : 0;
		h.replaces = mask & 16 ? id : none;
		h.recalls = mask & 32 ? id : none;
		h.answers = mask & 64 ? id : none;
		buf_reset(&b);
		CHECK(message_header_pack(&h, &b, &why));
		CHECK(message_header_parse(buf_slice(&b), &got, &why));
		CHECK(
		    slice_eq(got.handling_instruction, h.handling_instruction));
		CHECK(got.embargo_until == h.embargo_until);
		CHECK(slice_eq(got.priority, h.priority));
		CHECK(got.expires == h.expires);
		CHECK(message_id_eq(&got.replaces, &h.replaces));
		CHECK(message_id_eq(&got.recalls, &h.recalls));
		CHECK(message_id_eq(&got.answers, &h.answers));
		CHECK(message_id_eq(&got.id, &h.id));
		for (size_t n = 0; n < b.len; n++)
			CHECK(!message_header_parse(
			    slice_of(b.data, n), &got, &why));
	}
	buf_deinit(&b);
}

TEST(header, values_that_cannot_stand)
{
	struct message_header good = sample_header(POLICE, 7), h;
	char text[MESSAGE_INSTRUCTION_MAX + 2];
	struct buf b = { 0 };
	struct why why;

#define REFUSED(change)                                                        \
	do {                                                                   \
		h = good;                                                      \
		change;                                                        \
		CHECK(!message_header_pack(&h, &b, &why));                     \
		CHECK_INT(b.len, 0);                                           \
	} while (0)
	REFUSED(h.exchange = slice_str("Warwickshire"));
	REFUSED(h.exchange = slice_str(""));
	REFUSED(h.id.epoch = 0);
	REFUSED(h.id.number = 0);
	REFUSED(h.id.number = (uint64_t)INT64_MAX + 1);
	REFUSED(h.from = slice_str("hmrc")); /* not the id's partner */
	REFUSED(strcpy(h.id.partner, "hmrc"));
	REFUSED(h.vocabulary = slice_str("soc"));
	REFUSED(h.vocabulary = slice_str("soc/0"));
	REFUSED(h.vocabulary = slice_str("soc/1/1"));
	REFUSED(h.agreement = slice_str("a/01"));
	REFUSED(h.agreement = slice_str(""));
	REFUSED(h.type = slice_str("intelligence report"));
	REFUSED(h.purpose = slice_str(""));
	REFUSED(h.marking = slice_str("SECRET\n"));
	REFUSED(h.sent = 0);
	REFUSED(h.sent = -1);
	REFUSED(h.sent = MESSAGE_TIME_MAX + 1);
	REFUSED(h.priority = slice_str("hasty"));
	REFUSED(h.handling_instruction = slice_str("a\tb"));
	REFUSED(h.handling_instruction = slice_str("\xff"));
	memset(text, 'a', sizeof(text));
	REFUSED(h.handling_instruction =
		    slice_of(text, MESSAGE_INSTRUCTION_MAX + 1));
	REFUSED(h.type = slice_of(text, MESSAGE_WORD_MAX + 1));
	h = good;
	h.handling_instruction = slice_of(text, MESSAGE_INSTRUCTION_MAX);
	h.type = slice_of(text, MESSAGE_WORD_MAX);
	CHECK(message_header_pack(&h, &b, &why));
	CHECK(b.len < MESSAGE_HEADER_MAX);
	buf_deinit(&b);
}

/* ---- envelopes ---------------------------------------------------------- */

TEST(envelope, what_was_sent_is_read)
{
	struct envelope e, got;
	struct message_field *fields;

	sample_envelope(POLICE, 1, &arena, &e);
	CHECK(opens(packed(&e, NULL), 1, &got));
	CHECK(!opens(packed(&e, NULL), 2, &got));
	CHECK(opens(packed(&e, NULL), 1, &got));
	CHECK(!memcmp(got.statement.hash, e.statement.hash, HASH_BYTES));
	CHECK_INT(got.statement.count, SAMPLE_FIELDS);
	CHECK(slice_is(got.statement.header.purpose, "prevent"));
	fields = sample_fields(&arena);
	for (size_t i = 0; i < SAMPLE_FIELDS; i++) {
		char path[MESSAGE_PATH_MAX + 1];
		const struct slot *slot;

		snprintf(path, sizeof(path), "%.*s", SLICE_ARG(fields[i].path));
		slot = envelope_find(&got, path, fields[i].instance);
		CHECK(slot && slot->kind == SLOT_WHOLE);
		CHECK(slice_eq(slot->value, fields[i].value));
		CHECK(!memcmp(slot->salt.data, fields[i].salt, 16));
	}
	CHECK(!envelope_find(&got, "subject.name", 2));
	/* Packing what was read gives the same bytes. */
	CHECK(slice_eq(packed(&got, NULL), got.bytes));
	done();
}

TEST(envelope, every_bit_flip_is_refused)
{
	struct envelope e, got;
	struct slice bytes;
	uint8_t *data;

	sample_envelope(POLICE, 1, &arena, &e);
	bytes = packed(&e, NULL);
	data = arena_copy(&arena, bytes.data, bytes.len);
	bytes.data = data;
	for (size_t i = 0; i < 8 * bytes.len; i++) {
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!opens(bytes, 1, &got));
		data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(opens(bytes, 1, &got));
	done();
}

TEST(envelope, every_cut_is_refused)
{
	struct envelope e, got;
	struct slice bytes;

	sample_envelope(POLICE, 1, &arena, &e);
	bytes = packed(&e, NULL);
	for (size_t n = 0; n < bytes.len; n++) {
		/* Memory of the very length, for the address sanitizer. */
		uint8_t *cut = mem_copy(bytes.data, n);

		CHECK(!opens(slice_of(cut, n), 1, &got));
		free(cut);
	}
	done();
}

TEST(envelope, values_that_stay_home_are_not_in_it)
{
	struct envelope e, got;
	bool home[SAMPLE_FIELDS] = { false };
	struct slice bytes;

	sample_envelope(POLICE, 1, &arena, &e);
	for (size_t i = 0; i < SAMPLE_FIELDS; i++)
		home[i] = slice_is(e.slots[i].path, "subject.born");
	bytes = packed(&e, home);
	CHECK(memmem(
	    packed(&e, NULL).data, packed(&e, NULL).len, "1990-02-03", 10));
	CHECK(!memmem(bytes.data, bytes.len, "1990-02-03", 10));
	CHECK(opens(bytes, 1, &got));
	CHECK(!memcmp(got.statement.hash, e.statement.hash, HASH_BYTES));
	CHECK_INT(envelope_find(&got, "subject.born", 0)->kind, SLOT_NAMED);
	CHECK_INT(
	    envelope_find(&got, "subject.born~year", 0)->kind, SLOT_WHOLE);
	done();
}

/* Digests and slots come out the same whatever order the fields came in. */
TEST(envelope, order_of_fields_does_not_show)
{
	struct message_header header = sample_header(POLICE, 1047);
	struct envelope e, other;
	struct message_draft draft = { .header = &header,
		.count = SAMPLE_FIELDS };
	struct message_field *fields;
	struct why why;

	sample_envelope(POLICE, 1, &arena, &e);
	for (int round = 0; round < 20; round++) {
		fields = sample_fields(&arena);
		for (size_t i = SAMPLE_FIELDS; i > 1; i--) {
			size_t k = test_below(i);
			struct message_field f = fields[i - 1];

			fields[i - 1] = fields[k];
			fields[k] = f;
		}
		draft.fields = fields;
		CHECK(envelope_new(&draft, &arena, &other, &why));
		CHECK(!memcmp(
		    other.statement.hash, e.statement.hash, HASH_BYTES));
		for (size_t i = 0; i < SAMPLE_FIELDS; i++) {
			const struct slot *s = &other.slots[i];

			CHECK(slice_eq(s->path, fields[s->field].path));
			CHECK(s->instance == fields[s->field].instance);
		}
	}
	done();
}

/* A message of @count fields "e.f" in instances and entities as they fit. */
static bool make_many(size_t count, size_t decoys, struct envelope *ret)
{
	struct message_header header = sample_header(POLICE, 1);
	struct message_field *fields =
	    arena_array(&arena, count, struct message_field);
	struct message_draft draft = { .header = &header,
		.fields = fields,
		.count = count,
		.decoys = decoys };
	struct key *key = sample_key(1, KEY_ED25519);
	struct why why;
	bool ok;

	for (size_t i = 0; i < count; i++)
		fields[i] =
		    (struct message_field){ .path = slice_str(arena_format(
						&arena, "e%zu.f", i / 256)),
			    .instance = (uint16_t)(i % 256),
			    .value = sample_text(&arena, "v") };
	ok = envelope_new(&draft, &arena, ret, &why) &&
	     !envelope_sign(&ret, 1, key, &arena, &why);
	key_free(key);
	return ok;
}

TEST(envelope, fields_at_the_limit_and_past_it)
{
	struct envelope e, got;

	CHECK(make_many(MESSAGE_FIELDS_MAX, 0, &e));
	CHECK(opens(packed(&e, NULL), 1, &got));
	CHECK_INT(got.statement.count, MESSAGE_FIELDS_MAX);
	CHECK(make_many(MESSAGE_FIELDS_MAX - 24, 24, &e));
	CHECK(!make_many(MESSAGE_FIELDS_MAX + 1, 0, &e));
	CHECK(!make_many(MESSAGE_FIELDS_MAX, 1, &e));
	CHECK(!make_many(0, 0, &e));
	done();
}

TEST(envelope, decoys_are_slots_of_nothing)
{
	struct envelope e, got;
	size_t nils = 0;

	CHECK(make_many(5, 3, &e));
	CHECK(opens(packed(&e, NULL), 1, &got));
	CHECK_INT(got.statement.count, 8);
	for (size_t i = 0; i < 8; i++) {
		nils += got.slots[i].kind == SLOT_NIL;
		CHECK((e.slots[i].field == SLOT_DECOY) ==
		      (e.slots[i].kind == SLOT_NIL));
	}
	CHECK_INT(nils, 3);
	done();
}

static bool make_one(const char *path, unsigned instance, struct slice value)
{
	struct message_header header = sample_header(POLICE, 1);
	struct message_field field = { .path = slice_str(path),
		.instance = (uint16_t)instance,
		.value = value };
	struct message_draft draft = {
		.header = &header, .fields = &field, .count = 1
	};
	struct envelope e;
	struct why why;

	return envelope_new(&draft, &arena, &e, &why);
}

TEST(envelope, paths_and_instances)
{
	static const char *const good[] = { "a.b", "a.b~c", "subject.born~year",
		"A_1.b-2~band-1000" };
	static const char *const bad[] = { "", "a", ".", "a.", ".b", "a.b.c",
		"a.b~", "a~b", "a.~b", "a.b~c~d", "a.b~c.d", "a b.c", "a.b\n",
		"\xc3\xa9.b" };
	struct slice v = sample_text(&arena, "v");
	char path[MESSAGE_PATH_MAX + 2] = "";

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK(make_one(good[i], 0, v));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!make_one(bad[i], 0, v));
	memset(path, 'a', MESSAGE_PATH_MAX + 1);
	path[3] = '.';
	CHECK(!make_one(path, 0, v));
	path[MESSAGE_PATH_MAX] = '\0';
	CHECK(make_one(path, 0, v));
	CHECK(make_one("a.b", MESSAGE_INSTANCES_MAX - 1, v));
	CHECK(!make_one("a.b", MESSAGE_INSTANCES_MAX, v));
	done();
}

static bool value_ok(const char *bytes, size_t len)
{
	struct why why;

	return message_value_ok(slice_of(bytes, len), &why);
}

#define VALUE_OK(literal) value_ok(literal, sizeof(literal) - 1)

TEST(envelope, values_have_few_forms)
{
	struct buf b = { 0 };
	struct why why;

	CHECK(VALUE_OK("\xa1v") && VALUE_OK("\xa0") && VALUE_OK("\x05"));
	CHECK(VALUE_OK("\xc2") && VALUE_OK("\xc3") && VALUE_OK("\x90"));
	CHECK(VALUE_OK("\x91\xa1v") && VALUE_OK("\xff"));
	CHECK(VALUE_OK("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"));
	CHECK(!VALUE_OK("\xcf\x80\0\0\0\0\0\0\0"));
	CHECK(!VALUE_OK("") && !VALUE_OK("\xc0") && !VALUE_OK("\xc4\x01v"));
	CHECK(!VALUE_OK("\x91\x05") && !VALUE_OK("\x91\x91\xa1v"));
	CHECK(!VALUE_OK("\x80") && !VALUE_OK("\xca\0\0\0\0"));
	CHECK(!VALUE_OK("\xa1v\xa1v") && !VALUE_OK("\xa2v"));
	CHECK(!VALUE_OK("\xa1\t") && !VALUE_OK("\xa1\0"));
	CHECK(!VALUE_OK("\xa3"
			"e\xcc\x81")); /* not in NFC */
	for (uint32_t n = MESSAGE_SET_MAX; n <= MESSAGE_SET_MAX + 1; n++) {
		buf_reset(&b);
		codec_array(&b, n);
		for (uint32_t i = 0; i < n; i++)
			codec_text(&b, "x");
		CHECK(message_value_ok(buf_slice(&b), &why) ==
		      (n == MESSAGE_SET_MAX));
	}
	buf_deinit(&b);
}

TEST(envelope, size_at_the_limit_and_past_it)
{
	struct message_header header = sample_header(POLICE, 1);
	struct message_field field = { .path = slice_str("a.b") };
	struct message_draft draft = {
		.header = &header, .fields = &field, .count = 1
	};
	struct key *key = sample_key(1, KEY_ED25519);
	struct buf value = { 0 }, out = { 0 };
	struct envelope e, *one = &e, got;
	size_t len = MESSAGE_BYTES_MAX - 1000;
	struct why why;

	for (int round = 0; round < 3; round++) {
		buf_reset(&value);
		buf_reset(&out);
		memset(buf_room(&out, len), 'x', len);
		codec_str(&value, slice_of(out.data, len));
		field.value = buf_slice(&value);
		CHECK(envelope_new(&draft, &arena, &e, &why));
		CHECK(!envelope_sign(&one, 1, key, &arena, &why));
		CHECK(envelope_pack(&e, NULL, &out, &why) == (round < 2));
		if (round == 2)
			break;
		CHECK(opens(buf_slice(&out), 1, &got));
		len += MESSAGE_BYTES_MAX - out.len + (round == 1);
		if (round == 1)
			CHECK_INT(out.len, MESSAGE_BYTES_MAX);
	}
	CHECK_INT(out.len, 0);
	memset(buf_room(&out, MESSAGE_BYTES_MAX + 1), 0, MESSAGE_BYTES_MAX + 1);
	CHECK(!envelope_open(
	    slice_of(out.data, MESSAGE_BYTES_MAX + 1), &got, &why));
	CHECK(strstr(why.text, "longer than"));
	buf_deinit(&value);
	buf_deinit(&out);
	key_free(key);
	done();
}

TEST(envelope, a_field_twice_is_refused)
{
	struct message_header header = sample_header(POLICE, 1);
	struct message_field fields[2] = {
		{ .path = slice_str("a.b"), .value = slice_of("\x01", 1) },
		{ .path = slice_str("a.b"), .value = slice_of("\x02", 1) },
	};
	struct message_draft draft = {
		.header = &header, .fields = fields, .count = 2
	};
	struct key *key = sample_key(1, KEY_ED25519);
	struct envelope e, *one = &e, got;
	uint8_t digests[2][HASH_BYTES], public[KEY_BYTES];
	struct slot slot;
	struct why why;

	CHECK(!envelope_new(&draft, &arena, &e, &why));
	CHECK(strstr(why.text, "twice"));
	/* Made all the same, as a hostile sender would, it is not read. */
	fields[1].instance = 1;
	CHECK(envelope_new(&draft, &arena, &e, &why));
	e.slots[0].instance = e.slots[1].instance = 0;
	for (size_t i = 0; i < 2; i++)
		message_digest(e.slots[i].hash, 0, e.slots[i].path, digests[i]);
	if (memcmp(digests[0], digests[1], HASH_BYTES) > 0) {
		slot = e.slots[0];
		e.slots[0] = e.slots[1];
		e.slots[1] = slot;
		for (size_t i = 0; i < 2; i++)
			message_digest(
			    e.slots[i].hash, 0, e.slots[i].path, digests[i]);
	}
	e.statement.digests = slice_of(digests, sizeof(digests));
	statement_hash(&e.statement);
	CHECK(!envelope_sign(&one, 1, key, &arena, &why));
	sample_public(1, KEY_ED25519, public);
	CHECK(envelope_open(packed(&e, NULL), &got, &why));
	CHECK(message_verify(&got.statement, public));
	CHECK(!envelope_slots(&got, &arena, &why));
	CHECK(strstr(why.text, "twice"));
	key_free(key);
	done();
}

/* ---- batches ------------------------------------------------------------ */

TEST(batch, each_message_verifies_alone)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 64, 255,
		MESSAGE_BATCH_MAX };
	struct key *key = sample_key(1, KEY_ED25519);
	uint8_t public[KEY_BYTES];

	key_public(key, public);
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		struct envelope *list[MESSAGE_BATCH_MAX];
		struct envelope *batch =
		    arena_array(&arena, sizes[k], struct envelope);
		uint8_t tag[HASH_BYTES], first[HASH_BYTES];
		struct envelope got;
		struct why why;

		for (size_t i = 0; i < sizes[k]; i++) {
			CHECK(make_many(3, 0, &batch[i]));
			list[i] = &batch[i];
		}
		CHECK(!envelope_sign(list, sizes[k], key, &arena, &why));
		for (size_t i = 0; i < sizes[k]; i++) {
			CHECK(
			    envelope_open(packed(&batch[i], NULL), &got, &why));
			message_batch_tag(&got.statement, public, tag);
			if (i == 0)
				memcpy(first, tag, HASH_BYTES);
			CHECK(!memcmp(first, tag, HASH_BYTES));
			CHECK_INT(got.statement.index, i);
			if (i % 50 == 0)
				CHECK(message_verify(&got.statement, public));
		}
	}
	key_free(key);
	done();
}

TEST(batch, a_place_that_is_not_its_own)
{
	struct key *key = sample_key(1, KEY_ED25519);
	struct envelope batch[4], *list[4], got;
	uint8_t public[KEY_BYTES];
	struct statement *s = &batch[1].statement;
	struct why why;

	key_public(key, public);
	for (size_t i = 0; i < 4; i++) {
		CHECK(make_many(3, 0, &batch[i]));
		list[i] = &batch[i];
	}
	CHECK(!envelope_sign(list, 4, key, &arena, &why));
	s->index = 2;
	CHECK(envelope_open(packed(&batch[1], NULL), &got, &why));
	CHECK(!message_verify(&got.statement, public));
	s->index = 1;
	s->size = 3;
	CHECK(envelope_open(packed(&batch[1], NULL), &got, &why));
	CHECK(!message_verify(&got.statement, public));
	s->size = 1;
	CHECK(!envelope_open(packed(&batch[1], NULL), &got, &why));
	s->size = MESSAGE_BATCH_MAX + 1;
	CHECK(!envelope_open(packed(&batch[1], NULL), &got, &why));
	s->size = 4;
	s->path.len -= HASH_BYTES;
	CHECK(!envelope_open(packed(&batch[1], NULL), &got, &why));
	key_free(key);
	done();
}

int main(void)
{
	return test_main();
}
