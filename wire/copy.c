/*
 * A copy is the sender's message with slots left out and the exchange's
 * decisions added. It is spliced from the envelope's own bytes: nothing that
 * the sender signed is packed anew.
 */

#include "wire/copy.h"

#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "wire/codec.h"

#define COPY_VERSION 1

/* ---- decisions ---------------------------------------------------------- */

/* What may stand beside each action. */
struct action_form {
	const char *word;
	bool to;    /* must say what the value became */
	bool value; /* must have it; else may, unless it is barred */
	bool bare;  /* neither may be there */
	bool asks;  /* `to` is whom to ask: no value */
};

static const struct action_form actions[] = {
	{ "release", .to = true, .value = true },
	{ "reduce", .to = true },
	{ "mask", .to = true },
	{ "refer", .asks = true },
	{ "withhold", .bare = true },
};

static bool phrase_ok(struct slice s, size_t max)
{
	return s.len <= max && !text_fault(s);
}

/* NULL, or what is wrong. */
static const char *decision_fault(const struct decision *d)
{
	const struct action_form *a = NULL;
	struct why why;

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (slice_is(d->action, actions[i].word))
			a = &actions[i];
	if (!a)
		return "has an action that no copy has";
	if (!phrase_ok(d->clause, COPY_CLAUSE_MAX) ||
	    !phrase_ok(d->reason, COPY_REASON_MAX) ||
	    !phrase_ok(d->to, COPY_TO_MAX))
		return "has a clause, reason or form that is too long or not"
		       " text";
	if ((a->to && !d->to.len) || (a->value && !d->value.len) ||
	    (a->bare && d->to.len) || (a->asks && d->value.len) ||
	    (d->value.len && !d->to.len))
		return "has a decision that does not say what it must, or says"
		       " more";
	if (d->value.len && !message_value_ok(d->value, &why))
		return "has a derived value of a kind no field has";
	return NULL;
}

static void pack_decision(const struct decision *d, struct buf *out)
{
	codec_array(out, 5);
	codec_uint(out, d->slot);
	codec_str(out, d->action);
	codec_str_or_nil(out, d->clause);
	codec_str_or_nil(out, d->reason);
	if (!d->to.len) {
		codec_nil(out);
		return;
	}
	codec_array(out, 2);
	codec_str(out, d->to);
	if (d->value.len)
		buf_add_slice(out, d->value);
	else
		codec_nil(out);
}

/* A text, or nil, which is empty. */
static struct slice read_phrase(struct reader *r, size_t max)
{
	return reader_nil(r) ? (struct slice){ 0 } : reader_str_max(r, max);
}

static void read_decision(struct reader *r, struct decision *d)
{
	const char *fault;

	reader_array_of(r, 5);
	d->slot = (uint16_t)reader_uint(r, MESSAGE_FIELDS_MAX - 1);
	d->action = reader_str_max(r, MESSAGE_WORD_MAX);
	d->clause = read_phrase(r, COPY_CLAUSE_MAX);
	d->reason = read_phrase(r, COPY_REASON_MAX);
	if (!reader_nil(r)) {
		reader_array_of(r, 2);
		d->to = reader_str_max(r, COPY_TO_MAX);
		if (!reader_nil(r))
			d->value = reader_value(r);
	}
	fault = reader_ok(r) ? decision_fault(d) : NULL;
	if (fault)
		reader_fail(r, fault);
}

/* One for each named slot, in their order. */
static void read_decisions(
    struct reader *r, struct copy *c, struct arena *arena)
{
	uint32_t count = reader_array(r), at = 0;

	if (count > c->statement.count)
		reader_fail(r, "has more decisions than slots");
	c->decisions =
	    arena_array(arena, reader_ok(r) ? count : 0, struct decision);
	for (size_t i = 0; i < c->statement.count && reader_ok(r); i++) {
		if (c->slots[i].kind != SLOT_NAMED)
			continue;
		if (at == count) {
			reader_fail(r, "lacks a decision");
			return;
		}
		read_decision(r, &c->decisions[at]);
		if (c->decisions[at++].slot != i)
			reader_fail(r, "has a decision for a wrong slot");
	}
	if (at != count)
		reader_fail(r, "has decisions for slots that need none");
	c->decisions_count = count;
}

/* ---- building ----------------------------------------------------------- */

static bool check_draft(const struct copy_draft *draft, struct why *why)
{
	const struct envelope *e = draft->envelope;
	size_t at = 0;

	for (size_t i = 0; i < e->statement.count; i++) {
		enum slot_kind shown = draft->shown[i];
		const char *fault;

		if (shown > e->slots[i].kind) {
			why_set(why,
			    "slot %zu cannot be shown: the sender kept its"
			    " value",
			    i);
			return false;
		}
		if (shown != SLOT_NAMED)
			continue;
		if (at == draft->decisions_count ||
		    draft->decisions[at].slot != i) {
			why_set(why, "slot %zu is named without a decision", i);
			return false;
		}
		fault = decision_fault(&draft->decisions[at++]);
		if (fault) {
			why_set(why, "slot %zu %s", i, fault);
			return false;
		}
	}
	if (at == draft->decisions_count)
		return true;
	why_set(why, "there are decisions for slots that are not named");
	return false;
}

bool copy_body(const struct copy_draft *draft, struct buf *out, struct why *why)
{
	const struct envelope *e = draft->envelope;
	size_t start = out->len;

	if (!check_draft(draft, why))
		return false;
	codec_array(out, 9);
	codec_uint(out, COPY_VERSION);
	statement_pack(&e->statement, out);
	codec_array(out, e->statement.count);
	for (size_t i = 0; i < e->statement.count; i++)
		slot_pack(&e->slots[i], draft->shown[i], out);
	codec_array(out, (uint32_t)draft->decisions_count);
	for (size_t i = 0; i < draft->decisions_count; i++)
		pack_decision(&draft->decisions[i], out);
	origins_pack(e->origins, e->origins_count, draft->shown, out);
	if (out->len - start <= COPY_BODY_MAX)
		return true;
	why_set(why, "the copy would be %zu bytes; the limit is %u",
	    out->len - start, COPY_BODY_MAX);
	out->len = start;
	return false;
}

void copy_body_digest(struct slice body, uint8_t ret[HASH_BYTES])
{
	struct slice parts[] = { slice_str("caveat body v1\n"), body };

	hash_parts(parts, 2, ret);
}

void copy_pack(struct slice body, struct slice entry, uint64_t index,
    struct slice path, struct buf *out)
{
	codec_array(out, 4);
	codec_bin(out, body);
	codec_bin(out, entry);
	codec_uint(out, index);
	codec_bin(out, path);
}

/* ---- reading ------------------------------------------------------------ */

static bool read_body(
    struct slice body, struct arena *arena, struct copy *c, struct why *why)
{
	struct origins_of of = { 0 };
	struct reader r;

	if (body.len > COPY_BODY_MAX) {
		why_set(why, "the copy is longer than %u bytes", COPY_BODY_MAX);
		return false;
	}
	copy_body_digest(body, c->digest);
	reader_init(&r, body);
	reader_array_of(&r, 9);
	if (reader_uint(&r, UINT32_MAX) != COPY_VERSION)
		reader_fail(&r, "is of a version that is not known");
	if (!statement_read(&r, &c->statement, why) ||
	    !slots_read(&r, &c->statement, arena, &c->slots, why))
		return false;
	read_decisions(&r, c, arena);
	of.slots = c->slots;
	of.count = c->statement.count;
	if (!origins_read(&r, of, arena, &c->origins, &c->origins_count, why))
		return false;
	if (reader_end(&r))
		return true;
	reader_why(&r, "the copy", why);
	return false;
}

bool copy_open_body(
    struct slice body, struct arena *arena, struct copy *ret, struct why *why)
{
	struct copy c = { .body = body };

	if (!read_body(body, arena, &c, why))
		return false;
	*ret = c;
	return true;
}

bool copy_open(
    struct slice bytes, struct arena *arena, struct copy *ret, struct why *why)
{
	struct copy c = { 0 };
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 4);
	c.body = reader_bin(&r);
	c.entry = reader_bin(&r);
	c.index = reader_uint(&r, INT64_MAX);
	c.path = reader_bin(&r);
	if (c.entry.len == 0 || c.entry.len > COPY_ENTRY_MAX ||
	    c.path.len % HASH_BYTES || c.path.len > COPY_PATH_MAX)
		reader_fail(&r, "has a proof that cannot be one");
	if (!reader_end(&r)) {
		reader_why(&r, "the copy", why);
		return false;
	}
	if (!read_body(c.body, arena, &c, why))
		return false;
	*ret = c;
	return true;
}

const struct decision *copy_decision(const struct copy *c, uint16_t slot)
{
	for (size_t i = 0; i < c->decisions_count; i++)
		if (c->decisions[i].slot == slot)
			return &c->decisions[i];
	return NULL;
}
