/*
 * One session with the broker, from hello to the end of the connection.
 *
 * After the welcome, all messages without an answer are sent in the order of
 * their numbers, at most KEEPER_WINDOW ahead of the answers; a session that
 * ends forgets what it sent, and the next begins again. The broker answers what
 * it has seen before with the same answer, so that sending twice costs only
 * bytes.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agents/keeper-own.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define SUBMIT_BYTES (FRAME_BYTES_MAX - (64u << 10)) /* of envelopes */

void session_send(struct keeper *k, const struct frame *frame)
{
	struct buf bytes = { 0 };

	frame_pack(frame, &bytes);
	net_send(k->net, &bytes);
}

/* ---- hello and welcome ------------------------------------------------ */

void session_hello(struct keeper *k)
{
	struct frame frame = { .kind = FRAME_HELLO };
	struct store_txn *t;
	int r = store_read(k->store, &t);

	if (r < 0) {
		keeper_fail(k, "the store cannot be read", r);
		return;
	}
	frame.hello.epoch = (uint32_t)store_counter(t, MAILBOX_EPOCH);
	frame.hello.number = store_counter(t, MAILBOX_NUMBER);
	frame.hello.copy = store_counter(t, MAILBOX_COPY);
	/* Without usable rules, ask for them again. */
	frame.hello.policy = k->rules ? store_counter(t, MAILBOX_POLICY) : 0;
	store_end(t);
	k->session = (struct session){ 0 };
	policies_drop(k);
	session_send(k, &frame);
}

static void set_connected(struct keeper *k, bool connected)
{
	pthread_mutex_lock(&k->lock);
	k->status.connected = connected;
	if (connected)
		k->status.trouble[0] = '\0';
	k->status.in_flight = 0;
	pthread_mutex_unlock(&k->lock);
}

/* The broker proves itself by its CURVE key; that it speaks for the log we
 * trust is what our own broker.pub says. */
static bool check_welcome(struct keeper *k, const struct frame_welcome *w)
{
	char vkey[VKEY_TEXT_MAX];

	vkey_format(&k->id->broker.log, vkey);
	if (slice_is(w->exchange, k->id->broker.exchange) &&
	    slice_is(w->vkey, vkey) && w->epoch > 0)
		return true;
	keeper_trouble(
	    k, "the broker says it keeps another log than broker.pub names");
	log_say(LOG_ERROR, NULL,
	    "the broker says it is '%.*s' with the log key '%.*s'; broker.pub"
	    " says '%s' with '%s': nothing is exchanged with it",
	    SLICE_ARG(w->exchange), SLICE_ARG(w->vkey), k->id->broker.exchange,
	    vkey);
	return false;
}

/* 0, or what the store said. */
static int take_epoch(struct keeper *k, const struct frame_welcome *w)
{
	struct store_txn *t;
	uint32_t ours;
	int r = store_begin(k->store, &t);

	if (r < 0)
		return r;
	ours = (uint32_t)store_counter(t, MAILBOX_EPOCH);
	if (ours == w->epoch) {
		store_end(t);
		return 0;
	}
	mailbox_epoch_set(t, w->epoch, w->number);
	r = store_commit(t);
	if (r == 0)
		log_say(ours ? LOG_WARN : LOG_INFO, NULL,
		    "messages are numbered in epoch %u from now on%s", w->epoch,
		    ours ? ": the broker has accepted numbers that this store"
			   " does not know of, as after a restore"
			 : "");
	return r;
}

static void on_welcome(struct keeper *k, const struct frame *frame)
{
	const struct frame_welcome *w = &frame->welcome;
	int64_t skew = w->now - clock_now();
	int r;

	if (!check_welcome(k, w))
		return;
	if (skew > KEEPER_SKEW_MS || skew < -KEEPER_SKEW_MS)
		log_say(LOG_WARN, NULL,
		    "the broker's clock is %" PRId64
		    " s ahead of ours: one of them is wrong",
		    skew / 1000);
	r = take_epoch(k, w);
	if (r < 0) {
		keeper_fail(k, "the epoch cannot be stored", r);
		return;
	}
	if (r == STORE_FULL) {
		k->session.again = clock_monotonic() + KEEPER_AGAIN_MS;
		return;
	}
	k->session.welcomed = true;
	set_connected(k, true);
	log_say(LOG_INFO, NULL, "connected to %s", k->id->broker.exchange);
}

/* ---- submit ----------------------------------------------------------- */

struct bundle {
	struct buf rows[KEEPER_GROUP];
	struct slice envelopes[KEEPER_GROUP];
	size_t count, bytes;
	struct mailbox_number last;
};

/* Fill @b with the next messages without an answer. */
static int fill_bundle(struct keeper *k, struct bundle *b)
{
	struct mailbox_number id = k->session.cursor;
	struct store_txn *t;
	int r = store_read(k->store, &t);

	b->last = id;
	while (r == 0 && b->count < KEEPER_GROUP &&
	       k->session.in_flight + b->count < KEEPER_WINDOW) {
		struct buf *row = &b->rows[b->count];
		struct outbox_row parts;

		r = mailbox_outbox_pending(t, &id);
		if (r == 0)
			r = mailbox_outbox_envelope(t, id, row);
		if (r == 0 && !outbox_row_read(buf_slice(row), &parts))
			r = -EBADMSG;
		if (r != 0 || b->bytes + parts.envelope.len > SUBMIT_BYTES)
			break;
		b->bytes += parts.envelope.len;
		b->envelopes[b->count++] = parts.envelope;
		b->last = id;
	}
	store_end(t);
	return r < 0 ? r : 0;
}

static int send_bundle(struct keeper *k)
{
	struct bundle *b = mem_alloc(sizeof(*b));
	int r = fill_bundle(k, b);
	struct frame frame = { .kind = FRAME_SUBMIT,
		.submit = { .envelopes = b->envelopes, .count = b->count } };
	int sent = r < 0 ? r : (int)b->count;

	if (sent > 0) {
		session_send(k, &frame);
		if (k->session.in_flight == 0)
			k->session.heard = clock_monotonic();
		k->session.cursor = b->last;
		k->session.in_flight += b->count;
	}
	for (size_t i = 0; i < KEEPER_GROUP; i++)
		buf_deinit(&b->rows[i]);
	free(b);
	return sent;
}

void session_pump(struct keeper *k)
{
	int r = 1;

	while (r > 0 && k->session.welcomed &&
	       k->session.in_flight < KEEPER_WINDOW &&
	       clock_monotonic() >= k->session.quiet_until)
		r = send_bundle(k);
	if (r < 0)
		keeper_fail(k, "the outbox cannot be read", r);
	pthread_mutex_lock(&k->lock);
	k->status.in_flight = k->session.in_flight;
	pthread_mutex_unlock(&k->lock);
}

static void resend_all(struct keeper *k)
{
	k->session.cursor = (struct mailbox_number){ 0 };
	k->session.in_flight = 0;
}

void session_tick(struct keeper *k, int64_t now)
{
	struct session *s = &k->session;

	if (s->again && now >= s->again) {
		session_hello(k);
		return;
	}
	if (s->in_flight && now - s->heard > KEEPER_RESEND_MS) {
		log_say(LOG_WARN, NULL,
		    "no result for a minute: sending %zu messages again",
		    s->in_flight);
		resend_all(k);
	}
}

/* ---- frames ----------------------------------------------------------- */

static void on_result(struct keeper *k, const struct frame *frame)
{
	k->session.heard = clock_monotonic();
	outbox_result(k, &frame->result);
}

static void on_deliver(struct keeper *k, const struct frame *frame)
{
	inbox_deliver(k, &frame->deliver);
}

static void on_policies(struct keeper *k, const struct frame *frame)
{
	policies_frame(k, &frame->policies);
}

/* It does not say what it did not take, so everything is sent again. */
static void on_busy(struct keeper *k, const struct frame *frame)
{
	log_say(LOG_INFO, NULL, "the broker is busy (%.*s): waiting %u ms",
	    SLICE_ARG(frame->busy.reason), frame->busy.retry_ms);
	k->session.quiet_until = clock_monotonic() + frame->busy.retry_ms;
	resend_all(k);
}

static void on_error(struct keeper *k, const struct frame *frame)
{
	keeper_trouble(k, "%s: %.*s", frame_code_name(frame->error.code),
	    SLICE_ARG(frame->error.text));
	if (frame->error.code == FRAME_HELLO_FIRST) {
		session_hello(k);
		return;
	}
	log_say(LOG_ERROR, NULL, "the broker refused what we sent (%s): %.*s",
	    frame_code_name(frame->error.code), SLICE_ARG(frame->error.text));
	if (frame->error.code == FRAME_SUSPENDED)
		k->session.again = clock_monotonic() + KEEPER_AGAIN_MS;
}

static const struct {
	enum frame_kind kind;
	bool before_welcome;
	void (*handle)(struct keeper *k, const struct frame *frame);
} handlers[] = {
	{ FRAME_WELCOME, true, on_welcome },
	{ FRAME_ERROR, true, on_error },
	{ FRAME_BUSY, true, on_busy },
	{ FRAME_RESULT, false, on_result },
	{ FRAME_DELIVER, false, on_deliver },
	{ FRAME_POLICIES, false, on_policies },
};

static void on_frame(struct keeper *k, struct slice bytes)
{
	struct arena arena = { 0 };
	struct frame frame;
	struct why why;
	bool handled = false;

	if (bytes.len > FRAME_BYTES_MAX ||
	    !frame_parse(bytes, &arena, &frame, &why)) {
		log_say(LOG_ERROR, NULL,
		    "the broker sent what is no frame: %s; ignoring",
		    bytes.len > FRAME_BYTES_MAX ? "too large" : why.text);
		arena_deinit(&arena);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (handlers[i].kind == frame.kind &&
		    (handlers[i].before_welcome || k->session.welcomed)) {
			handlers[i].handle(k, &frame);
			handled = true;
		}
	if (!handled)
		log_say(LOG_WARN, NULL,
		    "the broker sent a frame of kind '%s' that is not"
		    " expected now; ignoring",
		    frame_kind_name(frame.kind));
	arena_deinit(&arena);
}

void session_event(struct keeper *k, struct net_event *event)
{
	switch (event->kind) {
	case NET_UP:
		session_hello(k);
		break;
	case NET_DOWN:
		if (k->session.welcomed)
			log_say(LOG_WARN, NULL, "the broker is away");
		k->session = (struct session){ 0 };
		set_connected(k, false);
		keeper_trouble(k, "the broker cannot be reached");
		break;
	case NET_REFUSED:
		set_connected(k, false);
		keeper_trouble(k, "the broker does not know our key: its"
				  " operator must enrol us");
		log_say(LOG_WARN, NULL,
		    "the broker does not know our key; its operator must enrol"
		    " this agent's enrolment file");
		break;
	case NET_FRAME:
		on_frame(k, event->frame.bytes);
		link_frame_deinit(&event->frame);
		break;
	case NET_FAILED:
		keeper_fail(k, "the link has failed", EIO);
		break;
	case NET_NONE:
		break;
	}
}
