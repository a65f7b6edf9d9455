/*
 * Four counters over one array, never going back:
 *
 *     released <= taken <= finished <= claimed <= put <= released + size
 *
 * Slots between `taken` and `put` are waiting, in work or finished; `finished`
 * is the end of the finished prefix. One lock guards it all: it is held for a
 * few instructions per claim of up to 64 messages, each of which costs a worker
 * some 25 us, so that it is never fought over.
 */

#include "broker/ring.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "util/mem.h"

#define CLAIM_LEAST 8u /* below this, sharing costs more than it gives */

struct slot {
	void *job;
	bool done;
};

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* something may be claimed */
	pthread_cond_t ready; /* something may be taken */
	struct slot *slots;
	size_t size; /* a power of two */
	unsigned workers;
	uint64_t released, taken, finished, claimed, put;
	/* What the committer waits for: nothing, the first slot, or a group of
	 * this many. */
	size_t wanted;
	bool closed;
};

struct ring *ring_new(size_t slots, unsigned workers)
{
	struct ring *r = mem_alloc(sizeof(*r));
	pthread_condattr_t attr;

	assert(slots > 0 && (slots & (slots - 1)) == 0 && workers > 0);
	r->slots = mem_array(slots, sizeof(*r->slots));
	r->size = slots;
	r->workers = workers;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->work, &attr);
	pthread_cond_init(&r->ready, &attr);
	pthread_condattr_destroy(&attr);
	return r;
}

struct ring *ring_free(struct ring *r)
{
	if (!r)
		return NULL;
	pthread_cond_destroy(&r->ready);
	pthread_cond_destroy(&r->work);
	pthread_mutex_destroy(&r->lock);
	free(r->slots);
	free(r);
	return NULL;
}

static struct slot *slot_at(const struct ring *r, uint64_t ticket)
{
	return &r->slots[ticket & (r->size - 1)];
}

void ring_close(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->closed = true;
	pthread_cond_broadcast(&r->work);
	pthread_cond_broadcast(&r->ready);
	pthread_mutex_unlock(&r->lock);
}

static int put_locked(struct ring *r, void *const *jobs, size_t count)
{
	if (r->closed)
		return RING_CLOSED;
	if (count > r->size - (r->put - r->released))
		return RING_FULL;
	for (size_t i = 0; i < count; i++)
		*slot_at(r, r->put + i) = (struct slot){ .job = jobs[i] };
	r->put += count;
	if (count > CLAIM_LEAST)
		pthread_cond_broadcast(&r->work);
	else
		pthread_cond_signal(&r->work);
	return 0;
}

int ring_put(struct ring *r, void *const *jobs, size_t count)
{
	int result;

	pthread_mutex_lock(&r->lock);
	result = put_locked(r, jobs, count);
	pthread_mutex_unlock(&r->lock);
	return result;
}

bool ring_claim(struct ring *r, struct ring_span *ret)
{
	size_t waiting, share;

	pthread_mutex_lock(&r->lock);
	while (r->claimed == r->put && !r->closed)
		pthread_cond_wait(&r->work, &r->lock);
	waiting = (size_t)(r->put - r->claimed);
	share = waiting / r->workers;
	if (share < CLAIM_LEAST)
		share = CLAIM_LEAST;
	if (share > RING_CLAIM_MAX)
		share = RING_CLAIM_MAX;
	if (share > waiting)
		share = waiting;
	*ret = (struct ring_span){ .first = r->claimed, .count = share };
	r->claimed += share;
	pthread_mutex_unlock(&r->lock);
	return share > 0;
}

/* The committer is woken once for its first slot and once for its group, not
 * for every span a worker finishes. */
static bool enough(const struct ring *r)
{
	size_t ready = (size_t)(r->finished - r->taken);

	return ready > 0 && (ready >= r->wanted || r->finished == r->put);
}

void ring_done(struct ring *r, struct ring_span span)
{
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < span.count; i++)
		slot_at(r, span.first + i)->done = true;
	while (r->finished < r->claimed && slot_at(r, r->finished)->done)
		r->finished++;
	if (r->wanted && enough(r))
		pthread_cond_signal(&r->ready);
	pthread_mutex_unlock(&r->lock);
}

void *ring_job(const struct ring *r, uint64_t ticket)
{
	return slot_at(r, ticket)->job;
}

static struct timespec after_us(unsigned us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)us * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void wait_first(struct ring *r)
{
	r->wanted = 1;
	while (r->finished == r->taken && !(r->closed && r->taken == r->put))
		pthread_cond_wait(&r->ready, &r->lock);
}

static void wait_group(struct ring *r, size_t most, unsigned linger_us)
{
	struct timespec until = after_us(linger_us);

	r->wanted = most;
	while (!enough(r) &&
	       pthread_cond_timedwait(&r->ready, &r->lock, &until) != ETIMEDOUT)
		;
}

bool ring_take(
    struct ring *r, size_t most, unsigned linger_us, struct ring_span *ret)
{
	size_t count;

	pthread_mutex_lock(&r->lock);
	wait_first(r);
	if (r->finished > r->taken)
		wait_group(r, most, linger_us);
	r->wanted = 0;
	count = (size_t)(r->finished - r->taken);
	if (count > most)
		count = most;
	*ret = (struct ring_span){ .first = r->taken, .count = count };
	r->taken += count;
	pthread_mutex_unlock(&r->lock);
	return count > 0;
}

void ring_release(struct ring *r, struct ring_span span)
{
	pthread_mutex_lock(&r->lock);
	assert(
	    span.first == r->released && span.count <= r->taken - r->released);
	r->released += span.count;
	pthread_mutex_unlock(&r->lock);
}

size_t ring_used(struct ring *r)
{
	size_t used;

	pthread_mutex_lock(&r->lock);
	used = (size_t)(r->put - r->released);
	pthread_mutex_unlock(&r->lock);
	return used;
}
