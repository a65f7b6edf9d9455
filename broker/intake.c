/*
 * From frames to jobs. A frame is looked at just far enough to know what it is
 * and whom to charge: admission, kind, shape; then it becomes jobs in the ring.
 * What finds no slot waits behind its sender's other frames, so that nobody
 * else notices, and is read no further.
 */

#include "broker/intake.h"

#include <string.h>

#include "broker/say.h"
#include "util/clock.h"
#include "util/mem.h"

/* ---- refusing --------------------------------------------------------- */

/* Answer, charge, and leave word for the log's summary. */
static void refuse(struct net *n, const struct link_frame *in,
    enum frame_code code, const char *reason)
{
	struct quota_account *account = quota_account(n->x->quota, in->partner);
	struct frame frame = {
		.kind = FRAME_ERROR,
		.error = { .code = code },
	};
	struct job *job;
	void *slot;

	exchange_count(&n->x->counts.refused, 1);
	if (!quota_refusal(n->x->quota, account, clock_monotonic()))
		return;
	job = job_new(JOB_REFUSAL, in->partner, n->x->quota);
	frame.error.text = reason_clean(&job->arena, reason, FRAME_REASON_MAX);
	job->reason = arena_strn(
	    &job->arena, frame.error.text.data, frame.error.text.len);
	net_send(n, in->peer, &frame);
	slot = job;
	if (quota_charge(n->x->quota, account, QUOTA_RING, 1, &job->slot) ||
	    ring_put(n->x->ring, &slot, 1))
		job_free(job);
}

/* ---- frames into jobs ------------------------------------------------- */

/* What became of a frame. */
enum taken {
	TAKEN,
	LATER, /* its sender has no slots left, or nobody has: not taken */
};

/* Put @count jobs in the ring, or free them. */
static enum taken put_jobs(struct net *n, struct job *const *jobs, size_t count)
{
	if (ring_put(n->x->ring, (void *const *)jobs, count) == 0)
		return TAKEN;
	for (size_t i = 0; i < count; i++)
		job_free(jobs[i]);
	return LATER;
}

static struct job *make_job(
    struct net *n, enum job_kind kind, const struct link_frame *in)
{
	struct job *job = job_new(kind, in->partner, n->x->quota);

	job->peer = in->peer;
	job->account = quota_account(n->x->quota, in->partner);
	return job;
}

static bool charge_slot(struct net *n, struct job *job)
{
	return quota_charge(
		   n->x->quota, job->account, QUOTA_RING, 1, &job->slot) == 0;
}

/* A job for each envelope, each charged with a slot. */
static enum taken take_submit(struct net *n, struct hold *hold)
{
	const struct frame_submit *submit = &hold->parsed.submit;
	struct job *jobs[FRAME_SUBMIT_MAX] = { NULL };
	bool charged = true;
	size_t count;

	for (count = 0; count < submit->count && charged; count++) {
		struct job *job = make_job(n, JOB_MESSAGE, &hold->frame);

		job->hold = hold_ref(hold);
		job->message.bytes = submit->envelopes[count];
		jobs[count] = job;
		charged = charge_slot(n, job);
	}
	if (charged)
		return put_jobs(n, jobs, count);
	while (count > 0)
		job_free(jobs[--count]);
	return LATER;
}

static enum taken put_one(struct net *n, struct job *job)
{
	if (charge_slot(n, job))
		return put_jobs(n, &job, 1);
	job_free(job);
	return LATER;
}

static enum taken take_receipt(struct net *n, struct hold *hold)
{
	struct job *job = make_job(n, JOB_RECEIPT, &hold->frame);

	job->hold = hold_ref(hold);
	job->receipt.frame = hold->parsed.receipt;
	return put_one(n, job);
}

/* The session of another connection of the same partner, if it still lives. A
 * harmless frame to a dead one fails. */
static bool is_clone(struct net *n, const struct link_frame *in)
{
	struct session *old = admit_partner(n->admit, in->partner);

	if (!old || old->peer == in->peer)
		return false;
	net_busy(n, old->peer, "are you there?");
	return admit_partner(n->admit, in->partner) != NULL;
}

static enum taken take_hello(struct net *n, struct hold *hold)
{
	const struct link_frame *in = &hold->frame;
	struct job *job;

	if (is_clone(n, in)) {
		refuse(n, in, FRAME_CLONE,
		    "another session is open under this key");
		say_partner(LOG_WARN, in->partner,
		    "refused a second session under one key");
		return TAKEN;
	}
	if (!admit_partner(n->admit, in->partner))
		admit_open(n->admit, in->partner, in->peer);
	job = make_job(n, JOB_HELLO, in);
	job->hello.frame = hold->parsed.hello;
	return put_one(n, job);
}

static const struct {
	enum taken (*take)(struct net *n, struct hold *hold);
	bool before_hello;
} kinds[] = {
	[FRAME_HELLO] = { take_hello, true },
	[FRAME_SUBMIT] = { take_submit, false },
	[FRAME_RECEIPT] = { take_receipt, false },
	[FRAME_ACT] = { NULL, false },
};

static bool is_reserved(enum frame_kind kind)
{
	return kind == FRAME_CHECKPOINT || kind == FRAME_COSIGNATURE ||
	       kind == FRAME_ACT;
}

/* Whether the frame may be read at all; answered when not. */
static bool check_kind(
    struct net *n, const struct link_frame *in, enum frame_kind kind)
{
	if (is_reserved(kind)) {
		refuse(n, in, FRAME_NOT_YET,
		    "this exchange does not take such frames yet");
		return false;
	}
	if ((size_t)kind >= ARRAY_LEN(kinds) || !kinds[kind].take) {
		refuse(n, in, FRAME_MALFORMED, "not a frame from an agent");
		return false;
	}
	if (!kinds[kind].before_hello && !admit_session(n->admit, in->peer)) {
		refuse(n, in, FRAME_HELLO_FIRST, "say hello first");
		return false;
	}
	return true;
}

static enum taken take(struct net *n, struct hold *hold)
{
	return kinds[hold->parsed.kind].take(n, hold);
}

/* A frame that found no slots waits its turn behind its sender's others; past
 * the limit its sender must keep it. */
static void keep_waiting(struct net *n, struct hold *hold)
{
	struct session *s = admit_session(n->admit, hold->frame.peer);

	if (!s || s->waiting_count == NET_WAITING_MAX) {
		net_busy(n, hold->frame.peer,
		    "your frames in work are too "
		    "many");
		return;
	}
	*mem_push(s->waiting, s->waiting_count, s->waiting_cap) =
	    hold_ref(hold);
	__atomic_store_n(&n->waiting, true, __ATOMIC_RELAXED);
}

/* Take what waits, as far as there are slots. */
void intake_waiting(struct net *n)
{
	struct session *s;
	size_t pos = 0;

	if (!__atomic_exchange_n(&n->waiting, false, __ATOMIC_RELAXED))
		return;
	while ((s = admit_next(n->admit, &pos))) {
		size_t done = 0;

		while (done < s->waiting_count &&
		       take(n, s->waiting[done]) == TAKEN)
			hold_unref(s->waiting[done++]);
		s->waiting_count -= done;
		if (done > 0)
			memmove(s->waiting, s->waiting + done,
			    s->waiting_count * sizeof(struct hold *));
		if (s->waiting_count > 0)
			__atomic_store_n(&n->waiting, true, __ATOMIC_RELAXED);
	}
}

static void take_frame(struct net *n, struct hold *hold)
{
	const struct link_frame *in = &hold->frame;
	struct session *s = admit_session(n->admit, in->peer);
	struct why why;

	if (!check_kind(n, in, frame_peek(in->bytes)))
		return;
	if (quota_charge(n->x->quota, quota_account(n->x->quota, in->partner),
		QUOTA_MEMORY, in->bytes.len, &hold->memory)) {
		net_busy(n, in->peer, "your frames in work are too large");
		return;
	}
	if (!frame_parse(in->bytes, &hold->arena, &hold->parsed, &why)) {
		refuse(n, in, FRAME_MALFORMED, why.text);
		return;
	}
	if ((s && s->waiting_count > 0) || take(n, hold) == LATER)
		keep_waiting(n, hold);
}

void intake_frame(struct net *n, struct link_frame *in)
{
	struct quota_account *account = quota_account(n->x->quota, in->partner);
	struct hold *hold;
	struct why why;
	int code;

	__atomic_add_fetch(&n->frames, 1, __ATOMIC_RELAXED);
	if (quota_shunned(n->x->quota, account, clock_monotonic())) {
		__atomic_add_fetch(&n->shunned, 1, __ATOMIC_RELAXED);
		link_frame_deinit(in);
		return;
	}
	code = admit_frame(n->book, in, &why);
	if (code != ADMIT_OK) {
		refuse(n, in, (enum frame_code)code, why.text);
		link_frame_deinit(in);
		return;
	}
	hold = hold_new(in, n->x->quota);
	take_frame(n, hold);
	hold_unref(hold);
}
