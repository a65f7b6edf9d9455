/*
 * The network thread's loop. A frame is looked at just far enough to know what
 * it is and whom to charge: admission, kind, shape; then it becomes jobs in the
 * ring. Everything else comes back as posted frames.
 *
 * What a peer does not read waits in its session's backlog, which is bounded:
 * past that the session is forgotten, and what mattered is still in the store.
 */

#include "broker/net.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "broker/admit.h"
#include "broker/deliver.h"
#include "broker/exchange.h"
#include "broker/policies.h"
#include "broker/say.h"
#include "util/clock.h"
#include "util/mem.h"

#define TICK_MS 1000
#define FRAMES_A_TURN 256 /* received before what was posted is sent */

struct posted {
	uint32_t peer;
	struct buf frame;  /* empty: */
	struct book *book; /* policies for every session */
};

struct net {
	struct exchange *x;
	struct link_server *link;
	struct admit *admit;
	struct book *book; /* in force, while frames are looked at */
	int64_t ticked;
	bool stopping;            /* atomic */
	uint64_t frames, shunned; /* atomic */
	uint64_t unknown;         /* handshakes refused, when last said */
	pthread_mutex_t lock;
	struct posted *posted;
	size_t posted_count, posted_cap;
};

/* ---- posting: any thread ---------------------------------------------- */

static void post(struct net *n, struct posted posted)
{
	bool first;

	pthread_mutex_lock(&n->lock);
	first = n->posted_count == 0;
	*mem_push(n->posted, n->posted_count, n->posted_cap) = posted;
	pthread_mutex_unlock(&n->lock);
	if (first)
		link_server_wake(n->link);
}

void net_post(struct net *n, uint32_t peer, struct buf *frame)
{
	post(n, (struct posted){ .peer = peer, .frame = *frame });
	*frame = (struct buf){ 0 };
}

void net_post_policies(struct net *n, struct book *b)
{
	post(n, (struct posted){ .book = b });
}

/* ---- sending ---------------------------------------------------------- */

static void end_session(struct net *n, struct session *s, const char *why)
{
	say_partner(LOG_INFO, s->partner, "partner disconnected: %s", why);
	deliver_disconnect(n->x->deliver, s->partner, s->peer);
	admit_close(n->admit, s);
}

static void keep(struct net *n, struct session *s, struct buf *frame)
{
	if (s->backlog_count == NET_BACKLOG_MAX) {
		end_session(n, s, "it does not read what it is sent");
		return;
	}
	*mem_push(s->backlog, s->backlog_count, s->backlog_cap) = *frame;
	*frame = (struct buf){ 0 };
}

static void send_to(struct net *n, uint32_t peer, struct buf *frame)
{
	struct session *s = admit_session(n->admit, peer);
	int r;

	if (s && s->backlog_count > 0) {
		keep(n, s, frame);
	} else {
		r = link_server_send(n->link, peer, frame);
		if (r == LINK_FULL && s)
			keep(n, s, frame);
		else if (r == LINK_GONE && s)
			end_session(n, s, "the connection is gone");
	}
	buf_deinit(frame);
}

/* True while the session is still there. */
static bool flush_session(struct net *n, struct session *s)
{
	size_t sent = 0;
	int r = LINK_OK;

	while (sent < s->backlog_count) {
		r = link_server_send(n->link, s->peer, &s->backlog[sent]);
		if (r != LINK_OK)
			break;
		sent++;
	}
	for (size_t i = 0; i < sent; i++)
		buf_deinit(&s->backlog[i]);
	s->backlog_count -= sent;
	memmove(s->backlog, s->backlog + sent,
	    s->backlog_count * sizeof(*s->backlog));
	return r != LINK_GONE;
}

static void flush_backlogs(struct net *n)
{
	struct session *s;
	size_t pos = 0;

	while ((s = admit_next(n->admit, &pos))) {
		if (s->backlog_count == 0 || flush_session(n, s))
			continue;
		end_session(n, s, "the connection is gone");
		pos = 0;
	}
}

static void send_policies(struct net *n, const struct book *b)
{
	struct session *s;
	size_t pos = 0;

	while ((s = admit_next(n->admit, &pos))) {
		const struct book_partner *p = book_partner(b, s->partner);

		if (p && book_admits(p))
			policies_post(n, s->peer, b);
	}
}

static void send_posted(struct net *n)
{
	struct posted *posted;
	size_t count;

	pthread_mutex_lock(&n->lock);
	posted = n->posted;
	count = n->posted_count;
	n->posted = NULL;
	n->posted_count = n->posted_cap = 0;
	pthread_mutex_unlock(&n->lock);
	for (size_t i = 0; i < count; i++) {
		if (!posted[i].book) {
			send_to(n, posted[i].peer, &posted[i].frame);
			continue;
		}
		send_policies(n, posted[i].book);
		book_unref(posted[i].book);
	}
	free(posted);
}

static void send_frame(struct net *n, uint32_t peer, const struct frame *frame)
{
	struct buf bytes = { 0 };

	frame_pack(frame, &bytes);
	send_to(n, peer, &bytes);
}

static void send_busy(struct net *n, uint32_t peer, const char *reason)
{
	struct frame frame = {
		.kind = FRAME_BUSY,
		.busy = { .retry_ms = EXCHANGE_RETRY_MS,
		    .reason = slice_str(reason) },
	};

	send_frame(n, peer, &frame);
}

/* ---- refusing --------------------------------------------------------- */

/* Answer, charge, and leave word for the log's summary. */
static void refuse(struct net *n, const struct link_frame *in,
    enum frame_code code, const char *reason)
{
	struct quota_account *account = quota_account(n->x->quota, in->partner);
	struct frame frame = {
		.kind = FRAME_ERROR,
		.error = { .code = code },
	};
	struct job *job;
	void *slot;

	exchange_count(&n->x->counts.refused, 1);
	if (!quota_refusal(n->x->quota, account, clock_monotonic()))
		return;
	job = job_new(JOB_REFUSAL, in->partner, n->x->quota);
	frame.error.text = reason_clean(&job->arena, reason, FRAME_REASON_MAX);
	job->reason = arena_strn(
	    &job->arena, frame.error.text.data, frame.error.text.len);
	send_frame(n, in->peer, &frame);
	slot = job;
	if (quota_charge(n->x->quota, account, QUOTA_RING, 1, &job->slot) ||
	    ring_put(n->x->ring, &slot, 1))
		job_free(job);
}

/* ---- frames into jobs ------------------------------------------------- */

/* Put @count jobs in the ring, or free them and say busy. */
static void put_jobs(
    struct net *n, uint32_t peer, struct job *const *jobs, size_t count)
{
	if (ring_put(n->x->ring, (void *const *)jobs, count) == 0)
		return;
	for (size_t i = 0; i < count; i++)
		job_free(jobs[i]);
	send_busy(n, peer, "the exchange is busy");
}

static struct job *make_job(
    struct net *n, enum job_kind kind, const struct link_frame *in)
{
	struct job *job = job_new(kind, in->partner, n->x->quota);

	job->peer = in->peer;
	job->account = quota_account(n->x->quota, in->partner);
	return job;
}

/* A job for each envelope, each charged with a slot. */
static void take_submit(struct net *n, struct hold *hold, struct frame *frame)
{
	const struct frame_submit *submit = &frame->submit;
	struct job *jobs[FRAME_SUBMIT_MAX];
	bool charged = true;
	size_t count;

	for (count = 0; count < submit->count && charged; count++) {
		struct job *job = make_job(n, JOB_MESSAGE, &hold->frame);

		job->hold = hold_ref(hold);
		job->message.bytes = submit->envelopes[count];
		jobs[count] = job;
		charged = quota_charge(n->x->quota, job->account, QUOTA_RING, 1,
			      &job->slot) == 0;
	}
	if (charged) {
		put_jobs(n, hold->frame.peer, jobs, count);
		return;
	}
	while (count > 0)
		job_free(jobs[--count]);
	send_busy(n, hold->frame.peer, "your messages in work are too many");
}

static void take_receipt(struct net *n, struct hold *hold, struct frame *frame)
{
	struct job *job = make_job(n, JOB_RECEIPT, &hold->frame);

	job->hold = hold_ref(hold);
	job->receipt.frame = frame->receipt;
	if (quota_charge(
		n->x->quota, job->account, QUOTA_RING, 1, &job->slot)) {
		job_free(job);
		send_busy(n, hold->frame.peer,
		    "your frames in work are too "
		    "many");
		return;
	}
	put_jobs(n, hold->frame.peer, &job, 1);
}

/* The session of another connection of the same partner, if it still lives. A
 * harmless frame to a dead one fails. */
static bool is_clone(struct net *n, const struct link_frame *in)
{
	struct session *old = admit_partner(n->admit, in->partner);

	if (!old || old->peer == in->peer)
		return false;
	send_busy(n, old->peer, "are you there?");
	return admit_partner(n->admit, in->partner) != NULL;
}

static void take_hello(struct net *n, struct hold *hold, struct frame *frame)
{
	const struct link_frame *in = &hold->frame;
	struct job *job;

	if (is_clone(n, in)) {
		refuse(n, in, FRAME_CLONE,
		    "another session is open under this key");
		say_partner(LOG_WARN, in->partner,
		    "refused a second session under one key");
		return;
	}
	if (!admit_partner(n->admit, in->partner))
		admit_open(n->admit, in->partner, in->peer);
	job = make_job(n, JOB_HELLO, in);
	job->hello.frame = frame->hello;
	if (quota_charge(
		n->x->quota, job->account, QUOTA_RING, 1, &job->slot)) {
		job_free(job);
		send_busy(n, in->peer, "your frames in work are too many");
		return;
	}
	put_jobs(n, in->peer, &job, 1);
}

static const struct {
	void (*take)(struct net *n, struct hold *hold, struct frame *frame);
	bool before_hello;
} kinds[] = {
	[FRAME_HELLO] = { take_hello, true },
	[FRAME_SUBMIT] = { take_submit, false },
	[FRAME_RECEIPT] = { take_receipt, false },
	[FRAME_ACT] = { NULL, false },
};

static bool is_reserved(enum frame_kind kind)
{
	return kind == FRAME_CHECKPOINT || kind == FRAME_COSIGNATURE ||
	       kind == FRAME_ACT;
}

/* Whether the frame may be read at all; answered when not. */
static bool check_kind(
    struct net *n, const struct link_frame *in, enum frame_kind kind)
{
	if (is_reserved(kind)) {
		refuse(n, in, FRAME_NOT_YET,
		    "this exchange does not take such frames yet");
		return false;
	}
	if ((size_t)kind >= ARRAY_LEN(kinds) || !kinds[kind].take) {
		refuse(n, in, FRAME_MALFORMED, "not a frame from an agent");
		return false;
	}
	if (!kinds[kind].before_hello && !admit_session(n->admit, in->peer)) {
		refuse(n, in, FRAME_HELLO_FIRST, "say hello first");
		return false;
	}
	return true;
}

static void take_frame(struct net *n, struct hold *hold)
{
	const struct link_frame *in = &hold->frame;
	enum frame_kind kind = frame_peek(in->bytes);
	struct frame frame;
	struct why why;

	if (!check_kind(n, in, kind))
		return;
	if (quota_charge(n->x->quota, quota_account(n->x->quota, in->partner),
		QUOTA_MEMORY, in->bytes.len, &hold->memory)) {
		send_busy(n, in->peer, "your frames in work are too large");
		return;
	}
	if (!frame_parse(in->bytes, &hold->arena, &frame, &why)) {
		refuse(n, in, FRAME_MALFORMED, why.text);
		return;
	}
	kinds[kind].take(n, hold, &frame);
}

static void on_frame(struct net *n, struct link_frame *in)
{
	struct quota_account *account = quota_account(n->x->quota, in->partner);
	struct hold *hold;
	struct why why;
	int code;

	__atomic_add_fetch(&n->frames, 1, __ATOMIC_RELAXED);
	if (quota_shunned(n->x->quota, account, clock_monotonic())) {
		__atomic_add_fetch(&n->shunned, 1, __ATOMIC_RELAXED);
		link_frame_deinit(in);
		return;
	}
	code = admit_frame(n->book, in, &why);
	if (code != ADMIT_OK) {
		refuse(n, in, (enum frame_code)code, why.text);
		link_frame_deinit(in);
		return;
	}
	hold = hold_new(in, n->x->quota);
	take_frame(n, hold);
	hold_unref(hold);
}

/* ---- life ------------------------------------------------------------- */

static bool on_admit(void *ctx, const uint8_t public[KEY_BYTES],
    char ret_partner[TEXT_NAME_MAX + 1])
{
	struct net *n = ctx;
	_cleanup_book_ struct book *b = books_current(n->x->books);

	return admit_key(b, public, ret_partner);
}

int net_new(struct exchange *x, const uint8_t secret[KEY_BYTES],
    struct net **ret, struct why *why)
{
	struct net *n = mem_alloc(sizeof(*n));
	struct link_server_config config = {
		.endpoint = x->settings->listen,
		.secret = secret,
		.admit = on_admit,
		.ctx = n,
	};
	int r;

	n->x = x;
	n->admit = admit_new();
	pthread_mutex_init(&n->lock, NULL);
	r = link_server_new(&config, &n->link, why);
	if (r != 0) {
		net_free(n);
		return r;
	}
	*ret = n;
	return 0;
}

struct net *net_free(struct net *n)
{
	if (!n)
		return NULL;
	for (size_t i = 0; i < n->posted_count; i++) {
		buf_deinit(&n->posted[i].frame);
		book_unref(n->posted[i].book);
	}
	free(n->posted);
	admit_free(n->admit);
	link_server_free(n->link);
	pthread_mutex_destroy(&n->lock);
	free(n);
	return NULL;
}

void net_stop(struct net *n)
{
	__atomic_store_n(&n->stopping, true, __ATOMIC_RELAXED);
	link_server_wake(n->link);
}

/* Once a second: what the committer has to write down without being asked, and
 * handshakes that nobody knows. */
static void tick(struct net *n)
{
	struct link_counts counts = link_server_counts(n->link);
	int64_t now = clock_monotonic();
	struct job *job;
	void *slot;

	if (now - n->ticked < TICK_MS)
		return;
	n->ticked = now;
	if (counts.refused > n->unknown) {
		log_say(LOG_WARN, NULL,
		    "refused %llu handshakes of keys that are not enrolled",
		    (unsigned long long)(counts.refused - n->unknown));
		n->unknown = counts.refused;
	}
	if (!__atomic_load_n(&n->x->refusals_pending, __ATOMIC_RELAXED) &&
	    record_kept(n->x->record))
		return;
	job = job_new(JOB_TICK, "", n->x->quota);
	slot = job;
	if (ring_put(n->x->ring, &slot, 1) != 0)
		job_free(job);
}

static int receive(struct net *n)
{
	struct link_frame frame;
	int r = LINK_EMPTY;

	n->book = books_current(n->x->books);
	for (int i = 0; i < FRAMES_A_TURN; i++) {
		r = link_server_recv(n->link, &frame);
		if (r != LINK_OK)
			break;
		on_frame(n, &frame);
	}
	n->book = book_unref(n->book);
	return r < 0 ? r : 0;
}

int net_run(struct net *n)
{
	int r = 0;

	while (r >= 0 && !__atomic_load_n(&n->stopping, __ATOMIC_RELAXED)) {
		r = link_server_wait(n->link, TICK_MS);
		if (r >= 0)
			r = receive(n);
		send_posted(n);
		flush_backlogs(n);
		tick(n);
	}
	return r < 0 ? r : 0;
}

void net_drain(struct net *n, int ms)
{
	int64_t until = clock_monotonic() + ms;
	struct session *s;
	bool left = true;

	while (left && clock_monotonic() < until) {
		size_t pos = 0;

		send_posted(n);
		flush_backlogs(n);
		left = false;
		while ((s = admit_next(n->admit, &pos)))
			left = left || s->backlog_count > 0;
		if (left)
			(void)link_server_wait(n->link, 10);
	}
}

void net_look(struct net *n, struct net_counts *ret)
{
	ret->frames = __atomic_load_n(&n->frames, __ATOMIC_RELAXED);
	ret->shunned = __atomic_load_n(&n->shunned, __ATOMIC_RELAXED);
}

const char *net_endpoint(const struct net *n)
{
	return link_server_endpoint(n->link);
}
