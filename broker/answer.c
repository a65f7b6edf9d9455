/*
 * After a commit: what each peer is told. Results of one peer go into as few
 * frames as they fit; nothing is told of what was not kept but that the sender
 * may try again.
 */

#include <string.h>

#include "broker/committing.h"
#include "broker/deliver.h"
#include "broker/net.h"
#include "broker/policies.h"
#include "broker/say.h"
#include "util/clock.h"
#include "util/mem.h"

#define FRAME_ROWS_BYTES (1u << 20) /* a frame of results is sent from here */

static void post(struct exchange *x, uint32_t peer, const struct frame *frame)
{
	struct buf bytes = { 0 };

	frame_pack(frame, &bytes);
	net_post(x->net, peer, &bytes);
	buf_deinit(&bytes);
}

static void post_error(struct exchange *x, const struct job *job,
    enum frame_code code, const char *text)
{
	struct frame frame = {
		.kind = FRAME_ERROR,
		.error = { .code = code, .text = slice_str(text) },
	};

	post(x, job->peer, &frame);
}

static void post_busy(struct exchange *x, uint32_t peer, const char *reason)
{
	struct frame frame = {
		.kind = FRAME_BUSY,
		.busy = { .retry_ms = EXCHANGE_RETRY_MS,
		    .reason = slice_str(reason) },
	};

	post(x, peer, &frame);
}

/* ---- results ---------------------------------------------------------- */

static bool has_result(const struct job *job)
{
	const struct job_message *m = &job->message;

	return job->kind == JOB_MESSAGE && m->fate != FATE_DROPPED &&
	       m->fate != FATE_BUSY;
}

static size_t row_bytes(const struct frame_result_row *row)
{
	size_t bytes = 32 + row->reason.len;

	for (size_t i = 0; i < row->count; i++)
		bytes += 32 + row->outcomes[i].partner.len +
			 row->outcomes[i].clause.len +
			 row->outcomes[i].reason.len;
	return bytes;
}

static void post_rows(struct exchange *x, uint32_t peer,
    const struct frame_result_row *rows, size_t count)
{
	struct frame frame = {
		.kind = FRAME_RESULT,
		.result = { .rows = rows, .count = count },
	};

	if (count > 0)
		post(x, peer, &frame);
}

/* Answer all results for the peer of jobs[first]; `answered` marks them. */
static void answer_peer(struct exchange *x, struct job *const *jobs,
    size_t count, size_t first, bool *answered)
{
	struct frame_result_row rows[FRAME_RESULTS_MAX];
	uint32_t peer = jobs[first]->peer;
	size_t n = 0, bytes = 0;

	for (size_t i = first; i < count; i++) {
		if (answered[i] || !has_result(jobs[i]) ||
		    jobs[i]->peer != peer)
			continue;
		answered[i] = true;
		rows[n] = jobs[i]->message.result;
		bytes += row_bytes(&rows[n++]);
		if (n < FRAME_RESULTS_MAX && bytes < FRAME_ROWS_BYTES)
			continue;
		post_rows(x, peer, rows, n);
		n = bytes = 0;
	}
	post_rows(x, peer, rows, n);
}

/* ---- each kind -------------------------------------------------------- */

static void count_message(struct exchange *x, enum fate fate)
{
	uint64_t *const counters[] = {
		[FATE_DROPPED] = &x->counts.refused,
		[FATE_ANSWERED] = &x->counts.refused,
		[FATE_REFUSED] = &x->counts.refused,
		[FATE_DECIDED] = &x->counts.accepted,
		[FATE_REPEATED] = &x->counts.repeated,
		[FATE_BUSY] = &x->counts.busy,
	};

	exchange_count(counters[fate], 1);
}

/* One busy answers all of a frame: none of it needs to have been taken. */
static void settle_busy(struct exchange *x, struct job *job)
{
	if (!job->hold || job->hold->busy)
		return;
	job->hold->busy = true;
	post_busy(x, job->peer, "the exchange's store is full");
}

static void settle_message(struct exchange *x, struct job *job, bool committed)
{
	struct job_message *m = &job->message;

	if (!committed && m->fate >= FATE_REFUSED)
		m->fate = FATE_BUSY;
	count_message(x, m->fate);
	if (m->fate == FATE_BUSY)
		settle_busy(x, job);
	if (m->fate < FATE_REFUSED &&
	    !quota_refusal(x->quota, job->account, clock_monotonic())) {
		m->fate = FATE_BUSY; /* over its limit: no answer at all */
		return;
	}
	if (m->fate == FATE_DROPPED)
		post_error(x, job, m->code, job->reason);
	if (m->fate != FATE_DECIDED)
		return;
	for (size_t i = 0; i < m->recipients_count; i++) {
		struct recipient *to = &m->recipients[i];

		if (!to->accepted)
			continue;
		to->place = (struct quota_place){ 0 }; /* the row pays now */
		deliver_fresh(x->deliver, to->name, to->copy, &to->body);
	}
}

/* To a sender that is there: one more row about a recipient of its message. */
static void tell_sender(struct exchange *x, const struct message_id *id,
    const struct frame_outcome *outcome)
{
	struct frame_result_row row = {
		.epoch = id->epoch,
		.number = id->number,
		.accepted = true,
		.outcomes = outcome,
		.count = 1,
	};
	struct deliver_look sender;

	deliver_look(x->deliver, id->partner, &sender);
	if (sender.peer != 0)
		post_rows(x, sender.peer, &row, 1);
}

/* Copies that were receipted, in as few frames as they fit. Best effort: what a
 * sender that is away misses is in the log. */
static void tell_senders(struct exchange *x, struct job *job)
{
	struct job_receipt *r = &job->receipt;
	struct frame_result_row rows[RECEIPT_ROWS_MAX];
	char at[CLOCK_TEXT_MAX];
	struct frame_outcome outcome = {
		.partner = slice_str(job->from),
		.accepted = true,
		.delivered = true,
	};

	clock_format(r->receipt.at, at);
	outcome.reason = slice_str(at);
	for (size_t i = 0; i < r->left_count; i++) {
		struct deliver_look sender;
		size_t n = 0;

		if (!r->left[i].delivered)
			continue;
		for (size_t k = i; k < r->left_count; k++) {
			struct left *left = &r->left[k];

			if (!left->delivered ||
			    strcmp(left->id.partner, r->left[i].id.partner))
				continue;
			left->delivered = k == i; /* told */
			rows[n++] = (struct frame_result_row){
				.epoch = left->id.epoch,
				.number = left->id.number,
				.accepted = true,
				.outcomes = &outcome,
				.count = 1,
			};
		}
		deliver_look(x->deliver, r->left[i].id.partner, &sender);
		if (sender.peer != 0)
			post_rows(x, sender.peer, rows, n);
	}
}

static void settle_receipt(struct exchange *x, struct job *job, bool committed)
{
	struct job_receipt *r = &job->receipt;
	uint64_t copies[RECEIPT_ROWS_MAX];

	if (r->fate != FATE_DECIDED) {
		if (quota_refusal(x->quota, job->account, clock_monotonic()))
			post_error(x, job, r->code, job->reason);
		return;
	}
	if (!committed) {
		deliver_again(x->deliver, job->from);
		return;
	}
	for (size_t i = 0; i < r->receipt.count; i++)
		copies[i] = r->receipt.rows[i].copy;
	for (size_t i = 0; i < r->left_count; i++)
		quota_leave(x->quota, &r->left[i].place);
	tell_senders(x, job);
	exchange_count(&x->counts.receipts, 1);
	exchange_count(&x->counts.delivered, r->left_count);
	deliver_receipted(x->deliver, job->from, copies, r->receipt.count);
}

static void settle_hello(struct exchange *x, struct job *job, bool committed)
{
	struct frame frame = { .kind = FRAME_WELCOME };
	_cleanup_book_ struct book *b = books_current(x->books);

	if (!committed) {
		post_busy(x, job->peer, "the exchange's store is full");
		return;
	}
	frame.welcome = job->hello.welcome;
	post(x, job->peer, &frame);
	if (job->hello.frame.policy != b->number)
		policies_post(x->net, job->peer, b);
	say_partner(LOG_INFO, job->from,
	    "partner connected: epoch %u, number %llu, copy %llu",
	    frame.welcome.epoch, (unsigned long long)frame.welcome.number,
	    (unsigned long long)job->hello.frame.copy);
	deliver_connect(x->deliver, job->from, job->peer);
}

static void settle_stale(struct exchange *x, struct job *job, bool committed)
{
	struct job_stale *s = &job->stale;
	struct frame_outcome outcome = {
		.partner = slice_str(job->from),
		.clause =
		    reason_clean(&job->arena, s->now.clause, COPY_CLAUSE_MAX),
		.reason =
		    reason_clean(&job->arena, s->now.reason, FRAME_REASON_MAX),
	};

	if (committed) {
		quota_leave(x->quota, &s->left);
		if (s->withdrawn)
			tell_sender(x, &s->old.id, &outcome);
	}
	if (job->stale.broken)
		say_partner(LOG_ERROR, job->from,
		    "waiting copy %llu cannot be read: run 'caveat-broker "
		    "check'",
		    (unsigned long long)job->stale.copy);
	deliver_settled(x->deliver, job->from, job->stale.broken);
}

static void settle_none(struct exchange *x, struct job *job, bool committed)
{
}

static void (*const settle[JOB_KINDS])(
    struct exchange *x, struct job *job, bool committed) = {
	[JOB_MESSAGE] = settle_message,
	[JOB_RECEIPT] = settle_receipt,
	[JOB_HELLO] = settle_hello,
	[JOB_REFUSAL] = settle_none,
	[JOB_STALE] = settle_stale,
	[JOB_CHANGE] = settle_none,
	[JOB_TICK] = settle_none,
};

void answer_group(
    struct exchange *x, struct job *const *jobs, size_t count, bool committed)
{
	bool answered[COMMIT_GROUP] = { false };

	for (size_t i = 0; i < count; i++)
		settle[jobs[i]->kind](x, jobs[i], committed);
	for (size_t i = 0; i < count; i++)
		if (!answered[i] && has_result(jobs[i]))
			answer_peer(x, jobs, count, i, answered);
}
