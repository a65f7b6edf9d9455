/*
 * What is received: judged copy by copy (receive.h), all copies of a frame
 * stored in one transaction, and only then one receipt signed for them. A copy
 * that is rejected is stored as evidence, gets no receipt and is said loudly; a
 * copy that could not be stored gets none either and is asked for again.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/keeper-own.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"
#include "wire/receipt.h"

#define EXPIRE_MAX 256u /* copies destroyed in one transaction */

/* ---- checkpoints ------------------------------------------------------ */

void inbox_load(struct keeper *k)
{
	_cleanup_buf_ struct buf note = { 0 };
	struct store_txn *t;
	struct why why;
	int r = store_read(k->store, &t);

	if (r == 0)
		r = store_note(t, KEEPER_NOTE_CHECKPOINT, &note);
	store_end(t);
	if (r < 0)
		keeper_fail(k, "the store cannot be read", r);
	else if (r == 0 && !checkpoint_open(buf_slice(&note),
			       &k->id->broker.log, &k->checkpoint, &why))
		log_say(LOG_ERROR, NULL,
		    "the newest checkpoint in the store does not verify with"
		    " the key of broker.pub: %s",
		    why.text);
}

static bool same_origin(const struct checkpoint *a, const struct checkpoint *b)
{
	return !strcmp(a->origin, b->origin);
}

/* `EXCHANGE/EPOCH` */
static bool our_log(const struct keeper *k, const struct checkpoint *c)
{
	size_t n = strlen(k->id->broker.exchange);

	return !strncmp(c->origin, k->id->broker.exchange, n) &&
	       c->origin[n] == '/';
}

/* A log only grows: one that is shorter than we have seen it, or has another
 * root at the same size, was changed, or is shown to others differently. */
static bool check_growth(const struct keeper *k, const struct checkpoint *c)
{
	const struct checkpoint *old = &k->checkpoint;

	if (!old->size || !same_origin(old, c) || c->size > old->size)
		return true;
	return c->size == old->size && !memcmp(c->root, old->root, HASH_BYTES);
}

static bool open_checkpoint(
    struct keeper *k, struct slice note, struct checkpoint *ret)
{
	struct why why;

	if (!checkpoint_open(note, &k->id->broker.log, ret, &why)) {
		log_say(LOG_ERROR, NULL,
		    "the broker's checkpoint does not verify: %s; its copies"
		    " are refused",
		    why.text);
		keeper_trouble(k, "its checkpoint does not verify");
		return false;
	}
	if (!our_log(k, ret) || !check_growth(k, ret)) {
		log_say(LOG_ERROR, NULL,
		    "the broker shows the log %s with %" PRIu64
		    " entries, we have seen %s with %" PRIu64
		    ": it was changed, or others are shown another; its copies"
		    " are refused. Tell the other partners",
		    ret->origin, ret->size, k->checkpoint.origin,
		    k->checkpoint.size);
		keeper_trouble(k, "its log is not the one seen before");
		return false;
	}
	return true;
}

static void keep_checkpoint(struct keeper *k, struct store_txn *t,
    const struct checkpoint *c, struct slice note)
{
	if (same_origin(&k->checkpoint, c) && k->checkpoint.size == c->size)
		return;
	store_note_put(t, KEEPER_NOTE_CHECKPOINT, note);
	k->checkpoint = *c;
	pthread_mutex_lock(&k->lock);
	k->status.log_size = c->size;
	snprintf(k->status.log_origin, sizeof(k->status.log_origin), "%s",
	    c->origin);
	pthread_mutex_unlock(&k->lock);
}

/* ---- deliveries ------------------------------------------------------- */

struct delivery {
	struct keeper *k;
	struct rules *rules;
	struct store_txn *t;
	struct receive_context context;
	struct receipt_row rows[RECEIPT_ROWS_MAX];
	size_t count;
	size_t rejected;
	bool again; /* something could not be taken now */
};

static void add_receipt(
    struct delivery *d, uint64_t number, const uint8_t digest[HASH_BYTES])
{
	struct receipt_row *row = &d->rows[d->count++];

	row->copy = number;
	memcpy(row->digest, digest, HASH_BYTES);
}

static void fill_id(const struct message_id *id, struct mailbox_id *ret)
{
	snprintf(ret->partner, sizeof(ret->partner), "%s", id->partner);
	ret->epoch = id->epoch;
	ret->number = id->number;
}

/* Whether the copy held under @number has this body: a broker that gives two is
 * caught. One that was destroyed meanwhile cannot be compared. */
static bool same_as_held(
    struct delivery *d, uint64_t number, const uint8_t digest[HASH_BYTES])
{
	_cleanup_buf_ struct buf bytes = { 0 };
	struct arena arena = { 0 };
	struct mailbox_copy held;
	struct copy copy;
	struct why why;
	bool same;

	if (mailbox_inbox(d->t, number, &bytes, NULL, &held) != 0)
		return false;
	same = held.kind == MAILBOX_COPY_DESTROYED ||
	       held.kind == MAILBOX_COPY_WITHDRAWN ||
	       (held.kind == MAILBOX_COPY_HELD &&
		   copy_open(held.copy, &arena, &copy, &why) &&
		   !memcmp(copy.digest, digest, HASH_BYTES));
	arena_deinit(&arena);
	return same;
}

static void say_rejected(
    uint64_t number, const struct message_id *id, const char *reason)
{
	_cleanup_free_ char *fields = NULL;
	char text[MESSAGE_ID_TEXT_MAX] = "unknown";

	if (id->partner[0])
		message_id_format(id, text);
	fields = mem_format("copy=%" PRIu64 " id=%s", number, text);
	log_say(LOG_ERROR, fields,
	    "REJECTED a copy from the broker: %s. It is kept as evidence and"
	    " not shown; tell the exchange's operator and its sender",
	    reason);
}

static void put_copy(struct delivery *d, const struct frame_deliver_row *row,
    const struct received *got, enum mailbox_kind kind)
{
	struct mailbox_copy copy = {
		.number = row->number,
		.kind = kind,
		.at = clock_now(),
		.destroy_by = got->destroy_by,
		.copy = row->copy,
		.summary = buf_slice(&got->summary),
	};
	int r;

	fill_id(&got->id, &copy.id);
	r = mailbox_inbox_put(d->t, &copy);
	if (kind == MAILBOX_COPY_REJECTED)
		d->rejected += r == 0;
	else if (r == 0 || (r == STORE_THERE &&
			       same_as_held(d, row->number, got->copy.digest)))
		add_receipt(d, row->number, got->copy.digest);
	else if (r == STORE_THERE)
		say_rejected(row->number, &got->id,
		    "it differs from the copy received before under this"
		    " number");
}

static void take_copy(struct delivery *d, const struct frame_deliver_row *row)
{
	struct arena arena = { 0 };
	struct received got;
	struct why why;

	switch (receive_copy(&d->context, row, &arena, &got, &why)) {
	case 0:
		put_copy(d, row, &got, MAILBOX_COPY_HELD);
		break;
	case RECEIVE_REJECTED:
		say_rejected(row->number, &got.id, why.text);
		put_copy(d, row, &got, MAILBOX_COPY_REJECTED);
		break;
	default:
		log_say(LOG_WARN, NULL, "copy %" PRIu64 " is not taken now: %s",
		    row->number, why.text);
		d->again = true;
		break;
	}
	buf_deinit(&got.summary);
	arena_deinit(&arena);
}

static void take_tombstone(
    struct delivery *d, const struct frame_deliver_row *row)
{
	struct mailbox_copy copy = {
		.number = row->number,
		.kind = MAILBOX_COPY_WITHDRAWN,
		.at = clock_now(),
		.copy = row->entry,
	};
	struct message_id unknown = { 0 };
	struct why why;

	if (receive_tombstone(&d->context, row, &why) != 0) {
		say_rejected(row->number, &unknown, why.text);
		return;
	}
	mailbox_inbox_put(d->t, &copy);
	add_receipt(d, row->number, row->digest.data);
}

static int compare_rows(const void *a, const void *b)
{
	const struct receipt_row *x = a, *y = b;

	return (x->copy > y->copy) - (x->copy < y->copy);
}

static void send_receipt(struct delivery *d)
{
	struct keeper *k = d->k;
	struct receipt receipt = {
		.exchange = slice_str(k->id->broker.exchange),
		.partner = slice_str(k->id->name),
		.at = clock_now(),
		.rows = d->rows,
		.count = d->count,
	};
	_cleanup_buf_ struct buf bytes = { 0 };
	uint8_t signature[SIGN_BYTES];
	struct frame frame = { .kind = FRAME_RECEIPT };
	struct slice part;
	struct why why;

	if (d->count == 0)
		return;
	mem_sort(d->rows, d->count, sizeof(*d->rows), compare_rows);
	receipt_pack(&receipt, &bytes);
	part = buf_slice(&bytes);
	if (sign_parts(k->id->message, &part, 1, signature, &why) < 0) {
		log_say(LOG_ERROR, NULL, "cannot sign a receipt: %s", why.text);
		return;
	}
	frame.receipt.bytes = part;
	frame.receipt.signature = slice_of(signature, sizeof(signature));
	session_send(k, &frame);
}

static void count_rejected(struct delivery *d)
{
	_cleanup_buf_ struct buf old = { 0 }, new = { 0 };
	unsigned long long count = 0;

	if (d->rejected == 0)
		return;
	if (store_note(d->t, KEEPER_NOTE_REJECTED, &old) == 0) {
		buf_add_byte(&old, 0);
		count = strtoull((const char *)old.data, NULL, 10);
	}
	buf_addf(&new, "%llu", count + d->rejected);
	store_note_put(d->t, KEEPER_NOTE_REJECTED, buf_slice(&new));
}

static int take_rows(struct delivery *d, const struct frame_deliver *deliver)
{
	int r = store_begin(d->k->store, &d->t);

	if (r < 0)
		return r;
	for (size_t i = 0;
	     i < deliver->count && i < RECEIPT_ROWS_MAX && !store_error(d->t);
	     i++) {
		if (deliver->rows[i].copy.len)
			take_copy(d, &deliver->rows[i]);
		else
			take_tombstone(d, &deliver->rows[i]);
	}
	count_rejected(d);
	keep_checkpoint(d->k, d->t, d->context.checkpoint, deliver->checkpoint);
	return store_commit(d->t);
}

void inbox_deliver(struct keeper *k, const struct frame_deliver *deliver)
{
	_cleanup_rules_ struct rules *rules = keeper_rules(k);
	struct checkpoint checkpoint;
	struct delivery d = {
		.k = k,
		.context = {
			.rules = rules,
			.self = k->id->name,
			.exchange = k->id->broker.exchange,
			.checkpoint = &checkpoint,
			.checkpoint_note = deliver->checkpoint,
			.tags = &k->tags,
		},
	};
	int r;

	if (!open_checkpoint(k, deliver->checkpoint, &checkpoint))
		return;
	r = rules ? take_rows(&d, deliver) : STORE_FULL;
	if (r < 0) {
		keeper_fail(k, "copies cannot be stored", r);
		return;
	}
	if (r == 0)
		send_receipt(&d);
	else
		log_say(LOG_ERROR, NULL, "copies cannot be taken now: %s",
		    rules ? "the store or the disk is full"
			  : "we hold no policies to judge them by");
	if (r != 0 || d.again)
		k->session.again = clock_monotonic() + KEEPER_AGAIN_MS;
}

/* ---- the end of what was received ------------------------------------- */

/* How many copies are gone; negative errno. */
static int destroy_some(struct keeper *k, int64_t now, bool *more)
{
	struct store_txn *t;
	uint64_t number;
	int gone = 0, r = store_begin(k->store, &t);

	if (r < 0)
		return r;
	while (gone < (int)EXPIRE_MAX &&
	       mailbox_inbox_due(t, now, &number) == 0 &&
	       mailbox_inbox_destroy(t, number, now) == 0)
		gone++;
	*more = gone == (int)EXPIRE_MAX;
	r = store_commit(t);
	return r < 0 ? r : gone;
}

void inbox_expire(struct keeper *k, int64_t now)
{
	bool more = true;
	int gone = 0;

	while (more && gone >= 0 && !k->fatal) {
		gone = destroy_some(k, now, &more);
		if (gone < 0)
			keeper_fail(k, "copies cannot be destroyed", gone);
		else if (gone)
			log_say(LOG_INFO, NULL,
			    "destroyed %d copies that could be held no longer",
			    gone);
	}
}
