/*
 * Receipts: a recipient's signed word that copies are in its own store. Only
 * they take anything out of a queue, and each goes into the log as it is, so
 * that nobody needs the broker's word for what was delivered.
 */

#include <string.h>

#include "broker/commit.h"
#include "broker/exchange.h"
#include "util/mem.h"

static void refuse(struct job *job, enum frame_code code, const char *reason)
{
	struct slice clean =
	    reason_clean(&job->arena, reason, FRAME_REASON_MAX);

	job->receipt.fate = FATE_DROPPED;
	job->receipt.code = code;
	job->reason = arena_strn(&job->arena, clean.data, clean.len);
}

void receipt_work(struct worker *w, struct job *job)
{
	struct job_receipt *r = &job->receipt;
	const struct book_partner *by = book_partner(job->book, job->from);
	struct why why;

	if (!by || !book_admits(by))
		refuse(job, FRAME_SUSPENDED, "the partner is suspended");
	else if (r->frame.signature.len != SIGN_BYTES ||
		 !sign_verify(by->enrolment.message.public, &r->frame.bytes, 1,
		     r->frame.signature.data))
		refuse(job, FRAME_FORGED,
		    "the receipt's signature does not verify");
	else if (!receipt_parse(r->frame.bytes, &job->arena, &r->receipt, &why))
		refuse(job, FRAME_MALFORMED, why.text);
	else if (!slice_is(r->receipt.exchange, w->x->settings->name) ||
		 !slice_is(r->receipt.partner, job->from))
		refuse(job, FRAME_FORGED,
		    "the receipt is another exchange's or another partner's");
	else
		r->fate = FATE_DECIDED;
}

static void note_left(struct commit *c, struct job *job, struct left *ret,
    const struct ledger_copy *copy, const struct row *row)
{
	struct quota *quota = commit_exchange(c)->quota;

	*ret = (struct left){
		.place = {
			.recipient = job->account,
			.sender = quota_account(quota, row->id.partner),
			.amount = row->charge,
		},
		.id = row->id,
		.delivered = copy->message != 0,
	};
}

/* Whether the receipt speaks of copies as they were decided; those that still
 * wait are counted in @ret_waiting. */
static bool check_rows(struct commit *c, struct job *job, size_t *ret_waiting)
{
	const struct receipt *receipt = &job->receipt.receipt;
	struct ledger_partner *p = commit_partner(c, job->from);
	_cleanup_buf_ struct buf bytes = { 0 };

	*ret_waiting = 0;
	for (size_t i = 0; i < receipt->count; i++) {
		struct ledger_copy copy;
		struct row row;
		int r;

		if (receipt->rows[i].copy > p->copy)
			return false; /* never made */
		buf_reset(&bytes);
		r = ledger_queue_get(commit_txn(c), job->from,
		    receipt->rows[i].copy, &bytes, &copy);
		if (r != 0)
			continue; /* receipted before */
		if (!row_parse(copy.decision, &job->arena, &row) ||
		    memcmp(row.digest, receipt->rows[i].digest, HASH_BYTES))
			return false;
		note_left(
		    c, job, &job->receipt.left[(*ret_waiting)++], &copy, &row);
	}
	return true;
}

void receipt_store(struct commit *c, struct job *job)
{
	struct job_receipt *r = &job->receipt;
	struct job_refusal refused = { 0 };
	struct entry e = { .kind = ENTRY_DELIVERED };

	if (r->fate == FATE_DECIDED) {
		r->left =
		    arena_array(&job->arena, r->receipt.count, struct left);
		if (!check_rows(c, job, &r->left_count))
			refuse(job, FRAME_FORGED,
			    "the receipt is for a copy that was not sent");
	}
	if (r->fate != FATE_DECIDED) {
		commit_refusal(c, job->from, job->reason, &refused);
		return;
	}
	if (r->left_count == 0)
		return;
	for (size_t i = 0; i < r->receipt.count; i++)
		(void)ledger_queue_drop(
		    commit_txn(c), job->from, r->receipt.rows[i].copy);
	e.to = slice_str(job->from);
	e.receipt = r->frame.bytes;
	e.signature = r->frame.signature;
	commit_entry(c, &e, (struct slice){ 0 });
}
