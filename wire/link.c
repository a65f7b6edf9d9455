/*
 * The broker's end. What it guards against, each seen to happen:
 *
 * - Without a ZAP handler any CURVE key is let in: ours is bound before the
 *   ROUTER is, in the same thread, and what comes without the name it gave is
 *   dropped.
 * - A peer may choose its routing id and squat on another's: only ids that the
 *   ROUTER made itself (they start with a zero byte) are heard, and a
 * connection never takes over an id.
 * - A send to a slow or absent peer drops silently, unless ROUTER_MANDATORY.
 * - A monitor that nobody reads stops the whole context: there is none.
 */

#include "wire/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/mem.h"
#include "wire/socket.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_DOMAIN "caveat"
#define ZAP_TURN_MAX 64 /* handshakes in one turn of the loop */
#define KEY_PROPERTY "X-Caveat-Key"
#define ID_BYTES 5 /* a zero byte and four of ZeroMQ's counting */

struct link_server {
	void *ctx;
	void *zap;
	void *router;
	int wake_fd;
	char endpoint[LINK_ENDPOINT_MAX + 1];
	struct link_server_config config;
	struct link_counts counts;
};

struct link_server *link_server_free(struct link_server *s)
{
	if (!s)
		return NULL;
	if (s->router)
		zmq_close(s->router);
	if (s->zap)
		zmq_close(s->zap);
	if (s->ctx)
		zmq_ctx_term(s->ctx);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	free(s);
	return NULL;
}

static int set_server(struct link_server *s)
{
	static const struct socket_option options[] = {
		{ ZMQ_CURVE_SERVER, 1 },
		{ ZMQ_ROUTER_MANDATORY, 1 },
		{ ZMQ_ROUTER_HANDOVER, 0 },
		{ ZMQ_BACKLOG, LINK_BACKLOG },
	};

	int r = socket_options(s->router, options, ARRAY_LEN(options));

	if (r < 0)
		return r;
	if (zmq_setsockopt(s->router, ZMQ_CURVE_SECRETKEY, s->config.secret,
		KEY_BYTES) < 0 ||
	    zmq_setsockopt(
		s->router, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) < 0)
		return -errno;
	return socket_common(s->router);
}

static int start_server(struct link_server *s, struct why *why)
{
	const char *endpoint = s->config.endpoint;
	size_t len = sizeof(s->endpoint);
	int zero = 0;

	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->ctx = zmq_ctx_new();
	if (s->wake_fd < 0 || !s->ctx)
		return socket_fail(why, "prepare", endpoint);
	s->zap = zmq_socket(s->ctx, ZMQ_REP);
	if (!s->zap ||
	    zmq_setsockopt(s->zap, ZMQ_LINGER, &zero, sizeof(zero)) < 0 ||
	    zmq_bind(s->zap, ZAP_ENDPOINT) < 0)
		return socket_fail(why, "guard", endpoint);
	s->router = zmq_socket(s->ctx, ZMQ_ROUTER);
	if (!s->router || set_server(s) < 0)
		return socket_fail(why, "prepare", endpoint);
	if (zmq_bind(s->router, endpoint) < 0 ||
	    zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, s->endpoint, &len) < 0)
		return socket_fail(why, "listen on", endpoint);
	return 0;
}

int link_server_new(const struct link_server_config *config,
    struct link_server **ret, struct why *why)
{
	struct link_server *s = mem_alloc(sizeof(*s));
	int r;

	s->wake_fd = -1;
	s->config = *config;
	r = start_server(s, why);
	/* The socket has its own copy; the caller's may go now. */
	s->config.secret = NULL;
	s->config.endpoint = NULL;
	if (r < 0)
		s = link_server_free(s);
	else
		*ret = s;
	return r;
}

const char *link_server_endpoint(const struct link_server *s)
{
	return s->endpoint;
}

void link_server_wake(struct link_server *s)
{
	socket_wake(s->wake_fd);
}

struct link_counts link_server_counts(const struct link_server *s)
{
	return s->counts;
}

/* A ZAP request (ZeroMQ RFC 27), from our own context: the parts are version,
 * request id, domain, address, identity, mechanism, credentials. */
#define ZAP_PARTS 7

struct zap_request {
	zmq_msg_t parts[ZAP_PARTS];
	size_t count;
};

static int zap_receive(void *zap, struct zap_request *q)
{
	int r = LINK_OK;

	q->count = 0;
	do {
		zmq_msg_t *part = &q->parts[q->count++];

		zmq_msg_init(part);
		r = socket_receive(zap, part);
		if (r == LINK_OK && q->count == ZAP_PARTS)
			socket_drop_rest(zap, part);
		if (r != LINK_OK || !zmq_msg_more(part))
			break;
	} while (q->count < ZAP_PARTS);
	return r;
}

static struct slice zap_part(struct zap_request *q, size_t i)
{
	return i < q->count ? slice_of(zmq_msg_data(&q->parts[i]),
				  zmq_msg_size(&q->parts[i]))
			    : (struct slice){ 0 };
}

/* The name of the key's partner and the key, for every message to come. */
static bool zap_admit(struct link_server *s, struct zap_request *q,
    char ret_partner[TEXT_NAME_MAX + 1], struct buf *ret_metadata)
{
	struct slice key = zap_part(q, 6);
	char z85[KEY_Z85_BYTES + 1];

	if (!slice_is(zap_part(q, 0), "1.0") ||
	    !slice_is(zap_part(q, 5), "CURVE") || key.len != KEY_BYTES ||
	    !s->config.admit(s->config.ctx, key.data, ret_partner))
		return false;
	key_to_z85(key.data, z85);
	buf_add_byte(ret_metadata, strlen(KEY_PROPERTY));
	buf_add_str(ret_metadata, KEY_PROPERTY);
	buf_add_be32(ret_metadata, KEY_Z85_BYTES);
	buf_add_str(ret_metadata, z85);
	return true;
}

static int zap_send(void *zap, struct slice part, bool last)
{
	return zmq_send(zap, part.data, part.len, last ? 0 : ZMQ_SNDMORE);
}

static int zap_answer(struct link_server *s, struct zap_request *q)
{
	char partner[TEXT_NAME_MAX + 1] = "";
	_cleanup_buf_ struct buf metadata = { 0 };
	bool ok = zap_admit(s, q, partner, &metadata);
	struct slice reply[] = { slice_str("1.0"), zap_part(q, 1),
		slice_str(ok ? "200" : "400"),
		slice_str(ok ? "OK" : "not enrolled"),
		slice_str(ok ? partner : ""), buf_slice(&metadata) };

	s->counts.admitted += ok;
	s->counts.refused += !ok;
	for (size_t i = 0; i < ARRAY_LEN(reply); i++)
		if (zap_send(s->zap, reply[i], i + 1 == ARRAY_LEN(reply)) < 0)
			return -errno;
	return 0;
}

static int shake_hands(struct link_server *s)
{
	for (int turn = 0; turn < ZAP_TURN_MAX; turn++) {
		struct zap_request q;
		int r = zap_receive(s->zap, &q);

		if (r == LINK_OK)
			r = zap_answer(s, &q);
		for (size_t i = 0; i < q.count; i++)
			zmq_msg_close(&q.parts[i]);
		if (r != LINK_OK)
			return r == LINK_EMPTY ? 0 : r;
	}
	return 0;
}

int link_server_wait(struct link_server *s, int timeout_ms)
{
	zmq_pollitem_t items[] = {
		{ .socket = s->zap, .events = ZMQ_POLLIN },
		{ .socket = s->router, .events = ZMQ_POLLIN },
		{ .fd = s->wake_fd, .events = ZMQ_POLLIN },
	};
	int r = socket_poll(items, ARRAY_LEN(items), timeout_ms);

	if (r < 0)
		return r;
	socket_take_wake(s->wake_fd);
	return shake_hands(s);
}

/* Whether @id is one that the ROUTER made, and which. */
static bool read_peer(zmq_msg_t *id, uint32_t *ret)
{
	const uint8_t *p = zmq_msg_data(id);

	if (zmq_msg_size(id) != ID_BYTES || p[0] != 0)
		return false;
	*ret = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 8 | p[4];
	return true;
}

/* The body of a message whose id was @id; false when it is not to be heard. */
static bool read_frame(struct link_server *s, zmq_msg_t *id, zmq_msg_t *body,
    struct link_frame *ret)
{
	const char *partner, *key;
	bool sound = read_peer(id, &ret->peer) && zmq_msg_more(id);

	if (!zmq_msg_more(id) || socket_receive(s->router, body) != LINK_OK)
		return false;
	if (zmq_msg_more(body)) {
		socket_drop_rest(s->router, body);
		return false;
	}
	/* ZAP's word comes before the peer's own metadata, which could say
	 * anything; and both are on this part only, not on the id. */
	partner = zmq_msg_gets(body, "User-Id");
	key = zmq_msg_gets(body, KEY_PROPERTY);
	if (!sound || !partner || !key)
		return false;
	snprintf(ret->partner, sizeof(ret->partner), "%s", partner);
	snprintf(ret->key, sizeof(ret->key), "%s", key);
	return true;
}

int link_server_recv(struct link_server *s, struct link_frame *ret)
{
	_cleanup_(socket_free_msg) zmq_msg_t *id = socket_msg(),
					     *body = socket_msg();
	struct link_frame frame = { 0 };
	int r;

	while ((r = socket_receive(s->router, id)) == LINK_OK) {
		if (read_frame(s, id, body, &frame)) {
			frame.bytes =
			    slice_of(zmq_msg_data(body), zmq_msg_size(body));
			frame.owned = mem_steal(&body);
			*ret = frame;
			return LINK_OK;
		}
		s->counts.dropped++;
	}
	return r;
}

int link_server_send(struct link_server *s, uint32_t peer, struct buf *frame)
{
	uint8_t id[ID_BYTES] = { 0, (uint8_t)(peer >> 24),
		(uint8_t)(peer >> 16), (uint8_t)(peer >> 8), (uint8_t)peer };

	if (frame->len > FRAME_BYTES_MAX)
		return -EMSGSIZE;
	while (zmq_send(s->router, id, sizeof(id), ZMQ_SNDMORE | ZMQ_DONTWAIT) <
	       0) {
		if (errno == EAGAIN)
			return LINK_FULL;
		if (errno == EHOSTUNREACH)
			return LINK_GONE;
		if (errno != EINTR)
			return -errno;
	}
	return socket_send(s->router, frame);
}
