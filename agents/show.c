/* Messages as people and their systems read them; show.h is the contract. */

#include "agents/show.h"

#include <inttypes.h>
#include <string.h>

#include "agents/answer.h"
#include "agents/keeper.h"
#include "agents/print.h"
#include "agents/receive.h"
#include "agents/summary.h"
#include "agents/value.h"
#include "audit/checkpoint.h"
#include "util/clock.h"
#include "util/mem.h"

#define DAY_MS 86400000

static json_t *instant(int64_t ms)
{
	char room[CLOCK_TEXT_MAX];

	if (!ms)
		return json_null();
	clock_format(ms, room);
	return json_string(room);
}

/* Only what there is: an absent key says that there is nothing to say. */
static void set_text(json_t *object, const char *key, struct slice s)
{
	if (s.len)
		json_object_set_new(object, key, print_slice(s));
}

static json_t *copy_id(const struct mailbox_id *id)
{
	struct message_id m = { .epoch = id->epoch, .number = id->number };
	char room[MESSAGE_ID_TEXT_MAX];

	if (strlen(id->partner) >= sizeof(m.partner))
		return json_null();
	strcpy(m.partner, id->partner);
	message_id_format(&m, room);
	return json_string(room);
}

static json_t *sent_id(const struct identity *id, struct mailbox_number n)
{
	struct message_id m = { .epoch = n.epoch, .number = n.number };
	char room[MESSAGE_ID_TEXT_MAX];

	memcpy(m.partner, id->name, sizeof(m.partner));
	message_id_format(&m, room);
	return json_string(room);
}

/* ---- the inbox -------------------------------------------------------- */

json_t *show_line(const struct mailbox_copy *copy)
{
	struct arena arena = { 0 };
	struct summary_copy s;
	json_t *line = NULL;

	if (copy->kind == MAILBOX_COPY_HELD &&
	    summary_copy_read(copy->summary, &arena, &s))
		line = json_pack("{sI so ss so so so so so so so so}", "copy",
		    (json_int_t)copy->number, "id", copy_id(&copy->id), "from",
		    copy->id.partner, "type", print_slice(s.type), "sent",
		    instant(s.sent), "received", instant(copy->at), "marking",
		    print_slice(s.marking), "priority", print_slice(s.priority),
		    "agreement", print_slice(s.agreement), "purpose",
		    print_slice(s.purpose), "officer", print_slice(s.officer));
	arena_deinit(&arena);
	return line;
}

/* ---- one copy --------------------------------------------------------- */

struct showing {
	const struct copy *copy;
	const struct summary_copy *summary;
	bool signature; /* the originator's, verified now */
	size_t clause;  /* the next of the summary's */
	json_t *fields;
	size_t concealed;
};

static json_t *new_field(const struct slot *slot)
{
	return json_pack("{ss% sI}", "path", (const char *)slot->path.data,
	    slot->path.len, "instance", (json_int_t)slot->instance);
}

static void add_whole(struct showing *s, const struct slot *slot)
{
	json_t *field = new_field(slot);

	json_object_set_new(field, "value", field_value_json(slot->value));
	json_object_set_new(field, "decision", json_string("release"));
	if (s->clause < s->summary->clauses_count)
		set_text(field, "clause", s->summary->clauses[s->clause++]);
	json_object_set_new(field, "verified", json_boolean(s->signature));
	json_array_append_new(s->fields, field);
}

static void add_named(
    struct showing *s, const struct slot *slot, const struct decision *d)
{
	json_t *field = new_field(slot);
	const struct slot *form =
	    d->to.len ? receive_form(s->copy, slot, d->to) : NULL;

	if (form || d->value.len)
		json_object_set_new(field, "value",
		    field_value_json(form ? form->value : d->value));
	set_text(field, "decision", d->action);
	set_text(field, "to", d->to);
	set_text(field, "clause", d->clause);
	set_text(field, "reason", d->reason);
	/* A derived value is the broker's word, not the originator's. */
	if (form || d->value.len)
		json_object_set_new(
		    field, "verified", json_boolean(form && s->signature));
	json_array_append_new(s->fields, field);
}

static void add_slots(struct showing *s)
{
	for (size_t i = 0; i < s->copy->statement.count; i++) {
		const struct slot *slot = &s->copy->slots[i];
		const struct decision *d = copy_decision(s->copy, (uint16_t)i);

		if (slot->kind == SLOT_NIL) {
			s->concealed++;
			continue;
		}
		if (receive_base(slot->path).len < slot->path.len ||
		    (slot->path.len > 8 &&
			!memcmp(slot->path.data, "message.", 8)))
			continue;
		if (slot->kind == SLOT_WHOLE)
			add_whole(s, slot);
		else if (d)
			add_named(s, slot, d);
	}
}

static int compare_fields(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;
	int c = strcmp(json_string_value(json_object_get(*x, "path")),
	    json_string_value(json_object_get(*y, "path")));
	json_int_t i = json_integer_value(json_object_get(*x, "instance"));
	json_int_t j = json_integer_value(json_object_get(*y, "instance"));

	return c ? c : (i > j) - (i < j);
}

/* Slots stand in the order of their digests, which is none for people. */
static json_t *sorted(json_t *fields)
{
	size_t n = json_array_size(fields);
	_cleanup_free_ json_t **items = mem_array(n + 1, sizeof(*items));
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		items[i] = json_array_get(fields, i);
	mem_sort(items, n, sizeof(*items), compare_fields);
	for (size_t i = 0; i < n; i++)
		json_array_append(list, items[i]);
	json_decref(fields);
	return list;
}

static json_t *proof(const struct identity *id, const struct copy *copy,
    const struct summary_copy *summary)
{
	struct checkpoint c = { 0 };
	struct merkle_hash root;
	struct why why;
	bool good =
	    checkpoint_open(summary->checkpoint, &id->broker.log, &c, &why) &&
	    merkle_path_root(copy->index, c.size, merkle_leaf(copy->entry),
		copy->path, &root) &&
	    !memcmp(root.bytes, c.root, HASH_BYTES);

	return json_pack("{ss sI sI sb si}", "log", c.origin, "index",
	    (json_int_t)copy->index, "size", (json_int_t)c.size, "verified",
	    good, "witnesses", 0);
}

/* The last day it may be held, from the first instant it may not. */
static json_t *destroy_by(int64_t ms)
{
	return ms ? print_day(clock_london_day(ms) - 1) : json_null();
}

static json_t *whole(const struct identity *id, const struct mailbox_copy *row,
    const struct copy *copy, const struct summary_copy *summary)
{
	struct showing s = { .copy = copy,
		.summary = summary,
		.fields = json_array(),
		.signature = message_verify(&copy->statement, summary->key) };
	json_t *json;

	add_slots(&s);
	json = json_pack("{so so ss so so so so so sI so so sI so}", "id",
	    copy_id(&row->id), "type", print_slice(summary->type), "from",
	    row->id.partner, "officer", print_slice(summary->officer),
	    "agreement", print_slice(summary->agreement), "purpose",
	    print_slice(summary->purpose), "sent", instant(summary->sent),
	    "marking", print_slice(summary->marking), "copy",
	    (json_int_t)row->number, "destroy-by", destroy_by(row->destroy_by),
	    "fields", sorted(s.fields), "concealed", (json_int_t)s.concealed,
	    "proof", proof(id, copy, summary));
	set_text(json, "priority", summary->priority);
	set_text(json, "handling-instruction",
	    copy->statement.header.handling_instruction);
	return json;
}

json_t *show_copy(
    const struct identity *id, const struct mailbox_copy *row, struct why *why)
{
	struct arena arena = { 0 };
	struct summary_copy summary;
	struct copy copy;
	json_t *json = NULL;

	if (!summary_copy_read(row->summary, &arena, &summary))
		why_set(why, "its summary in the store cannot be read");
	else if (copy_open(row->copy, &arena, &copy, why))
		json = whole(id, row, &copy, &summary);
	arena_deinit(&arena);
	return json;
}

/* ---- what we sent ----------------------------------------------------- */

struct home {
	uint64_t slot;
	struct slice value;
};

/* The values that stayed at home, in slot order. */
static const struct home *read_home(
    struct slice bytes, struct arena *arena, size_t *ret_count)
{
	struct home *home;
	struct reader r;

	reader_init(&r, bytes);
	*ret_count = reader_array(&r);
	home = arena_array(arena, *ret_count + 1, struct home);
	for (size_t i = 0; i < *ret_count; i++) {
		reader_array_of(&r, 3);
		home[i].slot = reader_uint(&r, MESSAGE_FIELDS_MAX);
		reader_bin(&r);
		home[i].value = reader_bin(&r);
	}
	if (!reader_end(&r))
		*ret_count = 0;
	return home;
}

static json_t *sent_fields(
    const struct envelope *e, const struct home *home, size_t home_count)
{
	json_t *fields = json_array();

	for (size_t i = 0, h = 0; i < e->statement.count; i++) {
		const struct slot *slot = &e->slots[i];
		bool at_home = h < home_count && home[h].slot == i;
		struct slice value = at_home ? home[h++].value : slot->value;
		json_t *field;

		if (slot->kind == SLOT_NIL ||
		    receive_base(slot->path).len < slot->path.len ||
		    (slot->path.len > 8 &&
			!memcmp(slot->path.data, "message.", 8)))
			continue;
		field = new_field(slot);
		json_object_set_new(field, "value", field_value_json(value));
		json_object_set_new(field, "home", json_boolean(at_home));
		json_array_append_new(fields, field);
	}
	return sorted(fields);
}

static json_t *recipients(const struct show_sent *sent,
    const struct summary_sent *summary, bool delivered, struct arena *arena)
{
	struct answer answer;

	if (sent->result.len && answer_read(sent->result, arena, &answer))
		return answer_recipients(&answer, summary, delivered);
	return compose_recipients(summary->lines, summary->lines_count);
}

json_t *show_recipients(
    const struct identity *id, const struct show_sent *sent, bool delivered)
{
	struct arena arena = { 0 };
	struct summary_sent summary;
	json_t *json = NULL;

	if (summary_sent_read(sent->summary, &arena, &summary))
		json = json_pack("{so so}", "id", sent_id(id, sent->id),
		    "recipients",
		    recipients(sent, &summary, delivered, &arena));
	arena_deinit(&arena);
	return json;
}

static json_t *sent_whole(const struct identity *id,
    const struct show_sent *sent, struct arena *arena, struct why *why)
{
	struct summary_sent s;
	struct outbox_row row;
	struct envelope e;
	const struct home *home;
	size_t count;

	if (!summary_sent_read(sent->summary, arena, &s) ||
	    !outbox_row_read(sent->row, &row)) {
		why_set(why, "what the store has of it cannot be read");
		return NULL;
	}
	if (!envelope_open(row.envelope, &e, why) ||
	    !envelope_slots(&e, arena, why))
		return NULL;
	home = read_home(row.home, arena, &count);
	return json_pack("{so so ss so so so so so so so}", "id",
	    sent_id(id, sent->id), "type", print_slice(s.type), "from",
	    id->name, "officer", print_slice(s.officer), "agreement",
	    print_slice(s.agreement), "purpose", print_slice(s.purpose), "sent",
	    instant(s.sent), "marking", print_slice(s.marking), "recipients",
	    recipients(sent, &s, true, arena), "fields",
	    sent_fields(&e, home, count));
}

json_t *show_sent(
    const struct identity *id, const struct show_sent *sent, struct why *why)
{
	struct arena arena = { 0 };
	json_t *json = sent_whole(id, sent, &arena, why);

	arena_deinit(&arena);
	return json;
}
