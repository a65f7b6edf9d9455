/* A recipient's own judgement: a broker that lies, in each way it could. */

#include "tests/unit/test.h"

#include <stdio.h>

#include "agents/receive.h"
#include "agents/summary.h"
#include "audit/entry.h"
#include "util/clock.h"
#include "wire/codec.h"

#define EXCHANGE "exchange"

static const char vocabulary[] =
    "vocabulary v/1\n"
    "codes kind police, council\n"
    "codes purpose prevent\n"
    "codes gateway common-law\n"
    "codes marking ordered OFFICIAL, SECRET\n"
    "entity report title text required secret text\n"
    "entity subject name text born date health text sensitive\n"
    "record report one report many subject\n";

static const char agreement[] =
    "agreement a/1 uses v/1 parties police, council purposes prevent\n"
    "  starts 2020-01-01 ends 2099-12-31 retain 2 years\n"
    "%s"
    "clause 1 share report from police to council for prevent by common-law\n"
    "  release report.title, subject.name, all sensitive\n"
    "  reduce subject.born to year\n"
    "  withhold subject.health because \"ask\"\n"
    "  conceal report.secret\n";

enum { POLICE, COUNCIL, PARTIES };
static const char *const names[PARTIES] = { "police", "council" };

/* Everything that is needed to make copies and to judge them. */
struct world {
	struct key *agree[PARTIES], *message[PARTIES], *witness[PARTIES];
	struct enrolment enrolments[PARTIES];
	struct rules *rules;
	struct receive_tags tags;
	struct arena arena;
};

static struct key *new_key(uint8_t seed)
{
	uint8_t raw[KEY_BYTES];

	memset(raw, seed, sizeof(raw));
	return key_from_raw(KEY_ED25519, raw);
}

static void enrol(struct world *w, int i, struct rules_texts *texts)
{
	struct enrolment_keys raw;
	_cleanup_buf_ struct buf note = { 0 };
	struct enrolment *e = &w->enrolments[i];
	uint8_t seed = (uint8_t)(i * 10 + 1);
	struct key *curve;
	uint8_t secret[KEY_BYTES];
	struct why why;

	w->agree[i] = new_key(seed);
	w->message[i] = new_key((uint8_t)(seed + 1));
	w->witness[i] = new_key((uint8_t)(seed + 2));
	memset(secret, seed + 3, sizeof(secret));
	curve = key_from_raw(KEY_X25519, secret);
	key_public(curve, raw.curve);
	key_free(curve);
	key_public(w->agree[i], raw.agree);
	key_public(w->message[i], raw.message);
	key_public(w->witness[i], raw.witness);
	CHECK(enrolment_make(names[i], &raw, e, &why));
	enrolment_text(e, &note);
	CHECK_INT(note_sign(&note, e->agree.name, w->agree[i], &why), 0);
	CHECK_INT(note_sign(&note, e->message.name, w->message[i], &why), 0);
	CHECK_INT(note_sign(&note, e->witness.name, w->witness[i], &why), 0);
	rules_texts_add(texts, slice_str(i ? "2.enrolment" : "1.enrolment"),
	    buf_slice(&note));
}

/* The agreement with its identities and pin, signed by the first @signers. */
static void add_agreement(
    struct world *w, struct rules_texts *texts, int signers)
{
	_cleanup_buf_ struct buf added = { 0 }, note = { 0 };
	uint8_t hash[HASH_BYTES];
	struct why why;

	for (int i = 0; i < PARTIES; i++) {
		char vkey[VKEY_TEXT_MAX];

		vkey_format(&w->enrolments[i].agree, vkey);
		buf_addf(&added,
		    "  identity %s kind %s clearance SECRET agree \"%s\"\n",
		    names[i], names[i], vkey);
	}
	hash_bytes(vocabulary, strlen(vocabulary), hash);
	buf_add_str(&added, "  pin v/1 \"");
	base64_add(&added, hash, sizeof(hash));
	buf_add_str(&added, "\"\n");
	buf_add_byte(&added, 0);
	buf_addf(&note, agreement, (const char *)added.data);
	for (int i = 0; i < signers; i++)
		CHECK_INT(note_sign(&note, names[i], w->agree[i], &why), 0);
	rules_texts_add(texts, slice_str("a.agreement"), buf_slice(&note));
}

static struct world world_signed_by(int signers)
{
	struct world w = { 0 };
	struct rules_texts texts = { 0 };
	struct rules_input input = { .number = 7, .texts = &texts };
	struct why why;

	enrol(&w, POLICE, &texts);
	enrol(&w, COUNCIL, &texts);
	input.own = &w.enrolments[COUNCIL];
	rules_texts_add(
	    &texts, slice_str("v.vocabulary"), slice_str(vocabulary));
	add_agreement(&w, &texts, signers);
	if (rules_new(&input, NULL, &w.rules, &why) != 0)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	return w;
}

static void world_deinit(struct world *w)
{
	for (int i = 0; i < PARTIES; i++) {
		key_free(w->agree[i]);
		key_free(w->message[i]);
		key_free(w->witness[i]);
	}
	rules_unref(w->rules);
	arena_deinit(&w->arena);
}

/* How the broker lies. */
struct lie {
	const char *whole;     /* shows this path whole */
	const char *named;     /* shows this path's name, as withheld */
	const char *reduce_to; /* says that subject.born was reduced so */
	const char *to;        /* the message is addressed to this partner */
	const char *entry_to;  /* the entry is about this partner */
	uint64_t entry_copy;   /* the entry is about this copy number */
	uint64_t policy;
	bool other_root; /* the proof leads elsewhere */
};

struct delivery {
	struct buf copy;
	struct frame_deliver_row row;
	struct checkpoint checkpoint;
};

static struct slice text_value(struct world *w, const char *text)
{
	struct buf b = { 0 };
	struct slice s;

	codec_text(&b, text);
	s = arena_slice(&w->arena, buf_slice(&b));
	buf_deinit(&b);
	return s;
}

static void make_message(struct world *w, const char *to, struct envelope *ret)
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
		{ "message.to", to },
		{ "message.officer", "DC 1" },
	};
	struct message_field fields[sizeof(rows) / sizeof(*rows)] = { 0 };
	struct message_header header = {
		.exchange = slice_str(EXCHANGE),
		.id = { "police", 1, 3 },
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
		fields[i].value = text_value(w, rows[i].value);
	}
	CHECK(envelope_new(&draft, &w->arena, ret, &why));
	CHECK_INT(
	    envelope_sign(&one, 1, w->message[POLICE], &w->arena, &why), 0);
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
	struct entry entry = { .kind = ENTRY_DECIDED,
		.at = clock_now(),
		.id = slice_str("police/1.3"),
		.to = slice_str(lie->entry_to ? lie->entry_to : "council"),
		.copy = lie->entry_copy ? lie->entry_copy : 1,
		.policy = lie->policy ? lie->policy : 7,
		.destroy_by = clock_london_day(clock_now()) + 730 };

	memcpy(entry.statement, e->statement.hash, HASH_BYTES);
	copy_body_digest(body, entry.body);
	entry_encode(&entry, out);
}

/* A copy in a log of two entries. */
static void deliver(
    struct world *w, const struct lie *lie, struct delivery *ret)
{
	_cleanup_buf_ struct buf body = { 0 }, entry = { 0 };
	struct merkle_hash leaves[2], root;
	struct envelope e;

	*ret = (struct delivery){ 0 };
	make_message(w, lie->to ? lie->to : "council", &e);
	make_body(&e, lie, &body);
	make_entry(&e, buf_slice(&body), lie, &entry);
	leaves[0] = merkle_leaf(slice_str("another"));
	leaves[1] = merkle_leaf(buf_slice(&entry));
	root = merkle_node(leaves[0], leaves[1]);
	copy_pack(buf_slice(&body), buf_slice(&entry), 1,
	    slice_of(leaves[0].bytes, HASH_BYTES), &ret->copy);
	strcpy(ret->checkpoint.origin, EXCHANGE "/1");
	ret->checkpoint.size = 2;
	memcpy(ret->checkpoint.root, root.bytes, HASH_BYTES);
	ret->checkpoint.root[0] ^= lie->other_root;
	ret->row.number = 1;
	ret->row.copy = buf_slice(&ret->copy);
}

static int judge(struct world *w, struct delivery *d, struct received *ret,
    struct arena *arena, struct why *why)
{
	struct receive_context context = { .rules = w->rules,
		.self = "council",
		.exchange = EXCHANGE,
		.checkpoint = &d->checkpoint,
		.checkpoint_note = slice_str("note"),
		.tags = &w->tags };

	return receive_copy(&context, &d->row, arena, ret, why);
}

static void check_lie(const struct lie *lie, int want, const char *said)
{
	struct world w = world_signed_by(PARTIES);
	struct arena arena = { 0 };
	struct delivery d;
	struct received got;
	struct why why = { "accepted" };
	int r;

	deliver(&w, lie, &d);
	r = judge(&w, &d, &got, &arena, &why);
	if (r != want || (said && !strstr(why.text, said)))
		test_fail(__FILE__, __LINE__, "got %d (%s), want %d (%s)", r,
		    why.text, want, said ? said : "");
	buf_deinit(&got.summary);
	arena_deinit(&arena);
	buf_deinit(&d.copy);
	world_deinit(&w);
}

TEST(receive, an_honest_copy_is_taken)
{
	struct world w = world_signed_by(PARTIES);
	struct lie none = { 0 };
	struct arena arena = { 0 };
	struct summary_copy summary;
	struct delivery d;
	struct received got;
	struct why why;

	deliver(&w, &none, &d);
	if (judge(&w, &d, &got, &arena, &why) != 0)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	CHECK(got.destroy_by > clock_now());
	CHECK(summary_copy_read(buf_slice(&got.summary), &arena, &summary));
	CHECK(slice_is(summary.officer, "DC 1"));
	CHECK_INT(summary.clauses_count, 2);
	CHECK(slice_is(summary.clauses[0], "1"));
	buf_deinit(&got.summary);
	arena_deinit(&arena);
	buf_deinit(&d.copy);
	world_deinit(&w);
}

TEST(receive, promise_6_an_over_releasing_broker_is_caught)
{
	check_lie(&(struct lie){ .whole = "report.secret" }, RECEIVE_REJECTED,
	    "'report.secret' 0 was given by 'release'");
	check_lie(&(struct lie){ .whole = "subject.born" }, RECEIVE_REJECTED,
	    "'subject.born' 0 was given by 'release'");
	check_lie(&(struct lie){ .whole = "subject.health" }, RECEIVE_REJECTED,
	    "'subject.health' 0 was given by 'release'");
	check_lie(&(struct lie){ .reduce_to = "month" }, RECEIVE_REJECTED,
	    "'subject.born' 0 was given by 'reduce to month'");
	check_lie(&(struct lie){ .whole = "subject.born~month" },
	    RECEIVE_REJECTED, "is a form that no decision of the copy gives");
	check_lie(&(struct lie){ .named = "report.secret" }, RECEIVE_REJECTED,
	    "'report.secret' 0 was given by 'withhold'");
}

TEST(receive, promise_2_the_disclosure_must_be_in_the_log)
{
	check_lie(&(struct lie){ .entry_to = "police" }, RECEIVE_REJECTED,
	    "not a decision for us");
	check_lie(&(struct lie){ .entry_copy = 2 }, RECEIVE_REJECTED,
	    "about another copy");
	check_lie(&(struct lie){ .other_root = true }, RECEIVE_REJECTED,
	    "the proof does not show");
	check_lie(&(struct lie){ .policy = 8 }, RECEIVE_LATER, "policies 8");
}

TEST(receive, a_message_for_somebody_else_is_rejected)
{
	check_lie(&(struct lie){ .to = "police" }, RECEIVE_REJECTED,
	    "names another addressee");
}

/* What we have not signed does not bind us, whoever else has. */
TEST(receive, promise_14_only_agreements_that_we_signed_count)
{
	struct world w = world_signed_by(1);
	struct lie none = { 0 };
	struct arena arena = { 0 };
	struct delivery d;
	struct received got;
	struct why why;

	deliver(&w, &none, &d);
	CHECK_INT(judge(&w, &d, &got, &arena, &why), RECEIVE_REJECTED);
	CHECK(strstr(why.text, "the agreements refuse it"));
	buf_deinit(&got.summary);
	arena_deinit(&arena);
	buf_deinit(&d.copy);
	world_deinit(&w);
}

/* Not one byte of a copy can be changed. */
TEST(receive, promise_7_every_byte_is_covered)
{
	struct world w = world_signed_by(PARTIES);
	struct lie none = { 0 };
	struct delivery d;

	deliver(&w, &none, &d);
	for (size_t i = 0; i < d.copy.len; i++) {
		struct arena arena = { 0 };
		struct received got;
		struct why why;
		uint8_t flip = (uint8_t)(1u << test_below(8));

		d.copy.data[i] ^= flip;
		if (judge(&w, &d, &got, &arena, &why) == 0)
			test_fail(__FILE__, __LINE__,
			    "byte %zu of %zu can be changed", i, d.copy.len);
		d.copy.data[i] ^= flip;
		buf_deinit(&got.summary);
		arena_deinit(&arena);
	}
	buf_deinit(&d.copy);
	world_deinit(&w);
}

int main(void)
{
	return test_main();
}
