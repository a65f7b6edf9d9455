/* The recipient's own judgement of a copy; receive.h is the contract. */

#include "agents/receive.h"

#include <string.h>

#include "agents/summary.h"
#include "audit/entry.h"
#include "store/mailbox.h"
#include "util/clock.h"
#include "util/mem.h"
#include "wire/reader.h"

#define DAY_MS 86400000
#define HOUR_MS 3600000

/* ---- the originator --------------------------------------------------- */

static bool known_batch(
    struct receive_tags *tags, const uint8_t tag[HASH_BYTES])
{
	/* From the newest: a batch's messages come in a row. */
	for (size_t i = 1; i <= tags->count; i++)
		if (!memcmp(tags->tags[(tags->next + RECEIVE_TAGS - i) %
				       RECEIVE_TAGS],
			tag, HASH_BYTES))
			return true;
	return false;
}

static void remember_batch(
    struct receive_tags *tags, const uint8_t tag[HASH_BYTES])
{
	memcpy(tags->tags[tags->next], tag, HASH_BYTES);
	tags->next = (tags->next + 1) % RECEIVE_TAGS;
	if (tags->count < RECEIVE_TAGS)
		tags->count++;
}

static bool check_signature(const struct receive_context *context,
    const struct statement *s, const struct enrolment **ret, struct why *why)
{
	const struct enrolment *e =
	    rules_enrolment(context->rules, s->header.from);
	uint8_t tag[HASH_BYTES];

	if (!e) {
		why_set(why,
		    "no agreement that we signed says who '%.*s' is, so its"
		    " signature cannot be checked",
		    SLICE_ARG(s->header.from));
		return false;
	}
	*ret = e;
	message_batch_tag(s, e->message.public, tag);
	if (known_batch(context->tags, tag))
		return true;
	if (!message_verify(s, e->message.public)) {
		why_set(why, "the signature of %s does not verify", e->partner);
		return false;
	}
	remember_batch(context->tags, tag);
	return true;
}

static bool check_origins(const struct receive_context *context,
    const struct copy *copy, struct why *why)
{
	const struct enrolment *e;

	for (size_t i = 0; i < copy->origins_count; i++)
		if (!check_signature(
			context, &copy->origins[i].statement, &e, why)) {
			why_prefix(why, "forwarded fields");
			return false;
		}
	return true;
}

/* ---- the record ------------------------------------------------------- */

static bool check_logged(const struct receive_context *context,
    const struct frame_deliver_row *row, struct slice entry, struct why *why)
{
	struct merkle_hash leaf = merkle_leaf(entry), root;
	const struct checkpoint *c = context->checkpoint;

	if (merkle_path_root(row->index, c->size, leaf, row->path, &root) &&
	    !memcmp(root.bytes, c->root, HASH_BYTES))
		return true;
	why_set(why,
	    "the proof does not show that its entry %llu is in the log %s of"
	    " %llu entries",
	    (unsigned long long)row->index, c->origin,
	    (unsigned long long)c->size);
	return false;
}

static bool check_entry(const struct receive_context *context, uint64_t number,
    const struct copy *copy, struct entry *entry, struct why *why)
{
	struct frame_deliver_row row = { .index = copy->index,
		.path = copy->path };
	char id[MESSAGE_ID_TEXT_MAX];
	const char *fault = entry_decode(copy->entry, entry);

	message_id_format(&copy->statement.header.id, id);
	if (fault)
		why_set(why, "its entry of the log %s", fault);
	else if (entry->kind != ENTRY_DECIDED ||
		 !slice_is(entry->to, context->self))
		why_set(why, "its entry of the log is not a decision for us");
	else if (entry->copy != number || !slice_is(entry->id, id) ||
		 memcmp(entry->statement, copy->statement.hash, HASH_BYTES) !=
		     0 ||
		 memcmp(entry->body, copy->digest, HASH_BYTES) != 0)
		why_set(why, "its entry of the log is about another copy");
	else
		return check_logged(context, &row, copy->entry, why);
	return false;
}

int receive_tombstone(const struct receive_context *context,
    const struct frame_deliver_row *row, struct why *why)
{
	struct entry entry;
	const char *fault = entry_decode(row->entry, &entry);

	if (fault)
		why_set(why, "its entry of the log %s", fault);
	else if (entry.kind != ENTRY_REFUSED ||
		 !slice_is(entry.to, context->self))
		why_set(why, "its entry of the log is not a refusal for us");
	else if (check_logged(context, row, row->entry, why))
		return 0;
	return RECEIVE_REJECTED;
}

/* ---- the copy as the policy library sees it --------------------------- */

struct slice receive_base(struct slice path)
{
	const uint8_t *form =
	    path.len ? memchr(path.data, '~', path.len) : NULL;

	return form ? slice_of(path.data, (size_t)(form - path.data)) : path;
}

static bool is_form(struct slice path)
{
	return receive_base(path).len < path.len;
}

static bool of_message(struct slice path)
{
	return path.len > 8 && !memcmp(path.data, "message.", 8);
}

static const char *text_of(struct arena *arena, struct slice s)
{
	return s.len ? arena_strn(arena, s.data, s.len) : NULL;
}

/* Who first gave slot @slot; NULL: the sender. */
static const char *originator_of(
    const struct copy *copy, uint16_t slot, struct arena *arena)
{
	for (size_t i = 0; i < copy->origins_count; i++)
		for (size_t j = 0; j < copy->origins[i].count; j++)
			if (copy->origins[i].links[j].slot == slot)
				return text_of(arena,
				    copy->origins[i].statement.header.from);
	return NULL;
}

static void fill_header(const struct message_header *h, struct arena *arena,
    struct policy_message *ret)
{
	ret->from = text_of(arena, h->from);
	ret->type = text_of(arena, h->type);
	ret->agreement = text_of(arena, h->agreement);
	ret->purpose = text_of(arena, h->purpose);
	ret->marking = text_of(arena, h->marking);
	ret->handling_instruction = text_of(arena, h->handling_instruction);
	ret->priority = text_of(arena, h->priority);
	ret->embargo_until = h->embargo_until;
	ret->expires = h->expires;
	ret->sent = h->sent;
}

void receive_view(
    const struct copy *copy, struct arena *arena, struct receive_view *ret)
{
	size_t count = copy->statement.count, n = 0;
	struct policy_field *fields =
	    arena_array(arena, count, struct policy_field);
	uint16_t *slots = arena_array(arena, count, uint16_t);

	*ret = (struct receive_view){ .slots = slots };
	for (size_t i = 0; i < count; i++) {
		const struct slot *slot = &copy->slots[i];
		bool whole = slot->kind == SLOT_WHOLE;

		if (slot->kind == SLOT_NIL) {
			ret->unseen = true;
			continue;
		}
		if (of_message(slot->path) || is_form(slot->path))
			continue;
		slots[n] = (uint16_t)i;
		fields[n++] = (struct policy_field){
			.path = slot->path,
			.instance = slot->instance,
			.state = whole ? POLICY_KNOWN : POLICY_HIDDEN,
			.value = whole ? slot->value : slice_of(NULL, 0),
			.originator = originator_of(copy, (uint16_t)i, arena),
		};
	}
	fill_header(&copy->statement.header, arena, &ret->message);
	ret->message.fields = fields;
	ret->message.count = n;
}

enum policy_action receive_action(struct slice word)
{
	static const enum policy_action actions[] = { POLICY_RELEASE,
		POLICY_REDUCE, POLICY_MASK, POLICY_REFER, POLICY_WITHHOLD };

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (slice_is(word, policy_action_name(actions[i])))
			return actions[i];
	return POLICY_REFUSE;
}

const struct slot *receive_form(
    const struct copy *copy, const struct slot *slot, struct slice to)
{
	_cleanup_free_ char *name = mem_strn((const char *)to.data, to.len);
	_cleanup_buf_ struct buf path = { 0 };

	buf_add_slice(&path, slot->path);
	buf_add_byte(&path, '~');
	policy_form(name, &path);
	for (size_t i = 0; i < copy->statement.count; i++) {
		const struct slot *form = &copy->slots[i];

		if (form->kind == SLOT_WHOLE &&
		    form->instance == slot->instance &&
		    slice_eq(form->path, buf_slice(&path)))
			return form;
	}
	return NULL;
}

/* ---- the agreements --------------------------------------------------- */

/* `message.to` for us and nobody else; the officer as the broker decided. */
static bool check_addressee(
    const struct copy *copy, const char *self, struct why *why)
{
	bool ours = false;

	for (size_t i = 0; i < copy->statement.count; i++) {
		const struct slot *slot = &copy->slots[i];
		struct reader r;

		if (slot->kind == SLOT_NIL ||
		    !slice_is(slot->path, "message.to"))
			continue;
		reader_init(&r, slot->value);
		if (slot->kind != SLOT_WHOLE ||
		    !slice_is(reader_str(&r), self)) {
			why_set(why, "it names another addressee");
			return false;
		}
		ours = true;
	}
	if (!ours)
		why_set(why, "its sender did not address it to us");
	return ours;
}

static bool fail_field(
    const struct slot *slot, const char *what, struct why *why)
{
	why_set(why, "'%.*s' %u %s", SLICE_ARG(slot->path),
	    (unsigned)slot->instance, what);
	return false;
}

/* A form stands only where its base was reduced to just that, or is whole. */
static bool check_form(
    const struct copy *copy, const struct slot *form, struct why *why)
{
	struct slice base = receive_base(form->path);

	if (form->kind != SLOT_WHOLE)
		return fail_field(form, "is a form without a value", why);
	for (size_t i = 0; i < copy->statement.count; i++) {
		const struct slot *slot = &copy->slots[i];
		const struct decision *d;

		if (slot->kind == SLOT_NIL ||
		    slot->instance != form->instance ||
		    !slice_eq(slot->path, base))
			continue;
		if (slot->kind == SLOT_WHOLE)
			return true;
		d = copy_decision(copy, (uint16_t)i);
		if (d && receive_form(copy, slot, d->to) == form)
			return true;
	}
	return fail_field(
	    form, "is a form that no decision of the copy gives", why);
}

/* What field @i of the view was given against what was possible. */
static bool check_field(const struct copy *copy, uint16_t index,
    const struct policy_verdict *possible, struct why *why)
{
	const struct slot *slot = &copy->slots[index];
	const struct decision *d = copy_decision(copy, index);
	enum policy_action given =
	    d ? receive_action(d->action) : POLICY_RELEASE;
	_cleanup_free_ char *to =
	    d && d->to.len ? mem_strn((const char *)d->to.data, d->to.len)
			   : NULL;

	if (given == POLICY_REFUSE || (slot->kind == SLOT_NAMED && !d))
		return fail_field(slot, "has no decision we know", why);
	if (policy_allows(possible, given, to))
		return true;
	why_set(why,
	    "'%.*s' %u was given by '%s%s%s', but whatever we cannot see holds,"
	    " the agreements say '%s%s%s' (%s)",
	    SLICE_ARG(slot->path), (unsigned)slot->instance,
	    policy_action_name(given), to ? " to " : "", to ? to : "",
	    policy_action_name(possible->action), possible->to ? " to " : "",
	    possible->to ? possible->to : "",
	    possible->clause ? possible->clause : "no clause gives it");
	return false;
}

static bool check_agreements(const struct receive_context *context,
    const struct copy *copy, int64_t at, struct arena *arena,
    struct summary_copy *summary, struct why *why)
{
	struct policy_decision possible = { 0 };
	struct slice *clauses =
	    arena_array(arena, copy->statement.count, struct slice);
	struct receive_view view;

	if (!check_addressee(copy, context->self, why))
		return false;
	for (size_t i = 0; i < copy->statement.count; i++)
		if (copy->slots[i].kind != SLOT_NIL &&
		    is_form(copy->slots[i].path) &&
		    !check_form(copy, &copy->slots[i], why))
			return false;
	receive_view(copy, arena, &view);
	policy_possible(rules_policy(context->rules), &view.message,
	    context->self, at, view.unseen, arena, &possible);
	if (possible.outcome != POLICY_ACCEPTED) {
		why_set(why, "the agreements refuse it: %s",
		    possible.reason ? possible.reason : "no clause fits");
		return false;
	}
	for (size_t i = 0; i < view.message.count; i++) {
		if (!check_field(
			copy, view.slots[i], &possible.verdicts[i], why))
			return false;
		if (view.message.fields[i].state == POLICY_KNOWN)
			clauses[summary->clauses_count++] =
			    slice_str(possible.verdicts[i].clause);
	}
	summary->clauses = clauses;
	return true;
}

/* ---- the whole -------------------------------------------------------- */

/* The London midnight that ends @day, in ms. */
static int64_t end_of_day(int32_t day)
{
	int64_t utc = ((int64_t)day + 1) * DAY_MS;

	return clock_london_day(utc - HOUR_MS) > day ? utc - HOUR_MS : utc;
}

static struct slice officer_of(const struct copy *copy)
{
	for (size_t i = 0; i < copy->statement.count; i++) {
		const struct slot *slot = &copy->slots[i];
		struct reader r;

		if (slot->kind != SLOT_WHOLE ||
		    !slice_is(slot->path, "message.officer"))
			continue;
		reader_init(&r, slot->value);
		return reader_str(&r);
	}
	return slice_of(NULL, 0);
}

static int judge(const struct receive_context *context,
    const struct frame_deliver_row *row, struct arena *arena,
    struct received *ret, struct why *why)
{
	const struct message_header *h = &ret->copy.statement.header;
	struct summary_copy summary = { 0 };
	const struct enrolment *sender;
	struct entry entry;

	if (!copy_open(row->copy, arena, &ret->copy, why))
		return RECEIVE_REJECTED;
	ret->id = h->id;
	if (!slice_is(h->exchange, context->exchange)) {
		why_set(why, "it is of another exchange, '%.*s'",
		    SLICE_ARG(h->exchange));
		return RECEIVE_REJECTED;
	}
	if (!check_signature(context, &ret->copy.statement, &sender, why) ||
	    !check_origins(context, &ret->copy, why) ||
	    !check_entry(context, row->number, &ret->copy, &entry, why))
		return RECEIVE_REJECTED;
	if (entry.policy > rules_number(context->rules)) {
		why_set(why, "it was decided under policies %llu, we hold %llu",
		    (unsigned long long)entry.policy,
		    (unsigned long long)rules_number(context->rules));
		return RECEIVE_LATER;
	}
	if (!check_agreements(
		context, &ret->copy, entry.at, arena, &summary, why))
		return RECEIVE_REJECTED;
	summary.type = h->type;
	summary.agreement = h->agreement;
	summary.purpose = h->purpose;
	summary.marking = h->marking;
	summary.sent = h->sent;
	summary.priority = h->priority;
	summary.officer = officer_of(&ret->copy);
	summary.checkpoint = context->checkpoint_note;
	memcpy(summary.key, sender->message.public, KEY_BYTES);
	summary_copy_pack(&summary, &ret->summary);
	if (entry.destroy_by != INT32_MAX)
		ret->destroy_by = end_of_day(entry.destroy_by);
	return 0;
}

int receive_copy(const struct receive_context *context,
    const struct frame_deliver_row *row, struct arena *arena,
    struct received *ret, struct why *why)
{
	struct summary_rejected rejected;
	int r;

	*ret = (struct received){ 0 };
	r = judge(context, row, arena, ret, why);
	if (r == RECEIVE_REJECTED) {
		rejected.reason = slice_str(why->text);
		rejected.checkpoint = context->checkpoint_note;
		summary_rejected_pack(&rejected, &ret->summary);
	}
	return r;
}
