/* A list from the newest to the oldest: who comes is always the newest. */

#include "store/readers.h"

#include <assert.h>

#include "util/clock.h"

void readers_init(struct readers *rs)
{
	pthread_mutex_init(&rs->lock, NULL);
}

void readers_deinit(struct readers *rs)
{
	assert(!rs->newest);
	pthread_mutex_destroy(&rs->lock);
}

void readers_add(struct readers *rs, struct reader *r)
{
	pthread_mutex_lock(&rs->lock);
	r->began = clock_monotonic();
	r->newer = NULL;
	r->older = rs->newest;
	if (r->older)
		r->older->newer = r;
	else
		rs->oldest = r;
	rs->newest = r;
	pthread_mutex_unlock(&rs->lock);
}

void readers_remove(struct readers *rs, struct reader *r)
{
	pthread_mutex_lock(&rs->lock);
	if (r->newer)
		r->newer->older = r->older;
	else
		rs->newest = r->older;
	if (r->older)
		r->older->newer = r->newer;
	else
		rs->oldest = r->newer;
	pthread_mutex_unlock(&rs->lock);
}

uint64_t readers_oldest_ms(struct readers *rs)
{
	int64_t age = 0;

	pthread_mutex_lock(&rs->lock);
	if (rs->oldest)
		age = clock_monotonic() - rs->oldest->began;
	pthread_mutex_unlock(&rs->lock);
	return (uint64_t)age;
}
