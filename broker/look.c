/* What the operator can look at: the exchange's state and its partners. */

#include <stdio.h>
#include <string.h>

#include "broker/deliver.h"
#include "broker/net.h"
#include "broker/office.h"
#include "util/clock.h"
#include "util/mem.h"

void json_add(struct buf *out, const char *s)
{
	if (!s) {
		buf_add_str(out, "null");
		return;
	}
	buf_add_byte(out, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < 0x20)
			buf_addf(out, "\\u%04x", c);
		else
			buf_add_byte(out, c);
	}
	buf_add_byte(out, '"');
}

/* ---- status ----------------------------------------------------------- */

/* One number with its two names. */
struct figure {
	const char *key, *words;
	uint64_t value;
};

static uint64_t count_of(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static size_t add_running(const struct exchange *x, struct figure *ret)
{
	const struct exchange_counts *c = &x->counts;
	struct net_counts net;
	size_t n = 0;

	net_look(x->net, &net);
	ret[n++] = (struct figure){ "seconds", "running for, seconds",
		(uint64_t)(clock_now() - x->started) / 1000 };
	ret[n++] = (struct figure){ "in-work", "slots of the ring in use",
		ring_used(x->ring) };
	ret[n++] = (struct figure){ "frames", "frames received", net.frames };
	ret[n++] =
	    (struct figure){ "shunned", "frames dropped unread", net.shunned };
	ret[n++] = (struct figure){ "accepted", "messages accepted",
		count_of(&c->accepted) };
	ret[n++] = (struct figure){ "refused", "messages and frames refused",
		count_of(&c->refused) };
	ret[n++] = (struct figure){ "repeated", "messages sent again",
		count_of(&c->repeated) };
	ret[n++] =
	    (struct figure){ "busy", "messages put off", count_of(&c->busy) };
	ret[n++] = (struct figure){ "delivered", "copies receipted",
		count_of(&c->delivered) };
	ret[n++] =
	    (struct figure){ "commits", "commits", count_of(&c->commits) };
	return n;
}

#define FIGURES_MAX 20

static size_t list_figures(struct office *o, struct figure *ret)
{
	_cleanup_book_ struct book *b = books_current(o->books);
	struct store_stats stats;
	size_t n = 0;

	store_stats(o->store, &stats);
	ret[n++] = (struct figure){ "policy", "policy number", b->number };
	ret[n++] =
	    (struct figure){ "texts", "texts published", b->files_count };
	ret[n++] = (struct figure){ "partners", "partners enrolled",
		b->partners_count };
	ret[n++] = (struct figure){ "entries", "entries of the log",
		record_size(o->record) };
	ret[n++] =
	    (struct figure){ "full", "store full, per cent", stats.fill };
	ret[n++] = (struct figure){ "store-bytes", "bytes of the store",
		stats.used_bytes };
	if (o->x)
		n += add_running(o->x, ret + n);
	return n;
}

void office_status(
    struct office *o, const struct request *request, struct reply *ret)
{
	struct figure figures[FIGURES_MAX];
	size_t count = list_figures(o, figures);
	const char *fault = store_fault(o->store);

	ret->code = fault ? EXIT_NO : EXIT_YES;
	if (request->json) {
		buf_add_str(&ret->out, "{\"name\":");
		json_add(&ret->out, o->settings->name);
		buf_add_str(&ret->out, ",\"log\":");
		json_add(&ret->out, record_origin(o->record));
		buf_addf(&ret->out,
		    ",\"running\":%s,\"listen\":", o->x ? "true" : "false");
		json_add(&ret->out, o->settings->listen);
		buf_add_str(&ret->out, ",\"fault\":");
		json_add(&ret->out, fault);
		for (size_t i = 0; i < count; i++)
			buf_addf(&ret->out, ",\"%s\":%llu", figures[i].key,
			    (unsigned long long)figures[i].value);
		buf_add_str(&ret->out, "}\n");
		return;
	}
	buf_addf(&ret->out, "%-28s %s\n", "exchange", o->settings->name);
	buf_addf(&ret->out, "%-28s %s\n", "log", record_origin(o->record));
	buf_addf(&ret->out, "%-28s %s\n", "running",
	    o->x ? o->settings->listen : "no");
	if (fault)
		buf_addf(&ret->out, "%-28s %s\n", "damage", fault);
	for (size_t i = 0; i < count; i++)
		buf_addf(&ret->out, "%-28s %llu\n", figures[i].words,
		    (unsigned long long)figures[i].value);
}

/* ---- partners --------------------------------------------------------- */

struct partner_look {
	const char *name, *state;
	const char *kind, *clearance; /* NULL: no agreement says */
	bool connected;
	uint64_t waiting, in_flight, bytes, refused;
};

static const char *state_of(const struct book_partner *p)
{
	if (p->suspended)
		return "suspended";
	if (!p->enrolled)
		return "not enrolled";
	return p->disputed ? "disputed" : "enrolled";
}

/* What agreements say of it; the identities of all agreements agree. */
static void find_identity(
    const struct book *b, struct arena *arena, struct partner_look *ret)
{
	struct policy_identity *list;

	for (size_t i = 0; i < policy_agreements(b->policy); i++) {
		size_t count = policy_identities(b->policy, i, arena, &list);

		for (size_t k = 0; k < count; k++) {
			if (strcmp(list[k].partner, ret->name))
				continue;
			ret->kind = list[k].kind;
			ret->clearance = list[k].clearance;
			return;
		}
	}
}

static struct partner_look look_at(struct office *o, const struct book *b,
    const struct book_partner *p, struct arena *arena)
{
	struct partner_look look = { .name = p->name, .state = state_of(p) };
	struct store_txn *t;

	find_identity(b, arena, &look);
	if (store_read(o->store, &t) == 0) {
		(void)ledger_queue_count(t, p->name, &look.waiting);
		store_end(t);
	}
	if (o->x) {
		struct deliver_look out;
		struct quota_use use;

		deliver_look(o->x->deliver, p->name, &out);
		quota_look(
		    o->x->quota, quota_account(o->x->quota, p->name), &use);
		look.connected = out.peer != 0;
		look.in_flight = out.in_flight;
		look.bytes = use.queued;
		look.refused = use.refused;
	}
	return look;
}

static void print_json(
    const struct partner_look *p, bool first, struct buf *out)
{
	buf_addf(out, "%s{\"partner\":", first ? "" : ",");
	json_add(out, p->name);
	buf_add_str(out, ",\"state\":");
	json_add(out, p->state);
	buf_add_str(out, ",\"kind\":");
	json_add(out, p->kind);
	buf_add_str(out, ",\"clearance\":");
	json_add(out, p->clearance);
	buf_addf(out,
	    ",\"connected\":%s,\"waiting\":%llu,\"in-flight\":%llu,"
	    "\"queued-bytes\":%llu,\"refused-frames\":%llu}",
	    p->connected ? "true" : "false", (unsigned long long)p->waiting,
	    (unsigned long long)p->in_flight, (unsigned long long)p->bytes,
	    (unsigned long long)p->refused);
}

static void print_text(const struct partner_look *p, struct buf *out)
{
	buf_addf(out, "%-32s %-12s %-22s %-20s %-5s %10llu %10llu\n", p->name,
	    p->state, p->kind ? p->kind : "-",
	    p->clearance ? p->clearance : "-", p->connected ? "yes" : "no",
	    (unsigned long long)p->waiting, (unsigned long long)p->refused);
}

void office_partners(
    struct office *o, const struct request *request, struct reply *ret)
{
	_cleanup_book_ struct book *b = books_current(o->books);
	struct arena arena = { 0 };

	ret->code = EXIT_YES;
	if (request->json)
		buf_add_str(&ret->out, "{\"partners\":[");
	else
		buf_addf(&ret->out, "%-32s %-12s %-22s %-20s %-5s %10s %10s\n",
		    "PARTNER", "STATE", "KIND", "CLEARANCE", "HERE", "WAITING",
		    "REFUSED");
	for (size_t i = 0; i < b->partners_count; i++) {
		struct partner_look look =
		    look_at(o, b, &b->partners[i], &arena);

		if (request->json)
			print_json(&look, i == 0, &ret->out);
		else
			print_text(&look, &ret->out);
	}
	if (request->json)
		buf_add_str(&ret->out, "]}\n");
	arena_deinit(&arena);
}
