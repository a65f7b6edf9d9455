/* The sending partner; sender.h says what it is. */

#include "tests/bench/sender.h"

#include <jansson.h>
#include <string.h>

#include "agents/compose.h"
#include "tests/bench/report.h"
#include "util/clock.h"
#include "util/mem.h"
#include "wire/frame.h"
#include "wire/link.h"
#include "wire/message.h"

#define PATIENCE_MS 30000
#define FRAMES_A_WINDOW                                                        \
	4u /* so that a window is never waited for as a whole                  \
	    */

struct sender {
	struct identity identity;
	struct link_client *link;
	unsigned session;
	uint32_t epoch; /* 0: not welcome yet */
	uint64_t number;
	size_t recipients;
	struct rules *rules;
	struct composed composed;
	struct run *run;
};

/* A run under way. */
struct run {
	struct sending *sending;
	size_t batch;
	struct buf *frames;
	size_t frames_count, frames_sent;
	size_t answered;
	int64_t *sent_us; /* of each frame */
	bool *seen;       /* of each message */
};

/* ---- the report ------------------------------------------------------- */

/* The JSON object of @instance of @entity, made when it is not there. */
static json_t *instance_of(json_t *record, const char *entity, size_t instance)
{
	json_t *list = json_object_get(record, entity);

	/* `one report` is an object, everything else a list of them. */
	if (!strcmp(entity, "report")) {
		if (!list)
			json_object_set_new(record, entity, json_object());
		return json_object_get(record, entity);
	}
	if (!list)
		json_object_set_new(record, entity, json_array());
	list = json_object_get(record, entity);
	while (json_array_size(list) <= instance)
		json_array_append_new(list, json_object());
	return json_array_get(list, instance);
}

static json_t *list_of(const char *value)
{
	json_t *list = json_array();

	for (size_t len; *value; value += len + (value[len] == ',')) {
		len = strcspn(value, ",");
		json_array_append_new(list, json_stringn(value, len));
	}
	return list;
}

static void add_field(
    const struct policy *p, json_t *record, const struct bench_field *field)
{
	const char *dot = strchr(field->path, '.');
	_cleanup_free_ char *entity =
	    mem_strn(field->path, (size_t)(dot - field->path));
	bool is_list = policy_value_kind(p, "soc/1", slice_str(field->path)) ==
		       POLICY_VALUE_LINK;

	json_object_set_new(instance_of(record, entity, field->instance),
	    dot + 1,
	    is_list ? list_of(field->value) : json_string(field->value));
}

/* "protect": a purpose under which all three recipients have a clause. */
static char *report_json(const struct policy *p, size_t recipients)
{
	json_t *record = json_pack("{ss ss ss ss ss}", "type", BENCH_TYPE,
	    "agreement", BENCH_AGREEMENT, "purpose", "protect", "marking",
	    BENCH_MARKING, "officer", "DS 4417 Force Intelligence Bureau");
	json_t *to = json_array();
	char *text;

	for (size_t i = 0; i < recipients; i++)
		json_array_append_new(to, json_string(stage_recipients[i]));
	json_object_set_new(record, "to", to);
	for (size_t i = 0; i < ARRAY_LEN(bench_fields); i++)
		add_field(p, record, &bench_fields[i]);
	text = json_dumps(record, 0);
	json_decref(record);
	return text;
}

static void compose_report(struct sender *s, const struct stage *stage)
{
	struct rules_texts texts = { 0 };
	struct rules_input input = {
		.number = 1, .texts = &texts, .own = &s->identity.enrolment
	};
	struct compose_context context = {
		.self = s->identity.name,
		.exchange = s->identity.broker.exchange,
		.by = "bench",
		.now = clock_now(),
	};
	_cleanup_buf_ struct buf problems = { 0 };
	_cleanup_free_ char *json = NULL;
	struct why why;

	stage_texts(stage, &texts);
	if (rules_new(&input, &problems, &s->rules, &why) != 0)
		stage_fail("the rules: %s", why.text);
	context.rules = s->rules;
	json = report_json(rules_policy(s->rules), s->recipients);
	if (compose(&context, slice_str(json), &problems, &s->composed) != 0)
		stage_fail("the report: %.*s", SLICE_ARG(buf_slice(&problems)));
	rules_texts_deinit(&texts);
}

/* ---- frames in -------------------------------------------------------- */

static void check_row(
    const struct sender *s, const struct frame_result_row *row)
{
	if (!row->accepted || row->count != s->recipients)
		stage_fail("message %llu was refused: %.*s",
		    (unsigned long long)row->number, SLICE_ARG(row->reason));
	for (size_t i = 0; i < row->count; i++)
		if (!row->outcomes[i].accepted)
			stage_fail("message %llu to %.*s was refused: %.*s",
			    (unsigned long long)row->number,
			    SLICE_ARG(row->outcomes[i].partner),
			    SLICE_ARG(row->outcomes[i].reason));
}

static void on_result(struct sender *s, const struct frame_result *result)
{
	int64_t now = clock_monotonic_us();
	struct run *run = s->run;

	for (size_t i = 0; i < result->count; i++) {
		const struct frame_result_row *row = &result->rows[i];
		size_t at = (size_t)(row->number - run->sending->first);

		if (row->count > 0 && row->outcomes[0].delivered)
			continue; /* also those of the run before */
		check_row(s, row);
		if (row->epoch != run->sending->epoch ||
		    at >= run->sending->count || run->seen[at])
			stage_fail("message %llu was answered twice",
			    (unsigned long long)row->number);
		run->seen[at] = true;
		run->sending->waited_us[run->answered++] =
		    now - run->sent_us[at / run->batch];
	}
}

static void on_frame(struct sender *s, struct slice bytes)
{
	struct arena arena = { 0 };
	struct frame frame;
	struct why why;

	if (!frame_parse(bytes, &arena, &frame, &why))
		stage_fail("a frame of the broker: %s", why.text);
	if (frame.kind == FRAME_WELCOME) {
		s->epoch = frame.welcome.epoch;
		s->number = frame.welcome.number;
	} else if (frame.kind == FRAME_RESULT) {
		on_result(s, &frame.result);
	} else if (frame.kind == FRAME_ERROR) {
		stage_fail("the broker: %.*s", SLICE_ARG(frame.error.text));
	} else if (frame.kind == FRAME_BUSY) {
		stage_fail(
		    "the broker is busy: %.*s", SLICE_ARG(frame.busy.reason));
	}
	arena_deinit(&arena);
}

/* ---- the link --------------------------------------------------------- */

static void send_frame(struct sender *s, struct buf *bytes)
{
	if (link_client_send(s->link, bytes) != LINK_OK)
		stage_fail("the link does not take a frame");
	buf_deinit(bytes);
}

static void hello(struct sender *s)
{
	struct frame frame = { .kind = FRAME_HELLO };
	struct buf bytes = { 0 };

	frame.hello.epoch = s->epoch;
	frame.hello.number = s->number;
	frame_pack(&frame, &bytes);
	send_frame(s, &bytes);
}

static void turn(struct sender *s)
{
	struct link_frame frame;

	if (link_client_wait(s->link, 100) < 0)
		stage_fail("the link has failed");
	if (link_client_state(s->link) == LINK_UP &&
	    link_client_session(s->link) != s->session) {
		if (s->run)
			stage_fail("the connection was lost in a run");
		s->session = link_client_session(s->link);
		hello(s);
	}
	while (link_client_recv(s->link, &frame) == LINK_OK) {
		on_frame(s, frame.bytes);
		link_frame_deinit(&frame);
	}
}

struct sender *sender_new(const struct stage *stage, size_t recipients)
{
	struct sender *s = mem_alloc(sizeof(*s));
	struct link_client_config config = { stage->endpoint,
		s->identity.broker.curve, s->identity.curve_secret };
	int64_t until = clock_monotonic() + PATIENCE_MS;
	struct why why;

	s->recipients = recipients;
	stage_identity(stage, &s->identity);
	compose_report(s, stage);
	if (link_client_new(&config, &s->link, &why) != 0)
		stage_fail("%s", why.text);
	while (s->epoch == 0) {
		if (clock_monotonic() > until)
			stage_fail("the broker does not answer");
		turn(s);
	}
	return s;
}

struct sender *sender_free(struct sender *s)
{
	link_client_free(s->link);
	composed_deinit(&s->composed);
	rules_unref(s->rules);
	identity_deinit(&s->identity);
	free(s);
	return NULL;
}

/* ---- a run ------------------------------------------------------------ */

/* One message of the report, under the next number. */
static void make_envelope(
    struct sender *s, struct arena *arena, struct envelope *ret)
{
	struct composed *c = &s->composed;
	struct message_draft draft = {
		.header = &c->header, .fields = c->fields, .count = c->count
	};
	struct why why;

	memcpy(c->header.id.partner, s->identity.name,
	    sizeof(c->header.id.partner));
	c->header.id.epoch = s->epoch;
	c->header.id.number = ++s->number;
	hash_random(c->header.nonce, sizeof(c->header.nonce));
	if (!envelope_new(&draft, arena, ret, &why))
		stage_fail("%s", why.text);
}

static void pack_frame(const struct slice *envelopes, size_t n, struct buf *out)
{
	struct frame frame = {
		.kind = FRAME_SUBMIT,
		.submit = { .envelopes = envelopes, .count = n },
	};

	frame_pack(&frame, out);
}

/* The next @count messages as one batch in one frame. */
static size_t make_frame(struct sender *s, size_t count, struct buf *out)
{
	struct envelope made[MESSAGE_BATCH_MAX];
	struct envelope *list[MESSAGE_BATCH_MAX] = { NULL };
	struct slice envelopes[MESSAGE_BATCH_MAX];
	struct arena arena = { 0 };
	size_t bytes;
	struct why why;

	for (size_t i = 0; i < count; i++) {
		make_envelope(s, &arena, &made[i]);
		list[i] = &made[i];
	}
	if (envelope_sign(list, count, s->identity.message, &arena, &why) != 0)
		stage_fail("%s", why.text);
	for (size_t i = 0; i < count; i++) {
		bool home[MESSAGE_FIELDS_MAX] = { false };
		_cleanup_buf_ struct buf packed = { 0 };

		for (size_t k = 0; k < made[i].statement.count; k++)
			home[k] = s->composed.home[made[i].slots[k].field];
		if (!envelope_pack(&made[i], home, &packed, &why))
			stage_fail("%s", why.text);
		envelopes[i] = arena_slice(&arena, buf_slice(&packed));
	}
	bytes = envelopes[0].len;
	pack_frame(envelopes, count, out);
	arena_deinit(&arena);
	return bytes;
}

static void make_frames(struct sender *s, struct run *run)
{
	struct sending *sending = run->sending;

	run->batch = sending->window / FRAMES_A_WINDOW;
	if (run->batch == 0)
		run->batch = 1;
	run->frames_count = (sending->count + run->batch - 1) / run->batch;
	run->frames = mem_array(run->frames_count, sizeof(*run->frames));
	run->sent_us = mem_array(run->frames_count, sizeof(*run->sent_us));
	run->seen = mem_array(sending->count, sizeof(*run->seen));
	sending->waited_us =
	    mem_array(sending->count, sizeof(*sending->waited_us));
	sending->epoch = s->epoch;
	sending->first = s->number + 1;
	for (size_t i = 0; i < run->frames_count; i++) {
		size_t left = sending->count - i * run->batch;

		sending->bytes = make_frame(
		    s, left < run->batch ? left : run->batch, &run->frames[i]);
	}
}

/* As many frames as the window has room for. */
static void fill_window(struct sender *s, struct run *run)
{
	while (run->frames_sent < run->frames_count &&
	       run->frames_sent * run->batch + run->batch <=
		   run->answered + run->sending->window) {
		run->sent_us[run->frames_sent] = clock_monotonic_us();
		send_frame(s, &run->frames[run->frames_sent++]);
	}
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void sender_run(struct sender *s, struct sending *sending)
{
	struct run run = { .sending = sending };
	int64_t until;

	make_frames(s, &run);
	s->run = &run;
	until = clock_monotonic() + PATIENCE_MS;
	sending->start_us = clock_monotonic_us();
	while (run.answered < sending->count) {
		if (clock_monotonic() > until)
			stage_fail("%zu of %zu messages are not answered",
			    sending->count - run.answered, sending->count);
		fill_window(s, &run);
		turn(s);
	}
	sending->confirmed_us = clock_monotonic_us();
	s->run = NULL;
	qsort(sending->waited_us, sending->count, sizeof(*sending->waited_us),
	    compare);
	free(run.frames);
	free(run.sent_us);
	free(run.seen);
}
