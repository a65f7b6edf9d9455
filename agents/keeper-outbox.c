/*
 * What is sent: numbered, signed in one batch and stored in one transaction,
 * then answered, then sent. The number lives in the same transaction as the
 * message, so that a death in between leaves neither.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agents/answer.h"
#include "agents/keeper-own.h"
#include "util/log.h"
#include "util/mem.h"
#include "wire/codec.h"

#define DAY_MS 86400000
#define EXPIRE_MAX 256u /* messages looked at in one go */

struct slice number_key(const struct mailbox_number *id, uint8_t room[12])
{
	memcpy(room, &id->epoch, 4);
	memcpy(room + 4, &id->number, 8);
	return slice_of(room, 12);
}

/* ---- rows ------------------------------------------------------------- */

bool outbox_row_read(struct slice bytes, struct outbox_row *ret)
{
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 2);
	ret->envelope = reader_bin(&r);
	ret->home = reader_value(&r);
	return reader_end(&r);
}

static bool pack_row(const struct envelope *e, const bool *home_fields,
    struct buf *out, struct why *why)
{
	size_t count = e->statement.count, kept = 0;
	_cleanup_free_ bool *home = mem_array(count, sizeof(*home));
	_cleanup_buf_ struct buf sent = { 0 };

	for (size_t i = 0; i < count; i++) {
		uint16_t field = e->slots[i].field;

		home[i] = field != SLOT_DECOY && home_fields[field];
		kept += home[i];
	}
	if (!envelope_pack(e, home, &sent, why))
		return false;
	codec_array(out, 2);
	codec_bin(out, buf_slice(&sent));
	codec_array(out, (uint32_t)kept);
	for (size_t i = 0; i < count; i++) {
		if (!home[i])
			continue;
		codec_array(out, 3);
		codec_uint(out, i);
		codec_bin(out, e->slots[i].salt);
		codec_bin(out, e->slots[i].value);
	}
	return true;
}

/* ---- sending ---------------------------------------------------------- */

struct group {
	struct keeper *k;
	struct submission **items;
	size_t count;
	struct envelope *envelopes;
	struct envelope **made; /* those that could be made */
	struct submission **owners;
	size_t made_count;
	struct arena arena;
};

static void settle(struct submission *s, int outcome, const char *text)
{
	s->outcome = outcome;
	why_set(&s->why, "%s", text);
}

/* The next numbers, one each for those that can be made. */
static void make_envelopes(struct group *g, struct mailbox_number last)
{
	for (size_t i = 0; i < g->count; i++) {
		struct composed *c = g->items[i]->composed;
		struct envelope *e = &g->envelopes[g->made_count];
		struct message_draft draft = { .header = &c->header,
			.fields = c->fields,
			.count = c->count };

		c->header.id.epoch = last.epoch;
		c->header.id.number = last.number + 1;
		memcpy(c->header.id.partner, g->k->id->name,
		    sizeof(c->header.id.partner));
		if (!envelope_new(&draft, &g->arena, e, &g->items[i]->why)) {
			g->items[i]->outcome = KEEPER_WRONG;
			continue;
		}
		g->items[i]->id =
		    (struct mailbox_number){ last.epoch, ++last.number };
		g->made[g->made_count] = e;
		g->owners[g->made_count++] = g->items[i];
	}
}

static int store_envelopes(
    struct group *g, struct store_txn *t, struct why *why)
{
	int r = envelope_sign(
	    g->made, g->made_count, g->k->id->message, &g->arena, why);

	for (size_t i = 0; r == 0 && i < g->made_count; i++) {
		_cleanup_buf_ struct buf row = { 0 };
		const struct composed *c = g->owners[i]->composed;

		if (!pack_row(g->made[i], c->home, &row, why))
			return -E2BIG;
		mailbox_outbox_add(t, g->owners[i]->id, buf_slice(&row),
		    buf_slice(&c->summary));
	}
	return r;
}

static void settle_made(struct group *g, int outcome, const char *text)
{
	for (size_t i = 0; i < g->made_count; i++)
		settle(g->owners[i], outcome, text);
}

static void write_group(struct group *g)
{
	struct keeper *k = g->k;
	struct store_txn *t;
	struct mailbox_number last;
	struct why why;
	int r = store_begin(k->store, &t);

	if (r < 0) {
		keeper_fail(k, "the store cannot be written", r);
		return;
	}
	last.epoch = (uint32_t)store_counter(t, MAILBOX_EPOCH);
	last.number = store_counter(t, MAILBOX_NUMBER);
	if (last.epoch)
		make_envelopes(g, last);
	if (g->made_count == 0) {
		store_end(t);
		return;
	}
	r = store_envelopes(g, t, &why);
	if (r < 0) {
		log_say(LOG_ERROR, NULL, "cannot sign: %s", why.text);
		settle_made(g, KEEPER_LATER, why.text);
		store_end(t);
		return;
	}
	r = store_commit(t);
	if (r == STORE_FULL)
		settle_made(g, KEEPER_LATER,
		    "the agent's store or disk is full; nothing was kept");
	else if (r < 0) {
		settle_made(g, KEEPER_LATER, "the agent's store has failed");
		keeper_fail(k, "a commit failed", r);
	}
}

/* All those that are still without a number or a reason. */
static void settle_rest(struct group *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->items[i]->outcome == 0 && g->items[i]->id.number == 0)
			settle(g->items[i], KEEPER_LATER,
			    "the agent has not been in touch with the broker"
			    " yet: it has no numbers to send under");
}

void outbox_commit(struct keeper *k, struct submission **items, size_t count)
{
	struct group g = { .k = k, .items = items, .count = count };
	uint8_t room[12];

	g.envelopes = mem_array(count, sizeof(*g.envelopes));
	g.made = mem_array(count, sizeof(*g.made));
	g.owners = mem_array(count, sizeof(*g.owners));
	write_group(&g);
	settle_rest(&g);
	pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < count; i++) {
		items[i]->stored = true;
		if (items[i]->outcome == 0)
			map_set(&k->waiting, number_key(&items[i]->id, room),
			    items[i]);
	}
	pthread_cond_broadcast(&k->done);
	pthread_mutex_unlock(&k->lock);
	arena_deinit(&g.arena);
	free(g.envelopes);
	free(g.made);
	free(g.owners);
}

/* ---- results ---------------------------------------------------------- */

/* A further row for an answered message reports deliveries. */
static void amend(struct store_txn *t, struct mailbox_number id,
    const struct frame_result_row *row, struct arena *arena)
{
	_cleanup_buf_ struct buf old = { 0 }, new = { 0 };
	struct answer answer;

	if (mailbox_outbox_result(t, id, &old) != 0 ||
	    !answer_read(buf_slice(&old), arena, &answer) ||
	    !answer_amend(&answer, row))
		return;
	answer_pack(&answer, &new);
	mailbox_outbox_amend(t, id, buf_slice(&new));
}

static bool before_or_at(struct mailbox_number a, struct mailbox_number b)
{
	return a.epoch < b.epoch ||
	       (a.epoch == b.epoch && a.number <= b.number);
}

static void take_row(struct keeper *k, struct store_txn *t,
    const struct frame_result_row *row, size_t *answered)
{
	struct mailbox_number id = { row->epoch, row->number };
	_cleanup_buf_ struct buf packed = { 0 };
	struct arena arena = { 0 };
	struct answer answer;

	answer_from_row(row, &arena, &answer);
	answer_pack(&answer, &packed);
	switch (mailbox_outbox_answer(t, id, buf_slice(&packed))) {
	case 0:
		*answered += before_or_at(id, k->session.cursor);
		break;
	case STORE_THERE:
		amend(t, id, row, &arena);
		break;
	case STORE_NONE:
		log_say(LOG_WARN, NULL,
		    "the broker answered message %u.%llu, which we do not"
		    " hold; ignoring",
		    row->epoch, (unsigned long long)row->number);
		break;
	default:
		break; /* the transaction remembers */
	}
	arena_deinit(&arena);
}

static void tell_waiting(struct keeper *k, const struct frame_result *result)
{
	uint8_t room[12];

	pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < result->count; i++) {
		struct mailbox_number id = { result->rows[i].epoch,
			result->rows[i].number };
		struct submission *s =
		    map_get(&k->waiting, number_key(&id, room));

		if (s)
			s->answered = true;
	}
	pthread_cond_broadcast(&k->done);
	pthread_mutex_unlock(&k->lock);
}

void outbox_result(struct keeper *k, const struct frame_result *result)
{
	struct store_txn *t;
	size_t answered = 0;
	int r = store_begin(k->store, &t);

	if (r == 0) {
		for (size_t i = 0; i < result->count; i++)
			take_row(k, t, &result->rows[i], &answered);
		r = store_commit(t);
	}
	if (r < 0) {
		keeper_fail(k, "results cannot be stored", r);
		return;
	}
	if (r == STORE_FULL) {
		/* They stay unanswered and are resent: the broker gives the
		 * same answers again. */
		log_say(LOG_ERROR, NULL,
		    "the store or disk is full: results cannot be stored now");
		return;
	}
	k->session.in_flight -=
	    answered < k->session.in_flight ? answered : k->session.in_flight;
	tell_waiting(k, result);
}

/* ---- the end of what was sent ----------------------------------------- */

/* Whether the message is answered and was sent before @before. */
static bool expired(struct store_txn *t, struct mailbox_number id,
    int64_t before, struct arena *arena)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	struct summary_sent summary;
	enum mailbox_state state;

	return mailbox_outbox_state(t, id, &state) == 0 &&
	       state == MAILBOX_ANSWERED &&
	       mailbox_outbox_summary(t, id, &bytes) == 0 &&
	       summary_sent_read(buf_slice(&bytes), arena, &summary) &&
	       summary.sent < before;
}

/* How many are gone; negative errno. */
static int destroy_before(struct keeper *k, int64_t before)
{
	struct mailbox_number id = { 0 };
	struct arena arena = { 0 };
	struct store_txn *t;
	int gone = 0, r = store_begin(k->store, &t);

	if (r == 0) {
		for (size_t i = 0; i < EXPIRE_MAX; i++) {
			if (mailbox_outbox_next(t, &id) != 0 ||
			    !expired(t, id, before, &arena))
				break;
			gone += mailbox_outbox_destroy(t, id) == 0;
		}
		r = store_commit(t);
	}
	arena_deinit(&arena);
	if (r < 0)
		keeper_fail(k, "old messages cannot be destroyed", r);
	return r == 0 ? gone : r < 0 ? r : 0;
}

void outbox_expire(struct keeper *k, int64_t now)
{
	int gone =
	    destroy_before(k, now - (int64_t)k->conf->keep_sent * DAY_MS);

	if (gone > 0)
		log_say(LOG_INFO, NULL,
		    "destroyed %d sent messages older than %llu days", gone,
		    (unsigned long long)k->conf->keep_sent);
}

void outbox_relieve(struct keeper *k)
{
	int gone;

	if (store_fill(k->store) < KEEPER_FULL)
		return;
	gone = destroy_before(k, INT64_MAX);
	if (gone > 0)
		log_say(LOG_WARN, NULL,
		    "the store was %u %% full: destroyed the %d oldest sent"
		    " messages that have their answer",
		    KEEPER_FULL, gone);
}
