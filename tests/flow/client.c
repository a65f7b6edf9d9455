/* A small agent; client.h says what for. */

#include "tests/flow/client.h"

#include <stdio.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "tests/unit/test.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/mem.h"
#include "wire/codec.h"

#define PATIENCE_MS 20000

static struct key *new_key(enum key_kind kind)
{
	uint8_t raw[KEY_BYTES];

	hash_random(raw, sizeof(raw));
	return key_from_raw(kind, raw);
}

struct client *client_new(const char *name)
{
	struct client *c = mem_alloc(sizeof(*c));
	struct enrolment_keys keys;
	struct why why;

	snprintf(c->name, sizeof(c->name), "%s", name);
	c->curve = new_key(KEY_X25519);
	c->message = new_key(KEY_ED25519);
	c->witness = new_key(KEY_ED25519);
	c->agree = new_key(KEY_ED25519);
	c->results = mem_array(CLIENT_RESULTS_MAX, sizeof(*c->results));
	key_public(c->curve, keys.curve);
	key_public(c->message, keys.message);
	key_public(c->witness, keys.witness);
	key_public(c->agree, keys.agree);
	CHECK(enrolment_make(name, &keys, &c->enrolment, &why));
	return c;
}

struct client *client_free(struct client *c)
{
	if (!c)
		return NULL;
	client_disconnect(c);
	while (c->first) {
		struct client_copy *next = c->first->next;

		buf_deinit(&c->first->body);
		free(c->first);
		c->first = next;
	}
	key_free(c->curve);
	key_free(c->message);
	key_free(c->witness);
	key_free(c->agree);
	arena_deinit(&c->arena);
	free(c->results);
	free(c);
	return NULL;
}

void client_enrol(const struct client *c, struct buf *out)
{
	struct why why;

	enrolment_text(&c->enrolment, out);
	CHECK_INT(note_sign(out, c->enrolment.agree.name, c->agree, &why), 0);
	CHECK_INT(
	    note_sign(out, c->enrolment.message.name, c->message, &why), 0);
	CHECK_INT(
	    note_sign(out, c->enrolment.witness.name, c->witness, &why), 0);
}

/* ---- frames out ------------------------------------------------------- */

static void send_frame(struct client *c, const struct frame *frame)
{
	struct buf bytes = { 0 };

	frame_pack(frame, &bytes);
	(void)link_client_send(c->link, &bytes);
	buf_deinit(&bytes);
}

void client_send_raw(struct client *c, struct slice bytes)
{
	struct buf copy = { 0 };

	buf_add_slice(&copy, bytes);
	(void)link_client_send(c->link, &copy);
	buf_deinit(&copy);
}

void client_hello(struct client *c)
{
	struct frame frame = { .kind = FRAME_HELLO };

	frame.hello = (struct frame_hello){
		.epoch = c->epoch,
		.number = c->number,
		.copy = c->copies,
		.policy = c->policy,
	};
	send_frame(c, &frame);
}

/* ---- frames in -------------------------------------------------------- */

static void on_welcome(struct client *c, const struct frame_welcome *w)
{
	struct why why;

	snprintf(
	    c->exchange, sizeof(c->exchange), "%.*s", SLICE_ARG(w->exchange));
	CHECK(vkey_parse(w->vkey, &c->log, &why));
	if (w->epoch != c->epoch)
		c->number = w->number;
	c->epoch = w->epoch;
}

static void keep_text(struct slice s, char ret[256])
{
	snprintf(ret, 256, "%.*s", SLICE_ARG(s));
}

static void on_result(struct client *c, const struct frame_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		const struct frame_result_row *row = &result->rows[i];
		struct client_result *r;

		CHECK(row->number < CLIENT_RESULTS_MAX);
		r = &c->results[row->number];
		if (row->count == 1 && row->outcomes[0].delivered) {
			r->delivered++;
			continue;
		}
		r->answered = true;
		r->times++;
		r->accepted = row->accepted;
		keep_text(row->reason, r->reason);
		if (row->count == 0)
			continue;
		snprintf(r->partner, sizeof(r->partner), "%.*s",
		    SLICE_ARG(row->outcomes[0].partner));
		r->partner_accepted = row->outcomes[0].accepted;
		keep_text(row->outcomes[0].reason, r->partner_reason);
	}
}

static const struct client *partner_named(
    const struct client *c, struct slice name)
{
	for (size_t i = 0; i < c->partners_count; i++)
		if (slice_is(name, c->partners[i]->name))
			return c->partners[i];
	return NULL;
}

/* Promise 2: the entry is in the log, commits to this body and number, and the
 * originator signed what is shown. */
static void check_proof(struct client *c, const struct checkpoint *checkpoint,
    const struct frame_deliver_row *row, struct client_copy *ret)
{
	struct entry *entry = mem_alloc(sizeof(*entry));
	struct merkle_hash leaf, root;
	struct slice entry_bytes = row->entry, path = row->path;
	uint64_t index = row->index;
	struct arena arena = { 0 };
	struct copy copy;
	struct why why;

	if (!ret->tombstone) {
		const struct client *from;

		CHECK(copy_open(row->copy, &arena, &copy, &why));
		from = partner_named(c, copy.statement.header.from);
		CHECK(from);
		CHECK(message_verify(
		    &copy.statement, from->enrolment.message.public));
		entry_bytes = copy.entry;
		path = copy.path;
		index = copy.index;
		memcpy(ret->digest, copy.digest, HASH_BYTES);
		ret->id = copy.statement.header.id;
		buf_add_slice(&ret->body, copy.body);
	} else {
		memcpy(ret->digest, row->digest.data, HASH_BYTES);
	}
	CHECK(!entry_decode(entry_bytes, entry));
	CHECK_INT(entry->kind, ENTRY_DECIDED);
	CHECK(slice_is(entry->to, c->name));
	CHECK_INT(entry->copy, row->number);
	CHECK(!memcmp(entry->body, ret->digest, HASH_BYTES));
	entry_leaf(entry_bytes, leaf.bytes);
	CHECK(merkle_path_root(index, checkpoint->size, leaf, path, &root));
	CHECK(!memcmp(root.bytes, checkpoint->root, HASH_BYTES));
	arena_deinit(&arena);
	free(entry);
}

static struct client_copy *find_copy(struct client *c, uint64_t number)
{
	for (struct client_copy *copy = c->first; copy; copy = copy->next)
		if (copy->number == number)
			return copy;
	return NULL;
}

static struct client_copy *add_copy(struct client *c, uint64_t number)
{
	struct client_copy *copy = mem_alloc(sizeof(*copy));

	copy->number = number;
	if (c->last)
		c->last->next = copy;
	else
		c->first = copy;
	c->last = copy;
	c->copies++;
	return copy;
}

static int row_order(const void *a, const void *b)
{
	const struct receipt_row *x = a, *y = b;

	return (x->copy > y->copy) - (x->copy < y->copy);
}

void client_receipt(struct client *c, struct receipt_row *rows, size_t count)
{
	struct receipt receipt = {
		.exchange = slice_str(c->exchange),
		.partner = slice_str(c->name),
		.at = clock_now(),
		.rows = rows,
		.count = count,
	};
	struct frame frame = { .kind = FRAME_RECEIPT };
	_cleanup_buf_ struct buf bytes = { 0 };
	uint8_t signature[SIGN_BYTES];
	struct slice part;
	struct why why;

	qsort(rows, count, sizeof(*rows), row_order);
	receipt_pack(&receipt, &bytes);
	part = buf_slice(&bytes);
	CHECK_INT(sign_parts(c->message, &part, 1, signature, &why), 0);
	frame.receipt.bytes = part;
	frame.receipt.signature = slice_of(signature, sizeof(signature));
	send_frame(c, &frame);
}

static void on_deliver(struct client *c, const struct frame_deliver *deliver)
{
	struct receipt_row rows[FRAME_DELIVER_MAX];
	struct checkpoint checkpoint;
	struct why why;

	CHECK(checkpoint_open(deliver->checkpoint, &c->log, &checkpoint, &why));
	for (size_t i = 0; i < deliver->count; i++) {
		const struct frame_deliver_row *row = &deliver->rows[i];
		struct client_copy *copy = find_copy(c, row->number);

		if (!copy) {
			copy = add_copy(c, row->number);
			copy->tombstone = row->copy.len == 0;
			check_proof(c, &checkpoint, row, copy);
		}
		copy->times++;
		rows[i].copy = row->number;
		memcpy(rows[i].digest, copy->digest, HASH_BYTES);
	}
	if (!c->mute)
		client_receipt(c, rows, deliver->count);
}

static void on_policies(struct client *c, const struct frame_policies *p)
{
	if (p->part == 1)
		c->texts = c->suspended = 0;
	c->texts += p->texts_count;
	c->suspended += p->suspended_count;
	if (p->part == p->parts)
		c->policy = p->number;
}

static void on_frame(struct client *c, struct slice bytes)
{
	struct arena arena = { 0 };
	struct frame frame;
	struct why why;

	if (!frame_parse(bytes, &arena, &frame, &why))
		test_fail(__FILE__, __LINE__, "%s: %s", c->name, why.text);
	c->frames[frame.kind]++;
	if (frame.kind == FRAME_WELCOME)
		on_welcome(c, &frame.welcome);
	else if (c->on_frame)
		c->on_frame(c, &frame);
	if (c->on_frame) {
		arena_deinit(&arena);
		return;
	}
	if (frame.kind == FRAME_RESULT)
		on_result(c, &frame.result);
	if (frame.kind == FRAME_DELIVER)
		on_deliver(c, &frame.deliver);
	if (frame.kind == FRAME_POLICIES)
		on_policies(c, &frame.policies);
	if (frame.kind == FRAME_ERROR) {
		c->error = frame.error.code;
		snprintf(c->error_text, sizeof(c->error_text), "%.*s",
		    SLICE_ARG(frame.error.text));
	}
	arena_deinit(&arena);
}

/* ---- the link --------------------------------------------------------- */

void client_turn(struct client *c, int ms)
{
	struct link_frame frame;

	CHECK(link_client_wait(c->link, ms) >= 0);
	if (link_client_state(c->link) == LINK_UP &&
	    link_client_session(c->link) != c->session) {
		c->session = link_client_session(c->link);
		client_hello(c);
	}
	while (link_client_recv(c->link, &frame) == LINK_OK) {
		on_frame(c, frame.bytes);
		link_frame_deinit(&frame);
	}
}

void client_pump(struct client *c, int ms)
{
	int64_t until = clock_monotonic() + ms;

	while (clock_monotonic() < until)
		client_turn(c, 5);
}

void client_until(
    struct client *c, bool (*done)(struct client *c, uint64_t n), uint64_t n)
{
	int64_t until = clock_monotonic() + PATIENCE_MS;

	while (!done(c, n)) {
		if (clock_monotonic() > until)
			test_fail(__FILE__, __LINE__,
			    "%s waited in vain for %llu; last error: %s",
			    c->name, (unsigned long long)n, c->error_text);
		client_turn(c, 5);
	}
}

bool client_answered(struct client *c, uint64_t number)
{
	for (uint64_t i = 1; i <= number; i++)
		if (!c->results[i].answered)
			return false;
	return true;
}

bool client_has_copies(struct client *c, uint64_t count)
{
	return c->copies >= count;
}

bool client_has_error(struct client *c, uint64_t count)
{
	return c->frames[FRAME_ERROR] >= count;
}

bool client_is_welcome(struct client *c, uint64_t count)
{
	return c->frames[FRAME_WELCOME] >= count;
}

bool client_has_policy(struct client *c, uint64_t number)
{
	return c->policy >= number;
}

void client_connect(
    struct client *c, const char *endpoint, const uint8_t server[KEY_BYTES])
{
	uint8_t secret[KEY_BYTES];
	struct link_client_config config = { endpoint, server, secret };
	struct why why;

	CHECK_INT(key_curve_secret(c->curve, secret, &why), 0);
	CHECK_INT(link_client_new(&config, &c->link, &why), 0);
	c->session = 0;
	client_until(c, client_is_welcome, c->frames[FRAME_WELCOME] + 1);
}

void client_disconnect(struct client *c)
{
	c->link = link_client_free(c->link);
}

/* ---- messages --------------------------------------------------------- */

static struct slice text_value(struct arena *arena, const char *s)
{
	_cleanup_buf_ struct buf b = { 0 };

	codec_text(&b, s);
	return arena_slice(arena, buf_slice(&b));
}

static size_t make_fields(struct arena *arena, const struct client_message *m,
    struct message_field *ret)
{
	struct slice born;
	size_t n = 0;

	for (uint16_t i = 0; i < ARRAY_LEN(m->to) && m->to[i]; i++)
		ret[n++] = (struct message_field){ slice_str("message.to"), i,
			text_value(arena, m->to[i]), NULL };
	ret[n++] = (struct message_field){ slice_str("message.officer"), 0,
		text_value(arena, "PC 1 A Tester"), NULL };
	if (m->title)
		ret[n++] = (struct message_field){ slice_str("report.title"), 0,
			text_value(arena, m->title), NULL };
	if (m->health)
		ret[n++] = (struct message_field){ slice_str("report.health"),
			0, text_value(arena, "asthma"), NULL };
	if (m->name)
		ret[n++] = (struct message_field){ slice_str("subject.name"), 0,
			text_value(arena, m->name), NULL };
	if (!m->born)
		return n;
	ret[n++] = (struct message_field){ slice_str("subject.born"), 0,
		text_value(arena, m->born), NULL };
	born = text_value(arena, m->born);
	/* "1990" of "1990-02-03": a head of one byte and four digits. */
	ret[n++] = (struct message_field){ slice_str("subject.born~year"), 0,
		text_value(arena, arena_strn(arena, born.data + 1, 4)), NULL };
	return n;
}

static void make_envelope(
    struct client *c, const struct client_message *m, struct envelope *ret)
{
	struct message_field fields[16];
	struct message_header header = {
		.exchange = slice_str(m->exchange ? m->exchange : c->exchange),
		.vocabulary = slice_str("soc/1"),
		.type = slice_str(m->type ? m->type : "note"),
		.from = slice_str(c->name),
		.agreement = slice_str(m->agreement ? m->agreement : "local"),
		.purpose = slice_str(m->purpose ? m->purpose : "prevent"),
		.sent = m->sent ? m->sent : clock_now(),
		.marking = slice_str(m->marking ? m->marking : "OFFICIAL"),
		.priority = slice_str(m->priority),
	};
	struct message_draft draft = { .header = &header, .fields = fields };
	struct why why;

	snprintf(header.id.partner, sizeof(header.id.partner), "%s", c->name);
	header.id.epoch = c->epoch;
	header.id.number = m->number ? m->number : ++c->number;
	hash_random(header.nonce, sizeof(header.nonce));
	draft.count = make_fields(&c->arena, m, fields);
	if (!envelope_new(&draft, &c->arena, ret, &why))
		test_fail(__FILE__, __LINE__, "%s", why.text);
}

void client_make(struct client *c, const struct client_message *messages,
    size_t count, struct client_batch *ret)
{
	struct envelope *made = arena_array(&c->arena, count, struct envelope);
	struct envelope *list[MESSAGE_BATCH_MAX];
	struct why why;

	for (size_t i = 0; i < count; i++) {
		make_envelope(c, &messages[i], &made[i]);
		list[i] = &made[i];
	}
	CHECK_INT(envelope_sign(list, count, c->message, &c->arena, &why), 0);
	ret->count = count;
	for (size_t i = 0; i < count; i++) {
		_cleanup_buf_ struct buf bytes = { 0 };

		CHECK(envelope_pack(&made[i], NULL, &bytes, &why));
		ret->envelopes[i] = arena_slice(&c->arena, buf_slice(&bytes));
	}
}

void client_submit(struct client *c, const struct client_batch *batch)
{
	struct frame frame = { .kind = FRAME_SUBMIT };

	frame.submit.envelopes = batch->envelopes;
	frame.submit.count = batch->count;
	send_frame(c, &frame);
}

uint64_t client_send(struct client *c, const struct client_message *message)
{
	struct client_batch batch;

	client_make(c, message, 1, &batch);
	client_submit(c, &batch);
	return message->number ? message->number : c->number;
}
