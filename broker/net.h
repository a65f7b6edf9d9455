#ifndef BROKER_NET_H
#define BROKER_NET_H

/*
 * The network thread: it owns the link, knows the sessions, splits frames into
 * jobs and charges for them. No signature is verified here and the store is
 * never touched, so that it always has time for the next frame.
 */

#include <stdint.h>

#include "broker/books.h"
#include "util/buf.h"
#include "util/why.h"
#include "wire/link.h"

#define NET_BACKLOG_MAX 4096u /* frames kept for a peer that does not read */
#define NET_WAITING_MAX 256u  /* frames of a peer kept until it has slots */

struct net;
struct exchange;

/* Listen. @secret is the broker's CURVE key. */
int net_new(struct exchange *x, const uint8_t secret[KEY_BYTES],
    struct net **ret, struct why *why);
struct net *net_free(struct net *n); /* NULL */

/* Slots are free again: look at the frames that wait for some. Any thread. */
void net_nudge(struct net *n);

/* Until net_stop(). 0, or -errno: the link failed. */
int net_run(struct net *n);
void net_stop(struct net *n); /* any thread */

/* Send what is still queued, for at most @ms; after everybody else stopped. */
void net_drain(struct net *n, int ms);

/* Send @frame to @peer, in the order of posting; takes its bytes. Any thread.
 */
void net_post(struct net *n, uint32_t peer, struct buf *frame);

/* Send @b's policies to every session; takes a reference. Any thread. */
void net_post_policies(struct net *n, struct book *b);

struct net_counts {
	uint64_t frames, shunned;
};
void net_look(struct net *n, struct net_counts *ret);
const char *net_endpoint(const struct net *n);

#endif
