/*
 * An agent's inbox; mailbox.c has the invariants. The row in `inbox` is under
 * the store's own key, so that it outlives the copy; the copy's bytes and what
 * a list shows of it are under the copy's holder. Rows that only find others
 * (`id`, `due`) are empty.
 */

#include "store/mailbox-rows.h"
#include "util/mem.h"

static struct row_key found_by_id(const struct mailbox_id *id, uint64_t copy)
{
	struct row_key k = name_row(id->partner);

	key_number(&k, id->epoch, 4);
	key_number(&k, id->number, 8);
	key_number(&k, copy, 8);
	return k;
}

static struct row_key found_by_date(int64_t destroy_by, uint64_t copy)
{
	struct row_key k = number_row((uint64_t)destroy_by);

	key_number(&k, copy, 8);
	return k;
}

static void put_finder(struct store_txn *t, unsigned table, struct row_key key)
{
	const uint8_t finder = FINDER;
	struct row row = { .clear = slice_of(&finder, FINDER_CLEAR),
		.bare = true };

	row_put(t, table, &key, &row);
}

static void put_row(struct store_txn *t, const struct mailbox_copy *copy)
{
	uint8_t kind = (uint8_t)copy->kind;
	_cleanup_buf_ struct buf plain = { 0 };
	struct row_key key = number_row(copy->number);
	struct row row = { .clear = slice_of(&kind, INBOX_CLEAR) };

	buf_add_be64(&plain, (uint64_t)copy->at);
	buf_add_be64(&plain, (uint64_t)copy->destroy_by);
	buf_add_be32(&plain, copy->id.epoch);
	buf_add_be64(&plain, copy->id.number);
	buf_add(&plain, copy->id.partner, strlen(copy->id.partner) + 1);
	row.plain = buf_slice(&plain);
	row_put(t, TABLE_INBOX, &key, &row);
}

static int get_row(
    struct store_txn *t, uint64_t number, struct mailbox_copy *ret)
{
	struct row_view view = { .table = TABLE_INBOX };
	_cleanup_buf_ struct buf plain = { 0 };
	struct row_key key = number_row(number);
	int r = row_get(t, &key, INBOX_CLEAR, &view);
	size_t name;

	if (r == 0)
		r = row_open(t, &view, NULL, &plain);
	if (r)
		return r;
	name = plain.len - INBOX_FIXED;
	if (plain.len <= INBOX_FIXED || name > sizeof(ret->id.partner) ||
	    plain.data[plain.len - 1] ||
	    view.clear.data[0] > MAILBOX_COPY_DESTROYED)
		return row_damaged(t, TABLE_INBOX, slice_of(key.bytes, key.len),
		    "it has a wrong form");
	*ret = (struct mailbox_copy){
		.number = number,
		.kind = (enum mailbox_kind)view.clear.data[0],
		.at = (int64_t)be_get(plain.data, 8),
		.destroy_by = (int64_t)be_get(plain.data + 8, 8),
		.id.epoch = (uint32_t)be_get(plain.data + 16, 4),
		.id.number = be_get(plain.data + 20, 8),
	};
	memcpy(ret->id.partner, plain.data + INBOX_FIXED, name);
	return 0;
}

static bool has_row(struct store_txn *t, uint64_t number)
{
	struct row_view view = { .table = TABLE_INBOX };
	struct row_key key = number_row(number);

	return row_get(t, &key, INBOX_CLEAR, &view) == 0;
}

/* Invariant 6: copies of different lanes do not come in the order of their
 * numbers. */
static void move_watermark(struct store_txn *t)
{
	uint64_t copy = store_counter(t, MAILBOX_COPY);
	uint64_t start = copy;

	while (has_row(t, copy + 1))
		copy++;
	if (copy != start)
		store_counter_set(t, MAILBOX_COPY, copy);
}

static void put_bytes(struct store_txn *t, const struct mailbox_copy *copy)
{
	struct row_key key = number_row(copy->number);
	struct row_key holder = holder_row(HOLDER_RECEIVED, copy->number);
	struct row row = { .plain = copy->copy, .holder = &holder };

	holder_new(t, &holder, 1);
	row_put(t, TABLE_COPY, &key, &row);
	row.plain = copy->summary;
	row_put(t, TABLE_COPY_SUMMARY, &key, &row);
}

/* The rows that find @copy, made or taken away. */
static void put_finders(struct store_txn *t, const struct mailbox_copy *copy)
{
	if (copy->id.partner[0])
		put_finder(t, TABLE_ID, found_by_id(&copy->id, copy->number));
	if (copy->destroy_by)
		put_finder(t, TABLE_DUE,
		    found_by_date(copy->destroy_by, copy->number));
}

static void delete_finders(struct store_txn *t, const struct mailbox_copy *copy)
{
	struct row_key id = found_by_id(&copy->id, copy->number);
	struct row_key due = found_by_date(copy->destroy_by, copy->number);

	if (copy->id.partner[0])
		row_delete(t, TABLE_ID, &id);
	if (copy->destroy_by)
		row_delete(t, TABLE_DUE, &due);
}

int mailbox_inbox_put(struct store_txn *t, const struct mailbox_copy *copy)
{
	struct mailbox_copy old;
	int r = store_error(t);

	if (r == 0)
		r = get_row(t, copy->number, &old);
	if (r == 0) {
		if (old.kind != MAILBOX_COPY_REJECTED ||
		    copy->kind == MAILBOX_COPY_REJECTED)
			return STORE_THERE;
		delete_finders(t, &old);
	} else if (r != STORE_NONE) {
		return r;
	}
	store_need_room(t);
	put_row(t, copy);
	put_bytes(t, copy);
	put_finders(t, copy);
	move_watermark(t);
	return store_error(t);
}

static int get_bytes(
    struct store_txn *t, unsigned table, uint64_t number, struct buf *out)
{
	struct row_key key = number_row(number);
	struct row_key holder = holder_row(HOLDER_RECEIVED, number);
	struct row_view view = { .table = table };
	int r = row_get(t, &key, 0, &view);

	return r ? r : row_open(t, &view, &holder, out);
}

int mailbox_inbox(struct store_txn *t, uint64_t number, struct buf *copy,
    struct buf *summary, struct mailbox_copy *ret)
{
	size_t copy_start = copy ? copy->len : 0;
	size_t summary_start = summary ? summary->len : 0;
	struct mailbox_copy found;
	int r = get_row(t, number, &found);

	if (r == 0 && found.kind != MAILBOX_COPY_DESTROYED) {
		if (copy)
			r = get_bytes(t, TABLE_COPY, number, copy);
		if (r == 0 && summary)
			r = get_bytes(t, TABLE_COPY_SUMMARY, number, summary);
	}
	if (r)
		return r;
	if (copy)
		found.copy = buf_from(copy, copy_start);
	if (summary)
		found.summary = buf_from(summary, summary_start);
	*ret = found;
	return 0;
}

int mailbox_inbox_find(
    struct store_txn *t, const struct mailbox_id *id, uint64_t *number)
{
	struct row_view view = { .table = TABLE_ID };
	struct row_key before = found_by_id(id, *number);
	struct row_place place = { .from = &before,
		.prefix = before.len - 8,
		.clear_len = FINDER_CLEAR };
	int r;

	if (*number == 0) {
		before.len -= 8;
		key_after(&before);
		place.prefix = 0;
	}
	r = row_prev(t, &place, &view);
	if (r)
		return r;
	before = found_by_id(id, 0);
	if (view.key.len != before.len ||
	    memcmp(view.key.bytes, before.bytes, before.len - 8))
		return STORE_NONE;
	*number = key_get_number(&view.key, view.key.len - 8, 8);
	return 0;
}

int mailbox_inbox_next(struct store_txn *t, uint64_t *number)
{
	struct row_view view = { .table = TABLE_INBOX };
	struct row_key from = number_row(*number + 1);
	struct row_place place = { .from = &from, .clear_len = INBOX_CLEAR };
	int r;

	if (*number == UINT64_MAX)
		return STORE_NONE;
	r = row_next(t, &place, &view);
	if (r == 0)
		*number = key_get_number(&view.key, 0, 8);
	return r;
}

int mailbox_inbox_prev(struct store_txn *t, uint64_t *number)
{
	struct row_view view = { .table = TABLE_INBOX };
	struct row_key before = number_row(*number);
	struct row_place place = { .from = &before, .clear_len = INBOX_CLEAR };
	int r = row_prev(t, &place, &view);

	if (r == 0)
		*number = key_get_number(&view.key, 0, 8);
	return r;
}

int mailbox_inbox_destroy(struct store_txn *t, uint64_t number, int64_t now)
{
	struct row_key holder = holder_row(HOLDER_RECEIVED, number);
	struct row_key key = number_row(number), due;
	struct mailbox_copy copy;
	int r = get_row(t, number, &copy);

	if (r)
		return r;
	if (copy.kind == MAILBOX_COPY_DESTROYED)
		return STORE_NONE;
	if (copy.destroy_by) {
		due = found_by_date(copy.destroy_by, number);
		row_delete(t, TABLE_DUE, &due);
	}
	holder_hold(t, &holder, -1);
	row_delete(t, TABLE_COPY, &key);
	row_delete(t, TABLE_COPY_SUMMARY, &key);
	copy.kind = MAILBOX_COPY_DESTROYED;
	copy.at = now;
	put_row(t, &copy);
	return store_error(t);
}

int mailbox_inbox_due(struct store_txn *t, int64_t now, uint64_t *ret_number)
{
	struct row_view view = { .table = TABLE_DUE };
	struct row_key from = number_row(0);
	struct row_place place = { .from = &from, .clear_len = FINDER_CLEAR };
	int r = row_next(t, &place, &view);

	if (r == 0 && key_get_number(&view.key, 0, 8) > (uint64_t)now)
		return STORE_NONE;
	if (r == 0)
		*ret_number = key_get_number(&view.key, 8, 8);
	return r;
}
