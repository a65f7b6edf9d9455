/*
 * The thread that empties the outlets.
 *
 * The store is the queue: an outlet remembers only how far it has read in each
 * lane, and forgets even that when its partner goes away. The thread takes the
 * outlets that something happened to in turn, one frame each, so that a partner
 * with a long queue does not keep the others waiting.
 *
 * A reader of the store is open while one frame is made, never while waiting.
 */

#include "broker/outlet.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/net.h"
#include "broker/say.h"
#include "util/clock.h"
#include "util/mem.h"

#define FRAME_FULL (1u << 20) /* a frame is sent when it holds so much */
#define FRAME_ROOM (FRAME_BYTES_MAX - (64u << 10)) /* for copies, at most */
#define RING_FULL_US 2000u /* before stale copies are offered again */
#define STALE_MAX 64u      /* copies of a partner being decided again */

/* ---- one frame (without the lock) ------------------------------------- */

/* What the thread works with while it makes one frame for one outlet. */
struct load {
	struct exchange *x;
	struct book *book;
	char partner[TEXT_NAME_MAX + 1];
	uint32_t peer;
	uint64_t after[LEDGER_LANES];
	size_t credit, credit_bytes;
	struct buf checkpoint;
	uint64_t size; /* of the log at the checkpoint */
	int32_t today;
	struct arena arena;
	struct frame_deliver_row *rows;
	struct flight *flights;
	size_t count, bytes;
	uint64_t stale[STALE_MAX];
	size_t stale_count;
	bool more;   /* the queue may have more than was taken */
	bool broken; /* a copy cannot be made */
};

static bool is_stale(
    const struct load *l, const struct ledger_copy *copy, const struct row *row)
{
	return copy->message != 0 &&
	       (copy->policy != l->book->number || row->day != l->today);
}

static bool prove(struct load *l, struct store_txn *t, const struct row *row,
    struct slice *ret_entry, struct slice *ret_path)
{
	_cleanup_buf_ struct buf entry = { 0 };
	struct merkle_proof *proof = arena_new(&l->arena, struct merkle_proof);

	if (ledger_entry(t, row->entry, &entry) != 0 ||
	    record_prove(l->x->record, row->entry, l->size, proof) != 0)
		return false;
	*ret_entry = arena_slice(&l->arena, buf_slice(&entry));
	*ret_path = slice_of(proof->hashes, proof->count * HASH_BYTES);
	return true;
}

/* The copy as it was decided: promise 2 is checked here once more, with the
 * digest that the log committed to. */
static bool make_body(struct load *l, struct store_txn *t,
    const struct ledger_copy *copy, const struct row *row, struct buf *out)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	struct arena arena = { 0 };
	struct envelope e;
	uint8_t digest[HASH_BYTES];
	struct why why;
	bool ok;

	ok = deliver_take_fresh(l->x->deliver, l->partner, copy->number, out);
	if (!ok) {
		ok = ledger_message(t, copy->message, &bytes) == 0 &&
		     envelope_open(buf_slice(&bytes), &e, &why) &&
		     envelope_slots(&e, &arena, &why) &&
		     row_body(row, &e, &arena, out, &why);
		arena_deinit(&arena);
	}
	if (!ok)
		return false;
	copy_body_digest(buf_slice(out), digest);
	return !memcmp(digest, row->digest, HASH_BYTES);
}

static bool load_copy(struct load *l, struct store_txn *t,
    const struct ledger_copy *copy, const struct row *row)
{
	struct frame_deliver_row *made = &l->rows[l->count];
	_cleanup_buf_ struct buf body = { 0 }, packed = { 0 };
	struct slice entry, path;

	if (!prove(l, t, row, &entry, &path))
		return false;
	*made = (struct frame_deliver_row){ .number = copy->number };
	if (copy->message == 0) {
		made->digest =
		    arena_slice(&l->arena, slice_of(row->digest, HASH_BYTES));
		made->entry = entry;
		made->index = row->entry;
		made->path = path;
	} else {
		if (!make_body(l, t, copy, row, &body))
			return false;
		copy_pack(buf_slice(&body), entry, row->entry, path, &packed);
		made->copy = arena_slice(&l->arena, buf_slice(&packed));
	}
	l->flights[l->count++] = (struct flight){
		.copy = copy->number,
		.bytes = made->copy.len + made->entry.len + made->path.len,
	};
	l->bytes += l->flights[l->count - 1].bytes;
	return true;
}

/* Whether one more copy may go into the frame. The first always may. */
static bool has_credit(const struct load *l)
{
	return l->count < l->credit && l->stale_count < STALE_MAX &&
	       (l->count == 0 || l->bytes < FRAME_FULL) &&
	       (l->count == 0 || l->bytes < l->credit_bytes);
}

/* Whether the copy loaded last still fits the frame; it is put back if not. */
static bool fits(struct load *l)
{
	if (l->count <= 1 || l->bytes <= FRAME_ROOM)
		return true;
	l->bytes -= l->flights[--l->count].bytes;
	l->more = true;
	return false;
}

/* Take the next copy: into the frame, or among those to be decided again. A
 * frame has only fresh copies before the first stale one. */
static bool take_next(struct load *l, struct store_txn *t)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	uint64_t before[LEDGER_LANES];
	struct ledger_copy copy;
	struct row row;

	memcpy(before, l->after, sizeof(before));
	if (ledger_queue_next(t, l->partner, l->after, &bytes, &copy) != 0)
		return false;
	l->broken = !row_parse(copy.decision, &l->arena, &row);
	if (!l->broken && row.entry < l->size) {
		if (is_stale(l, &copy, &row)) {
			l->more = true;
			if (l->count == 0)
				l->stale[l->stale_count++] = copy.number;
			else
				memcpy(l->after, before, sizeof(before));
			return l->count == 0;
		}
		if (l->stale_count == 0) {
			l->broken = !load_copy(l, t, &copy, &row);
			if (!l->broken && fits(l))
				return true;
		}
	}
	/* Not yet in the log that the checkpoint signs, or after stale ones,
	 * or broken: the next frame begins here. */
	memcpy(l->after, before, sizeof(before));
	return false;
}

static void fill(struct load *l)
{
	struct store_txn *t;

	l->size = record_checkpoint(l->x->record, &l->checkpoint);
	l->rows =
	    arena_array(&l->arena, FRAME_DELIVER_MAX, struct frame_deliver_row);
	l->flights = arena_array(&l->arena, FRAME_DELIVER_MAX, struct flight);
	l->today = clock_london_day(clock_now());
	if (store_read(l->x->store, &t) != 0)
		return;
	while (has_credit(l) && take_next(l, t))
		;
	if (!has_credit(l))
		l->more = true;
	store_end(t);
}

static void send_frame(struct load *l)
{
	struct frame frame = {
		.kind = FRAME_DELIVER,
		.deliver = { .checkpoint = buf_slice(&l->checkpoint),
		    .rows = l->rows,
		    .count = l->count },
	};
	struct buf bytes = { 0 };

	if (l->count == 0)
		return;
	frame_pack(&frame, &bytes);
	net_post(l->x->net, l->peer, &bytes);
	buf_deinit(&bytes);
}

/* The ones that found no slot in the ring are tried again with the next. */
static size_t put_stale(struct load *l)
{
	size_t put = 0;

	for (size_t i = 0; i < l->stale_count; i++) {
		struct job *job = job_new(JOB_STALE, l->partner, l->x->quota);
		void *slot = job;

		job->account = quota_account(l->x->quota, l->partner);
		job->stale.copy = l->stale[i];
		if (ring_put(l->x->ring, &slot, 1) != 0) {
			job_free(job);
			break;
		}
		put++;
	}
	if (put < l->stale_count)
		usleep(RING_FULL_US);
	return put;
}

/* ---- the thread ------------------------------------------------------- */

static struct outlet *next_outlet(struct deliver *d)
{
	struct outlet *o;

	while (!d->first && !d->stopping)
		pthread_cond_wait(&d->work, &d->lock);
	if (d->stopping)
		return NULL;
	o = d->first;
	d->first = o->next;
	if (!d->first)
		d->last = NULL;
	o->dirty = false;
	return o;
}

/* With the lock: whether there is anything to do for @o now. */
static bool begin(struct deliver *d, struct outlet *o, struct load *l)
{
	if (o->peer == 0 || o->stale > 0 || o->blocked ||
	    o->flights_count == DELIVER_CREDIT ||
	    (o->flights_count > 0 && o->flights_bytes >= DELIVER_BYTES))
		return false;
	l->x = d->x;
	l->peer = o->peer;
	l->credit = DELIVER_CREDIT - o->flights_count;
	l->credit_bytes = DELIVER_BYTES - o->flights_bytes;
	snprintf(l->partner, sizeof(l->partner), "%s", o->partner);
	memcpy(l->after, o->after, sizeof(l->after));
	o->rewound = false;
	/* Counted before the jobs exist: they may be done before we are. */
	o->stale = 1;
	return true;
}

/* With the lock: what became of it, and whether the frame is to be sent. What
 * was rewound meanwhile begins again from the start. */
static bool end(struct deliver *d, struct outlet *o, const struct load *l)
{
	o->stale--;
	if (o->rewound) {
		outlet_touch(d, o);
		return false;
	}
	if (l->broken)
		o->blocked = true;
	if (l->stale_count == 0)
		memcpy(o->after, l->after, sizeof(o->after));
	for (size_t i = 0; i < l->count; i++)
		o->flights[o->flights_count++] = l->flights[i];
	o->flights_bytes += l->bytes;
	if (l->more && o->stale == 0)
		outlet_touch(d, o);
	return true;
}

/* Nothing goes to a suspended partner (rule 6); its queue waits. */
static bool may_receive(const struct load *l)
{
	const struct book_partner *p = book_partner(l->book, l->partner);

	return p && book_admits(p);
}

static void serve(struct deliver *d, struct outlet *o)
{
	struct load l = { 0 };
	size_t put;
	bool send;

	if (!begin(d, o, &l))
		return;
	pthread_mutex_unlock(&d->lock);
	l.book = books_current(d->x->books);
	if (may_receive(&l))
		fill(&l);
	if (l.broken)
		say_partner(LOG_ERROR, l.partner,
		    "a waiting copy cannot be made as it was decided: run "
		    "'caveat-broker check'");
	pthread_mutex_lock(&d->lock);
	o->stale += l.stale_count;
	pthread_mutex_unlock(&d->lock);
	put = put_stale(&l);
	pthread_mutex_lock(&d->lock);
	o->stale -= l.stale_count - put;
	send = end(d, o, &l);
	pthread_mutex_unlock(&d->lock);
	if (send)
		send_frame(&l);
	book_unref(l.book);
	buf_deinit(&l.checkpoint);
	arena_deinit(&l.arena);
	pthread_mutex_lock(&d->lock);
}

void deliver_run(struct deliver *d)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	while ((o = next_outlet(d)))
		serve(d, o);
	pthread_mutex_unlock(&d->lock);
}
