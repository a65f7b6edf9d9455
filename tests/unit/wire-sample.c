/* A fixed message; wire-sample.h says for what. */

#include "tests/unit/wire-sample.h"

#include "tests/unit/test.h"
#include "util/mem.h"
#include "wire/codec.h"

struct key *sample_key(uint8_t fill, enum key_kind kind)
{
	uint8_t raw[KEY_BYTES];
	struct key *key;

	memset(raw, fill, sizeof(raw));
	key = key_from_raw(kind, raw);
	CHECK(key);
	return key;
}

void sample_public(uint8_t fill, enum key_kind kind, uint8_t ret[KEY_BYTES])
{
	struct key *key = sample_key(fill, kind);

	key_public(key, ret);
	key_free(key);
}

struct message_header sample_header(const char *partner, uint64_t number)
{
	struct message_header h = {
		.exchange = slice_str("warwickshire"),
		.id = { .epoch = 1, .number = number },
		.nonce = { 0x4e, 0x4f, 0x4e, 0x43, 0x45, 9, 8, 7, 6, 5, 4, 3, 2,
		    1, 0, 1 },
		.vocabulary = slice_str("soc/1"),
		.type = slice_str("intelligence-report"),
		.from = slice_str(partner),
		.agreement = slice_str("warwickshire-socjag/4"),
		.purpose = slice_str("prevent"),
		.sent = SAMPLE_SENT,
		.marking = slice_str("OFFICIAL-SENSITIVE"),
		.handling_instruction = slice_str("Not to be left in cars."),
		.priority = slice_str("urgent"),
	};

	CHECK(strlen(partner) < sizeof(h.id.partner));
	strcpy(h.id.partner, partner);
	return h;
}

struct slice sample_text(struct arena *arena, const char *text)
{
	_cleanup_buf_ struct buf b = { 0 };

	codec_text(&b, text);
	return arena_slice(arena, buf_slice(&b));
}

/* A value of each kind; NULL text: the kind's own below. */
static const struct {
	const char *path;
	uint16_t instance;
	const char *text;
} rows[SAMPLE_FIELDS] = {
	{ "message.to", 0, "rugby-council" },
	{ "message.to", 1, "hmrc" },
	{ "message.officer", 0, "DC 1234 A Singh" },
	{ "report.title", 0, "Cuckooing at a flat in Rugby" },
	{ "item.text", 0, "Ren\xc3\xa9 was seen twice.\nOnce at night." },
	{ "item.about", 0, NULL },
	{ "item.count", 0, NULL },
	{ "subject.name", 0, "Alder Example" },
	{ "subject.born", 0, "1990-02-03" },
	{ "subject.born~year", 0, "1990" },
	{ "subject.name", 1, "Bracken Example" },
	{ "subject.warning", 0, NULL },
};

static struct slice value_of(size_t row, struct arena *arena)
{
	_cleanup_buf_ struct buf b = { 0 };

	if (rows[row].text) {
		codec_text(&b, rows[row].text);
	} else if (row == 5) {
		codec_array(&b, 2);
		codec_text(&b, "subject/0");
		codec_text(&b, "subject/1");
	} else if (row == 6) {
		codec_int(&b, -70000);
	} else {
		codec_bool(&b, true);
	}
	return arena_slice(arena, buf_slice(&b));
}

struct message_field *sample_fields(struct arena *arena)
{
	struct message_field *fields =
	    arena_array(arena, SAMPLE_FIELDS, struct message_field);

	for (size_t i = 0; i < SAMPLE_FIELDS; i++) {
		uint8_t *salt = arena_alloc(arena, MESSAGE_SALT_BYTES);

		memset(salt, (int)(0xa0 + i), MESSAGE_SALT_BYTES);
		fields[i] =
		    (struct message_field){ .path = slice_str(rows[i].path),
			    .instance = rows[i].instance,
			    .value = value_of(i, arena),
			    .salt = salt };
	}
	return fields;
}

void sample_envelope(const char *partner, uint8_t fill, struct arena *arena,
    struct envelope *ret)
{
	struct message_header header = sample_header(partner, 1047);
	struct message_draft draft = { .header = &header,
		.fields = sample_fields(arena),
		.count = SAMPLE_FIELDS };
	struct key *key = sample_key(fill, KEY_ED25519);
	struct why why;

	CHECK(envelope_new(&draft, arena, ret, &why));
	CHECK(!envelope_sign(&ret, 1, key, arena, &why));
	key_free(key);
}

struct slice sample_packed(
    const struct envelope *e, const bool *home, struct arena *arena)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct why why;

	CHECK(envelope_pack(e, home, &b, &why));
	return arena_slice(arena, buf_slice(&b));
}

bool sample_opens(
    struct slice bytes, uint8_t fill, struct arena *arena, struct envelope *ret)
{
	static uint8_t public[256][KEY_BYTES];
	static bool known[256];
	struct why why;

	if (!known[fill])
		sample_public(fill, KEY_ED25519, public[fill]);
	known[fill] = true;
	/* The signature last, only because it is what costs most. */
	return envelope_open(bytes, ret, &why) &&
	       envelope_slots(ret, arena, &why) &&
	       message_verify(&ret->statement, public[fill]);
}

void sample_forward(
    const struct envelope *original, struct arena *arena, struct envelope *ret)
{
	struct message_header header = sample_header("hmrc", 3);
	struct message_field fields[3] = { { .path = slice_str("note.text"),
	    .salt = (const uint8_t *)"sixteen byte sal" } };
	struct origin_link links[2];
	struct origin origin = { .links = links, .count = 2 };
	struct message_draft draft = { .header = &header,
		.fields = fields,
		.count = 3,
		.origins = &origin,
		.origins_count = 1 };
	struct key *key = sample_key(2, KEY_ED25519);
	struct why why;

	fields[0].value = sample_text(arena, "see below");
	for (uint16_t i = 0; i < 2; i++) {
		const struct slot *s =
		    envelope_find(original, "subject.name", i);

		fields[1 + i] = (struct message_field){ .path = s->path,
			.instance = (uint16_t)(5 - i),
			.value = s->value,
			.salt = s->salt.data };
		links[i] = (struct origin_link){ .slot = (uint16_t)(1 + i),
			.instance = i };
	}
	origin.statement = original->statement;
	CHECK(envelope_new(&draft, arena, ret, &why));
	CHECK(!envelope_sign(&ret, 1, key, arena, &why));
	key_free(key);
}
