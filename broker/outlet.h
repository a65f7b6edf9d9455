#ifndef BROKER_OUTLET_H
#define BROKER_OUTLET_H

/* Inside the deliverer only: outlet.c keeps what has happened to each partner's
 * outlet, deliver.c makes the frames. */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/deliver.h"
#include "broker/exchange.h"
#include "util/map.h"

#define FRESH_MAX 4096u /* bodies kept for a partner that is there */
#define FRESH_BYTES (16u << 20)

struct flight {
	uint64_t copy;
	size_t bytes;
};

/* A body kept since its commit, at its number modulo FRESH_MAX. */
struct fresh {
	uint64_t copy;
	struct buf body;
};

struct outlet {
	char partner[TEXT_NAME_MAX + 1];
	uint32_t peer; /* 0: away */
	uint64_t after[LEDGER_LANES];
	struct flight flights[DELIVER_CREDIT];
	size_t flights_count, flights_bytes;
	size_t stale; /* being decided again: nothing is read meanwhile */
	bool blocked; /* a copy cannot be read */
	bool dirty;   /* something happened */
	bool rewound; /* read again from the start, whatever is being done */
	struct fresh *fresh; /* FRESH_MAX places, when it was ever there */
	size_t fresh_bytes;
	struct outlet *next;
};

struct deliver {
	struct exchange *x;
	pthread_mutex_t lock;
	pthread_cond_t work;
	bool stopping;
	struct map by_partner;
	struct outlet *first, *last; /* dirty ones, in turn */
};

/* With the lock: have the thread look at it. */
void outlet_touch(struct deliver *d, struct outlet *o);

/* Take the body of @copy, if it is at hand. Without the lock. */
bool deliver_take_fresh(
    struct deliver *d, const char *partner, uint64_t copy, struct buf *ret);

#endif
