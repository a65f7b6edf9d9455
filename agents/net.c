/* The thread that owns the link; net.h is the contract. */

#include "agents/net.h"

#include <pthread.h>
#include <stdlib.h>

#include "util/mem.h"

#define WAIT_MS 1000

struct out_frame {
	struct buf bytes;
	struct out_frame *next;
};

struct net {
	struct link_client *link;
	void (*notify)(void *ctx);
	void *ctx;
	pthread_t thread;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t room;  /* in `in` */
	bool stopping;
	struct net_event in[NET_IN_MAX]; /* a ring */
	size_t in_first, in_count;
	struct out_frame *out, **out_end;
	bool hold; /* a session has begun and its NET_UP is not taken yet */
};

static void drop_out(struct net *net)
{
	while (net->out) {
		struct out_frame *frame = net->out;

		net->out = frame->next;
		buf_deinit(&frame->bytes);
		free(frame);
	}
	net->out_end = &net->out;
}

/* Waits while the queue is full: the link then fills, and the broker's credit
 * stops at it. False: stopping. */
static bool push(struct net *net, const struct net_event *event)
{
	bool ok;

	pthread_mutex_lock(&net->lock);
	while (net->in_count == NET_IN_MAX && !net->stopping)
		pthread_cond_wait(&net->room, &net->lock);
	ok = !net->stopping;
	if (ok) {
		size_t at = (net->in_first + net->in_count++) % NET_IN_MAX;

		net->in[at] = *event;
		net->hold |= event->kind == NET_UP;
	}
	pthread_mutex_unlock(&net->lock);
	if (ok)
		net->notify(net->ctx);
	return ok;
}

enum net_event_kind net_take(struct net *net, struct net_event *ret)
{
	*ret = (struct net_event){ 0 };
	pthread_mutex_lock(&net->lock);
	if (net->in_count) {
		*ret = net->in[net->in_first];
		net->in_first = (net->in_first + 1) % NET_IN_MAX;
		net->in_count--;
		pthread_cond_signal(&net->room);
		if (ret->kind == NET_UP) {
			drop_out(net);
			net->hold = false;
		}
	}
	pthread_mutex_unlock(&net->lock);
	return ret->kind;
}

void net_send(struct net *net, struct buf *frame)
{
	struct out_frame *out = mem_alloc(sizeof(*out));

	out->bytes = *frame;
	*frame = (struct buf){ 0 };
	pthread_mutex_lock(&net->lock);
	*net->out_end = out;
	net->out_end = &out->next;
	pthread_mutex_unlock(&net->lock);
	link_client_wake(net->link);
}

static struct out_frame *take_out(struct net *net)
{
	struct out_frame *frame;

	pthread_mutex_lock(&net->lock);
	frame = net->hold ? NULL : net->out;
	if (frame) {
		net->out = frame->next;
		if (!net->out)
			net->out_end = &net->out;
	}
	pthread_mutex_unlock(&net->lock);
	return frame;
}

static void put_back(struct net *net, struct out_frame *frame)
{
	pthread_mutex_lock(&net->lock);
	frame->next = net->out;
	net->out = frame;
	if (!frame->next)
		net->out_end = &frame->next;
	pthread_mutex_unlock(&net->lock);
}

/* Negative errno: the link has failed. */
static int send_queued(struct net *net)
{
	struct out_frame *frame;
	int r = LINK_OK;

	while (r == LINK_OK && (frame = take_out(net))) {
		r = link_client_send(net->link, &frame->bytes);
		if (r != LINK_OK) {
			put_back(net, frame);
			break;
		}
		buf_deinit(&frame->bytes);
		free(frame);
	}
	return r < 0 ? r : 0;
}

static int receive_all(struct net *net)
{
	struct net_event event = { .kind = NET_FRAME };
	int r;

	while ((r = link_client_recv(net->link, &event.frame)) == LINK_OK)
		if (!push(net, &event)) {
			link_frame_deinit(&event.frame);
			return 0;
		}
	return r < 0 ? r : 0;
}

/* Say what has become of the connection since the last time. */
static void watch_state(
    struct net *net, enum link_state *state, unsigned *session)
{
	static const enum net_event_kind kinds[] = {
		[LINK_DOWN] = NET_DOWN,
		[LINK_UP] = NET_UP,
		[LINK_REFUSED] = NET_REFUSED,
	};
	enum link_state now = link_client_state(net->link);
	unsigned now_session = link_client_session(net->link);
	struct net_event event = { .kind = kinds[now] };

	if (now == *state && (now != LINK_UP || now_session == *session))
		return;
	*state = now;
	*session = now_session;
	push(net, &event);
}

static bool stopping(struct net *net)
{
	bool yes;

	pthread_mutex_lock(&net->lock);
	yes = net->stopping;
	pthread_mutex_unlock(&net->lock);
	return yes;
}

static void *run(void *arg)
{
	struct net *net = arg;
	enum link_state state = LINK_DOWN;
	unsigned session = 0;
	struct net_event failed = { .kind = NET_FAILED };
	int r = 0;

	while (r >= 0 && !stopping(net)) {
		r = link_client_wait(net->link, WAIT_MS);
		if (r >= 0)
			watch_state(net, &state, &session);
		if (r >= 0)
			r = receive_all(net);
		if (r >= 0 && state == LINK_UP)
			r = send_queued(net);
	}
	if (r < 0)
		push(net, &failed);
	return NULL;
}

int net_start(
    const struct net_config *config, struct net **ret, struct why *why)
{
	struct net *net = mem_alloc(sizeof(*net));
	int r = link_client_new(&config->link, &net->link, why);

	if (r < 0) {
		free(net);
		return r;
	}
	net->notify = config->notify;
	net->ctx = config->ctx;
	net->out_end = &net->out;
	pthread_mutex_init(&net->lock, NULL);
	pthread_cond_init(&net->room, NULL);
	r = pthread_create(&net->thread, NULL, run, net);
	if (r != 0) {
		why_set(why, "cannot start a thread: %s", strerror(r));
		link_client_free(net->link);
		free(net);
		return -r;
	}
	*ret = net;
	return 0;
}

struct net *net_stop(struct net *net)
{
	struct net_event event;

	if (!net)
		return NULL;
	pthread_mutex_lock(&net->lock);
	net->stopping = true;
	pthread_cond_broadcast(&net->room);
	pthread_mutex_unlock(&net->lock);
	link_client_wake(net->link);
	pthread_join(net->thread, NULL);
	while (net_take(net, &event) != NET_NONE)
		link_frame_deinit(&event.frame);
	drop_out(net);
	link_client_free(net->link);
	pthread_cond_destroy(&net->room);
	pthread_mutex_destroy(&net->lock);
	free(net);
	return NULL;
}
