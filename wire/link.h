#ifndef WIRE_LINK_H
#define WIRE_LINK_H

/*
 * The connection between agents and broker: ZeroMQ under CURVE, and nothing of
 * ZeroMQ outside link.c. Both ends know each other by their CURVE keys; a
 * peer's name is what the broker's admit() made of its key in the handshake,
 * and comes with every frame.
 *
 * One thread owns a server or a client and calls everything but the wake
 * functions, which are for all. The loop is
 *
 *     while (running) {
 *             link_server_wait(s, timeout_ms);
 *             while (link_server_recv(s, &frame) == 0)
 *                     ... use or keep the frame; link_frame_deinit(&frame)
 *             ... what others have queued: link_server_send(...)
 *     }
 *
 * That a send succeeded means only that the frame is on its way: what matters
 * is answered by the other side's result or receipt.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/text.h"
#include "util/why.h"
#include "wire/frame.h"
#include "wire/key.h"

#define LINK_ENDPOINT_MAX 255u      /* "tcp://127.0.0.1:7333" */
#define LINK_HANDSHAKE_MS 1000      /* then a silent connection is closed */
#define LINK_HEARTBEAT_MS 2000      /* a ping when nothing else is sent */
#define LINK_HEARTBEAT_TIMEOUT 6000 /* then the connection counts as lost */
#define LINK_FRAMES_IN 32           /* frames of a peer held unread */
#define LINK_FRAMES_OUT 1024        /* and unsent: more than its credit */
#define LINK_BACKLOG 256
#define LINK_LINGER_MS 200 /* for the last frames, when a server closes */
#define LINK_RETRY_MS 100  /* a client's first pause, doubled up to */
#define LINK_RETRY_MAX_MS 5000
#define LINK_CONNECT_MS 5000 /* to connect and shake hands */

/* Outcomes of sending and receiving; negative errno: the link has failed. */
enum link_outcome {
	LINK_OK = 0,
	LINK_EMPTY = 1, /* recv: nothing is waiting */
	LINK_FULL,      /* send: not now, the peer is not reading */
	LINK_GONE,      /* send: no such peer, or not connected */
};

/* A frame received. @bytes lives until link_frame_deinit(), which may be called
 * from any thread; the struct may be moved by assignment. */
struct link_frame {
	struct slice bytes;
	uint32_t peer;                   /* server: the connection */
	char partner[TEXT_NAME_MAX + 1]; /* server: whose key it is */
	char key[KEY_Z85_BYTES + 1];     /* server: the key, in Z85 */
	void *owned;
};
void link_frame_deinit(struct link_frame *frame);

/* ---- server ------------------------------------------------------------ */

struct link_server;

struct link_server_config {
	const char *endpoint;  /* to bind; port "*" lets the system choose */
	const uint8_t *secret; /* CURVE, KEY_BYTES; copied */
	/* Which partner has the CURVE key @public: write its name and return
	 * true, or return false to refuse the handshake. Called in
	 * link_server_wait(), by the owner's thread. */
	bool (*admit)(void *ctx, const uint8_t public[KEY_BYTES],
	    char ret_partner[TEXT_NAME_MAX + 1]);
	void *ctx;
};

int link_server_new(const struct link_server_config *config,
    struct link_server **ret, struct why *why);
struct link_server *link_server_free(struct link_server *s);

/* Where it listens, with the port the system chose. */
const char *link_server_endpoint(const struct link_server *s);

/* Wait until something may have arrived, link_server_wake() was called, or
 * @timeout_ms passed (-1: for ever). Shakes hands meanwhile. */
int link_server_wait(struct link_server *s, int timeout_ms);
void link_server_wake(struct link_server *s); /* any thread */

/* LINK_OK and a frame, or LINK_EMPTY. What is not a single-part message of an
 * admitted peer under a connection id of ours is dropped and counted. */
int link_server_recv(struct link_server *s, struct link_frame *ret);

/* Send @frame to @peer and take its bytes (@frame is then empty). LINK_FULL and
 * LINK_GONE leave it as it was; -EMSGSIZE: longer than FRAME_BYTES_MAX. */
int link_server_send(struct link_server *s, uint32_t peer, struct buf *frame);

struct link_counts {
	uint64_t admitted; /* handshakes */
	uint64_t refused;  /* keys that admit() did not know */
	uint64_t dropped;  /* messages of the wrong shape or id */
};
struct link_counts link_server_counts(const struct link_server *s);

/* ---- client ------------------------------------------------------------ */

struct link_client;

struct link_client_config {
	const char *endpoint;
	const uint8_t *server; /* the broker's public CURVE key */
	const uint8_t *secret; /* ours */
};

enum link_state {
	LINK_DOWN = 0,
	LINK_UP,      /* hands shaken: frames can be sent */
	LINK_REFUSED, /* the broker does not know our key */
};

int link_client_new(const struct link_client_config *config,
    struct link_client **ret, struct why *why);
struct link_client *link_client_free(struct link_client *c);

/* As for the server. Makes a new socket, after a pause, when the connection was
 * lost, refused or not made in time; what was queued in the old one is gone. */
int link_client_wait(struct link_client *c, int timeout_ms);
void link_client_wake(struct link_client *c); /* any thread */

enum link_state link_client_state(const struct link_client *c);

/* Counts connections: when it has changed and the link is up, the other side
 * knows nothing of us and wants a hello. */
unsigned link_client_session(const struct link_client *c);

int link_client_recv(struct link_client *c, struct link_frame *ret);
int link_client_send(struct link_client *c, struct buf *frame);

#endif
