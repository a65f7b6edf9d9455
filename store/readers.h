#ifndef STORE_READERS_H
#define STORE_READERS_H

/*
 * The readers of this process by age. No page freed after a reader's birth is
 * used again while it lives, so the age of the oldest is what an operator must
 * be able to see. Any thread.
 */

#include <pthread.h>
#include <stdint.h>

struct reader { /* embedded in its owner */
	int64_t began;
	struct reader *newer, *older;
};

struct readers {
	pthread_mutex_t lock;
	struct reader *newest, *oldest;
};

void readers_init(struct readers *rs);
void readers_deinit(struct readers *rs); /* all must have left */

void readers_add(struct readers *rs, struct reader *r);
void readers_remove(struct readers *rs, struct reader *r);
uint64_t readers_oldest_ms(struct readers *rs);

#endif
