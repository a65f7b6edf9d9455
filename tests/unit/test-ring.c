/* The ring: ticket order, closing, and many threads at once. */

#include "tests/unit/test.h"

#include <pthread.h>

#include "broker/ring.h"
#include "util/clock.h"
#include "util/mem.h"

static void *number(uintptr_t n)
{
	return (void *)n;
}

static void put(struct ring *r, uintptr_t first, size_t count)
{
	void *jobs[RING_SLOTS];

	for (size_t i = 0; i < count; i++)
		jobs[i] = number(first + i);
	CHECK_INT(ring_put(r, jobs, count), 0);
}

TEST(ring, is_full_at_its_size_and_takes_all_or_nothing)
{
	struct ring *r = ring_new(8, 1);
	void *jobs[9] = { 0 };
	struct ring_span span;

	CHECK_INT(ring_put(r, jobs, 9), RING_FULL);
	CHECK_INT(ring_put(r, jobs, 8), 0);
	CHECK_INT(ring_put(r, jobs, 1), RING_FULL);
	CHECK(ring_claim(r, &span));
	CHECK_INT(span.count, 8);
	ring_done(r, span);
	CHECK(ring_take(r, 3, 0, &span));
	CHECK_INT(span.count, 3);
	CHECK_INT(ring_put(r, jobs, 1), RING_FULL); /* taken is not free */
	ring_release(r, span);
	CHECK_INT(ring_used(r), 5);
	CHECK_INT(ring_put(r, jobs, 4), RING_FULL);
	CHECK_INT(ring_put(r, jobs, 3), 0);
	ring_free(r);
}

TEST(ring, gives_only_the_finished_prefix)
{
	struct ring *r = ring_new(64, 4);
	struct ring_span a, b, got;

	put(r, 1, 32);
	CHECK(ring_claim(r, &a));
	CHECK(ring_claim(r, &b));
	CHECK_INT(a.count, 8);
	CHECK_INT(b.first, 8);
	ring_done(r, b);
	ring_done(r, a);
	CHECK(ring_take(r, 64, 0, &got));
	CHECK_INT(got.first, 0);
	CHECK_INT(got.count, 16);
	CHECK_INT((uintptr_t)ring_job(r, got.first + 9), 10);
	ring_free(r);
}

TEST(ring, a_lone_job_does_not_linger)
{
	struct ring *r = ring_new(8, 2);
	int64_t begin = clock_monotonic();
	struct ring_span span;

	put(r, 1, 1);
	CHECK(ring_claim(r, &span));
	ring_done(r, span);
	CHECK(ring_take(r, 256, 5000000, &span));
	CHECK_INT(span.count, 1);
	CHECK(clock_monotonic() - begin < 4000);
	ring_free(r);
}

TEST(ring, lingers_no_longer_than_told)
{
	struct ring *r = ring_new(64, 4);
	struct ring_span a, b, got;

	put(r, 1, 32);
	CHECK(ring_claim(r, &a));
	CHECK(ring_claim(r, &b));
	ring_done(r, a); /* b stays in work */
	CHECK(ring_take(r, 256, RING_LINGER_US, &got));
	CHECK_INT(got.count, 8);
	ring_free(r);
}

TEST(ring, closed_goes_on_to_the_last_slot)
{
	struct ring *r = ring_new(8, 1);
	void *jobs[1] = { 0 };
	struct ring_span span;

	put(r, 1, 2);
	ring_close(r);
	CHECK_INT(ring_put(r, jobs, 1), RING_CLOSED);
	CHECK(ring_claim(r, &span));
	ring_done(r, span);
	CHECK(!ring_claim(r, &span));
	CHECK(ring_take(r, 8, 0, &span));
	CHECK_INT(span.count, 2);
	CHECK(!ring_take(r, 8, 0, &span));
	ring_free(r);
}

/* ---- threads ---------------------------------------------------------- */

#define JOBS 200000

struct race {
	struct ring *ring;
	uint8_t worked[JOBS];
};

static void *work(void *arg)
{
	struct race *race = arg;
	struct ring_span span;

	while (ring_claim(race->ring, &span)) {
		for (size_t i = 0; i < span.count; i++)
			race->worked[(uintptr_t)ring_job(
			    race->ring, span.first + i)]++;
		ring_done(race->ring, span);
	}
	return NULL;
}

static void *produce(void *arg)
{
	struct race *race = arg;
	void *jobs[100];
	uintptr_t next = 0;

	while (next < JOBS) {
		size_t count = 1 + (size_t)(next * 7919 % 100);

		if (count > JOBS - next)
			count = JOBS - next;
		for (size_t i = 0; i < count; i++)
			jobs[i] = number(next + i);
		if (ring_put(race->ring, jobs, count) == 0)
			next += count;
	}
	ring_close(race->ring);
	return NULL;
}

TEST(ring, many_threads_keep_ticket_order_and_lose_nothing)
{
	struct race *race = mem_alloc(sizeof(*race));
	struct ring_span span;
	pthread_t workers[3], producer;
	uintptr_t expected = 0;

	race->ring = ring_new(1024, 3);
	for (size_t i = 0; i < ARRAY_LEN(workers); i++)
		pthread_create(&workers[i], NULL, work, race);
	pthread_create(&producer, NULL, produce, race);
	while (ring_take(race->ring, 256, RING_LINGER_US, &span)) {
		for (size_t i = 0; i < span.count; i++) {
			uintptr_t job =
			    (uintptr_t)ring_job(race->ring, span.first + i);

			CHECK_INT(job, expected++);
			CHECK_INT(race->worked[job], 1);
		}
		ring_release(race->ring, span);
	}
	CHECK_INT(expected, JOBS);
	pthread_join(producer, NULL);
	for (size_t i = 0; i < ARRAY_LEN(workers); i++)
		pthread_join(workers[i], NULL);
	ring_free(race->ring);
	free(race);
}

int main(void)
{
	return test_main();
}
