/* The one thread that writes the agent's store; keeper.h is the contract. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/keeper-own.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define SECOND_MS 1000
#define HOUR_MS 3600000

/* ---- for the keeper's files ------------------------------------------- */

void keeper_fail(struct keeper *k, const char *what, int error)
{
	if (k->fatal)
		return;
	k->fatal = true;
	log_say(LOG_ERROR, NULL,
	    "%s: %s%s%s; the agent stops, because it cannot promise anything"
	    " any more",
	    what, strerror(error < 0 ? -error : error),
	    store_fault(k->store) ? "; " : "",
	    store_fault(k->store) ? store_fault(k->store) : "");
	k->failed(k->ctx);
}

void keeper_trouble(struct keeper *k, const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&k->lock);
	va_start(args, format);
	vsnprintf(k->status.trouble, sizeof(k->status.trouble), format, args);
	va_end(args);
	pthread_mutex_unlock(&k->lock);
}

/* ---- the loop --------------------------------------------------------- */

static void wake(void *ctx)
{
	struct keeper *k = ctx;

	pthread_mutex_lock(&k->lock);
	k->woken = true;
	pthread_cond_signal(&k->work);
	pthread_mutex_unlock(&k->lock);
}

static struct timespec timespec_of(int64_t monotonic_ms)
{
	return (struct timespec){ .tv_sec = monotonic_ms / 1000,
		.tv_nsec = monotonic_ms % 1000 * 1000000 };
}

/* Wait for work or the next second. False: the end. */
static bool wait_for_work(struct keeper *k)
{
	struct timespec until = timespec_of(k->next_second);
	bool go;

	pthread_mutex_lock(&k->lock);
	while (!k->woken && !k->queue && !k->stopping &&
	       clock_monotonic() < k->next_second)
		pthread_cond_timedwait(&k->work, &k->lock, &until);
	k->woken = false;
	go = !k->stopping;
	pthread_mutex_unlock(&k->lock);
	return go;
}

static size_t take_group(struct keeper *k, struct submission **group)
{
	size_t n = 0;

	pthread_mutex_lock(&k->lock);
	while (k->queue && n < KEEPER_GROUP) {
		group[n] = k->queue;
		k->queue = group[n++]->next;
	}
	if (!k->queue)
		k->queue_end = &k->queue;
	pthread_mutex_unlock(&k->lock);
	return n;
}

static void upkeep(struct keeper *k, int64_t now)
{
	bool more = false;
	int r = store_upkeep(k->store, now, &more);

	if (r < 0)
		keeper_fail(k, "the store's upkeep failed", r);
}

static void tick(struct keeper *k)
{
	int64_t now = clock_now(), monotonic = clock_monotonic();

	if (monotonic < k->next_second)
		return;
	k->next_second = monotonic + SECOND_MS;
	session_tick(k, monotonic);
	upkeep(k, now);
	if (!k->fatal)
		outbox_relieve(k);
	if (monotonic < k->next_hour || k->fatal)
		return;
	k->next_hour = monotonic + HOUR_MS;
	inbox_expire(k, now);
	outbox_expire(k, now);
}

static void *run(void *arg)
{
	struct keeper *k = arg;
	struct submission *group[KEEPER_GROUP];

	while (wait_for_work(k) && !k->fatal) {
		struct net_event event;
		size_t n;

		while (!k->fatal && net_take(k->net, &event) != NET_NONE)
			session_event(k, &event);
		n = k->fatal ? 0 : take_group(k, group);
		if (n)
			outbox_commit(k, group, n);
		if (!k->fatal)
			session_pump(k);
		if (!k->fatal)
			tick(k);
	}
	return NULL;
}

/* ---- start and end ---------------------------------------------------- */

static void init_locks(struct keeper *k)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->work, &attr);
	pthread_cond_init(&k->done, &attr);
	pthread_condattr_destroy(&attr);
}

static int start_threads(struct keeper *k, struct why *why)
{
	struct net_config config = {
		.link = {
			.endpoint = k->conf->endpoint,
			.server = k->id->broker.curve,
			.secret = k->id->curve_secret,
		},
		.notify = wake,
		.ctx = k,
	};
	int r = net_start(&config, &k->net, why);

	if (r < 0)
		return r;
	r = pthread_create(&k->thread, NULL, run, k);
	if (r == 0)
		return 0;
	why_set(why, "cannot start a thread: %s", strerror(r));
	k->net = net_stop(k->net);
	return -r;
}

static void keeper_free(struct keeper *k)
{
	policies_drop(k);
	rules_unref(k->rules);
	map_deinit(&k->waiting);
	pthread_cond_destroy(&k->done);
	pthread_cond_destroy(&k->work);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

int keeper_start(
    const struct keeper_config *config, struct keeper **ret, struct why *why)
{
	struct keeper *k = mem_alloc(sizeof(*k));
	int r;

	k->conf = config->conf;
	k->id = config->identity;
	k->store = config->store;
	k->failed = config->failed;
	k->ctx = config->ctx;
	k->queue_end = &k->queue;
	init_locks(k);
	keeper_trouble(k, "the broker has not been reached yet");
	policies_load(k);
	inbox_load(k);
	/* What is due to be destroyed goes before anybody can read it. */
	inbox_expire(k, clock_now());
	k->next_hour = clock_monotonic() + HOUR_MS;
	r = k->fatal ? -EIO : start_threads(k, why);
	if (k->fatal)
		why_set(why, "the store cannot be used");
	if (r < 0) {
		keeper_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

struct keeper *keeper_stop(struct keeper *k)
{
	if (!k)
		return NULL;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->work);
	pthread_cond_broadcast(&k->done);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	net_stop(k->net);
	keeper_free(k);
	return NULL;
}

/* ---- for everybody ---------------------------------------------------- */

struct rules *keeper_rules(struct keeper *k)
{
	struct rules *rules;

	pthread_mutex_lock(&k->lock);
	rules = k->rules ? rules_ref(k->rules) : NULL;
	pthread_mutex_unlock(&k->lock);
	return rules;
}

void keeper_status(struct keeper *k, struct keeper_status *ret)
{
	pthread_mutex_lock(&k->lock);
	*ret = k->status;
	pthread_mutex_unlock(&k->lock);
}

/* Take @s out of the queue; false when the keeper has it already. */
static bool withdraw(struct keeper *k, struct submission *s)
{
	bool found = false;

	for (struct submission **at = &k->queue; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			found = true;
			break;
		}
	k->queue_end = &k->queue;
	while (*k->queue_end)
		k->queue_end = &(*k->queue_end)->next;
	return found;
}

/* Until it is stored or failed. What the keeper has taken it finishes, also
 * when the end has come. */
static void wait_stored(struct keeper *k, struct submission *s)
{
	while (!s->stored) {
		if (k->stopping && withdraw(k, s)) {
			s->outcome = KEEPER_LATER;
			why_set(&s->why, "the agent is stopping");
			return;
		}
		pthread_cond_wait(&k->done, &k->lock);
	}
}

int keeper_submit(struct keeper *k, struct composed *composed, int wait_ms,
    struct message_id *ret_id, struct why *why)
{
	struct submission s = { .composed = composed };
	struct timespec until;
	uint8_t room[12];

	pthread_mutex_lock(&k->lock);
	*k->queue_end = &s;
	k->queue_end = &s.next;
	pthread_cond_signal(&k->work);
	wait_stored(k, &s);
	until = timespec_of(clock_monotonic() + wait_ms);
	while (s.outcome == 0 && !s.answered && !k->stopping &&
	       k->status.connected &&
	       pthread_cond_timedwait(&k->done, &k->lock, &until) == 0)
		;
	if (s.outcome == 0)
		map_remove(&k->waiting, number_key(&s.id, room));
	pthread_mutex_unlock(&k->lock);
	if (s.outcome) {
		*why = s.why;
		return s.outcome;
	}
	*ret_id =
	    (struct message_id){ .epoch = s.id.epoch, .number = s.id.number };
	memcpy(ret_id->partner, k->id->name, sizeof(ret_id->partner));
	return 0;
}
