/*
 * The state a reader of the whole log would keep in their head: who is enrolled
 * with which key, how far each partner's copies are numbered, which copies are
 * on their way with which body, how many decisions the last message still owes,
 * and the policy number, which never goes back.
 */

#include "audit/account.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/map.h"
#include "util/mem.h"
#include "wire/enrol.h"
#include "wire/id.h"
#include "wire/receipt.h"
#include "wire/sign.h"

struct party {
	bool enrolled;
	struct enrolment keys;
	uint64_t copies;    /* the last copy number decided for it */
	struct map waiting; /* copy number -> body digest */
	uint32_t epoch;     /* of the last id received from it */
	uint64_t number;
};

struct account {
	verify_doubt_fn doubt;
	void *ctx;
	char *exchange;
	struct map parties; /* name -> struct party */
	struct verify_totals totals;
	uint64_t policy;
	uint64_t index;
	uint32_t owed; /* decided and refused entries still to follow */
	struct message_id owed_id;
	uint8_t owed_statement[HASH_BYTES];
};

struct account *account_new(
    const char *exchange, verify_doubt_fn doubt, void *ctx)
{
	struct account *a = mem_alloc(sizeof(*a));

	a->exchange = mem_str(exchange);
	a->doubt = doubt;
	a->ctx = ctx;
	return a;
}

static void free_waiting(struct map *waiting)
{
	struct map_entry *e;

	for (size_t pos = 0; (e = map_next(waiting, &pos));)
		free(e->value);
	map_deinit(waiting);
}

struct account *account_free(struct account *a)
{
	struct map_entry *e;

	if (!a)
		return NULL;
	for (size_t pos = 0; (e = map_next(&a->parties, &pos));) {
		free_waiting(&((struct party *)e->value)->waiting);
		free(e->value);
	}
	map_deinit(&a->parties);
	free(a->exchange);
	free(a);
	return NULL;
}

static void doubt(struct account *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void doubt(struct account *a, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	a->doubt(a->ctx, a->index, "entry", text);
}

static struct party *party(struct account *a, struct slice name)
{
	struct party *p = map_get(&a->parties, name);

	if (p)
		return p;
	p = mem_alloc(sizeof(*p));
	map_set(&a->parties, name, p);
	return p;
}

static void on_policy(struct account *a, uint64_t policy)
{
	if (policy < a->policy)
		doubt(a,
		    "was decided under policy %" PRIu64 " after policy"
		    " %" PRIu64 " was in force: an older agreement was used",
		    policy, a->policy);
	else
		a->policy = policy;
}

static void on_owed(struct account *a)
{
	if (!a->owed)
		return;
	doubt(a,
	    "stands where a decision should: the message before it lacks %u of"
	    " its decisions, so somebody's disclosure or refusal is missing",
	    a->owed);
	a->owed = 0;
}

static bool read_id(
    struct account *a, const struct entry *e, struct message_id *ret)
{
	if (message_id_parse(e->id, ret))
		return true;
	doubt(a, "names '%.*s', which is not a message id", SLICE_ARG(e->id));
	return false;
}

static void on_received(struct account *a, const struct entry *e)
{
	uint8_t key[KEY_ID_BYTES];
	struct message_id id;
	struct party *from;

	on_owed(a);
	on_policy(a, e->policy);
	a->totals.received++;
	if (!read_id(a, e, &id))
		return;
	from = party(a, slice_str(id.partner));
	if (!from->enrolled) {
		doubt(a, "is a message from %s, who was not enrolled then",
		    id.partner);
	} else {
		key_id(from->keys.message.public, key);
		if (memcmp(key, e->key, sizeof(key)))
			doubt(a,
			    "was signed with a key that is not the one %s was"
			    " enrolled with",
			    id.partner);
	}
	if (id.epoch < from->epoch ||
	    (id.epoch == from->epoch && id.number <= from->number))
		doubt(a,
		    "takes the id %.*s a second time, or after a later one",
		    SLICE_ARG(e->id));
	from->epoch = id.epoch;
	from->number = id.number;
	a->owed = e->recipients;
	a->owed_id = id;
	memcpy(a->owed_statement, e->statement, HASH_BYTES);
}

/* A decision follows its message directly, or comes later for one received
 * before: a copy decided again. */
static void on_decision(struct account *a, const struct entry *e)
{
	struct message_id id;
	struct party *from;

	on_policy(a, e->policy);
	if (!read_id(a, e, &id))
		return;
	if (a->owed) {
		if (!message_id_eq(&id, &a->owed_id) ||
		    memcmp(e->statement, a->owed_statement, HASH_BYTES))
			on_owed(a);
		else
			a->owed--;
		return;
	}
	from = party(a, slice_str(id.partner));
	if (id.epoch > from->epoch ||
	    (id.epoch == from->epoch && id.number > from->number))
		doubt(a, "decides about %.*s, which was not received before",
		    SLICE_ARG(e->id));
}

static void on_decided(struct account *a, const struct entry *e)
{
	struct party *to = party(a, e->to);
	void *old;

	on_decision(a, e);
	a->totals.decided++;
	if (e->copy != to->copies + 1)
		doubt(a,
		    "is copy %" PRIu64 " for %.*s, but %" PRIu64
		    " comes next: %s",
		    e->copy, SLICE_ARG(e->to), to->copies + 1,
		    e->copy > to->copies ? "copies are missing from the log"
					 : "a number was used twice");
	if (e->copy > to->copies)
		to->copies = e->copy;
	old = map_set(&to->waiting, slice_of(&e->copy, sizeof(e->copy)),
	    mem_copy(e->body, HASH_BYTES));
	free(old);
}

/* What was refused of a message belongs to it; a refused frame stands alone. */
static void on_refused(struct account *a, const struct entry *e)
{
	a->totals.refused++;
	if (e->id.len > 0 && e->to.len > 0) {
		on_decision(a, e);
		return;
	}
	on_owed(a);
	on_policy(a, e->policy);
}

static void on_receipt_row(struct account *a, const struct entry *e,
    struct party *to, const struct receipt_row *row)
{
	struct slice number = slice_of(&row->copy, sizeof(row->copy));
	uint8_t *body = map_get(&to->waiting, number);

	if (row->copy > to->copies) {
		doubt(a,
		    "is a receipt for copy %" PRIu64 " of %.*s, which was"
		    " never decided",
		    row->copy, SLICE_ARG(e->to));
		return;
	}
	if (!body)
		return; /* receipted before: a receipt may come twice */
	if (memcmp(body, row->digest, HASH_BYTES))
		doubt(a,
		    "is a receipt for copy %" PRIu64 " of %.*s with another"
		    " body than was decided: something else was delivered",
		    row->copy, SLICE_ARG(e->to));
	free(map_remove(&to->waiting, number));
	a->totals.delivered++;
}

static void on_delivered(struct account *a, const struct entry *e)
{
	struct party *to = party(a, e->to);
	struct receipt receipt;
	struct arena arena = { 0 };
	struct why why;

	on_owed(a);
	if (!to->enrolled) {
		doubt(a, "is a receipt from %.*s, who was not enrolled then",
		    SLICE_ARG(e->to));
		return;
	}
	if (e->signature.len != SIGN_BYTES ||
	    !sign_verify(
		to->keys.message.public, &e->receipt, 1, e->signature.data)) {
		doubt(
		    a, "is a receipt that %.*s did not sign", SLICE_ARG(e->to));
		return;
	}
	if (!receipt_parse(e->receipt, &arena, &receipt, &why)) {
		doubt(a, "holds a receipt that cannot be read: %s", why.text);
	} else if (!slice_is(receipt.exchange, a->exchange) ||
		   !slice_eq(receipt.partner, e->to)) {
		doubt(a, "holds a receipt made out for another exchange or by"
			 " another partner");
	} else {
		for (size_t i = 0; i < receipt.count; i++)
			on_receipt_row(a, e, to, &receipt.rows[i]);
	}
	arena_deinit(&arena);
}

static void on_partner(
    struct account *a, const struct entry *e, struct slice text)
{
	struct party *p = party(a, e->name);
	struct enrolment keys;
	struct why why;

	on_owed(a);
	if (!e->has_text || text.len == 0)
		return;
	a->totals.texts++;
	if (!enrolment_parse(text, &keys, &why)) {
		doubt(a, "cites an enrolment of %.*s that does not hold: %s",
		    SLICE_ARG(e->name), why.text);
		return;
	}
	if (!slice_is(e->name, keys.partner)) {
		doubt(a, "enrols %.*s with the enrolment of %s",
		    SLICE_ARG(e->name), keys.partner);
		return;
	}
	p->keys = keys;
	p->enrolled = true;
}

/* The signers an entry lists must have signed the text with the agree key they
 * were enrolled with. One who enrols later is checked by the agents, who know
 * the key from the agreement itself. */
static void on_agreement(
    struct account *a, const struct entry *e, struct slice text)
{
	struct note note;
	struct why why;

	on_owed(a);
	on_policy(a, e->policy);
	a->totals.texts++;
	if (text.len == 0 || e->signers_count == 0)
		return;
	if (!note_parse(text, &note, &why)) {
		doubt(
		    a, "cites a text that is not a signed note: %s", why.text);
		return;
	}
	for (size_t i = 0; i < e->signers_count; i++) {
		const struct party *p = map_get(&a->parties, e->signers[i]);

		if (!p || !p->enrolled)
			continue;
		if (note_verify(&note, &p->keys.agree) != NOTE_SIGNED)
			doubt(a,
			    "lists %.*s as a signer of %.*s, whose text does"
			    " not bear that signature",
			    SLICE_ARG(e->signers[i]), SLICE_ARG(e->name));
	}
}

void account_entry(
    struct account *a, uint64_t index, const struct entry *e, struct slice text)
{
	a->index = index;
	a->totals.entries++;
	switch (e->kind) {
	case ENTRY_RECEIVED:
		on_received(a, e);
		break;
	case ENTRY_DECIDED:
		on_decided(a, e);
		break;
	case ENTRY_REFUSED:
		on_refused(a, e);
		break;
	case ENTRY_DELIVERED:
		on_delivered(a, e);
		break;
	case ENTRY_PARTNER:
		on_partner(a, e, text);
		break;
	case ENTRY_AGREEMENT:
		on_agreement(a, e, text);
		break;
	case ENTRY_NOTICE:
		on_owed(a);
		on_policy(a, e->policy);
		a->totals.texts++;
		break;
	case ENTRY_KINDS:
		break;
	}
}

void account_end(struct account *a, struct verify_totals *ret)
{
	struct map_entry *e;

	if (a->owed)
		doubt(a,
		    "is followed by nothing, but its message lacks %u of its"
		    " decisions",
		    a->owed);
	for (size_t pos = 0; (e = map_next(&a->parties, &pos));)
		a->totals.waiting += ((struct party *)e->value)->waiting.count;
	ret->entries = a->totals.entries;
	ret->received = a->totals.received;
	ret->decided = a->totals.decided;
	ret->refused = a->totals.refused;
	ret->delivered = a->totals.delivered;
	ret->texts = a->totals.texts;
	ret->waiting = a->totals.waiting;
}
