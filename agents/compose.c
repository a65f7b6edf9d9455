/*
 * The order of fields in a composed message: the record's, then forms, then
 * `message.to` a recipient each, then `message.officer`. The digests' order on
 * the wire tells nothing of it.
 *
 * A message that this side sees refused for everybody is composed all the same:
 * a refusal is logged as fully as a grant (promise 9), and only the broker
 * writes the log.
 */

#include "agents/compose.h"

#include <string.h>

#include "agents/print.h"
#include "util/mem.h"
#include "wire/codec.h"

/* What a slot, its digest and the message around them take at most, beyond path
 * and value. */
#define SLOT_OVERHEAD (HASH_BYTES + MESSAGE_SALT_BYTES + 16)
#define MESSAGE_OVERHEAD (MESSAGE_HEADER_MAX + 1024)

/* The vocabulary of a message whose agreement nobody knows: it has no fields of
 * its own and can only be refused. */
#define UNREAD "unknown/1"

struct composing {
	const struct compose_context *context;
	struct composed *to;
	struct arena *arena; /* the record's */
	struct policy_decision *decisions;
	struct buf *problems;
	size_t cap;
	size_t bytes;
};

void composed_deinit(struct composed *c)
{
	record_deinit(&c->record);
	buf_deinit(&c->summary);
	*c = (struct composed){ 0 };
}

static int wrong(struct composing *c, const char *text)
{
	buf_addf(c->problems, "%s\n", text);
	return RECORD_WRONG;
}

/* ---- fields ----------------------------------------------------------- */

static bool add_field(struct composing *c, struct slice path, uint16_t instance,
    struct slice value, bool home)
{
	struct composed *to = c->to;

	if (to->count == MESSAGE_FIELDS_MAX)
		return false;
	to->home[to->count] = home;
	to->fields[to->count++] = (struct message_field){
		.path = path,
		.instance = instance,
		.value = value,
	};
	c->bytes += SLOT_OVERHEAD + path.len + value.len;
	return true;
}

static bool has_field(
    const struct composed *c, struct slice path, uint16_t instance)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->fields[i].instance == instance &&
		    slice_eq(c->fields[i].path, path))
			return true;
	return false;
}

/* The form of field @i that one recipient's verdict asks for. Where it does not
 * fit, the broker will derive the value itself. */
static bool add_form(
    struct composing *c, size_t i, const struct policy_verdict *verdict)
{
	const struct policy_field *field = &c->to->record.message.fields[i];
	_cleanup_buf_ struct buf path = { 0 };

	if ((verdict->action != POLICY_REDUCE &&
		verdict->action != POLICY_MASK) ||
	    verdict->value.len == 0 || !verdict->to)
		return true;
	buf_add_slice(&path, field->path);
	buf_add_byte(&path, '~');
	policy_form(verdict->to, &path);
	if (path.len > MESSAGE_PATH_MAX ||
	    has_field(c->to, buf_slice(&path), field->instance))
		return true;
	return add_field(c, arena_slice(c->arena, buf_slice(&path)),
	    field->instance, arena_slice(c->arena, verdict->value), false);
}

static struct slice packed_text(struct composing *c, const char *text)
{
	_cleanup_buf_ struct buf packed = { 0 };

	codec_text(&packed, text);
	return arena_slice(c->arena, buf_slice(&packed));
}

static bool add_addressing(struct composing *c)
{
	const struct record *record = &c->to->record;
	const char *officer =
	    record->officer ? record->officer : c->context->by;

	for (size_t i = 0; i < record->partners_count; i++)
		if (!add_field(c, slice_str("message.to"), (uint16_t)i,
			packed_text(c, record->partners[i]), false))
			return false;
	return add_field(
	    c, slice_str("message.officer"), 0, packed_text(c, officer), false);
}

static bool add_fields(struct composing *c)
{
	const struct policy_message *m = &c->to->record.message;
	_cleanup_free_ bool *home = mem_array(m->count + 1, sizeof(bool));

	policy_minimise(rules_policy(c->context->rules), m, c->decisions,
	    c->to->record.partners_count, home);
	for (size_t i = 0; i < m->count; i++)
		if (!add_field(c, m->fields[i].path, m->fields[i].instance,
			m->fields[i].value, home[i]))
			return false;
	for (size_t to = 0; to < c->to->record.partners_count; to++) {
		const struct policy_decision *d = &c->decisions[to];

		for (size_t i = 0;
		     d->outcome == POLICY_ACCEPTED && i < m->count; i++)
			if (!add_form(c, i, &d->verdicts[i]))
				return false;
	}
	return add_addressing(c);
}

/* ---- header ----------------------------------------------------------- */

/* The ids a record may name: NULL is none. */
static int read_id(struct composing *c, const char *key, const char *text,
    struct message_id *ret)
{
	_cleanup_free_ char *problem = NULL;

	if (!text || message_id_parse(slice_str(text), ret))
		return 0;
	problem = mem_format(
	    "%s: '%.80s' is not an id such as rugby-council/1.12", key, text);
	return wrong(c, problem);
}

static int fill_header(struct composing *c)
{
	const struct record *record = &c->to->record;
	const struct policy_message *m = &record->message;
	struct message_header *h = &c->to->header;
	int r;

	*h = (struct message_header){
		.exchange = slice_str(c->context->exchange),
		.vocabulary =
		    slice_str(record->vocabulary ? record->vocabulary : UNREAD),
		.type = slice_str(m->type),
		.from = slice_str(m->from),
		.agreement = slice_str(m->agreement),
		.purpose = slice_str(m->purpose),
		.sent = m->sent,
		.marking = slice_str(m->marking),
		.handling_instruction = slice_str(m->handling_instruction),
		.embargo_until = m->embargo_until,
		.priority = slice_str(m->priority),
		.expires = m->expires,
	};
	hash_random(h->nonce, sizeof(h->nonce));
	r = read_id(c, "replaces", record->replaces, &h->replaces);
	if (r == 0)
		r = read_id(c, "recalls", record->recalls, &h->recalls);
	if (r == 0)
		r = read_id(c, "answers", record->answers, &h->answers);
	return r;
}

/* ---- decisions -------------------------------------------------------- */

static void decide(struct composing *c)
{
	struct composed *to = c->to;
	size_t n = to->record.partners_count;

	c->decisions = arena_array(c->arena, n, struct policy_decision);
	to->lines = arena_array(c->arena, n, struct summary_line);
	to->lines_count = n;
	for (size_t i = 0; i < n; i++) {
		struct policy_decision *d = &c->decisions[i];

		policy_decide(rules_policy(c->context->rules),
		    &to->record.message, to->record.partners[i],
		    c->context->now, c->arena, d);
		to->lines[i] = (struct summary_line){
			.partner = slice_str(to->record.partners[i]),
			.accepted = d->outcome == POLICY_ACCEPTED,
			.clause = slice_str(d->clause),
			.reason = slice_str(d->reason),
		};
	}
}

static void summarise(struct composing *c)
{
	const struct record *record = &c->to->record;
	const struct policy_message *m = &record->message;
	struct summary_sent s = {
		.type = slice_str(m->type),
		.agreement = slice_str(m->agreement),
		.purpose = slice_str(m->purpose),
		.marking = slice_str(m->marking),
		.officer = slice_str(
		    record->officer ? record->officer : c->context->by),
		.by = slice_str(c->context->by),
		.sent = m->sent,
		.lines = c->to->lines,
		.lines_count = c->to->lines_count,
	};

	summary_sent_pack(&s, &c->to->summary);
}

int compose(const struct compose_context *context, struct slice json,
    struct buf *problems, struct composed *ret)
{
	struct record_context reading = {
		.policy = rules_policy(context->rules),
		.from = context->self,
		.now = context->now,
	};
	struct composing c = { .context = context,
		.to = ret,
		.arena = &ret->record.arena,
		.problems = problems,
		.bytes = MESSAGE_OVERHEAD };
	int r;

	*ret = (struct composed){ 0 };
	r = record_read(&reading, json, problems, &ret->record);
	if (r)
		return r;
	ret->fields =
	    arena_array(c.arena, MESSAGE_FIELDS_MAX, struct message_field);
	ret->home = arena_array(c.arena, MESSAGE_FIELDS_MAX, bool);
	decide(&c);
	r = fill_header(&c);
	if (r == 0 && !add_fields(&c))
		r = wrong(&c,
		    "the record makes more than 1024 fields with its recipients"
		    " and what is reduced for them; split it");
	if (r == 0 && c.bytes > MESSAGE_BYTES_MAX)
		r = wrong(&c, "the record makes more than 1 MiB; split it");
	if (r == 0)
		summarise(&c);
	else
		composed_deinit(ret);
	return r;
}

json_t *compose_recipients(const struct summary_line *lines, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    list, json_pack("{so ss so so}", "partner",
			      print_slice(lines[i].partner), "outcome",
			      lines[i].accepted ? "queued" : "refused",
			      "clause", print_slice(lines[i].clause), "reason",
			      print_slice(lines[i].reason)));
	return list;
}
