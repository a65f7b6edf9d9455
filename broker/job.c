/* Jobs: who made one and what it owes. */

#include "broker/job.h"

#include <stdio.h>

#include "util/mem.h"

struct hold *hold_new(struct link_frame *frame, struct quota *quota)
{
	struct hold *h = mem_alloc(sizeof(*h));

	h->refs = 1;
	h->frame = *frame;
	h->quota = quota;
	*frame = (struct link_frame){ 0 };
	return h;
}

struct hold *hold_ref(struct hold *h)
{
	__atomic_add_fetch(&h->refs, 1, __ATOMIC_RELAXED);
	return h;
}

struct hold *hold_unref(struct hold *h)
{
	if (!h || __atomic_sub_fetch(&h->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return NULL;
	quota_release(h->quota, &h->memory);
	link_frame_deinit(&h->frame);
	arena_deinit(&h->arena);
	free(h);
	return NULL;
}

struct job *job_new(enum job_kind kind, const char *from, struct quota *quota)
{
	struct job *job = mem_alloc(sizeof(*job));

	job->kind = kind;
	job->quota = quota;
	snprintf(job->from, sizeof(job->from), "%s", from);
	return job;
}

static void drop_recipient(struct job *job, struct recipient *to)
{
	quota_leave(job->quota, &to->place);
	buf_deinit(&to->body);
}

static void drop_recipients(struct job *job)
{
	if (job->kind == JOB_STALE)
		drop_recipient(job, &job->stale.now);
	if (job->kind != JOB_MESSAGE)
		return;
	for (size_t i = 0; i < job->message.recipients_count; i++)
		drop_recipient(job, &job->message.recipients[i]);
	job->message.recipients_count = 0;
}

void job_again(struct job *job)
{
	drop_recipients(job);
	job->book = book_unref(job->book);
	job->reason = NULL;
	if (job->kind == JOB_MESSAGE)
		job->message.fate = FATE_DROPPED;
	if (job->kind == JOB_RECEIPT)
		job->receipt.fate = FATE_DROPPED;
	arena_deinit(&job->arena);
}

struct job *job_free(struct job *job)
{
	if (!job)
		return NULL;
	job_again(job);
	quota_release(job->quota, &job->slot);
	hold_unref(job->hold);
	free(job);
	return NULL;
}
