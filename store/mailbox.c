/*
 * An agent's outbox and policies; inbox.c is the other half. What must hold,
 * and mailbox-check.c looks for:
 *
 *  1. Numbers of one epoch are used 1, 2, 3, ... and never again, whatever
 *     becomes of the message.
 *  2. A message that is not answered has a row in `pending`, one that is has a
 *     result; never both.
 *  3. Envelope, summary and result are sealed under the message's holder, and
 *     go with it.
 *  4. Each copy number has one row in the inbox, for ever: what was received
 *     once is known again.
 *  5. A copy's bytes and summary are sealed under its holder, and go with it
 *     when the copy is destroyed; its row stays and says so.
 *  6. Every copy up to MAILBOX_COPY has its row, or was skipped on purpose.
 */

#include "store/mailbox.h"

#include <assert.h>
#include <errno.h>

#include "store/check.h"
#include "store/mailbox-rows.h"
#include "util/mem.h"

static const struct kv_table tables[] = {
	COMMON_TABLES,
	[TABLE_SUMMARY] = { .name = "summary", .append = true },
	[TABLE_ENVELOPE] = { .name = "envelope", .append = true },
	[TABLE_RESULT] = { .name = "result", .append = true },
	[TABLE_PENDING] = { .name = "pending", .append = true },
	[TABLE_INBOX] = { .name = "inbox", .append = true },
	[TABLE_COPY] = { .name = "copy", .append = true },
	[TABLE_COPY_SUMMARY] = { .name = "copy-summary", .append = true },
	[TABLE_ID] = { .name = "id" },
	[TABLE_DUE] = { .name = "due" },
	[TABLE_POLICY] = { .name = "policy" },
};

const struct store_schema mailbox_schema = {
	.format = "caveat mailbox 1",
	.tables = tables,
	.table_count = ARRAY_LEN(tables),
	.check = mailbox_check_rows,
};

int mailbox_open(const char *dir, const struct store_options *options,
    struct store **ret, struct why *why)
{
	return store_open(dir, options, &mailbox_schema, ret, why);
}

int mailbox_check(const char *dir, store_problem_fn *problem, void *ctx,
    uint64_t *ret_problems, struct why *why)
{
	struct check_report report = { .problem = problem, .ctx = ctx };
	int r = store_check(dir, &mailbox_schema, &report, why);

	if (r == 0)
		*ret_problems = report.count;
	return r;
}

void mailbox_epoch_set(struct store_txn *t, uint32_t epoch, uint64_t last)
{
	uint64_t current = store_counter(t, MAILBOX_EPOCH);

	if (epoch < current ||
	    (epoch == current && last < store_counter(t, MAILBOX_NUMBER))) {
		store_fail(t, -EINVAL);
		return;
	}
	store_counter_set(t, MAILBOX_EPOCH, epoch);
	store_counter_set(t, MAILBOX_NUMBER, last);
}

/* ---- outbox ---- */

static void put_state(
    struct store_txn *t, struct mailbox_number id, enum mailbox_state state)
{
	uint8_t clear = (uint8_t)state;
	struct row_key key = sent_row(id);
	struct row row = { .clear = slice_of(&clear, PENDING_CLEAR),
		.bare = true };

	row_put(t, TABLE_PENDING, &key, &row);
}

static void put_part(struct store_txn *t, unsigned table,
    struct mailbox_number id, struct slice plain)
{
	struct row_key key = sent_row(id), holder = sent_holder(id);
	struct row row = { .plain = plain, .holder = &holder };

	row_put(t, table, &key, &row);
}

static int get_part(struct store_txn *t, unsigned table,
    struct mailbox_number id, struct buf *out)
{
	struct row_key key = sent_row(id), holder = sent_holder(id);
	struct row_view view = { .table = table };
	int r = row_get(t, &key, 0, &view);

	return r ? r : row_open(t, &view, &holder, out);
}

void mailbox_outbox_add(struct store_txn *t, struct mailbox_number id,
    struct slice envelope, struct slice summary)
{
	struct row_key holder = sent_holder(id);

	if (id.epoch != store_counter(t, MAILBOX_EPOCH) ||
	    id.number != store_counter(t, MAILBOX_NUMBER) + 1) {
		store_fail(t, -EINVAL);
		return;
	}
	store_need_room(t);
	holder_new(t, &holder, 1);
	put_part(t, TABLE_ENVELOPE, id, envelope);
	put_part(t, TABLE_SUMMARY, id, summary);
	put_state(t, id, MAILBOX_QUEUED);
	store_counter_set(t, MAILBOX_NUMBER, id.number);
}

int mailbox_outbox_state(
    struct store_txn *t, struct mailbox_number id, enum mailbox_state *ret)
{
	struct row_view pending = { .table = TABLE_PENDING };
	struct row_view sent = { .table = TABLE_SUMMARY };
	struct row_key key = sent_row(id);
	int r = row_get(t, &key, PENDING_CLEAR, &pending);

	if (r == 0) {
		*ret = pending.clear.data[0] == MAILBOX_SENT ? MAILBOX_SENT
							     : MAILBOX_QUEUED;
		return 0;
	}
	if (r == STORE_NONE)
		r = row_get(t, &key, 0, &sent);
	if (r == 0)
		*ret = MAILBOX_ANSWERED;
	return r;
}

int mailbox_outbox_sent(struct store_txn *t, struct mailbox_number id)
{
	enum mailbox_state state;
	int r = mailbox_outbox_state(t, id, &state);

	if (r == 0 && state == MAILBOX_ANSWERED)
		return STORE_NONE;
	if (r == 0 && state == MAILBOX_QUEUED)
		put_state(t, id, MAILBOX_SENT);
	return r ? r : store_error(t);
}

int mailbox_outbox_answer(
    struct store_txn *t, struct mailbox_number id, struct slice result)
{
	struct row_key key = sent_row(id);
	enum mailbox_state state;
	int r = mailbox_outbox_state(t, id, &state);

	if (r)
		return r;
	if (state == MAILBOX_ANSWERED)
		return STORE_THERE;
	put_part(t, TABLE_RESULT, id, result);
	row_delete(t, TABLE_PENDING, &key);
	return store_error(t);
}

int mailbox_outbox_amend(
    struct store_txn *t, struct mailbox_number id, struct slice result)
{
	int r = get_part(t, TABLE_RESULT, id, NULL);

	if (r)
		return r;
	put_part(t, TABLE_RESULT, id, result);
	return store_error(t);
}

int mailbox_outbox_envelope(
    struct store_txn *t, struct mailbox_number id, struct buf *out)
{
	return get_part(t, TABLE_ENVELOPE, id, out);
}

int mailbox_outbox_summary(
    struct store_txn *t, struct mailbox_number id, struct buf *out)
{
	return get_part(t, TABLE_SUMMARY, id, out);
}

int mailbox_outbox_result(
    struct store_txn *t, struct mailbox_number id, struct buf *out)
{
	return get_part(t, TABLE_RESULT, id, out);
}

struct mailbox_step {
	unsigned table;
	size_t clear_len;
	bool back;
};

static int step(struct store_txn *t, const struct mailbox_step *how,
    struct mailbox_number *id)
{
	struct row_view view = { .table = how->table };
	struct row_key from = sent_row(*id);
	struct row_place place = { .from = &from, .clear_len = how->clear_len };
	int r;

	if (!how->back)
		key_after(&from);
	r = (how->back ? row_prev : row_next)(t, &place, &view);
	if (r == 0) {
		id->epoch = (uint32_t)key_get_number(&view.key, 0, 4);
		id->number = key_get_number(&view.key, 4, 8);
	}
	return r;
}

int mailbox_outbox_pending(struct store_txn *t, struct mailbox_number *id)
{
	const struct mailbox_step how = { .table = TABLE_PENDING,
		.clear_len = PENDING_CLEAR };

	return step(t, &how, id);
}

int mailbox_outbox_next(struct store_txn *t, struct mailbox_number *id)
{
	const struct mailbox_step how = { .table = TABLE_SUMMARY };

	return step(t, &how, id);
}

int mailbox_outbox_prev(struct store_txn *t, struct mailbox_number *id)
{
	const struct mailbox_step how = { .table = TABLE_SUMMARY,
		.back = true };

	return step(t, &how, id);
}

uint64_t mailbox_outbox_pending_count(struct store_txn *t)
{
	return row_count(t, TABLE_PENDING);
}

int mailbox_outbox_destroy(struct store_txn *t, struct mailbox_number id)
{
	struct row_key key = sent_row(id), holder = sent_holder(id);
	enum mailbox_state state;
	int r = mailbox_outbox_state(t, id, &state);

	if (r)
		return r;
	if (state != MAILBOX_ANSWERED)
		return STORE_NONE;
	holder_hold(t, &holder, -1);
	row_delete(t, TABLE_SUMMARY, &key);
	row_delete(t, TABLE_ENVELOPE, &key);
	row_delete(t, TABLE_RESULT, &key);
	return store_error(t);
}

/* ---- policies ---- */

void mailbox_policies_replace(struct store_txn *t, uint64_t number,
    const struct mailbox_text *texts, size_t count)
{
	struct row_view view = { .table = TABLE_POLICY };
	struct row_key from = name_row("");
	struct row_place place = { .from = &from };

	while (row_next(t, &place, &view) == 0)
		row_delete(t, TABLE_POLICY, &view.key);
	for (size_t i = 0; i < count; i++)
		row_store(
		    t, TABLE_POLICY, name_row(texts[i].name), texts[i].text);
	store_counter_set(t, MAILBOX_POLICY, number);
}

int mailbox_policy_next(
    struct store_txn *t, char name[STORE_NAME_MAX + 1], struct buf *out)
{
	struct row_view view = { .table = TABLE_POLICY };
	struct row_key from = name_row(name);
	struct row_place place = { .from = &from };
	int r;

	key_after(&from);
	r = row_next(t, &place, &view);
	if (r == 0)
		r = row_open(t, &view, NULL, out);
	if (r == 0 && !key_get_name(&view.key, 0, name))
		r = row_damaged(t, TABLE_POLICY,
		    slice_of(view.key.bytes, view.key.len), "it has no name");
	return r;
}
