/*
 * The network thread's loop: everything that arrives goes to intake.c,
 * everything that leaves was posted here.
 *
 * What a peer does not read waits in its session's backlog, which is bounded:
 * past that the session is forgotten, and what mattered is still in the store.
 */

#include "broker/net.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "broker/deliver.h"
#include "broker/intake.h"
#include "broker/policies.h"
#include "broker/say.h"
#include "util/clock.h"
#include "util/mem.h"

#define TICK_MS 1000
#define FRAMES_A_TURN 256 /* received before what was posted is sent */

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

void net_send(struct net *n, uint32_t peer, const struct frame *frame)
{
	struct buf bytes = { 0 };

	frame_pack(frame, &bytes);
	send_to(n, peer, &bytes);
}

void net_busy(struct net *n, uint32_t peer, const char *reason)
{
	struct frame frame = {
		.kind = FRAME_BUSY,
		.busy = { .retry_ms = EXCHANGE_RETRY_MS,
		    .reason = slice_str(reason) },
	};

	net_send(n, peer, &frame);
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

void net_nudge(struct net *n)
{
	if (__atomic_load_n(&n->waiting, __ATOMIC_RELAXED))
		link_server_wake(n->link);
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
		intake_frame(n, &frame);
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
		intake_waiting(n);
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
