/*
 * One transaction. Partners' rows are looked up once and written once, however
 * many messages of the group touch them; refusals without a trace of their own
 * are summed up by partner.
 */

#include "broker/commit.h"

#include <stdio.h>
#include <string.h>

#include "broker/committing.h"
#include "broker/say.h"
#include "util/clock.h"
#include "util/map.h"
#include "util/mem.h"

#define SUMMARY_MS 1000 /* one summary entry a partner in this time */

struct tally {
	char name[TEXT_NAME_MAX + 1];
	struct ledger_partner was, row;
};

/* What a partner has done wrong since its last summary. */
struct grudge {
	uint64_t pending;
	int64_t summed; /* when, on the steady clock */
	char *reason;   /* of the first since */
	struct job_refusal first;
};

/* ---- what stages ask -------------------------------------------------- */

struct store_txn *commit_txn(struct commit *c)
{
	return c->txn;
}

struct exchange *commit_exchange(struct commit *c)
{
	return c->x;
}

const struct book *commit_book(struct commit *c)
{
	return c->book;
}

int64_t commit_now(struct commit *c)
{
	return clock_now();
}

bool commit_has_room(struct commit *c)
{
	return !c->full && store_fill(c->x->store) < c->x->settings->refuse_at;
}

void commit_touch(struct commit *c)
{
	c->dirty = true;
}

uint64_t commit_entry(struct commit *c, struct entry *e, struct slice detail)
{
	c->dirty = true;
	return record_add(c->x->record, c->txn, e, detail);
}

struct ledger_partner *commit_partner(struct commit *c, const char *name)
{
	struct tally *tally = map_get_str(&c->tally, name);

	if (tally)
		return &tally->row;
	tally = mem_alloc(sizeof(*tally));
	snprintf(tally->name, sizeof(tally->name), "%s", name);
	if (ledger_partner(c->txn, name, &tally->was) != 0)
		tally->was = (struct ledger_partner){ 0 };
	tally->row = tally->was;
	map_set_str(&c->tally, name, tally);
	return &tally->row;
}

/* ---- refusals --------------------------------------------------------- */

static void sum_up(struct commit *c, const char *from, struct grudge *g)
{
	struct entry e = { .kind = ENTRY_REFUSED, .policy = c->book->number };
	_cleanup_buf_ struct buf detail = { 0 };
	char reason[FRAME_REASON_MAX + 64], id[MESSAGE_ID_TEXT_MAX];

	if (g->pending == 1)
		snprintf(reason, sizeof(reason), "%s", g->reason);
	else
		snprintf(reason, sizeof(reason), "%llu frames; the first: %s",
		    (unsigned long long)g->pending, g->reason);
	e.from = slice_str(from);
	if (g->first.has_id) {
		message_id_format(&g->first.id, id);
		e.id = slice_str(id);
	}
	e.has_statement = g->first.has_statement;
	memcpy(e.statement, g->first.statement, HASH_BYTES);
	detail_encode(NULL, reason, NULL, 0, &detail);
	commit_entry(c, &e, buf_slice(&detail));
	say_partner(LOG_WARN, from, "refused %llu frame%s: %s",
	    (unsigned long long)g->pending, g->pending == 1 ? "" : "s",
	    g->reason);
	g->pending = 0;
	g->summed = clock_monotonic();
}

void commit_refusal(struct commit *c, const char *from, const char *reason,
    const struct job_refusal *refused)
{
	struct grudge *g = map_get_str(&c->grudges, from);

	if (!g) {
		g = mem_alloc(sizeof(*g));
		g->summed = -SUMMARY_MS;
		map_set_str(&c->grudges, from, g);
	}
	if (g->pending++ == 0) {
		free(g->reason);
		g->reason = mem_str(reason ? reason : "refused");
		g->first = *refused;
	}
	if (clock_monotonic() - g->summed >= SUMMARY_MS)
		sum_up(c, from, g);
	else
		__atomic_store_n(
		    &c->x->refusals_pending, true, __ATOMIC_RELAXED);
}

void commit_sum_up(struct commit *c)
{
	struct map_entry *entry;
	size_t pos = 0;

	__atomic_store_n(&c->x->refusals_pending, false, __ATOMIC_RELAXED);
	while ((entry = map_next(&c->grudges, &pos))) {
		struct grudge *g = entry->value;
		char from[TEXT_NAME_MAX + 1];

		snprintf(from, sizeof(from), "%.*s", (int)entry->len,
		    (const char *)entry->key);
		if (g->pending > 0)
			sum_up(c, from, g);
	}
}

/* ---- the transaction -------------------------------------------------- */

int commit_begin(struct commit *c)
{
	c->dirty = false;
	return store_begin(c->x->store, &c->txn);
}

static void drop_tally(struct commit *c)
{
	struct map_entry *entry;
	size_t pos = 0;

	while ((entry = map_next(&c->tally, &pos)))
		free(entry->value);
	map_deinit(&c->tally);
	c->tally = (struct map){ 0 };
}

static bool same_row(
    const struct ledger_partner *a, const struct ledger_partner *b)
{
	return a->epoch == b->epoch && a->number == b->number &&
	       a->copy == b->copy && a->suspended == b->suspended;
}

static void write_tally(struct commit *c)
{
	struct map_entry *entry;
	size_t pos = 0;

	while ((entry = map_next(&c->tally, &pos))) {
		const struct tally *tally = entry->value;

		if (same_row(&tally->was, &tally->row))
			continue;
		ledger_partner_put(c->txn, tally->name, &tally->row);
		c->dirty = true;
	}
}

int commit_end(struct commit *c)
{
	int r = 0;

	write_tally(c);
	drop_tally(c);
	if (!c->dirty) {
		store_end(c->txn);
		return 0;
	}
	record_keep(c->x->record, c->txn);
	r = store_commit(c->txn);
	if (r == 0)
		exchange_count(&c->x->counts.commits, 1);
	return r;
}

void commit_init(struct commit *c, struct exchange *x)
{
	*c = (struct commit){ .x = x, .book = books_current(x->books) };
}

void commit_deinit(struct commit *c)
{
	struct map_entry *entry;
	size_t pos = 0;

	drop_tally(c);
	while ((entry = map_next(&c->grudges, &pos))) {
		struct grudge *g = entry->value;

		free(g->reason);
		free(g);
	}
	map_deinit(&c->grudges);
	c->book = book_unref(c->book);
}
