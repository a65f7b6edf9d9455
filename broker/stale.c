/*
 * Waiting copies are decided again before they are sent, when the book or the
 * day is another (promise 11): what was allowed when it was sent may not be any
 * more. If the copy would be the same, its row is renewed. If not, the copy is
 * withdrawn, which the log says, a tombstone keeps its number, and what the
 * recipient may still have goes under a new number.
 */

#include <errno.h>
#include <string.h>

#include "broker/commit.h"
#include "broker/exchange.h"
#include "broker/say.h"
#include "util/clock.h"
#include "util/mem.h"

/* The row and its message as they are now: 0, STORE_NONE or -errno. */
static int read_copy(struct exchange *x, struct job *job)
{
	struct job_stale *s = &job->stale;
	_cleanup_buf_ struct buf bytes = { 0 };
	struct ledger_copy copy;
	struct store_txn *t;
	struct why why;
	int r;

	r = store_read(x->store, &t);
	if (r != 0)
		return r;
	r = ledger_queue_get(t, job->from, s->copy, &bytes, &copy);
	if (r == 0 && copy.message != 0) {
		s->lane = copy.lane;
		s->message = copy.message;
		if (!row_parse(arena_slice(&job->arena, copy.decision),
			&job->arena, &s->old))
			r = -EBADMSG;
		buf_reset(&bytes);
	} else if (r == 0) {
		r = STORE_NONE;
	}
	if (r == 0)
		r = ledger_message(t, s->message, &bytes);
	store_end(t);
	if (r != 0)
		return r;
	if (!envelope_open(arena_slice(&job->arena, buf_slice(&bytes)),
		&s->envelope, &why) ||
	    !envelope_slots(&s->envelope, &job->arena, &why))
		return -EBADMSG;
	return 0;
}

static void withdraw(struct job *job, const char *reason)
{
	struct recipient *now = &job->stale.now;
	_cleanup_buf_ struct buf detail = { 0 };

	now->accepted = false;
	now->reason = arena_str(&job->arena, reason);
	detail_encode(NULL, now->reason, NULL, 0, &detail);
	now->detail = arena_slice(&job->arena, buf_slice(&detail));
}

static void decide_again(struct job *job)
{
	struct job_stale *s = &job->stale;
	const struct book_partner *sender =
	    book_partner(job->book, s->old.id.partner);
	struct disclosure d = {
		.book = job->book,
		.envelope = &s->envelope,
		.reading = &s->reading,
		.arena = &job->arena,
		.now = clock_now(),
	};
	struct why why;

	s->now.name = job->from;
	if (!sender || !book_admits(sender)) {
		withdraw(job, "its sender is suspended or no longer enrolled");
		return;
	}
	if (!reading_make(&s->envelope, &job->arena, &s->reading, &why) ||
	    !policy_valid(job->book->policy, &s->reading.message, s->reading.to,
		s->reading.to_count, d.now, &why)) {
		withdraw(job, why.text);
		return;
	}
	disclose(&d, &s->now);
}

void stale_work(struct worker *w, struct job *job)
{
	struct job_stale *s = &job->stale;

	int r = read_copy(w->x, job);

	s->gone = r != 0;
	s->broken = r < 0;
	if (s->gone)
		return;
	decide_again(job);
	s->same = s->now.accepted &&
		  !memcmp(s->now.row.digest, s->old.digest, HASH_BYTES) &&
		  s->now.row.destroy_by == s->old.destroy_by;
}

/* ---- in the committer ------------------------------------------------- */

static struct slice id_text(struct job *job)
{
	char text[MESSAGE_ID_TEXT_MAX];

	message_id_format(&job->stale.old.id, text);
	return slice_str(arena_str(&job->arena, text));
}

static struct entry entry_about(struct job *job, enum entry_kind kind)
{
	struct entry e = {
		.kind = kind,
		.id = id_text(job),
		.to = slice_str(job->from),
		.policy = job->book->number,
		.has_statement = true,
	};

	memcpy(e.statement, job->stale.old.statement, HASH_BYTES);
	return e;
}

static void put_row(struct commit *c, struct job *job, const struct row *row,
    uint64_t number, uint64_t message)
{
	_cleanup_buf_ struct buf bytes = { 0 };

	row_pack(row, &bytes);
	ledger_queue_put(commit_txn(c), job->from,
	    &(struct ledger_copy){
		.number = number,
		.message = message,
		.policy = job->book->number,
		.lane = job->stale.lane,
		.decision = buf_slice(&bytes),
	    });
	commit_touch(c);
}

static void put_tombstone(struct commit *c, struct job *job)
{
	struct row row = job->stale.old;

	row.charge = 0;
	row.shown = (struct slice){ 0 };
	row.decisions_count = 0;
	put_row(c, job, &row, job->stale.copy, 0);
}

/* The copy that replaces it, with a number of its own. */
static void put_new_copy(struct commit *c, struct job *job)
{
	struct job_stale *s = &job->stale;
	struct entry e = entry_about(job, ENTRY_DECIDED);

	s->now.copy = ++commit_partner(c, job->from)->copy;
	e.copy = s->now.copy;
	memcpy(e.body, s->now.row.digest, HASH_BYTES);
	e.destroy_by = s->now.row.destroy_by;
	s->now.row.entry = commit_entry(c, &e, s->now.detail);
	s->now.row.charge = s->old.charge;
	put_row(c, job, &s->now.row, s->now.copy, s->message);
}

static void replace(struct commit *c, struct job *job)
{
	struct job_stale *s = &job->stale;
	struct entry e = entry_about(job, ENTRY_REFUSED);
	_cleanup_buf_ struct buf detail = { 0 };

	if (s->now.accepted) {
		ledger_message_ref(commit_txn(c), s->message);
		detail_encode(
		    NULL, "withdrawn: decided again", NULL, 0, &detail);
		commit_entry(c, &e, buf_slice(&detail));
	} else {
		commit_entry(c, &e, s->now.detail);
		s->withdrawn = true;
		s->left = (struct quota_place){
			.recipient = job->account,
			.sender = quota_account(
			    commit_exchange(c)->quota, s->old.id.partner),
			.amount = s->old.charge,
		};
	}
	put_tombstone(c, job);
	if (s->now.accepted)
		put_new_copy(c, job);
	say_partner(LOG_INFO, job->from, "withdrew waiting copy %llu: %s",
	    (unsigned long long)s->copy,
	    s->now.accepted ? "decided again" : s->now.reason);
}

/* It may have been receipted since the worker looked. */
static bool still_waits(struct commit *c, struct job *job)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	struct ledger_copy copy;

	return ledger_queue_get(commit_txn(c), job->from, job->stale.copy,
		   &bytes, &copy) == 0 &&
	       copy.message == job->stale.message;
}

void stale_store(struct commit *c, struct job *job)
{
	struct job_stale *s = &job->stale;

	s->left = (struct quota_place){ 0 };
	s->withdrawn = false;
	if (s->gone || !still_waits(c, job))
		return;
	if (!s->same) {
		replace(c, job);
		return;
	}
	s->now.row.entry = s->old.entry;
	s->now.row.charge = s->old.charge;
	put_row(c, job, &s->now.row, s->copy, s->message);
}
