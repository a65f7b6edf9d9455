/* What the local API answers; routes.h is the contract. */

#include "agents/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agents/compose.h"
#include "agents/preview.h"
#include "agents/print.h"
#include "agents/show.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define ANYONE                                                                 \
	(ROLE_OFFICER | ROLE_CHAIR | ROLE_GOVERNANCE | ROLE_AUDITOR |          \
	    ROLE_OPERATOR)

struct call {
	struct routes *routes;
	const struct api_request *request;
	const char *rest; /* of the path, after the route's */
	struct api_reply *reply;
};

static void reply_with(struct call *c, unsigned status, json_t *json)
{
	c->reply->status = status;
	c->reply->json = json;
}

/* ---- records ---------------------------------------------------------- */

/* {"error", "problems": [...]} */
static void reply_wrong(struct call *c, const struct buf *problems)
{
	struct slice rest = buf_slice(problems), line;
	json_t *list = json_array();

	while (print_next_line(&rest, &line))
		json_array_append_new(list, print_slice(line));
	reply_with(c, 422,
	    json_pack("{ss so}", "error",
		"the record is wrong, and nothing was sent", "problems", list));
}

/* NULL: the reply says why. */
static struct rules *need_rules(struct call *c)
{
	struct rules *rules = keeper_rules(c->routes->keeper);

	if (!rules)
		api_fail(c->reply, 503,
		    "the agent holds no agreements yet: it has not been in"
		    " touch with the broker, or the broker has none for it");
	return rules;
}

static void handle_preview(struct call *c)
{
	_cleanup_rules_ struct rules *rules = need_rules(c);
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf problems = { 0 };
	struct record_context context = { .from = c->routes->identity->name,
		.now = clock_now() };

	if (!rules)
		return;
	context.policy = rules_policy(rules);
	if (record_read(&context, c->request->body, &problems, &record))
		reply_wrong(c, &problems);
	else
		reply_with(c, 200,
		    preview_decide(context.policy, &record, context.now));
}

static int wait_ms(const struct call *c)
{
	const char *text = api_argument(c->request, "wait");
	long ms = text ? strtol(text, NULL, 10) : 0;

	return ms < 0                    ? 0
	       : ms > ROUTES_WAIT_MAX_MS ? ROUTES_WAIT_MAX_MS
					 : (int)ms;
}

/* What the outbox has of one of our messages. 0, STORE_NONE, or -errno. */
struct outbox_parts {
	struct buf row, summary, result;
};

static int read_outbox(
    struct call *c, struct mailbox_number id, struct outbox_parts *ret)
{
	struct store_txn *t;
	int r = store_read(c->routes->store, &t);

	if (r < 0)
		return r;
	r = mailbox_outbox_envelope(t, id, &ret->row);
	if (r == 0)
		r = mailbox_outbox_summary(t, id, &ret->summary);
	if (r == 0 && mailbox_outbox_result(t, id, &ret->result) < 0)
		r = -EIO;
	store_end(t);
	return r;
}

static void outbox_parts_deinit(struct outbox_parts *p)
{
	buf_deinit(&p->row);
	buf_deinit(&p->summary);
	buf_deinit(&p->result);
}

static struct show_sent sent_of(
    struct mailbox_number id, const struct outbox_parts *parts)
{
	return (struct show_sent){ .id = id,
		.row = buf_slice(&parts->row),
		.summary = buf_slice(&parts->summary),
		.result = buf_slice(&parts->result) };
}

static void reply_recipients(
    struct call *c, unsigned status, struct mailbox_number id, bool delivered)
{
	struct outbox_parts parts = { 0 };
	struct show_sent sent;
	int r = read_outbox(c, id, &parts);

	sent = sent_of(id, &parts);
	if (r == 0)
		reply_with(c, status,
		    show_recipients(c->routes->identity, &sent, delivered));
	else if (r == STORE_NONE)
		api_fail(c->reply, 404,
		    "no message of that id was sent from"
		    " here, or it is gone");
	else
		api_fail(c->reply, 500, "the store cannot be read");
	outbox_parts_deinit(&parts);
}

static void log_sent(struct call *c, const struct message_id *id)
{
	char text[MESSAGE_ID_TEXT_MAX];
	_cleanup_free_ char *fields = NULL;

	message_id_format(id, text);
	fields = mem_format("id=%s", text);
	log_say(
	    LOG_INFO, fields, "%s sent a message", c->request->officer->name);
}

static void submit(struct call *c, struct composed *composed)
{
	struct message_id id;
	struct why why;

	switch (
	    keeper_submit(c->routes->keeper, composed, wait_ms(c), &id, &why)) {
	case 0:
		log_sent(c, &id);
		reply_recipients(c, 201,
		    (struct mailbox_number){ id.epoch, id.number }, false);
		break;
	case KEEPER_WRONG:
		api_fail(c->reply, 422, "%s", why.text);
		break;
	default:
		api_fail(c->reply, 503, "%s", why.text);
		break;
	}
}

static void handle_send(struct call *c)
{
	_cleanup_rules_ struct rules *rules = need_rules(c);
	_cleanup_buf_ struct buf problems = { 0 };
	struct compose_context context = { .rules = rules,
		.self = c->routes->identity->name,
		.exchange = c->routes->identity->broker.exchange,
		.by = c->request->officer->name,
		.now = clock_now() };
	struct composed composed;

	if (!rules)
		return;
	if (compose(&context, c->request->body, &problems, &composed)) {
		reply_wrong(c, &problems);
		return;
	}
	submit(c, &composed);
	composed_deinit(&composed);
}

/* ---- messages --------------------------------------------------------- */

static bool read_id(struct call *c, const char *text, struct message_id *ret)
{
	if (message_id_parse(slice_str(text), ret))
		return true;
	api_fail(c->reply, 400,
	    "'%.80s' is not an id such as rugby-council/1.12", text);
	return false;
}

static bool is_ours(const struct call *c, const struct message_id *id)
{
	return !strcmp(id->partner, c->routes->identity->name);
}

static void show_ours(struct call *c, const struct message_id *id)
{
	struct mailbox_number number = { id->epoch, id->number };
	struct outbox_parts parts = { 0 };
	struct why why = { "the store cannot be read" };
	struct show_sent sent;
	int r = read_outbox(c, number, &parts);

	sent = sent_of(number, &parts);
	if (r == STORE_NONE)
		api_fail(c->reply, 404,
		    "no message of that id was sent from"
		    " here, or it is gone");
	else
		reply_with(c, 200,
		    r == 0 ? show_sent(c->routes->identity, &sent, &why)
			   : NULL);
	if (!c->reply->json)
		api_fail(c->reply, 500, "%s", why.text);
	outbox_parts_deinit(&parts);
}

struct inbox_parts {
	struct buf copy, summary;
	struct mailbox_copy row;
};

/* The newest copy of @id, but one that is held before any that is not. */
static int find_copy(
    struct call *c, const struct message_id *id, struct inbox_parts *ret)
{
	struct mailbox_id wanted = { .epoch = id->epoch, .number = id->number };
	uint64_t number = 0, newest = 0;
	struct store_txn *t;
	int r = store_read(c->routes->store, &t);

	if (r < 0)
		return r;
	memcpy(wanted.partner, id->partner, sizeof(id->partner));
	while ((r = mailbox_inbox_find(t, &wanted, &number)) == 0) {
		newest = newest ? newest : number;
		r = mailbox_inbox(t, number, NULL, NULL, &ret->row);
		if (r != 0 || ret->row.kind == MAILBOX_COPY_HELD)
			break;
	}
	if (r == STORE_NONE)
		number = newest;
	if (number)
		r = mailbox_inbox(
		    t, number, &ret->copy, &ret->summary, &ret->row);
	store_end(t);
	return r;
}

static void reply_not_held(struct call *c, const struct inbox_parts *parts)
{
	struct summary_rejected rejected;
	char at[CLOCK_TEXT_MAX];

	clock_format(parts->row.at, at);
	if (parts->row.kind == MAILBOX_COPY_DESTROYED)
		api_fail(c->reply, 410,
		    "its time had come: it was destroyed at %s", at);
	else if (parts->row.kind == MAILBOX_COPY_REJECTED &&
		 summary_rejected_read(buf_slice(&parts->summary), &rejected))
		api_fail(c->reply, 409,
		    "copy %llu was rejected at %s and is not shown: %.*s",
		    (unsigned long long)parts->row.number, at,
		    SLICE_ARG(rejected.reason));
	else
		api_fail(c->reply, 410, "it was withdrawn");
}

static void show_theirs(struct call *c, const struct message_id *id)
{
	struct why why = { "the store cannot be read" };
	struct inbox_parts parts = { 0 };
	int r = find_copy(c, id, &parts);

	if (r == STORE_NONE)
		api_fail(c->reply, 404,
		    "no message of that id is in the"
		    " inbox");
	else if (r == 0 && parts.row.kind != MAILBOX_COPY_HELD)
		reply_not_held(c, &parts);
	else
		reply_with(c, 200,
		    r == 0 ? show_copy(c->routes->identity, &parts.row, &why)
			   : NULL);
	if (!c->reply->json)
		api_fail(c->reply, 500, "%s", why.text);
	buf_deinit(&parts.copy);
	buf_deinit(&parts.summary);
}

static void handle_show(struct call *c)
{
	struct message_id id;

	if (!read_id(c, c->rest, &id))
		return;
	log_say(
	    LOG_INFO, NULL, "%s reads %s", c->request->officer->name, c->rest);
	if (is_ours(c, &id))
		show_ours(c, &id);
	else
		show_theirs(c, &id);
}

static void handle_receipts(struct call *c)
{
	struct message_id id;

	if (!read_id(c, c->rest, &id))
		return;
	if (is_ours(c, &id))
		reply_recipients(c, 200,
		    (struct mailbox_number){ id.epoch, id.number }, true);
	else
		api_fail(c->reply, 404,
		    "receipts are for what we sent; %s is of %s", c->rest,
		    id.partner);
}

/* Lines of the inbox after copy @number. Short readers: one a page. */
static int add_lines(struct call *c, uint64_t *number, json_t *list)
{
	struct store_txn *t;
	int r = store_read(c->routes->store, &t);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < 256; i++) {
		_cleanup_buf_ struct buf summary = { 0 };
		struct mailbox_copy row;
		json_t *line = NULL;

		r = mailbox_inbox_next(t, number);
		if (r == 0)
			r = mailbox_inbox(t, *number, NULL, &summary, &row);
		if (r == 0)
			line = show_line(&row);
		if (line)
			json_array_append_new(list, line);
	}
	store_end(t);
	return r;
}

static bool find_since(struct call *c, uint64_t *ret)
{
	const char *since = api_argument(c->request, "since");
	struct inbox_parts parts = { 0 };
	struct message_id id;
	int r;

	*ret = 0;
	if (!since)
		return true;
	if (!read_id(c, since, &id))
		return false;
	r = find_copy(c, &id, &parts);
	*ret = parts.row.number;
	buf_deinit(&parts.copy);
	buf_deinit(&parts.summary);
	if (r != 0)
		api_fail(c->reply, 404, "'%s' is not in the inbox", since);
	return r == 0;
}

static void handle_inbox(struct call *c)
{
	json_t *list;
	uint64_t number;
	int r = 0;

	if (!find_since(c, &number))
		return;
	list = json_array();
	while (r == 0)
		r = add_lines(c, &number, list);
	reply_with(c, 200, json_pack("{so}", "copies", list));
	if (r < 0)
		api_fail(c->reply, 500, "the store cannot be read");
}

/* ---- the agent -------------------------------------------------------- */

static json_t *policy_text_json(const struct rules *rules, size_t i)
{
	const struct rules_text *text = &rules_texts(rules)->items[i];
	json_t *signers = json_array();
	size_t count;
	const char *const *names = rules_signers(rules, i, &count);

	for (size_t j = 0; j < count; j++)
		json_array_append_new(signers, json_string(names[j]));
	return json_pack("{ss ss% so}", "name", text->name, "text",
	    (const char *)text->bytes.data, text->bytes.len, "signed-by",
	    signers);
}

static void handle_policies(struct call *c)
{
	_cleanup_rules_ struct rules *rules = need_rules(c);
	json_t *list;

	if (!rules)
		return;
	list = json_array();
	for (size_t i = 0; i < rules_texts(rules)->count; i++)
		json_array_append_new(list, policy_text_json(rules, i));
	reply_with(c, 200,
	    json_pack("{sI so}", "number", (json_int_t)rules_number(rules),
		"texts", list));
}

static json_int_t count_rejected(struct store_txn *t)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (store_note(t, KEEPER_NOTE_REJECTED, &text) != 0)
		return 0;
	buf_add_byte(&text, 0);
	return strtoll((const char *)text.data, NULL, 10);
}

static void handle_status(struct call *c)
{
	const struct identity *id = c->routes->identity;
	struct keeper_status status;
	struct store_txn *t;
	json_int_t pending;

	keeper_status(c->routes->keeper, &status);
	if (store_read(c->routes->store, &t) < 0) {
		api_fail(c->reply, 500, "the store cannot be read");
		return;
	}
	pending = (json_int_t)mailbox_outbox_pending_count(t);
	if (pending < (json_int_t)status.in_flight)
		pending = (json_int_t)status.in_flight;
	reply_with(c, 200,
	    json_pack("{ss s{ss sb ss so} sI sI sI sI sI si s{so sI}}",
		"partner", id->name, "broker", "endpoint",
		c->routes->conf->endpoint, "connected", status.connected,
		"exchange", id->broker.exchange, "trouble",
		print_text(status.trouble[0] ? status.trouble : NULL), "policy",
		(json_int_t)store_counter(t, MAILBOX_POLICY), "queued",
		pending - (json_int_t)status.in_flight, "waiting-results",
		(json_int_t)status.in_flight, "inbox",
		(json_int_t)store_counter(t, MAILBOX_COPY), "rejected",
		count_rejected(t), "store-full",
		(int)store_fill(c->routes->store), "log", "origin",
		print_text(status.log_origin[0] ? status.log_origin : NULL),
		"size", (json_int_t)status.log_size));
	store_end(t);
}

/* ---- the table -------------------------------------------------------- */

static const struct {
	const char *method;
	const char *path; /* one that ends in / takes more after it */
	unsigned roles;
	void (*handle)(struct call *c);
} table[] = {
	{ "GET", "/v1/status", ANYONE, handle_status },
	{ "GET", "/v1/policies", ANYONE, handle_policies },
	{ "POST", "/v1/preview", ROLE_OFFICER | ROLE_CHAIR | ROLE_GOVERNANCE,
	    handle_preview },
	{ "POST", "/v1/messages", ROLE_OFFICER | ROLE_CHAIR, handle_send },
	{ "GET", "/v1/inbox", ROLE_OFFICER | ROLE_CHAIR | ROLE_AUDITOR,
	    handle_inbox },
	{ "GET", "/v1/messages/", ROLE_OFFICER | ROLE_CHAIR | ROLE_AUDITOR,
	    handle_show },
	{ "GET", "/v1/receipts/", ROLE_OFFICER | ROLE_CHAIR | ROLE_AUDITOR,
	    handle_receipts },
};

/* NULL: no such path; else the rest of it. */
static const char *match(const char *route, const char *path)
{
	size_t n = strlen(route);

	if (strncmp(path, route, n) != 0)
		return NULL;
	if (route[n - 1] != '/' && path[n])
		return NULL;
	return path + n;
}

void routes_handle(
    void *ctx, const struct api_request *request, struct api_reply *ret)
{
	struct call call = { .routes = ctx, .request = request, .reply = ret };
	bool path_known = false;
	char roles[80];

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		call.rest = match(table[i].path, request->path);
		path_known |= call.rest != NULL;
		if (!call.rest || strcmp(table[i].method, request->method) != 0)
			continue;
		if (request->officer->roles & table[i].roles) {
			table[i].handle(&call);
			return;
		}
		officer_roles_text(table[i].roles, roles);
		api_fail(ret, 403, "%s has none of the roles this takes: %s",
		    request->officer->name, roles);
		return;
	}
	if (path_known)
		api_fail(ret, 405, "'%s' does not take %s", request->path,
		    request->method);
	else
		api_fail(ret, 404, "nothing is at '%s'", request->path);
}
