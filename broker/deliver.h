#ifndef BROKER_DELIVER_H
#define BROKER_DELIVER_H

/*
 * Copies on their way out. Each partner has an outlet: its queue in the store,
 * how far it was read, and the copies in flight, that is, sent and not yet
 * receipted: at most DELIVER_CREDIT of them. Only a receipt moves a queue on;
 * a partner that reads slowly, or not at all, leaves everything where it is.
 *
 * A copy is made again from the stored message and its queue row, must hash to
 * what the log says was decided, and goes with the proof that it says so. A row
 * decided under an older book, or on an earlier day, is decided again first.
 *
 * One thread runs; everybody else tells it what has happened.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define DELIVER_CREDIT 256u
#define DELIVER_BYTES                                                          \
	(8u << 20) /* in flight to one partner; one copy always                \
		    */

struct deliver;
struct exchange;

struct deliver *deliver_new(struct exchange *x);
struct deliver *deliver_free(struct deliver *d); /* NULL */
void deliver_run(struct deliver *d);             /* until stopped */
void deliver_stop(struct deliver *d);

/* The partner is there, under connection @peer: everything it has not receipted
 * is sent, from the start. */
void deliver_connect(struct deliver *d, const char *partner, uint32_t peer);
void deliver_disconnect(struct deliver *d, const char *partner, uint32_t peer);

/* A new copy is committed. Its body is taken, if the partner is there to get it
 * soon: what is at hand need not be made again from the store. */
void deliver_fresh(
    struct deliver *d, const char *partner, uint64_t copy, struct buf *body);

void deliver_wake(struct deliver *d, const char *partner);
void deliver_wake_all(struct deliver *d);

/* Its receipt for these is committed. */
void deliver_receipted(struct deliver *d, const char *partner,
    const uint64_t *copies, size_t count);

/* Its receipt could not be kept: send again, so that it gives another. */
void deliver_again(struct deliver *d, const char *partner);

/* A copy was decided again. @broken: it cannot be read; the queue then waits
 * for the next connection, for nothing may overtake it unseen. */
void deliver_settled(struct deliver *d, const char *partner, bool broken);

/* For `status`. */
struct deliver_look {
	uint32_t peer; /* 0: away */
	size_t in_flight;
};
void deliver_look(
    struct deliver *d, const char *partner, struct deliver_look *ret);

#endif
