/*
 * The broker's tables. What must hold, and ledger-check.c looks for:
 *
 *  1. A message's holder is held once for each queue row that names it, and as
 *     often again as its keepers said; its envelope is there as long as that.
 *  2. A queue row's decision is sealed under its message's holder, a
 * tombstone's under the store's key.
 *  3. Entries are 0 .. LEDGER_ENTRIES - 1 without a gap; no detail or accepted
 *     id speaks of a later one.
 *  4. The details of one group of LEDGER_DETAIL_GROUP entries are sealed under
 *     one holder, which lives as long as any of them.
 *  5. A text is kept under its SHA-256, and each policy's files have theirs.
 */

#include "store/ledger.h"

#include <assert.h>
#include <errno.h>

#include "store/check.h"
#include "store/ledger-rows.h"
#include "util/mem.h"
#include "util/text.h"

static const struct kv_table tables[] = {
	COMMON_TABLES,
	[TABLE_PARTNER] = { .name = "partner" },
	[TABLE_ENROLMENT] = { .name = "enrolment" },
	[TABLE_ACCEPTED] = { .name = "accepted" },
	[TABLE_ENVELOPE] = { .name = "envelope", .append = true },
	[TABLE_QUEUE] = { .name = "queue" },
	[TABLE_ENTRY] = { .name = "entry", .append = true },
	[TABLE_DETAIL] = { .name = "detail", .append = true },
	[TABLE_TILE] = { .name = "tile" },
	[TABLE_TEXT] = { .name = "text" },
	[TABLE_POLICY] = { .name = "policy" },
};

const struct store_schema ledger_schema = {
	.format = "caveat ledger 1",
	.tables = tables,
	.table_count = ARRAY_LEN(tables),
	.check = ledger_check_rows,
};

int ledger_open(const char *dir, const struct store_options *options,
    struct store **ret, struct why *why)
{
	return store_open(dir, options, &ledger_schema, ret, why);
}

int ledger_check(const char *dir, store_problem_fn *problem, void *ctx,
    uint64_t *ret_problems, struct why *why)
{
	struct check_report report = { .problem = problem, .ctx = ctx };
	int r = store_check(dir, &ledger_schema, &report, why);

	if (r == 0)
		*ret_problems = report.count;
	return r;
}

static void assert_partner(const char *name)
{
	assert(text_is_name(slice_str(name)));
}

/* ---- partners ---- */

void ledger_partner_put(
    struct store_txn *t, const char *name, const struct ledger_partner *p)
{
	uint8_t plain[PARTNER_BYTES] = { 0 };

	assert_partner(name);
	be_put(plain, p->epoch, 4);
	be_put(plain + 4, p->number, 8);
	be_put(plain + 12, p->copy, 8);
	plain[20] = p->suspended;
	row_store(
	    t, TABLE_PARTNER, name_row(name), slice_of(plain, sizeof(plain)));
}

int ledger_partner(
    struct store_txn *t, const char *name, struct ledger_partner *ret)
{
	_cleanup_buf_ struct buf plain = { 0 };
	struct row_key key = name_row(name);
	int r = row_load(t, TABLE_PARTNER, key, &plain);

	if (r)
		return r;
	if (plain.len != PARTNER_BYTES)
		return row_damaged(t, TABLE_PARTNER,
		    slice_of(key.bytes, key.len), "it has a wrong length");
	*ret = (struct ledger_partner){
		.epoch = (uint32_t)be_get(plain.data, 4),
		.number = be_get(plain.data + 4, 8),
		.copy = be_get(plain.data + 12, 8),
		.suspended = plain.data[20] != 0,
	};
	return 0;
}

int ledger_partner_next(struct store_txn *t, char name[STORE_NAME_MAX + 1])
{
	struct row_view view = { .table = TABLE_PARTNER };
	struct row_key from = name_row(name);
	struct row_place place = { .from = &from };
	int r;

	key_after(&from);
	r = row_next(t, &place, &view);
	if (r == 0 && !key_get_name(&view.key, 0, name))
		r = row_damaged(t, TABLE_PARTNER,
		    slice_of(view.key.bytes, view.key.len), "no name");
	return r;
}

void ledger_enrolment_put(
    struct store_txn *t, const char *name, struct slice text)
{
	assert_partner(name);
	row_store(t, TABLE_ENROLMENT, name_row(name), text);
}

int ledger_enrolment(struct store_txn *t, const char *name, struct buf *out)
{
	return row_load(t, TABLE_ENROLMENT, name_row(name), out);
}

/* ---- ids ---- */

static struct row_key id_row(struct ledger_id id)
{
	struct row_key k = name_row(id.partner);

	key_number(&k, id.epoch, 4);
	key_number(&k, id.number, 8);
	return k;
}

void ledger_accept(struct store_txn *t, struct ledger_id id,
    const struct ledger_accepted *accepted)
{
	uint8_t clear[ACCEPTED_CLEAR] = { 0 };
	struct row row = { .clear = slice_of(clear, sizeof(clear)),
		.plain = accepted->result };
	struct row_view used = { .table = TABLE_ACCEPTED };
	struct row_key key = id_row(id);

	assert_partner(id.partner);
	memcpy(clear, accepted->statement, sizeof(accepted->statement));
	be_put(clear + 32, accepted->entry, 8);
	if (row_get(t, &key, ACCEPTED_CLEAR, &used) == 0)
		store_fail(t, -EEXIST);
	row_put(t, TABLE_ACCEPTED, &key, &row);
}

int ledger_accepted(struct store_txn *t, struct ledger_id id, struct buf *out,
    struct ledger_accepted *ret)
{
	struct row_view view = { .table = TABLE_ACCEPTED };
	struct row_key key = id_row(id);
	size_t start = out->len;
	int r = row_get(t, &key, ACCEPTED_CLEAR, &view);

	if (r == 0)
		r = row_open(t, &view, NULL, out);
	if (r)
		return r;
	memcpy(ret->statement, view.clear.data, sizeof(ret->statement));
	ret->entry = be_get(view.clear.data + 32, 8);
	ret->result = slice_of(out->data + start, out->len - start);
	return 0;
}

/* ---- messages ---- */

uint64_t ledger_message_add(
    struct store_txn *t, struct slice envelope, uint32_t holders)
{
	uint64_t message = store_counter(t, LEDGER_MESSAGES) + 1;
	struct row_key holder = holder_row(HOLDER_MESSAGE, message);
	struct row_key key = number_row(message);
	struct row row = { .plain = envelope, .holder = &holder };

	assert(holders > 0);
	store_need_room(t);
	holder_new(t, &holder, holders);
	row_put(t, TABLE_ENVELOPE, &key, &row);
	if (store_error(t))
		return 0;
	store_counter_set(t, LEDGER_MESSAGES, message);
	return message;
}

int ledger_message(struct store_txn *t, uint64_t message, struct buf *out)
{
	struct row_view view = { .table = TABLE_ENVELOPE };
	struct row_key holder = holder_row(HOLDER_MESSAGE, message);
	struct row_key key = number_row(message);
	int r = row_get(t, &key, 0, &view);

	return r ? r : row_open(t, &view, &holder, out);
}

void ledger_message_ref(struct store_txn *t, uint64_t message)
{
	struct row_key holder = holder_row(HOLDER_MESSAGE, message);

	holder_hold(t, &holder, 1);
}

void ledger_message_unref(struct store_txn *t, uint64_t message)
{
	struct row_key holder = holder_row(HOLDER_MESSAGE, message);
	struct row_key key = number_row(message);

	if (holder_hold(t, &holder, -1))
		row_delete(t, TABLE_ENVELOPE, &key);
}

/* ---- queues ---- */

static struct ledger_copy copy_of(const struct row_view *view)
{
	return (struct ledger_copy){
		.number = key_get_number(&view->key, view->key.len - 8, 8),
		.message = be_get(view->clear.data, 8),
		.policy = be_get(view->clear.data + 8, 8),
		.lane = view->key.bytes[view->key.len - 9],
	};
}

static int open_copy(struct store_txn *t, const struct row_view *view,
    struct buf *out, struct ledger_copy *ret)
{
	struct ledger_copy copy = copy_of(view);
	struct row_key holder = holder_row(HOLDER_MESSAGE, copy.message);
	size_t start = out->len;
	int r = row_open(t, view, copy.message ? &holder : NULL, out);

	if (r)
		return r;
	copy.decision = slice_of(out->data + start, out->len - start);
	*ret = copy;
	return 0;
}

static void let_go(struct store_txn *t, uint64_t message, uint64_t successor)
{
	if (message && message != successor)
		ledger_message_unref(t, message);
}

void ledger_queue_put(
    struct store_txn *t, const char *recipient, const struct ledger_copy *copy)
{
	struct row_key holder = holder_row(HOLDER_MESSAGE, copy->message);
	struct row_key key = queue_row(recipient, copy->lane, copy->number);
	uint8_t clear[QUEUE_CLEAR] = { 0 };
	struct row row = { .clear = slice_of(clear, sizeof(clear)),
		.plain = copy->decision,
		.holder = copy->message ? &holder : NULL };
	struct row_view old = { .table = TABLE_QUEUE };

	assert_partner(recipient);
	assert(copy->lane < LEDGER_LANES && copy->number > 0);
	if (row_get(t, &key, QUEUE_CLEAR, &old) == 0)
		let_go(t, copy_of(&old).message, copy->message);
	be_put(clear, copy->message, 8);
	be_put(clear + 8, copy->policy, 8);
	row_put(t, TABLE_QUEUE, &key, &row);
}

static int next_in_lane(struct store_txn *t, const char *recipient,
    const struct ledger_copy *after, struct row_view *ret)
{
	struct row_key from = queue_row(recipient, after->lane, after->number);
	struct row_place place = {
		.from = &from, .prefix = from.len - 8, .clear_len = QUEUE_CLEAR
	};

	key_after(&from);
	return row_next(t, &place, ret);
}

int ledger_queue_next(struct store_txn *t, const char *recipient,
    uint64_t after[LEDGER_LANES], struct buf *out, struct ledger_copy *ret)
{
	struct row_view view = { .table = TABLE_QUEUE };
	struct ledger_copy at = { 0 };
	int r = STORE_NONE;

	while (at.lane < LEDGER_LANES) {
		at.number = after[at.lane];
		r = next_in_lane(t, recipient, &at, &view);
		if (r == STORE_NONE) {
			at.lane++;
			continue;
		}
		if (r == 0)
			r = open_copy(t, &view, out, ret);
		if (r < 0 || r == STORE_FULL)
			return r;
		after[at.lane] = key_get_number(&view.key, view.key.len - 8, 8);
		if (r == 0)
			return 0;
		/* dropped since this reader began: the next one then */
	}
	return r;
}

static int find_copy(struct store_txn *t, const char *recipient,
    uint64_t number, struct row_key *ret_key, struct row_view *ret)
{
	int r = STORE_NONE;

	for (unsigned lane = 0; r == STORE_NONE && lane < LEDGER_LANES;
	     lane++) {
		*ret_key = queue_row(recipient, lane, number);
		ret->table = TABLE_QUEUE;
		r = row_get(t, ret_key, QUEUE_CLEAR, ret);
	}
	return r;
}

int ledger_queue_get(struct store_txn *t, const char *recipient,
    uint64_t number, struct buf *out, struct ledger_copy *ret)
{
	struct row_key key;
	struct row_view view;
	int r = find_copy(t, recipient, number, &key, &view);

	return r ? r : open_copy(t, &view, out, ret);
}

int ledger_queue_drop(
    struct store_txn *t, const char *recipient, uint64_t number)
{
	struct row_key key;
	struct row_view view;
	uint64_t message;
	int r = find_copy(t, recipient, number, &key, &view);

	if (r)
		return r;
	message = copy_of(&view).message;
	row_delete(t, TABLE_QUEUE, &key);
	let_go(t, message, 0);
	return store_error(t);
}

int ledger_queue_count(
    struct store_txn *t, const char *recipient, uint64_t *ret)
{
	struct row_view view = { .table = TABLE_QUEUE };
	struct row_key from = name_row(recipient);
	struct row_place place = {
		.from = &from, .prefix = from.len, .clear_len = QUEUE_CLEAR
	};
	uint64_t count = 0;
	int r;

	while ((r = row_next(t, &place, &view)) == 0) {
		count++;
		from = view.key;
		key_after(&from);
	}
	if (r != STORE_NONE)
		return r;
	*ret = count;
	return 0;
}
