#ifndef TESTS_BENCH_SENDER_H
#define TESTS_BENCH_SENDER_H

/*
 * The sending partner, without a store of its own: it composes the bench report
 * once, as an agent does, makes as many messages of it as a run needs (each
 * with its own id, nonce and salts, signed in batches) before the clock starts,
 * and then keeps a window of them unanswered. What is measured is the exchange
 * and the recipients, beside the sender's share of the link.
 */

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/stage.h"

struct sender;

/* To the first @recipients of the stage. */
struct sender *sender_new(const struct stage *s, size_t recipients);
struct sender *sender_free(struct sender *s);

struct sending {
	size_t count;  /* messages */
	size_t window; /* of them unanswered at once */
	/* Filled by sender_run(). */
	uint32_t epoch;
	uint64_t first;       /* number of the first */
	int64_t start_us;     /* on the steady clock */
	int64_t confirmed_us; /* the last was answered */
	int64_t *waited_us;   /* of each, to its result, ascending; caller frees
			       */
	size_t bytes;         /* of the first envelope */
};

/* Make the messages, then send them all and wait for their results. Each must
 * be accepted, for every recipient, and answered once. */
void sender_run(struct sender *s, struct sending *sending);

#endif
