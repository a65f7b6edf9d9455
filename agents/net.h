#ifndef AGENTS_NET_H
#define AGENTS_NET_H

/*
 * The thread that owns the link. It moves frames between the link and two
 * queues and does nothing else, so that no check of a signature and no commit
 * ever delays a heartbeat.
 */

#include <stdbool.h>

#include "util/buf.h"
#include "util/why.h"
#include "wire/link.h"

#define NET_IN_MAX 64u /* frames waiting; then the link waits too */

struct net;

struct net_config {
	struct link_client_config link;
	/* Called by the net thread when there is an event; must not block. */
	void (*notify)(void *ctx);
	void *ctx;
};

enum net_event_kind {
	NET_NONE = 0,
	NET_UP,      /* a new session: say hello */
	NET_DOWN,    /* what was sent and not answered may be lost */
	NET_REFUSED, /* the broker does not know our key */
	NET_FRAME,
	NET_FAILED, /* the link cannot go on; nothing comes after this */
};

struct net_event {
	enum net_event_kind kind;
	struct link_frame frame; /* NET_FRAME; the taker deinits it */
};

int net_start(
    const struct net_config *config, struct net **ret, struct why *why);
struct net *net_stop(struct net *net); /* joins the thread; returns NULL */

/* The next event; NET_NONE when there is none. */
enum net_event_kind net_take(struct net *net, struct net_event *ret);

/* Queue a frame and take its bytes. Frames of a session that ends are dropped,
 * also those queued before NET_UP is taken. */
void net_send(struct net *net, struct buf *frame);

#endif
