/* A broker that lies, if it is told to; liar.h is the contract. */

#include "tests/unit/liar.h"

#include <stdio.h>

#include "audit/entry.h"
#include "tests/unit/test.h"
#include "util/clock.h"
#include "util/file.h"
#include "wire/codec.h"

static const char vocabulary[] =
    "vocabulary v/1\n"
    "codes kind police, council\n"
    "codes purpose prevent\n"
    "codes gateway common-law\n"
    "codes marking ordered OFFICIAL, SECRET\n"
    "entity report title text required secret text\n"
    "entity subject name text born date health text sensitive\n"
    "record report one report many subject\n";

static const char agreement_head[] =
    "agreement a/1 uses v/1 parties police, council purposes prevent\n"
    "  starts 2020-01-01 ends 2099-12-31 retain 2 years\n";

static const char agreement_tail[] =
    "clause 1 share report from police to council for prevent by common-law\n"
    "  release report.title, subject.name, all sensitive\n"
    "  reduce subject.born to year\n"
    "  withhold subject.health because \"ask\"\n"
    "  conceal report.secret\n";

static const char *const names[LIAR_PARTIES] = { "police", "council" };

/* ---- parties ---------------------------------------------------------- */

static struct key *new_key(enum key_kind kind, int seed)
{
	uint8_t raw[KEY_BYTES];

	memset(raw, seed, sizeof(raw));
	return key_from_raw(kind, raw);
}

static void make_party(struct liar_party *p, const char *name, int seed)
{
	struct key *witness = new_key(KEY_ED25519, seed + 2);
	struct key *curve = new_key(KEY_X25519, seed + 3);
	struct enrolment_keys raw;
	struct why why;

	p->agree = new_key(KEY_ED25519, seed);
	p->message = new_key(KEY_ED25519, seed + 1);
	key_public(curve, raw.curve);
	key_public(p->agree, raw.agree);
	key_public(p->message, raw.message);
	key_public(witness, raw.witness);
	CHECK(enrolment_make(name, &raw, &p->enrolment, &why));
	enrolment_text(&p->enrolment, &p->note);
	CHECK_INT(note_sign(&p->note, name, p->agree, &why), 0);
	CHECK_INT(
	    note_sign(&p->note, p->enrolment.message.name, p->message, &why),
	    0);
	CHECK_INT(
	    note_sign(&p->note, p->enrolment.witness.name, witness, &why), 0);
	key_free(witness);
	key_free(curve);
}

void liar_init(struct liar *l)
{
	*l = (struct liar){ 0 };
	for (int i = 0; i < LIAR_PARTIES; i++)
		make_party(&l->parties[i], names[i], i * 10 + 1);
}

void liar_load(struct liar *l, const char *council_dir)
{
	struct liar_party *p = &l->parties[LIAR_COUNCIL];
	_cleanup_free_ char *enrolment =
	    mem_format("%s/enrolment", council_dir);
	_cleanup_free_ char *agree =
	    mem_format("file:%s/keys/agree.pem", council_dir);
	struct why why;

	*l = (struct liar){ 0 };
	make_party(&l->parties[LIAR_POLICE], names[LIAR_POLICE], 1);
	CHECK_INT(file_read(enrolment, ENROLMENT_BYTES_MAX, &p->note, &why), 0);
	CHECK(enrolment_parse(buf_slice(&p->note), &p->enrolment, &why));
	CHECK_INT(key_load(KEY_ED25519, agree, &p->agree, &why), 0);
}

void liar_deinit(struct liar *l)
{
	for (int i = 0; i < LIAR_PARTIES; i++) {
		key_free(l->parties[i].agree);
		key_free(l->parties[i].message);
		buf_deinit(&l->parties[i].note);
	}
	arena_deinit(&l->arena);
}

/* ---- texts ------------------------------------------------------------ */

void liar_texts(struct liar *l, int signers, struct rules_texts *out)
{
	_cleanup_buf_ struct buf added = { 0 }, note = { 0 };
	uint8_t hash[HASH_BYTES];
	struct why why;

	for (int i = 0; i < LIAR_PARTIES; i++) {
		char vkey[VKEY_TEXT_MAX];

		vkey_format(&l->parties[i].enrolment.agree, vkey);
		buf_addf(&added,
		    "  identity %s kind %s clearance SECRET agree \"%s\"\n",
		    names[i], names[i], vkey);
	}
	hash_bytes(vocabulary, strlen(vocabulary), hash);
	buf_add_str(&added, "  pin v/1 \"");
	base64_add(&added, hash, sizeof(hash));
	buf_add_str(&added, "\"\n");
	buf_addf(&note, "%s%.*s%s", agreement_head,
	    SLICE_ARG(buf_slice(&added)), agreement_tail);
	for (int i = 0; i < signers; i++)
		CHECK_INT(
		    note_sign(&note, names[i], l->parties[i].agree, &why), 0);
	rules_texts_add(out, slice_str("v.vocabulary"), slice_str(vocabulary));
	rules_texts_add(out, slice_str("a.agreement"), buf_slice(&note));
}

/* ---- copies ----------------------------------------------------------- */

static struct slice text_value(struct liar *l, const char *text)
{
	struct buf b = { 0 };
	struct slice s;

	codec_text(&b, text);
	s = arena_slice(&l->arena, buf_slice(&b));
	buf_deinit(&b);
	return s;
}

static uint64_t number_of(const struct lie *lie)
{
	return lie->number ? lie->number : 1;
}

static void make_message(
    struct liar *l, const struct lie *lie, struct envelope *ret)
{
	const struct {
		const char *path, *value;
	} rows[] = {
		{ "report.title", "t" },
		{ "report.secret", "s" },
		{ "subject.name", "Ann Example" },
		{ "subject.born", "1990-02-03" },
		{ "subject.born~year", "1990" },
		{ "subject.born~month", "1990-02" },
		{ "subject.health", "poor" },
		{ "message.to", lie->to ? lie->to : "council" },
		{ "message.officer", "DC 1" },
	};
	struct message_field fields[sizeof(rows) / sizeof(*rows)] = { 0 };
	struct message_header header = {
		.exchange = slice_str(LIAR_EXCHANGE),
		.id = { "police", 1, number_of(lie) },
		.vocabulary = slice_str("v/1"),
		.type = slice_str("report"),
		.from = slice_str("police"),
		.agreement = slice_str("a"),
		.purpose = slice_str("prevent"),
		.sent = clock_now(),
		.marking = slice_str("OFFICIAL"),
	};
	struct message_draft draft = { .header = &header,
		.fields = fields,
		.count = sizeof(rows) / sizeof(*rows) };
	struct envelope *one = ret;
	struct why why;

	for (size_t i = 0; i < draft.count; i++) {
		fields[i].path = slice_str(rows[i].path);
		fields[i].value = text_value(l, rows[i].value);
	}
	CHECK(envelope_new(&draft, &l->arena, ret, &why));
	CHECK_INT(envelope_sign(&one, 1, l->parties[LIAR_POLICE].message,
		      &l->arena, &why),
	    0);
}

/* What an honest broker shows of each slot, and what this one does. */
static void show(const struct slot *slot, const struct lie *lie,
    enum slot_kind *shown, struct decision *decision)
{
	static const char *const whole[] = { "report.title", "subject.name",
		"message.to", "message.officer" };

	*shown = SLOT_NIL;
	for (size_t i = 0; i < 4; i++)
		if (slice_is(slot->path, whole[i]))
			*shown = SLOT_WHOLE;
	if (slice_is(slot->path, "subject.born")) {
		*shown = SLOT_NAMED;
		decision->action = slice_str("reduce");
		decision->to =
		    slice_str(lie->reduce_to ? lie->reduce_to : "year");
	}
	if (slice_is(slot->path,
		lie->reduce_to ? "subject.born~month" : "subject.born~year"))
		*shown = SLOT_WHOLE;
	if (slice_is(slot->path, "subject.health") ||
	    (lie->named && slice_is(slot->path, lie->named))) {
		*shown = SLOT_NAMED;
		decision->action = slice_str("withhold");
		decision->reason = slice_str("ask");
	}
	if (lie->whole && slice_is(slot->path, lie->whole))
		*shown = SLOT_WHOLE;
	decision->clause = slice_str("1");
}

static void make_body(
    const struct envelope *e, const struct lie *lie, struct buf *out)
{
	enum slot_kind shown[32];
	struct decision decisions[32];
	struct copy_draft draft = {
		.envelope = e, .shown = shown, .decisions = decisions
	};
	struct why why;

	for (size_t i = 0; i < e->statement.count; i++) {
		struct decision d = { .slot = (uint16_t)i };

		show(&e->slots[i], lie, &shown[i], &d);
		if (shown[i] == SLOT_NAMED)
			decisions[draft.decisions_count++] = d;
	}
	if (!copy_body(&draft, out, &why))
		test_fail(__FILE__, __LINE__, "%s", why.text);
}

static void make_entry(const struct envelope *e, struct slice body,
    const struct lie *lie, struct buf *out)
{
	char id[MESSAGE_ID_TEXT_MAX];
	struct entry entry = { .kind = ENTRY_DECIDED,
		.at = clock_now(),
		.to = slice_str(lie->entry_to ? lie->entry_to : "council"),
		.copy = lie->entry_copy ? lie->entry_copy : number_of(lie),
		.policy = lie->policy ? lie->policy : LIAR_POLICY,
		.destroy_by = clock_london_day(clock_now()) + 730 };

	message_id_format(&e->statement.header.id, id);
	entry.id = slice_str(id);
	memcpy(entry.statement, e->statement.hash, HASH_BYTES);
	copy_body_digest(body, entry.body);
	entry_encode(&entry, out);
}

/* A copy in a log of two entries. */
void liar_deliver(
    struct liar *l, const struct lie *lie, struct liar_delivery *ret)
{
	_cleanup_buf_ struct buf body = { 0 }, entry = { 0 };
	struct merkle_hash leaves[2], root;
	struct envelope e;

	*ret = (struct liar_delivery){ 0 };
	make_message(l, lie, &e);
	make_body(&e, lie, &body);
	make_entry(&e, buf_slice(&body), lie, &entry);
	leaves[0] = merkle_leaf(slice_str("another"));
	leaves[1] = merkle_leaf(buf_slice(&entry));
	root = merkle_node(leaves[0], leaves[1]);
	copy_pack(buf_slice(&body), buf_slice(&entry), 1,
	    slice_of(leaves[0].bytes, HASH_BYTES), &ret->copy);
	strcpy(ret->checkpoint.origin, LIAR_EXCHANGE "/1");
	ret->checkpoint.size = 2;
	memcpy(ret->checkpoint.root, root.bytes, HASH_BYTES);
	ret->checkpoint.root[0] ^= lie->other_root;
	ret->row.number = number_of(lie);
	ret->row.copy = buf_slice(&ret->copy);
}
