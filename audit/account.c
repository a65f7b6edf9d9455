/*
 * The state a reader of the whole log would keep in their head: who is enrolled
 * with which keys, and which agree key the signed agreements give them; how far
 * each partner's copies are numbered; which copies are on their way, about what
 * and with which body; which ids are used; what the last message still owes;
 * and the policy number, which never goes back.
 *
 * The broker is not believed: an enrolment is only its claim about who somebody
 * is, so a copy goes to nobody but parties that an agreement names, and counts
 * as delivered only with a key that the same agreements vouch for.
 */

#include "audit/account.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/signers.h"
#include "audit/spans.h"
#include "util/map.h"
#include "util/mem.h"
#include "wire/enrol.h"
#include "wire/id.h"
#include "wire/receipt.h"
#include "wire/sign.h"

/* A copy that was decided and not yet receipted. */
struct copy {
	uint8_t body[HASH_BYTES];
	uint8_t subject[HASH_BYTES]; /* of its id and statement */
};

struct party {
	bool enrolled, suspended;
	struct enrolment keys;
	/* By the agreements it and another have signed: it is named, with the
	 * agree key that the first of them gives, or with more than one. */
	bool named, disputed;
	uint8_t agree[KEY_BYTES];
	uint64_t copies;     /* the last copy number decided for it */
	struct map waiting;  /* copy number -> struct copy */
	struct map subjects; /* subject -> size_t: how many of those wait */
	struct map epochs;   /* of its ids -> struct spans: numbers received */
};

struct account {
	verify_doubt_fn doubt;
	void *ctx;
	char *exchange;
	struct map parties; /* name -> struct party */
	struct map keys; /* public key -> the struct party enrolled with it */
	struct verify_totals totals;
	uint64_t policy;
	uint64_t index;
	uint32_t owed; /* decided and refused entries still to follow */
	uint8_t owed_subject[HASH_BYTES];
	struct map owed_told; /* recipients whose entries have followed */
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

static void free_values(struct map *m)
{
	struct map_entry *e;

	for (size_t pos = 0; (e = map_next(m, &pos));)
		free(e->value);
	map_deinit(m);
}

static void party_free(struct party *p)
{
	struct map_entry *e;

	for (size_t pos = 0; (e = map_next(&p->epochs, &pos));)
		spans_deinit(e->value);
	free_values(&p->epochs);
	free_values(&p->waiting);
	free_values(&p->subjects);
	free(p);
}

struct account *account_free(struct account *a)
{
	struct map_entry *e;

	if (!a)
		return NULL;
	for (size_t pos = 0; (e = map_next(&a->parties, &pos));)
		party_free(e->value);
	map_deinit(&a->parties);
	map_deinit(&a->keys);
	map_deinit(&a->owed_told);
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

/* What a message and all decisions about it have in common. */
static void subject_of(const struct entry *e, uint8_t ret[HASH_BYTES])
{
	struct slice parts[] = { e->id, slice_of(e->statement, HASH_BYTES) };

	hash_parts(parts, ARRAY_LEN(parts), ret);
}

/* ---- messages --------------------------------------------------------- */

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

/* The agree keys it is enrolled with and the agreements' are not the same. */
static bool is_disputed(const struct party *p)
{
	return p->named && (p->disputed || memcmp(p->keys.agree.public,
					       p->agree, KEY_BYTES));
}

static void check_sender(
    struct account *a, const struct entry *e, const struct party *from)
{
	uint8_t key[KEY_ID_BYTES];

	if (!from->enrolled) {
		doubt(a, "is %.*s, whose sender was not enrolled then",
		    SLICE_ARG(e->id));
		return;
	}
	key_id(from->keys.message.public, key);
	if (memcmp(key, e->key, sizeof(key)))
		doubt(a,
		    "was signed with a key that is not the one %s was"
		    " enrolled with",
		    from->keys.partner);
	if (is_disputed(from))
		doubt(a,
		    "was taken from %s, whose enrolment is not by the"
		    " agree key that the agreements give it",
		    from->keys.partner);
	if (from->suspended)
		doubt(a, "was taken from %s, who was suspended",
		    from->keys.partner);
}

/* Ids may come out of order, after a busy answer, but never twice. */
static void use_id(struct account *a, struct party *from,
    const struct message_id *id, struct slice text)
{
	struct slice epoch = slice_of(&id->epoch, sizeof(id->epoch));
	struct spans *numbers = map_get(&from->epochs, epoch);

	if (!numbers) {
		numbers = mem_alloc(sizeof(*numbers));
		map_set(&from->epochs, epoch, numbers);
	}
	if (!spans_add(numbers, id->number))
		doubt(a, "takes the id %.*s a second time", SLICE_ARG(text));
}

static void on_received(struct account *a, const struct entry *e)
{
	struct message_id id;
	struct party *from;

	on_owed(a);
	on_policy(a, e->policy);
	a->totals.received++;
	if (!read_id(a, e, &id))
		return;
	from = party(a, slice_str(id.partner));
	check_sender(a, e, from);
	use_id(a, from, &id, e->id);
	if (e->recipients == 0)
		doubt(a, "is a message that nobody decided: it says it has no"
			 " recipients");
	a->owed = e->recipients;
	subject_of(e, a->owed_subject);
	map_deinit(&a->owed_told);
}

/* A decision follows its message directly, one a recipient, or comes later
 * about a copy that still waits: it is decided again. */
static void on_decision(struct account *a, const struct entry *e,
    struct party *to, const uint8_t subject[HASH_BYTES])
{
	struct message_id id;

	on_policy(a, e->policy);
	if (!read_id(a, e, &id))
		return;
	if (!a->owed) {
		if (!map_get(&to->subjects, slice_of(subject, HASH_BYTES)))
			doubt(a,
			    "decides about %.*s for %.*s, who has no copy of"
			    " that message waiting",
			    SLICE_ARG(e->id), SLICE_ARG(e->to));
		return;
	}
	if (memcmp(subject, a->owed_subject, HASH_BYTES)) {
		on_owed(a);
		return;
	}
	a->owed--;
	if (map_set(&a->owed_told, e->to, to))
		doubt(a,
		    "decides twice for %.*s: another recipient's decision is"
		    " missing",
		    SLICE_ARG(e->to));
}

/* ---- copies ----------------------------------------------------------- */

/* Takes what map_set() or map_remove() gave back; it may be NULL. */
static void forget_copy(struct party *to, struct copy *copy)
{
	struct slice subject;
	size_t *waiting;

	if (!copy)
		return;
	subject = slice_of(copy->subject, HASH_BYTES);
	waiting = map_get(&to->subjects, subject);
	if (--*waiting == 0)
		free(map_remove(&to->subjects, subject));
	free(copy);
}

static void keep_copy(
    struct party *to, const struct entry *e, const uint8_t subject[HASH_BYTES])
{
	struct slice key = slice_of(subject, HASH_BYTES);
	struct copy *copy = mem_alloc(sizeof(*copy));
	size_t *waiting = map_get(&to->subjects, key);

	if (!waiting) {
		waiting = mem_alloc(sizeof(*waiting));
		map_set(&to->subjects, key, waiting);
	}
	++*waiting;
	memcpy(copy->body, e->body, HASH_BYTES);
	memcpy(copy->subject, subject, HASH_BYTES);
	forget_copy(to,
	    map_set(&to->waiting, slice_of(&e->copy, sizeof(e->copy)), copy));
}

static void on_decided(struct account *a, const struct entry *e)
{
	struct party *to = party(a, e->to);
	uint8_t subject[HASH_BYTES];

	subject_of(e, subject);
	on_decision(a, e, to, subject);
	a->totals.decided++;
	if (!to->named)
		doubt(a,
		    "gives a copy to %.*s, whom no agreement names that it and"
		    " another party have signed",
		    SLICE_ARG(e->to));
	if (e->copy != to->copies + 1)
		doubt(a,
		    "is copy %" PRIu64 " for %.*s, but %" PRIu64
		    " comes next: %s",
		    e->copy, SLICE_ARG(e->to), to->copies + 1,
		    e->copy > to->copies ? "copies are missing from the log"
					 : "a number was used twice");
	if (e->copy > to->copies)
		to->copies = e->copy;
	keep_copy(to, e, subject);
}

/* What was refused of a message belongs to it; a refused frame stands alone. */
static void on_refused(struct account *a, const struct entry *e)
{
	uint8_t subject[HASH_BYTES];

	a->totals.refused++;
	if (e->id.len > 0 && e->to.len > 0) {
		subject_of(e, subject);
		on_decision(a, e, party(a, e->to), subject);
		return;
	}
	on_owed(a);
	on_policy(a, e->policy);
}

static void on_receipt_row(struct account *a, const struct entry *e,
    struct party *to, const struct receipt_row *row)
{
	struct slice number = slice_of(&row->copy, sizeof(row->copy));
	struct copy *copy = map_get(&to->waiting, number);

	if (row->copy > to->copies) {
		doubt(a,
		    "is a receipt for copy %" PRIu64 " of %.*s, which was"
		    " never decided",
		    row->copy, SLICE_ARG(e->to));
		return;
	}
	if (!copy)
		return; /* receipted before: a receipt may come twice */
	if (memcmp(copy->body, row->digest, HASH_BYTES))
		doubt(a,
		    "is a receipt for copy %" PRIu64 " of %.*s with another"
		    " body than was decided: something else was delivered",
		    row->copy, SLICE_ARG(e->to));
	forget_copy(to, map_remove(&to->waiting, number));
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
	if (is_disputed(to))
		doubt(a,
		    "is a receipt with a key of %.*s, whose enrolment is not"
		    " by the agree key that the agreements give it",
		    SLICE_ARG(e->to));
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

/* ---- partners and texts ------------------------------------------------ */

/* No public key stands twice in an exchange. */
static void take_keys(
    struct account *a, struct party *p, const struct enrolment *now)
{
	const struct enrolment *both[] = { &p->keys, now };

	for (size_t i = p->enrolled ? 0 : 1; i < ARRAY_LEN(both); i++) {
		const uint8_t *keys[] = { both[i]->curve,
			both[i]->message.public, both[i]->witness.public,
			both[i]->agree.public };

		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			struct slice key = slice_of(keys[k], KEY_BYTES);
			struct party *owner = map_get(&a->keys, key);

			if (owner && owner != p)
				doubt(a, "enrols %s with a key that is %s's",
				    now->partner, owner->keys.partner);
			else if (i == 0)
				(void)map_remove(&a->keys, key);
			else
				map_set(&a->keys, key, p);
		}
	}
}

static void on_enrolled(struct account *a, struct party *p,
    const struct entry *e, struct slice text)
{
	struct enrolment keys;
	struct why why;

	if (text.len == 0)
		return; /* missing, which has been said */
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
	take_keys(a, p, &keys);
	p->keys = keys;
	p->enrolled = true;
}

static void on_partner(
    struct account *a, const struct entry *e, struct slice text)
{
	struct party *p = party(a, e->name);
	bool enrols = slice_is(e->what, "enrolled");
	bool suspends = slice_is(e->what, "suspended");

	on_owed(a);
	if ((!enrols && !suspends && !slice_is(e->what, "resumed")) ||
	    enrols != e->has_text)
		doubt(a,
		    "says of %.*s that it was '%.*s', %s a text: it must"
		    " be enrolled, with one, or suspended or resumed",
		    SLICE_ARG(e->name), SLICE_ARG(e->what),
		    e->has_text ? "with" : "without");
	else if (enrols)
		on_enrolled(a, p, e, text);
	else
		p->suspended = suspends;
}

/* An agreement counts for who its signers are once two have signed it: nobody
 * can say alone who another is. */
static void on_agreement(
    struct account *a, const struct entry *e, struct slice text)
{
	struct arena arena = { 0 };
	struct signer *signers;
	struct why why;

	on_owed(a);
	on_policy(a, e->policy);
	if (text.len == 0)
		return; /* missing, which has been said */
	a->totals.texts++;
	if (e->signers_count == 0)
		return;
	if (!signers_read(e, text, &arena, &signers, &why))
		doubt(a, "cites %.*s, which does not hold: %s",
		    SLICE_ARG(e->name), why.text);
	else if (e->signers_count > 1)
		for (size_t i = 0; i < e->signers_count; i++) {
			struct party *p = party(a, signers[i].name);

			if (!p->named)
				memcpy(p->agree, signers[i].agree, KEY_BYTES);
			else if (memcmp(p->agree, signers[i].agree, KEY_BYTES))
				p->disputed = true;
			p->named = true;
		}
	arena_deinit(&arena);
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
		a->totals.texts += text.len > 0;
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
