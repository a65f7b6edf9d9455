#ifndef BROKER_RING_H
#define BROKER_RING_H

/*
 * The slots between the network thread, the workers and the committer.
 *
 * What arrives gets the next ticket and a slot. Workers claim spans of tickets
 * and finish them in any order; the committer takes what is finished in ticket
 * order, without a hole, so that the log's order is the order of arrival
 * however the work was shared out. A slot is free again when the committer has
 * released it: what is being committed still counts.
 *
 * All functions may be called from any thread; one thread at a time may take.
 * The ring does not own what the slots point to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_SLOTS 4096u     /* of an exchange */
#define RING_CLAIM_MAX 64u   /* slots a worker takes at once */
#define RING_LINGER_US 2000u /* how long a group may gather */

struct ring;

/* Slots [first, first + count); the tickets never wrap in practice. */
struct ring_span {
	uint64_t first;
	size_t count;
};

enum {
	RING_FULL = 1, /* not enough free slots: nothing was put */
	RING_CLOSED,   /* ring_close() was called */
};

/* @slots: a power of two. @workers: how many threads will claim. */
struct ring *ring_new(size_t slots, unsigned workers);
struct ring *ring_free(struct ring *r); /* NULL */

/* No more puts. Workers and committer go on to the last slot, then get 0. */
void ring_close(struct ring *r);

/* All of @jobs in one row of tickets, or none: 0, RING_FULL, RING_CLOSED. */
int ring_put(struct ring *r, void *const *jobs, size_t count)
    __attribute__((warn_unused_result));

/* Wait for work and claim some: an even share of what waits, at most
 * RING_CLAIM_MAX. False when the ring is closed and nothing waits. */
bool ring_claim(struct ring *r, struct ring_span *ret);
void ring_done(struct ring *r, struct ring_span span);

/* What stands in a slot that the caller claimed or took. */
void *ring_job(const struct ring *r, uint64_t ticket);

/*
 * Wait for the finished slots at the front and take up to @most of them. While
 * others are still being worked on it waits for @most of them, but no longer
 * than @linger_us after the first was there; a lone job is taken at once. False
 * when the ring is closed and empty.
 */
bool ring_take(
    struct ring *r, size_t most, unsigned linger_us, struct ring_span *ret);
void ring_release(struct ring *r, struct ring_span span);

/* How many slots are in use, for `status`. */
size_t ring_used(struct ring *r);

#endif
