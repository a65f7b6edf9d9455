/*
 * The committer's thread: groups, tries again without new messages when the
 * store is full, and swaps the book in force.
 */

#include "broker/commit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/committing.h"
#include "broker/deliver.h"
#include "broker/net.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

struct committer {
	struct commit commit;
	struct worker worker; /* for what must be worked on again */
	bool was_full;
};

/* What is on disk is not known any more: only a new start can find out. */
static _Noreturn void fail(const char *what, const char *why)
{
	log_say(LOG_ERROR, NULL, "stopping: %s: %s", what, why);
	_exit(1);
}

static void reload(struct exchange *x)
{
	struct why why;

	if (record_reload(x->record, &why) != 0)
		fail("the log cannot be read", why.text);
}

static void sign(struct exchange *x)
{
	struct why why;

	if (record_sign(x->record, &why) != 0)
		fail("no checkpoint", why.text);
}

/* 0 or STORE_FULL; anything else has ended the process. */
static int finish(struct committer *c)
{
	bool dirty;
	int r = commit_end(&c->commit);

	dirty = c->commit.dirty;
	if (r < 0)
		fail("the store failed", strerror(-r));
	if (r == 0 && dirty)
		sign(c->commit.x);
	if (r > 0)
		reload(c->commit.x);
	return r;
}

static void store_one(struct committer *c, struct job *job)
{
	if (job->kind == JOB_TICK) {
		commit_sum_up(&c->commit);
		if (!record_kept(c->commit.x->record))
			commit_touch(&c->commit);
		return;
	}
	/* Nothing decided under an older book is committed after a newer. */
	if (job->book && job->book->number != c->commit.book->number) {
		job_again(job);
		exchange_work(&c->worker, job);
	}
	exchange_store(&c->commit, job);
}

static int try_group(
    struct committer *c, struct job *const *jobs, size_t count, bool full)
{
	int r;

	c->commit.full = full;
	r = commit_begin(&c->commit);
	if (r != 0)
		fail("the store failed", strerror(-r));
	for (size_t i = 0; i < count; i++)
		store_one(c, jobs[i]);
	return finish(c);
}

static void note_full(struct committer *c, bool full)
{
	if (full && !c->was_full)
		log_say(LOG_ERROR, NULL,
		    "the store is full: nothing new is taken until copies are "
		    "receipted or it gets more room");
	if (!full && c->was_full)
		log_say(LOG_INFO, NULL, "the store has room again");
	c->was_full = full;
}

static void commit_group(
    struct committer *c, struct job *const *jobs, size_t count)
{
	int r = try_group(c, jobs, count, false);

	if (r == STORE_FULL)
		r = try_group(c, jobs, count, true);
	note_full(c, r == STORE_FULL || !commit_has_room(&c->commit));
	answer_group(c->commit.x, jobs, count, r == 0);
}

/* ---- a new book ------------------------------------------------------- */

static void settle_change(struct change *change, int result)
{
	pthread_mutex_lock(&change->lock);
	change->result = result;
	change->done = true;
	pthread_cond_signal(&change->settled);
	pthread_mutex_unlock(&change->lock);
}

static void commit_change(struct committer *c, struct change *change)
{
	struct exchange *x = c->commit.x;
	int r;

	if (change->base != c->commit.book->number) {
		settle_change(change, CHANGE_LATE);
		return;
	}
	if (commit_begin(&c->commit) != 0)
		fail("the store failed", "it cannot be written");
	book_record(x->record, c->commit.txn, change->draft, change->next);
	commit_touch(&c->commit);
	r = finish(c);
	if (r == 0) {
		book_unref(c->commit.book);
		c->commit.book = book_ref(change->next);
		books_swap(x->books, book_ref(change->next));
		net_post_policies(x->net, book_ref(change->next));
		deliver_wake_all(x->deliver);
	}
	settle_change(change, r);
}

/* ---- the thread ------------------------------------------------------- */

/* A change is a transaction of its own, between those before and after it. */
static void commit_span(
    struct committer *c, struct job *const *jobs, size_t count)
{
	size_t from = 0;

	for (size_t i = 0; i < count; i++) {
		if (jobs[i]->kind != JOB_CHANGE)
			continue;
		if (i > from)
			commit_group(c, jobs + from, i - from);
		commit_change(c, jobs[i]->change);
		from = i + 1;
	}
	if (count > from)
		commit_group(c, jobs + from, count - from);
}

struct committer *committer_new(struct exchange *x)
{
	struct committer *c = mem_alloc(sizeof(*c));

	commit_init(&c->commit, x);
	c->worker.x = x;
	return c;
}

struct committer *committer_free(struct committer *c)
{
	if (!c)
		return NULL;
	commit_deinit(&c->commit);
	free(c);
	return NULL;
}

void committer_run(struct committer *c)
{
	struct ring *ring = c->commit.x->ring;
	struct job *jobs[COMMIT_GROUP];
	struct ring_span span;

	while (ring_take(ring, COMMIT_GROUP, RING_LINGER_US, &span)) {
		for (size_t i = 0; i < span.count; i++)
			jobs[i] = ring_job(ring, span.first + i);
		commit_span(c, jobs, span.count);
		for (size_t i = 0; i < span.count; i++)
			job_free(jobs[i]);
		ring_release(ring, span);
		net_nudge(c->commit.x->net);
	}
}
