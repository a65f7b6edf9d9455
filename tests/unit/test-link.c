/* The link: who is let in, under what name, and what a hostile peer can do with
 * ZeroMQ's own socket. All on loopback. */

#include "tests/unit/test.h"

#include <errno.h>
#include <pthread.h>
#include <zmq.h>

#include "tests/unit/wire-sample.h"
#include "util/clock.h"
#include "util/mem.h"
#include "wire/link.h"

#define BROKER 10 /* fills of CURVE keys */
#define POLICE 11
#define HMRC 12
#define STRANGER 13

static bool hmrc_enrolled;

static bool admit(void *ctx, const uint8_t public[KEY_BYTES],
    char ret_partner[TEXT_NAME_MAX + 1])
{
	uint8_t known[KEY_BYTES];

	sample_public(POLICE, KEY_X25519, known);
	if (!memcmp(known, public, KEY_BYTES)) {
		strcpy(ret_partner, "warwickshire-police");
		return true;
	}
	sample_public(HMRC, KEY_X25519, known);
	strcpy(ret_partner, "hmrc");
	return hmrc_enrolled && !memcmp(known, public, KEY_BYTES);
}

static struct link_server *serve(const char *endpoint)
{
	uint8_t secret[KEY_BYTES];
	struct link_server_config config = {
		.endpoint = endpoint, .secret = secret, .admit = admit
	};
	struct link_server *s;
	struct why why;

	memset(secret, BROKER, sizeof(secret));
	CHECK(!link_server_new(&config, &s, &why));
	return s;
}

static struct link_client *dial(
    const char *endpoint, uint8_t fill, uint8_t broker)
{
	uint8_t secret[KEY_BYTES], server[KEY_BYTES];
	struct link_client_config config = {
		.endpoint = endpoint, .server = server, .secret = secret
	};
	struct link_client *c;
	struct why why;

	memset(secret, fill, sizeof(secret));
	sample_public(broker, KEY_X25519, server);
	CHECK(!link_client_new(&config, &c, &why));
	return c;
}

/* Turn both loops until the client's state is @state; false after 5 s. */
static bool reaches(
    struct link_server *s, struct link_client *c, enum link_state state)
{
	int64_t end = clock_monotonic() + 5000;

	while (link_client_state(c) != state) {
		if (clock_monotonic() > end)
			return false;
		if (s)
			CHECK(!link_server_wait(s, 2));
		CHECK(!link_client_wait(c, 2));
	}
	return true;
}

/* The next frame, within @ms; @c may be NULL. */
static bool hears(struct link_server *s, struct link_client *c, int ms,
    struct link_frame *ret)
{
	int64_t end = clock_monotonic() + ms;
	int r;

	while ((r = link_server_recv(s, ret)) == LINK_EMPTY &&
	       clock_monotonic() < end) {
		CHECK(!link_server_wait(s, 2));
		if (c)
			CHECK(!link_client_wait(c, 2));
	}
	CHECK(r >= 0);
	return r == LINK_OK;
}

/* Turn the server's loop until it has counted so many; nothing is heard. */
static void counts(struct link_server *s, uint64_t admitted, uint64_t dropped)
{
	int64_t end = clock_monotonic() + 5000;
	struct link_frame frame;

	while (link_server_counts(s).admitted < admitted ||
	       link_server_counts(s).dropped < dropped) {
		CHECK(clock_monotonic() < end);
		CHECK(!link_server_wait(s, 2));
		CHECK_INT(link_server_recv(s, &frame), LINK_EMPTY);
	}
}

static void fill(struct buf *b, size_t len)
{
	buf_reset(b);
	memset(buf_room(b, len), 'x', len);
	b->len = len;
}

TEST(link, frames_go_both_ways_under_the_keys_name)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct link_client *c = dial(link_server_endpoint(s), POLICE, BROKER);
	struct link_frame frame;
	uint8_t public[KEY_BYTES];
	char z85[KEY_Z85_BYTES + 1];
	struct buf b = { 0 };
	uint32_t peer;

	sample_public(POLICE, KEY_X25519, public);
	key_to_z85(public, z85);
	buf_add_str(&b, "early");
	CHECK_INT(link_client_send(c, &b), LINK_GONE);
	CHECK(reaches(s, c, LINK_UP));
	CHECK_INT(link_client_session(c), 1);
	CHECK_INT(link_client_send(c, &b), LINK_OK);
	CHECK_INT(b.len, 0);
	CHECK(hears(s, c, 5000, &frame));
	CHECK(slice_is(frame.bytes, "early"));
	CHECK_STR(frame.partner, "warwickshire-police");
	CHECK_STR(frame.key, z85);
	peer = frame.peer;
	link_frame_deinit(&frame);
	/* The largest frame goes through, one byte more does not. */
	fill(&b, FRAME_BYTES_MAX + 1);
	CHECK_INT(link_server_send(s, peer, &b), -EMSGSIZE);
	CHECK_INT(link_client_send(c, &b), -EMSGSIZE);
	b.len--;
	CHECK_INT(link_server_send(s, peer, &b), LINK_OK);
	for (int i = 0; link_client_recv(c, &frame) != LINK_OK; i++) {
		CHECK(i < 1000);
		link_client_wait(c, 5);
	}
	CHECK_INT(frame.bytes.len, FRAME_BYTES_MAX);
	link_frame_deinit(&frame);
	CHECK_INT(link_server_counts(s).dropped, 0);
	buf_deinit(&b);
	link_client_free(c);
	link_server_free(s);
}

TEST(link, a_key_not_enrolled_is_refused_until_it_is)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct link_client *c = dial(link_server_endpoint(s), HMRC, BROKER);
	struct link_frame frame;

	hmrc_enrolled = false;
	CHECK(reaches(s, c, LINK_REFUSED));
	CHECK(link_server_counts(s).refused >= 1);
	CHECK_INT(link_server_counts(s).admitted, 0);
	CHECK(!hears(s, c, 50, &frame));
	hmrc_enrolled = true;
	CHECK(reaches(s, c, LINK_UP));
	link_client_free(c);
	link_server_free(s);
}

TEST(link, a_broker_with_another_key_is_not_believed)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct link_client *c = dial(link_server_endpoint(s), POLICE, STRANGER);
	int64_t end = clock_monotonic() + 500;

	while (clock_monotonic() < end) {
		CHECK(!link_server_wait(s, 2));
		CHECK(!link_client_wait(c, 2));
		CHECK(link_client_state(c) != LINK_UP);
	}
	CHECK_INT(link_server_counts(s).admitted, 0);
	link_client_free(c);
	link_server_free(s);
}

TEST(link, a_broker_that_comes_back_is_found)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct link_client *c = dial(link_server_endpoint(s), POLICE, BROKER);
	char endpoint[LINK_ENDPOINT_MAX + 1];
	struct link_frame frame;
	struct buf b = { 0 };

	strcpy(endpoint, link_server_endpoint(s));
	CHECK(reaches(s, c, LINK_UP));
	link_server_free(s);
	CHECK(reaches(NULL, c, LINK_DOWN));
	buf_add_str(&b, "lost");
	CHECK_INT(link_client_send(c, &b), LINK_GONE);
	CHECK_INT(b.len, 4);
	s = serve(endpoint);
	CHECK(reaches(s, c, LINK_UP));
	CHECK_INT(link_client_session(c), 2);
	CHECK_INT(link_client_send(c, &b), LINK_OK);
	CHECK(hears(s, c, 5000, &frame));
	CHECK(slice_is(frame.bytes, "lost"));
	link_frame_deinit(&frame);
	buf_deinit(&b);
	link_client_free(c);
	link_server_free(s);
}

TEST(link, a_peer_that_is_gone_or_does_not_read)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct link_client *c = dial(link_server_endpoint(s), POLICE, BROKER);
	struct link_frame frame;
	struct buf b = { 0 };
	uint32_t peer;
	int r = LINK_OK;

	buf_add_str(&b, "hello");
	CHECK(reaches(s, c, LINK_UP));
	CHECK_INT(link_client_send(c, &b), LINK_OK);
	CHECK(hears(s, c, 5000, &frame));
	peer = frame.peer;
	link_frame_deinit(&frame);
	fill(&b, 10);
	CHECK_INT(link_server_send(s, peer + 1, &b), LINK_GONE);
	CHECK_INT(b.len, 10);
	for (int i = 0; i < 4 * LINK_FRAMES_OUT && r == LINK_OK; i++) {
		fill(&b, 16384);
		r = link_server_send(s, peer, &b);
	}
	CHECK_INT(r, LINK_FULL);
	CHECK_INT(b.len, 16384);
	link_client_free(c);
	for (int i = 0; r != LINK_GONE; i++) {
		CHECK(i < 1000);
		link_server_wait(s, 2);
		fill(&b, 10);
		r = link_server_send(s, peer, &b);
	}
	buf_deinit(&b);
	link_server_free(s);
}

/* ---- hostile peers ------------------------------------------------------ */

/* A draft option of ZeroMQ 4.3, which Debian builds in. */
#ifndef ZMQ_METADATA
#define ZMQ_METADATA 95
#endif

struct rogue {
	void *ctx;
	void *socket;
};

/* An enrolled partner with a socket of its own making. */
static struct rogue rogue(const char *endpoint, const char *id, bool curve)
{
	uint8_t secret[KEY_BYTES], public[KEY_BYTES], server[KEY_BYTES];
	struct rogue r = { .ctx = zmq_ctx_new() };
	int zero = 0;

	memset(secret, HMRC, sizeof(secret));
	sample_public(HMRC, KEY_X25519, public);
	sample_public(BROKER, KEY_X25519, server);
	r.socket = zmq_socket(r.ctx, ZMQ_DEALER);
	zmq_setsockopt(r.socket, ZMQ_LINGER, &zero, sizeof(zero));
	if (curve) {
		zmq_setsockopt(
		    r.socket, ZMQ_CURVE_SERVERKEY, server, KEY_BYTES);
		zmq_setsockopt(
		    r.socket, ZMQ_CURVE_SECRETKEY, secret, KEY_BYTES);
		zmq_setsockopt(
		    r.socket, ZMQ_CURVE_PUBLICKEY, public, KEY_BYTES);
		zmq_setsockopt(r.socket, ZMQ_METADATA, "X-Caveat-Key:forged",
		    strlen("X-Caveat-Key:forged"));
	}
	if (id)
		zmq_setsockopt(r.socket, ZMQ_ROUTING_ID, id, strlen(id));
	CHECK(!zmq_connect(r.socket, endpoint));
	return r;
}

static void rogue_free(struct rogue *r)
{
	zmq_close(r->socket);
	zmq_ctx_term(r->ctx);
}

TEST(link, a_chosen_routing_id_is_not_heard)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct rogue r;
	struct link_frame frame;

	hmrc_enrolled = true;
	r = rogue(link_server_endpoint(s), "police", true);
	CHECK(zmq_send(r.socket, "x", 1, 0) == 1);
	counts(s, 1, 1);
	CHECK(!hears(s, NULL, 20, &frame));
	rogue_free(&r);
	link_server_free(s);
}

TEST(link, several_parts_are_not_heard_and_the_key_is_not_the_peers_word)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct rogue r;
	struct link_frame frame;

	hmrc_enrolled = true;
	r = rogue(link_server_endpoint(s), NULL, true);
	for (int i = 0; i < 3; i++)
		CHECK(zmq_send(r.socket, "x", 1, i < 2 ? ZMQ_SNDMORE : 0) == 1);
	CHECK(zmq_send(r.socket, "sound", 5, 0) == 5);
	CHECK(hears(s, NULL, 5000, &frame));
	CHECK(slice_is(frame.bytes, "sound"));
	CHECK_STR(frame.partner, "hmrc");
	CHECK(strcmp(frame.key, "forged"));
	CHECK_INT(strlen(frame.key), KEY_Z85_BYTES);
	CHECK_INT(link_server_counts(s).dropped, 1);
	link_frame_deinit(&frame);
	rogue_free(&r);
	link_server_free(s);
}

TEST(link, without_curve_nothing_is_heard)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct rogue r = rogue(link_server_endpoint(s), NULL, false);
	struct link_frame frame;

	zmq_send(r.socket, "x", 1, ZMQ_DONTWAIT);
	CHECK(!hears(s, NULL, 200, &frame));
	CHECK_INT(link_server_counts(s).admitted, 0);
	rogue_free(&r);
	link_server_free(s);
}

/* Sent without ZeroMQ's size check, it costs the peer its connection only. */
TEST(link, a_frame_too_large_is_not_heard)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct rogue r;
	struct link_frame frame;
	struct buf b = { 0 };

	hmrc_enrolled = true;
	r = rogue(link_server_endpoint(s), NULL, true);
	fill(&b, FRAME_BYTES_MAX + 64);
	CHECK(zmq_send(r.socket, b.data, b.len, 0) == (int)b.len);
	counts(s, 1, 0);
	CHECK(!hears(s, NULL, 200, &frame));
	buf_deinit(&b);
	rogue_free(&r);
	link_server_free(s);
}

/* ---- waking ------------------------------------------------------------- */

static void *wake_server(void *s)
{
	struct timespec pause = { .tv_nsec = 20000000 };

	nanosleep(&pause, NULL);
	link_server_wake(s);
	return NULL;
}

static void *wake_client(void *c)
{
	struct timespec pause = { .tv_nsec = 20000000 };

	nanosleep(&pause, NULL);
	link_client_wake(c);
	return NULL;
}

TEST(link, another_thread_wakes_the_loop)
{
	struct link_server *s = serve("tcp://127.0.0.1:*");
	struct link_client *c = dial(link_server_endpoint(s), POLICE, BROKER);
	int64_t start;
	pthread_t thread;

	CHECK(reaches(s, c, LINK_UP));
	start = clock_monotonic();
	CHECK(!pthread_create(&thread, NULL, wake_server, s));
	CHECK(!link_server_wait(s, 10000));
	pthread_join(thread, NULL);
	CHECK(!pthread_create(&thread, NULL, wake_client, c));
	CHECK(!link_client_wait(c, 10000));
	pthread_join(thread, NULL);
	CHECK(clock_monotonic() - start < 5000);
	link_client_free(c);
	link_server_free(s);
}

TEST(link, endpoints_that_cannot_be)
{
	struct link_server *s = NULL;
	uint8_t secret[KEY_BYTES];
	struct link_server_config config = { .secret = secret, .admit = admit };
	struct why why;

	memset(secret, BROKER, sizeof(secret));
	config.endpoint = "tcp://127.0.0.1:notaport";
	CHECK(link_server_new(&config, &s, &why) < 0);
	CHECK(strstr(why.text, "notaport"));
	config.endpoint = "carrier-pigeon";
	CHECK(link_server_new(&config, &s, &why) < 0);
	CHECK(!s);
}

int main(void)
{
	return test_main();
}
