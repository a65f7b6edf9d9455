/*
 * The life of a message in two halves; whoever reads message_work() and
 * message_store() has read the product. The other kinds of job stand in the
 * table at the end.
 */

#include "broker/exchange.h"

#include <stdio.h>
#include <string.h>

#include "broker/commit.h"
#include "util/clock.h"
#include "util/mem.h"

/* ---- first half: in a worker ------------------------------------------ */

/* A place in the recipient's queue is paid for before anything is decided: what
 * cannot wait there need not be looked at. */
static bool take_place(struct worker *w, struct job *job, struct recipient *to)
{
	struct quota_account *account = quota_account(w->x->quota, to->name);

	return quota_queue(w->x->quota, job->account, account,
		   job->message.bytes.len, &to->place) == 0;
}

static void decide_for(struct worker *w, struct job *job, struct recipient *to)
{
	struct job_message *m = &job->message;
	struct disclosure d = {
		.book = job->book,
		.envelope = &m->envelope,
		.reading = &m->reading,
		.arena = &job->arena,
		.now = clock_now(),
	};
	_cleanup_buf_ struct buf detail = { 0 };

	if (!take_place(w, job, to)) {
		to->reason = arena_format(&job->arena,
		    "the queue of '%s' is full; send it again later", to->name);
		detail_encode(NULL, to->reason, NULL, 0, &detail);
		to->detail = arena_slice(&job->arena, buf_slice(&detail));
		return;
	}
	disclose(&d, to);
	to->row.charge = to->place.amount;
	if (!to->accepted)
		quota_leave(w->x->quota, &to->place);
}

/* ingest -> route -> quota -> decide, recipient by recipient. */
static void message_work(struct worker *w, struct job *job)
{
	struct job_message *m = &job->message;

	if (!ingest_message(w, job) || !route_message(job))
		return;
	for (size_t i = 0; i < m->recipients_count; i++)
		decide_for(w, job, &m->recipients[i]);
	m->fate = FATE_DECIDED;
}

/* ---- second half: in the committer ------------------------------------ */

static struct ledger_id ledger_id_of(const struct job *job)
{
	const struct message_id *id =
	    &job->message.envelope.statement.header.id;

	return (struct ledger_id){ id->partner, id->epoch, id->number };
}

static struct slice id_text(struct job *job)
{
	char text[MESSAGE_ID_TEXT_MAX];

	message_id_format(&job->message.envelope.statement.header.id, text);
	return slice_str(arena_str(&job->arena, text));
}

/* An id is accepted once (promise 10): a resend gets the stored answer, another
 * statement under a used id is refused. True when the id is used. */
static bool message_repeated(struct commit *c, struct job *job)
{
	struct job_message *m = &job->message;
	struct ledger_accepted accepted;
	struct buf bytes = { 0 };
	struct frame frame;
	struct why why;
	int r;

	r = ledger_accepted(
	    commit_txn(c), ledger_id_of(job), &bytes, &accepted);
	if (r != 0) {
		buf_deinit(&bytes);
		return r < 0;
	}
	if (memcmp(
		accepted.statement, m->envelope.statement.hash, HASH_BYTES)) {
		message_refuse(job, FATE_ANSWERED, FRAME_FORGED,
		    "its id was used for another message");
	} else if (frame_parse(arena_slice(&job->arena, accepted.result),
		       &job->arena, &frame, &why) &&
		   frame.kind == FRAME_RESULT && frame.result.count == 1) {
		m->fate = FATE_REPEATED;
		m->result = frame.result.rows[0];
	}
	buf_deinit(&bytes);
	return true;
}

static bool epoch_is_allotted(struct commit *c, struct job *job)
{
	const struct message_id *id =
	    &job->message.envelope.statement.header.id;
	const struct ledger_partner *p = commit_partner(c, job->from);

	if (id->epoch >= 1 && id->epoch <= p->epoch)
		return true;
	return message_refuse(job, FATE_ANSWERED, FRAME_FORGED,
	    "epoch %u was not allotted to '%s', whose epoch is %u", id->epoch,
	    job->from, p->epoch);
}

/* An id that was accepted is used up: the next one is higher. */
static void count_number(struct commit *c, struct job *job)
{
	const struct message_id *id =
	    &job->message.envelope.statement.header.id;
	struct ledger_partner *p = commit_partner(c, job->from);

	if (id->epoch == p->epoch && id->number > p->number)
		p->number = id->number;
}

static struct entry entry_about(
    struct job *job, enum entry_kind kind, struct slice id)
{
	const struct statement *s = &job->message.envelope.statement;
	struct entry e = {
		.kind = kind, .id = id, .policy = job->book->number
	};

	memcpy(e.statement, s->hash, HASH_BYTES);
	e.has_statement = true;
	return e;
}

/* Refused as a whole: one entry, no message. */
static uint64_t store_refused(struct commit *c, struct job *job)
{
	struct entry e = entry_about(job, ENTRY_REFUSED, id_text(job));
	_cleanup_buf_ struct buf detail = { 0 };

	e.from = slice_str(job->from);
	detail_encode(NULL, job->reason, NULL, 0, &detail);
	return commit_entry(c, &e, buf_slice(&detail));
}

static void store_copy(
    struct commit *c, struct job *job, struct recipient *to, uint64_t message)
{
	struct entry e = entry_about(job, ENTRY_DECIDED, id_text(job));
	_cleanup_buf_ struct buf row = { 0 };

	to->copy = ++commit_partner(c, to->name)->copy;
	e.to = slice_str(to->name);
	e.copy = to->copy;
	memcpy(e.body, to->row.digest, HASH_BYTES);
	e.destroy_by = to->row.destroy_by;
	to->row.entry = commit_entry(c, &e, to->detail);
	row_pack(&to->row, &row);
	ledger_queue_put(commit_txn(c), to->name,
	    &(struct ledger_copy){
		.number = to->copy,
		.message = message,
		.policy = job->book->number,
		.lane = job->message.lane,
		.decision = buf_slice(&row),
	    });
}

static void store_refusal(
    struct commit *c, struct job *job, struct recipient *to)
{
	struct entry e = entry_about(job, ENTRY_REFUSED, id_text(job));

	e.to = slice_str(to->name);
	commit_entry(c, &e, to->detail);
}

/* One `received`, the message once, and for each recipient a copy with its
 * `decided`, or a `refused`. */
static uint64_t store_decided(struct commit *c, struct job *job)
{
	struct job_message *m = &job->message;
	struct entry e = entry_about(job, ENTRY_RECEIVED, id_text(job));
	uint64_t entry, message = 0;
	uint32_t holders = 0;

	memcpy(e.key, m->envelope.statement.key_id, sizeof(e.key));
	e.recipients = (uint32_t)m->recipients_count;
	entry = commit_entry(c, &e, (struct slice){ 0 });
	for (size_t i = 0; i < m->recipients_count; i++)
		holders += m->recipients[i].accepted;
	if (holders > 0)
		message = ledger_message_add(commit_txn(c), m->bytes, holders);
	for (size_t i = 0; i < m->recipients_count; i++) {
		if (m->recipients[i].accepted)
			store_copy(c, job, &m->recipients[i], message);
		else
			store_refusal(c, job, &m->recipients[i]);
	}
	return entry;
}

static void make_result(struct job *job)
{
	struct job_message *m = &job->message;
	const struct message_id *id = &m->envelope.statement.header.id;
	struct frame_outcome *outcomes =
	    arena_array(&job->arena, m->recipients_count, struct frame_outcome);

	m->result = (struct frame_result_row){
		.epoch = id->epoch,
		.number = id->number,
		.accepted = m->fate == FATE_DECIDED,
		.reason = slice_str(job->reason),
		.outcomes = outcomes,
	};
	if (m->fate != FATE_DECIDED)
		return;
	m->result.count = m->recipients_count;
	for (size_t i = 0; i < m->recipients_count; i++) {
		const struct recipient *to = &m->recipients[i];

		outcomes[i] = (struct frame_outcome){
			.partner = slice_str(to->name),
			.accepted = to->accepted,
			.clause = reason_clean(
			    &job->arena, to->clause, COPY_CLAUSE_MAX),
			.reason = reason_clean(
			    &job->arena, to->reason, FRAME_REASON_MAX),
		};
	}
}

static void accept_id(struct commit *c, struct job *job, uint64_t entry)
{
	struct frame frame = {
		.kind = FRAME_RESULT,
		.result = { .rows = &job->message.result, .count = 1 },
	};
	struct ledger_accepted accepted = { .entry = entry };
	_cleanup_buf_ struct buf result = { 0 };

	frame_pack(&frame, &result);
	memcpy(accepted.statement, job->message.envelope.statement.hash,
	    HASH_BYTES);
	accepted.result = buf_slice(&result);
	ledger_accept(commit_txn(c), ledger_id_of(job), &accepted);
	count_number(c, job);
}

/* Without a trace of its own: the id, if there was one, stays unused. */
static void store_unkept(struct commit *c, struct job *job)
{
	struct job_message *m = &job->message;
	struct job_refusal refused = { 0 };

	if (m->fate == FATE_ANSWERED) {
		refused.has_id = refused.has_statement = true;
		refused.id = m->envelope.statement.header.id;
		memcpy(
		    refused.statement, m->envelope.statement.hash, HASH_BYTES);
		make_result(job);
	}
	commit_refusal(c, job->from, job->reason, &refused);
}

/* store -> result */
static void message_store(struct commit *c, struct job *job)
{
	struct job_message *m = &job->message;
	uint64_t entry;

	if (m->fate == FATE_REPEATED || m->fate == FATE_BUSY)
		return; /* from an earlier try of this group */
	if (m->fate >= FATE_REFUSED && !message_repeated(c, job))
		(void)epoch_is_allotted(c, job);
	if (m->fate == FATE_REPEATED)
		return;
	if (m->fate < FATE_REFUSED) {
		store_unkept(c, job);
		return;
	}
	if (!commit_has_room(c)) {
		m->fate = FATE_BUSY;
		return;
	}
	entry = m->fate == FATE_DECIDED ? store_decided(c, job)
					: store_refused(c, job);
	make_result(job);
	accept_id(c, job, entry);
}

/* ---- hello ------------------------------------------------------------ */

/* The broker allots epochs: an agent that never had one, or that remembers less
 * than it has sent (restored from a backup, or cloned), numbers anew. */
static void hello_store(struct commit *c, struct job *job)
{
	const struct frame_hello *said = &job->hello.frame;
	struct ledger_partner *p = commit_partner(c, job->from);
	struct exchange *x = commit_exchange(c);

	if (p->epoch == 0 || said->epoch != p->epoch ||
	    said->number < p->number) {
		p->epoch++;
		p->number = 0;
		commit_touch(c);
	}
	job->hello.welcome = (struct frame_welcome){
		.exchange = slice_str(x->settings->name),
		.epoch = p->epoch,
		.number = p->number,
		.copy = p->copy,
		.policy = commit_book(c)->number,
		.now = commit_now(c),
		.vkey = slice_str(x->log_vkey),
	};
}

/* ---- every kind ------------------------------------------------------- */

static void refusal_store(struct commit *c, struct job *job)
{
	commit_refusal(c, job->from, job->reason, &job->refusal);
}

static const struct {
	void (*work)(struct worker *w, struct job *job);
	void (*store)(struct commit *c, struct job *job);
} kinds[JOB_KINDS] = {
	[JOB_MESSAGE] = { message_work, message_store },
	[JOB_RECEIPT] = { receipt_work, receipt_store },
	[JOB_HELLO] = { NULL, hello_store },
	[JOB_REFUSAL] = { NULL, refusal_store },
	[JOB_STALE] = { stale_work, stale_store },
};

void exchange_work(struct worker *w, struct job *job)
{
	job->book = books_current(w->x->books);
	if (kinds[job->kind].work)
		kinds[job->kind].work(w, job);
}

void exchange_store(struct commit *c, struct job *job)
{
	if (kinds[job->kind].store)
		kinds[job->kind].store(c, job);
}
