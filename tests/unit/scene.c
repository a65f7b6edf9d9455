#include "tests/unit/scene.h"

#include <stdio.h>

#include "policy/decide.h"
#include "tests/unit/test.h"
#include "util/clock.h"

struct policy *scene;
struct arena scene_arena;
struct scene_life scene_life;
struct policy_decision scene_decision;
int64_t scene_now;
static struct policy_message message;
static struct policy_origin origin;
static struct policy_bare bare;
static struct policy_field *fields; /* of message */

static const char *name_of(size_t i, const char *text)
{
	static const char *const endings[] = { "vocabulary", "agreement",
		"standing", "notice", "partner" };

	for (size_t k = 0; k < ARRAY_LEN(endings); k++)
		if (!strncmp(text, endings[k], strlen(endings[k])))
			return arena_format(&scene_arena, "t%zu.%s%s", i,
			    endings[k], k == 4 ? "s" : "");
	return "unknown";
}

void scene_load_texts(const char *const *texts, size_t count)
{
	struct policy_text given[8];
	struct policy_input input = { .texts = given, .count = count };
	const struct policy_problem *problems;
	size_t n;

	policy_unref(scene);
	arena_deinit(&scene_arena);
	scene_now = scene_time("2026-05-04T10:00:00Z");
	for (size_t i = 0; i < count; i++)
		given[i] = (struct policy_text){
			.name = name_of(i, texts[i]),
			.text = slice_str(texts[i]),
			.all_signed = !scene_life.signed_by,
			.signed_by = scene_life.signed_by,
			.signers = scene_life.signers,
		};
	if (scene_life.suspended) {
		input.suspended = &scene_life.suspended;
		input.suspended_count = 1;
	}
	scene = policy_load(&input);
	problems = policy_problems(scene, &n);
	for (size_t i = 0; i < n; i++)
		if (problems[i].severity == POLICY_ERROR)
			test_fail(__FILE__, __LINE__, "%s:%u:%u: %s",
			    problems[i].file, problems[i].line,
			    problems[i].column, problems[i].text);
}

int64_t scene_time(const char *text)
{
	int64_t at;

	CHECK(clock_parse(text, strlen(text), &at));
	return at;
}

/* ---- messages --------------------------------------------------------- */

static void put(struct buf *out, struct slice text)
{
	uint8_t head[PACKED_HEAD_MAX];

	buf_add(out, head, packed_text_head(text.len, head));
	buf_add_slice(out, text);
}

static void put_integer(struct buf *out, int64_t n)
{
	if (n >= 0 && n < 128) {
		buf_add_byte(out, (uint8_t)n);
	} else if (n < 0 && n >= -32) {
		buf_add_byte(out, (uint8_t)n);
	} else if (n >= 0) {
		unsigned width = n < 256           ? 0
				 : n < 65536       ? 1
				 : n <= UINT32_MAX ? 2
						   : 3;

		buf_add_byte(out, (uint8_t)(0xcc + width));
		for (unsigned i = 1u << width; i-- > 0;)
			buf_add_byte(out, (uint8_t)(n >> (8 * i)));
	} else {
		unsigned width = n >= -128        ? 0
				 : n >= -32768    ? 1
				 : n >= INT32_MIN ? 2
						  : 3;

		buf_add_byte(out, (uint8_t)(0xd0 + width));
		for (unsigned i = 1u << width; i-- > 0;)
			buf_add_byte(out, (uint8_t)(n >> (8 * i)));
	}
}

static void put_list(struct buf *out, char *text)
{
	size_t count = *text != 0;
	char *save;

	for (const char *s = text; *s; s++)
		count += *s == ',';
	CHECK(count < 16);
	buf_add_byte(out, (uint8_t)(0x90 | count));
	for (char *s = strtok_r(text, ", ", &save); s;
	     s = strtok_r(NULL, ", ", &save))
		put(out, slice_str(s));
}

static struct slice value_of(const struct field *f, const char *text)
{
	_cleanup_buf_ struct buf out = { 0 };

	if (f && (f->set || f->type == TYPE_LINK))
		put_list(&out, arena_str(&scene_arena, text));
	else if (f && f->type == TYPE_INTEGER)
		put_integer(&out, strtoll(text, NULL, 10));
	else if (f && f->type == TYPE_FLAG)
		buf_add_byte(&out, strcmp(text, "true") ? 0xc2 : 0xc3);
	else
		put(&out, slice_str(text));
	return arena_slice(&scene_arena, buf_slice(&out));
}

/* "subject[1].born" apart. */
static const char *split_path(const char *text, uint16_t *ret_instance)
{
	const char *bracket = strchr(text, '[');

	*ret_instance = 0;
	if (!bracket)
		return text;
	*ret_instance = (uint16_t)atoi(bracket + 1);
	return arena_format(&scene_arena, "%.*s%s", (int)(bracket - text), text,
	    strchr(bracket, ']') + 1);
}

static void add_field(char *key, char *value)
{
	struct policy_field *f = &fields[message.count++];
	char *from = strstr(value, " < ");
	const char *path = split_path(key, &f->instance);
	struct vocabulary *v =
	    scene->vocabularies[scene->vocabularies_count - 1];

	f->path = slice_str(path);
	if (from) {
		*from = 0;
		f->originator = from + 3;
	}
	f->state = !strcmp(value, "?") ? POLICY_HIDDEN : POLICY_KNOWN;
	if (f->state == POLICY_KNOWN)
		f->value = value_of(vocabulary_field(v, f->path), value);
}

static bool add_header(const char *key, char *value)
{
	const struct {
		const char *key;
		const char **text;
	} texts[] = {
		{ "from", &message.from },
		{ "type", &message.type },
		{ "agreement", &message.agreement },
		{ "purpose", &message.purpose },
		{ "marking", &message.marking },
		{ "priority", &message.priority },
		{ "handling-instruction", &message.handling_instruction },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!strcmp(texts[i].key, key)) {
			*texts[i].text = value;
			return true;
		}
	if (!strcmp(key, "originator")) {
		origin.path = strsep(&value, " ");
		origin.originator = value;
		message.origins = &origin;
		message.origins_count = 1;
	} else if (!strcmp(key, "bare")) {
		bare.entity = slice_str(split_path(value, &bare.instance));
		message.bare = &bare;
		message.bare_count = 1;
	} else if (!strcmp(key, "sent"))
		message.sent = scene_time(value);
	else if (!strcmp(key, "expires"))
		message.expires = scene_time(value);
	else if (!strcmp(key, "embargo-until"))
		message.embargo_until = scene_time(value);
	else
		return false;
	return true;
}

struct policy_message *scene_message(const char *text)
{
	char *copy = arena_str(&scene_arena, text), *save;

	fields = arena_array(
	    &scene_arena, POLICY_FIELDS_MAX + 1, struct policy_field);
	message = (struct policy_message){
		.from = "police",
		.type = "report",
		.agreement = "a",
		.purpose = "prevent",
		.marking = "OFFICIAL",
		.sent = scene_time("2026-05-04T10:00:00Z"),
		.fields = fields,
	};
	for (char *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (space)
			*space = 0;
		space = space ? space + 1 : line + strlen(line);
		if (!add_header(line, space))
			add_field(line, space);
	}
	return &message;
}

/* ---- decisions -------------------------------------------------------- */

void scene_decide(const char *text, const char *recipient)
{
	policy_decide(scene, scene_message(text), recipient, scene_now,
	    &scene_arena, &scene_decision);
}

void scene_possible(const char *text, const char *recipient, bool unseen)
{
	policy_possible(scene, scene_message(text), recipient, scene_now,
	    unseen, &scene_arena, &scene_decision);
}

uint32_t scene_position(const char *path)
{
	uint16_t instance;
	struct slice want = slice_str(split_path(path, &instance));

	for (uint32_t i = 0; i < message.count; i++)
		if (slice_eq(message.fields[i].path, want) &&
		    message.fields[i].instance == instance)
			return i;
	test_fail(__FILE__, __LINE__, "no field '%s' in the message", path);
}

const char *scene_verdict(const char *path)
{
	const struct policy_verdict *v =
	    &scene_decision.verdicts[scene_position(path)];
	bool maybe = v->action == POLICY_REFER || v->action == POLICY_WITHHOLD;

	if (scene_decision.outcome == POLICY_REFUSED)
		return "refused";
	if (v->told != (v->action != POLICY_CONCEAL) && !maybe)
		return "told wrongly";
	return arena_format(&scene_arena, "%s%s%s %s%s",
	    policy_action_name(v->action), v->to ? " " : "", v->to ? v->to : "",
	    v->clause ? v->clause : "-",
	    !maybe    ? ""
	    : v->told ? " told"
		      : " untold");
}

const char *scene_value(const char *path)
{
	struct slice value =
			 scene_decision.verdicts[scene_position(path)].value,
		     text;
	int64_t n;

	if (packed_integer(value, &n))
		return arena_format(&scene_arena, "%lld", (long long)n);
	if (!packed_text(value, &text))
		return "";
	return arena_strn(&scene_arena, text.data, text.len);
}

const char *scene_wrong(const char *text, const char *recipients)
{
	const char *names[16];
	char *copy = arena_str(&scene_arena, recipients), *save;
	struct policy_message *m = scene_message(text);
	struct why why = { 0 };
	size_t count = 0;

	for (char *s = strtok_r(copy, ", ", &save); s;
	     s = strtok_r(NULL, ", ", &save))
		names[count++] = s;
	if (policy_valid(scene, m, names, count, scene_now, &why))
		return NULL;
	return arena_str(&scene_arena, why.text);
}
