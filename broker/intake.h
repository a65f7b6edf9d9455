#ifndef BROKER_INTAKE_H
#define BROKER_INTAKE_H

/*
 * Inside the network thread only: net.c owns the link and sends, intake.c makes
 * jobs of what arrives.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/admit.h"
#include "broker/exchange.h"
#include "broker/net.h"

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
	bool stopping; /* atomic */
	bool waiting;  /* atomic: some session has frames that wait */
	uint64_t frames, shunned; /* atomic */
	uint64_t unknown;         /* handshakes refused, when last said */
	pthread_mutex_t lock;
	struct posted *posted;
	size_t posted_count, posted_cap;
};

void net_send(struct net *n, uint32_t peer, const struct frame *frame);
void net_busy(struct net *n, uint32_t peer, const char *reason);

/* Takes over @in. */
void intake_frame(struct net *n, struct link_frame *in);

/* Take what waits for slots, as far as there are some. */
void intake_waiting(struct net *n);

#endif
