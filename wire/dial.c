/*
 * An agent's end. ZeroMQ's own reconnecting hides that the other side has
 * forgotten us, and never tries again after a refusal: so a socket here is for
 * one connection, and replaced when that has ended or was never made. What
 * happens to it is told by a monitor, which is read at each wait and has a few
 * events a socket, so it cannot fill up and stop the context.
 */

#include "wire/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/hash.h"
#include "util/mem.h"
#include "wire/socket.h"

struct link_client {
	void *ctx;
	void *socket;  /* NULL: pausing */
	void *monitor; /* with the socket */
	int wake_fd;
	char endpoint[LINK_ENDPOINT_MAX + 1];
	uint8_t server[KEY_BYTES];
	uint8_t secret[KEY_BYTES];
	uint8_t public[KEY_BYTES];
	enum link_state state;
	unsigned session;
	unsigned sockets;  /* made so far: names the monitors */
	int64_t pause_ms;  /* before the next one */
	int64_t change_at; /* monotonic ms: when to open, or to give up */
};

static void close_socket(struct link_client *c)
{
	int zero = 0;

	if (c->socket) {
		zmq_socket_monitor(c->socket, NULL, 0);
		zmq_setsockopt(c->socket, ZMQ_LINGER, &zero, sizeof(zero));
		zmq_close(c->socket);
	}
	if (c->monitor)
		zmq_close(c->monitor);
	c->socket = c->monitor = NULL;
}

struct link_client *link_client_free(struct link_client *c)
{
	if (!c)
		return NULL;
	close_socket(c);
	if (c->ctx)
		zmq_ctx_term(c->ctx);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	mem_wipe(c->secret, sizeof(c->secret));
	free(c);
	return NULL;
}

static int set_client(struct link_client *c)
{
	static const struct socket_option options[] = {
		{ ZMQ_RECONNECT_IVL, -1 }, /* never: we make a new socket */
		{ ZMQ_IMMEDIATE, 1 },      /* queue nothing for later */
		{ ZMQ_CONNECT_TIMEOUT, LINK_CONNECT_MS },
	};

	int r = socket_options(c->socket, options, ARRAY_LEN(options));

	if (r < 0)
		return r;
	if (zmq_setsockopt(
		c->socket, ZMQ_CURVE_SERVERKEY, c->server, KEY_BYTES) < 0 ||
	    zmq_setsockopt(
		c->socket, ZMQ_CURVE_SECRETKEY, c->secret, KEY_BYTES) < 0 ||
	    zmq_setsockopt(
		c->socket, ZMQ_CURVE_PUBLICKEY, c->public, KEY_BYTES) < 0)
		return -errno;
	return socket_common(c->socket);
}

static int open_socket(struct link_client *c)
{
	char monitor[64];

	snprintf(monitor, sizeof(monitor), "inproc://monitor-%u", c->sockets++);
	c->change_at = clock_monotonic() + LINK_CONNECT_MS;
	c->socket = zmq_socket(c->ctx, ZMQ_DEALER);
	c->monitor = zmq_socket(c->ctx, ZMQ_PAIR);
	if (!c->socket || !c->monitor || set_client(c) < 0 ||
	    zmq_socket_monitor(c->socket, monitor, ZMQ_EVENT_ALL) < 0 ||
	    zmq_connect(c->monitor, monitor) < 0 ||
	    zmq_connect(c->socket, c->endpoint) < 0)
		return -errno;
	return 0;
}

/* Give the socket up, and try another after a pause that half of is chance: or
 * all agents would come back to a restarted broker at once. */
static void pause_client(struct link_client *c, enum link_state state)
{
	uint32_t chance;

	close_socket(c);
	c->state = state;
	hash_random(&chance, sizeof(chance));
	c->change_at = clock_monotonic() + c->pause_ms / 2 +
		       (int64_t)(chance % (uint64_t)(c->pause_ms / 2 + 1));
	c->pause_ms *= 2;
	if (c->pause_ms > LINK_RETRY_MAX_MS)
		c->pause_ms = LINK_RETRY_MAX_MS;
}

int link_client_new(const struct link_client_config *config,
    struct link_client **ret, struct why *why)
{
	struct link_client *c = mem_alloc(sizeof(*c));
	struct key *key = key_from_raw(KEY_X25519, config->secret);
	int r;

	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->ctx = zmq_ctx_new();
	c->pause_ms = LINK_RETRY_MS;
	snprintf(c->endpoint, sizeof(c->endpoint), "%s", config->endpoint);
	memcpy(c->server, config->server, KEY_BYTES);
	memcpy(c->secret, config->secret, KEY_BYTES);
	if (key)
		key_public(key, c->public);
	if (!key || !c->ctx || c->wake_fd < 0)
		errno = EINVAL;
	r = key && c->ctx && c->wake_fd >= 0 && open_socket(c) == 0
		? 0
		: socket_fail(why, "connect to", config->endpoint);
	key_free(key);
	if (r < 0)
		c = link_client_free(c);
	else
		*ret = c;
	return r;
}

void link_client_wake(struct link_client *c)
{
	socket_wake(c->wake_fd);
}

enum link_state link_client_state(const struct link_client *c)
{
	return c->state;
}

unsigned link_client_session(const struct link_client *c)
{
	return c->session;
}

/* An event is two parts: its number (16 bits, then a value), and an address. */
static void take_event(struct link_client *c, uint16_t event)
{
	switch (event) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		c->state = LINK_UP;
		c->session++;
		c->pause_ms = LINK_RETRY_MS;
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		pause_client(c, LINK_REFUSED);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
	case ZMQ_EVENT_DISCONNECTED:
	case ZMQ_EVENT_CLOSED:
		pause_client(c, LINK_DOWN);
		break;
	default:
		break;
	}
}

static int read_events(struct link_client *c)
{
	_cleanup_(socket_free_msg) zmq_msg_t *msg = socket_msg();

	while (c->monitor) {
		uint16_t event;
		int r = socket_receive(c->monitor, msg);

		if (r != LINK_OK)
			return r == LINK_EMPTY ? 0 : r;
		memcpy(&event, zmq_msg_data(msg), sizeof(event));
		socket_drop_rest(c->monitor, msg);
		take_event(c, event);
	}
	return 0;
}

/* How long until something must be done, at most @timeout_ms. */
static int time_left(const struct link_client *c, int timeout_ms)
{
	int64_t left = c->change_at - clock_monotonic();

	if (c->state == LINK_UP)
		return timeout_ms;
	if (left < 0)
		left = 0;
	return timeout_ms >= 0 && timeout_ms < left ? timeout_ms : (int)left;
}

static int keep_up(struct link_client *c)
{
	if (c->state == LINK_UP || clock_monotonic() < c->change_at)
		return 0;
	if (c->socket)
		pause_client(c, LINK_DOWN);
	else if (open_socket(c) < 0)
		return -errno;
	return 0;
}

int link_client_wait(struct link_client *c, int timeout_ms)
{
	zmq_pollitem_t items[3] = { { .fd = c->wake_fd,
	    .events = ZMQ_POLLIN } };
	int r = keep_up(c), count = 1;

	if (r < 0)
		return r;
	if (c->socket) {
		items[1].socket = c->socket;
		items[2].socket = c->monitor;
		items[1].events = items[2].events = ZMQ_POLLIN;
		count = 3;
	}
	r = socket_poll(items, count, time_left(c, timeout_ms));
	if (r < 0)
		return r;
	socket_take_wake(c->wake_fd);
	return read_events(c);
}

int link_client_recv(struct link_client *c, struct link_frame *ret)
{
	_cleanup_(socket_free_msg) zmq_msg_t *msg = socket_msg();
	int r = LINK_EMPTY;

	while (c->socket && (r = socket_receive(c->socket, msg)) == LINK_OK) {
		if (zmq_msg_more(msg)) {
			socket_drop_rest(c->socket, msg);
			continue;
		}
		*ret = (struct link_frame){ .bytes = slice_of(zmq_msg_data(msg),
						zmq_msg_size(msg)) };
		ret->owned = mem_steal(&msg);
		break;
	}
	return r;
}

int link_client_send(struct link_client *c, struct buf *frame)
{
	int r;

	if (frame->len > FRAME_BYTES_MAX)
		return -EMSGSIZE;
	if (c->state != LINK_UP)
		return LINK_GONE;
	r = socket_send(c->socket, frame);
	return r == -EAGAIN ? LINK_FULL : r;
}
