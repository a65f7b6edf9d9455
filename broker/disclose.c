/*
 * From verdicts to a copy. The agreements decide about fields; a copy is made
 * of slots. This is where each slot becomes whole, named with its decision, or
 * nil, and where what is kept beside the message (the row) and beside the log
 * entry (the detail) is made from the same decision.
 *
 * A slot starts as nil and is opened by a verdict; what no line below opens
 * stays shut.
 */

#include "broker/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "audit/entry.h"
#include "util/clock.h"
#include "util/mem.h"
#include "wire/reader.h"

#define BODY_SLOT_BYTES 96u /* of a body, about; only to reserve room */

struct work {
	const struct disclosure *d;
	const struct policy_decision *decision;
	uint8_t *shown; /* enum slot_kind, a byte a slot */
	struct decision *decisions;
	size_t count;
};

static void name_slot(struct work *w, uint16_t slot,
    const struct policy_verdict *v, enum policy_action action)
{
	struct decision *d = &w->decisions[w->count++];

	w->shown[slot] = SLOT_NAMED;
	*d = (struct decision){
		.slot = slot,
		.action = slice_str(policy_action_name(action)),
		.clause = reason_clean(w->d->arena, v->clause, COPY_CLAUSE_MAX),
		.reason = reason_clean(w->d->arena, v->reason, COPY_REASON_MAX),
	};
}

/* The reader may have it, but it stayed with its sender. */
static void name_missing(
    struct work *w, uint16_t slot, const struct policy_verdict *v)
{
	name_slot(w, slot, v, POLICY_WITHHOLD);
	w->decisions[w->count - 1].reason =
	    slice_str("the sender did not send this value");
}

static void show_whole(
    struct work *w, uint16_t slot, const struct policy_verdict *v)
{
	if (w->d->envelope->slots[slot].kind == SLOT_WHOLE)
		w->shown[slot] = SLOT_WHOLE;
	else
		name_missing(w, slot, v);
}

/* What the sender signed comes before what the exchange works out. */
static void show_reduced(
    struct work *w, uint16_t slot, const struct policy_verdict *v)
{
	_cleanup_buf_ struct buf form = { 0 };
	const struct envelope *e = w->d->envelope;
	const struct slot *made;
	struct decision *d;

	policy_form(v->to, &form);
	buf_add_byte(&form, '\0');
	made = reading_find(w->d->reading, e, e->slots[slot].path,
	    (const char *)form.data, e->slots[slot].instance);
	if ((!made || made->kind != SLOT_WHOLE) && v->value.len == 0) {
		name_missing(w, slot, v);
		return;
	}
	name_slot(w, slot, v, v->action);
	d = &w->decisions[w->count - 1];
	d->to = reason_clean(w->d->arena, v->to, COPY_TO_MAX);
	if (made && made->kind == SLOT_WHOLE)
		w->shown[made - e->slots] = SLOT_WHOLE;
	else
		d->value = v->value;
}

static void show_field(
    struct work *w, uint16_t slot, const struct policy_verdict *v)
{
	switch (v->action) {
	case POLICY_RELEASE:
		show_whole(w, slot, v);
		break;
	case POLICY_REDUCE:
	case POLICY_MASK:
		show_reduced(w, slot, v);
		break;
	case POLICY_REFER:
		if (!v->told)
			break;
		name_slot(w, slot, v, POLICY_REFER);
		w->decisions[w->count - 1].to =
		    reason_clean(w->d->arena, v->to, COPY_TO_MAX);
		break;
	case POLICY_WITHHOLD:
		if (v->told)
			name_slot(w, slot, v, POLICY_WITHHOLD);
		break;
	case POLICY_CONCEAL:
	case POLICY_REFUSE:
		break;
	}
}

static bool is_own_name(const struct slot *slot, const char *name)
{
	struct reader r;

	reader_init(&r, slot->value);
	return slice_is(reader_str(&r), name) && reader_ok(&r);
}

/* A reader always gets its own name, nobody else's, and the officer's. */
static void show_reserved(struct work *w)
{
	const struct envelope *e = w->d->envelope;

	for (uint16_t i = 0; i < e->statement.count; i++) {
		const struct slot *slot = &e->slots[i];

		if (slot->kind != SLOT_WHOLE)
			continue;
		if (slice_is(slot->path, "message.officer") ||
		    (slice_is(slot->path, "message.to") &&
			is_own_name(slot, w->decision->recipient)))
			w->shown[i] = SLOT_WHOLE;
	}
}

static int decision_order(const void *a, const void *b)
{
	const struct decision *x = a, *y = b;

	return (int)x->slot - (int)y->slot;
}

static struct slice make_detail(
    const struct disclosure *d, const struct policy_decision *decision)
{
	const struct policy_message *m = &d->reading->message;
	bool fields = decision->outcome == POLICY_ACCEPTED;
	_cleanup_free_ struct detail_field *list =
	    mem_array(m->count + 1, sizeof(*list));
	_cleanup_buf_ struct buf out = { 0 };

	for (size_t i = 0; fields && i < m->count; i++) {
		const struct policy_verdict *v = &decision->verdicts[i];

		list[i] = (struct detail_field){
			.path = m->fields[i].path,
			.instance = m->fields[i].instance,
			.action = policy_action_name(v->action),
			.told = v->told,
			.to = v->to,
			.clause = v->clause,
			.reason = v->reason,
		};
	}
	detail_encode(decision->clause, decision->reason, list,
	    fields ? m->count : 0, &out);
	return arena_slice(d->arena, buf_slice(&out));
}

static bool make_row(struct work *w, struct recipient *ret, struct why *why)
{
	const struct disclosure *d = w->d;
	const struct statement *s = &d->envelope->statement;

	ret->row = (struct row){
		.id = s->header.id,
		.day = clock_london_day(d->now),
		.destroy_by = w->decision->destroy_by,
		.shown = slice_of(w->shown, s->count),
		.decisions = w->decisions,
		.decisions_count = w->count,
	};
	memcpy(ret->row.statement, s->hash, HASH_BYTES);
	buf_room(&ret->body, s->count * BODY_SLOT_BYTES);
	if (!row_body(&ret->row, d->envelope, d->arena, &ret->body, why))
		return false;
	copy_body_digest(buf_slice(&ret->body), ret->row.digest);
	return true;
}

static void refuse(const struct disclosure *d, struct recipient *ret,
    struct policy_decision *decision, const char *reason)
{
	decision->outcome = POLICY_REFUSED;
	decision->clause = NULL;
	decision->reason = reason;
	ret->accepted = false;
	ret->clause = NULL;
	ret->reason = reason;
	ret->detail = make_detail(d, decision);
}

void disclose(const struct disclosure *d, struct recipient *ret)
{
	struct policy_decision decision = { 0 };
	struct work w = { .d = d, .decision = &decision };
	size_t count = d->envelope->statement.count;
	struct why why;

	policy_decide(d->book->policy, &d->reading->message, ret->name, d->now,
	    d->arena, &decision);
	if (decision.outcome != POLICY_ACCEPTED) {
		ret->accepted = false;
		ret->clause = decision.clause;
		ret->reason = decision.reason;
		ret->detail = make_detail(d, &decision);
		return;
	}
	w.shown = arena_alloc(d->arena, count);
	w.decisions = arena_array(d->arena, count, struct decision);
	show_reserved(&w);
	for (size_t i = 0; i < d->reading->message.count; i++)
		show_field(&w, d->reading->slots[i], &decision.verdicts[i]);
	mem_sort(w.decisions, w.count, sizeof(*w.decisions), decision_order);
	if (!make_row(&w, ret, &why)) {
		refuse(d, ret, &decision, arena_str(d->arena, why.text));
		return;
	}
	ret->accepted = true;
	ret->detail = make_detail(d, &decision);
}
