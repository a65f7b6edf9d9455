/*
 * From texts to a set: read every text, sort, check, and say what was found in
 * the order a person reads it. A set is never changed after that; it is counted
 * and goes with the last reference.
 */

#include "policy/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/text.h"

/* Steps of text_distance(): well under a second for the worst of texts, and
 * thousands of suggestions for an honest one. */
#define EFFORT_MAX (UINT64_C(1) << 28)

/* ---- growing ---------------------------------------------------------- */

void *load_grow(struct arena *arena, void *array, size_t count, size_t size)
{
	void *bigger;

	if (count & (count - 1)) /* room up to the next power of two */
		return array;
	if (count == 0)
		return arena_alloc(arena, size);
	bigger = arena_alloc(arena, count * 2 * size);
	memcpy(bigger, array, count * size);
	return bigger;
}

#define load_push(p, array, count)                                             \
	((array) = load_grow(&(p)->arena, (array), (count), sizeof(*(array))), \
	    &(array)[(count)++])

void load_vocabulary(struct policy *p, struct vocabulary *v)
{
	*load_push(p, p->vocabularies, p->vocabularies_count) = v;
}

void load_agreement(struct policy *p, struct agreement *a)
{
	*load_push(p, p->agreements, p->agreements_count) = a;
}

void load_standing(struct policy *p, struct standing *s)
{
	*load_push(p, p->standings, p->standings_count) = s;
}

void load_notice(struct policy *p, const struct notice *notice)
{
	*load_push(p, p->notices, p->notices_count) = *notice;
}

void load_partner(struct policy *p, const struct partner *partner)
{
	*load_push(p, p->partners, p->partners_count) = *partner;
}

/* ---- problems --------------------------------------------------------- */

const char *policy_nearest(struct policy *p, struct slice wanted,
    const char *const *names, size_t count)
{
	uint64_t effort = 0;

	for (size_t i = 0; i < count; i++)
		effort += (wanted.len + 1) * (strlen(names[i]) + 1);
	if (effort > p->loading->effort)
		return NULL;
	p->loading->effort -= effort;
	return text_nearest(wanted, names, count);
}

/* What a text says may stand in a message about it, but not what could play
 * tricks on a terminal, nor half a character where it was cut. */
static void make_plain(char *text)
{
	bool foreign;

	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	foreign = text_fault(slice_str(text));
	for (char *c = text; *c; c++)
		if (foreign && (unsigned char)*c >= 0x80)
			*c = '?';
}

void policy_report(struct policy *p, enum policy_severity severity,
    struct place at, const char *hint, const char *format, ...)
{
	struct loading *loading = p->loading;
	size_t source = (size_t)(at.source - p->sources);
	_cleanup_buf_ struct buf text = { 0 };
	char what[WHY_MAX];
	struct found *found;
	va_list args;

	if (severity == POLICY_ERROR && !loading->checking)
		loading->broken[source] = true;
	if (++loading->told[source] > PROBLEMS_MAX + 1)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	make_plain(what);
	buf_add_str(&text, what);
	if (hint)
		buf_addf(&text, "; did you mean '%s'?", hint);
	if (loading->told[source] > PROBLEMS_MAX) {
		buf_reset(&text);
		buf_addf(&text, "more than %u problems; the rest is not told",
		    PROBLEMS_MAX);
		severity = POLICY_ERROR;
		at.line = UINT32_MAX;
	}
	found = mem_push(loading->found, loading->count, loading->cap);
	*found = (struct found){
		.problem = { severity, at.source->name, at.line, at.column,
		    arena_strn(&p->arena, text.data, text.len) },
		.source = at.source,
		.order = loading->count,
	};
}

static int by_place(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->problem.line != b->problem.line)
		return a->problem.line < b->problem.line ? -1 : 1;
	if (a->problem.column != b->problem.column)
		return a->problem.column < b->problem.column ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static void keep_problems(struct policy *p)
{
	struct loading *loading = p->loading;

	if (loading->count)
		mem_sort(loading->found, loading->count,
		    sizeof(*loading->found), by_place);
	p->problems =
	    arena_array(&p->arena, loading->count, struct policy_problem);
	p->problems_count = loading->count;
	for (size_t i = 0; i < loading->count; i++) {
		p->problems[i] = loading->found[i].problem;
		if (p->problems[i].line == UINT32_MAX)
			p->problems[i].line = 0;
		p->errors_count += p->problems[i].severity == POLICY_ERROR;
	}
}

const struct policy_problem *policy_problems(
    const struct policy *p, size_t *ret_count)
{
	*ret_count = p->problems_count;
	return p->problems;
}

size_t policy_errors(const struct policy *p)
{
	return p->errors_count;
}

void policy_problem_print(const struct policy_problem *problem, struct buf *out)
{
	buf_addf(out, "%s:", problem->file);
	if (problem->line)
		buf_addf(out, "%u:%u:", problem->line, problem->column);
	buf_addf(out, " %s%s\n",
	    problem->severity == POLICY_WARNING ? "warning: " : "",
	    problem->text);
}

/* ---- order ------------------------------------------------------------ */

static int compare_ids(const struct versioned *a, const struct versioned *b)
{
	int c = strcmp(a->name, b->name);

	if (c)
		return c;
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	if (a->at.source != b->at.source)
		return a->at.source < b->at.source ? -1 : 1;
	return a->at.line < b->at.line ? -1 : a->at.line > b->at.line;
}

/* Vocabularies, agreements and standing rules are sorted by the id each has. */
#define DEFINE_BY_ID(kind)                                                     \
	static int kind##_by_id(const void *left, const void *right)           \
	{                                                                      \
		const struct kind *const *a = left, *const *b = right;         \
                                                                               \
		return compare_ids(&(*a)->id, &(*b)->id);                      \
	}
DEFINE_BY_ID(vocabulary)
DEFINE_BY_ID(agreement)
DEFINE_BY_ID(standing)

static int partner_by_name(const void *left, const void *right)
{
	const struct partner *a = left, *b = right;
	int c = strcmp(a->name, b->name);

	if (c)
		return c;
	if (a->at.source != b->at.source)
		return a->at.source < b->at.source ? -1 : 1;
	return a->at.line < b->at.line ? -1 : a->at.line > b->at.line;
}

static void sort(void *items, size_t count, size_t size,
    int (*compare)(const void *, const void *))
{
	if (count)
		mem_sort(items, count, size, compare);
}

void policy_sort(struct policy *p)
{
	sort(p->vocabularies, p->vocabularies_count, sizeof(void *),
	    vocabulary_by_id);
	sort(p->agreements, p->agreements_count, sizeof(void *),
	    agreement_by_id);
	sort(p->standings, p->standings_count, sizeof(void *), standing_by_id);
	sort(p->partners, p->partners_count, sizeof(*p->partners),
	    partner_by_name);
}

/* ---- the set ---------------------------------------------------------- */

static void add_signers(struct policy *p, const struct policy_input *input)
{
	for (size_t i = 0; i < p->agreements_count; i++) {
		struct agreement *a = p->agreements[i];
		const struct policy_text *text =
		    &input->texts[a->source - p->sources];

		a->all_signed = text->all_signed;
		if (text->all_signed) {
			a->signed_by = a->parties;
			continue;
		}
		a->signed_by.items =
		    arena_array(&p->arena, text->signers, struct name);
		a->signed_by.count = text->signers;
		for (size_t j = 0; j < text->signers; j++)
			a->signed_by.items[j].text =
			    arena_str(&p->arena, text->signed_by[j]);
	}
}

static bool signed_by(const struct policy_text *text, const char *name)
{
	for (size_t i = 0; i < text->signers; i++)
		if (!strcmp(text->signed_by[i], name))
			return true;
	return text->all_signed;
}

/* A notice that its giver has not signed counts for nothing. */
static void drop_unsigned(struct policy *p, const struct policy_input *input)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->notices_count; i++) {
		const struct notice *notice = &p->notices[i];
		size_t source = (size_t)(notice->at.source - p->sources);

		if (signed_by(&input->texts[source], notice->by.text))
			p->notices[kept++] = *notice;
		else
			policy_report(p, POLICY_WARNING, notice->at, NULL,
			    "'%s' has not signed this notice, so it counts for "
			    "nothing",
			    notice->by.text);
	}
	p->notices_count = kept;
}

static void add_sources(struct policy *p, const struct policy_input *input)
{
	size_t count =
	    input->count < POLICY_TEXTS_MAX ? input->count : POLICY_TEXTS_MAX;

	p->sources = arena_array(&p->arena, count + 1, struct source);
	p->sources_count = count;
	p->loading->told = arena_array(&p->arena, count + 1, uint32_t);
	p->loading->broken = arena_array(&p->arena, count + 1, bool);
	for (size_t i = 0; i < count; i++) {
		const struct policy_text *text = &input->texts[i];

		p->sources[i].name = arena_str(&p->arena, text->name);
		p->sources[i].text = text->text;
		if (text->text.len <= POLICY_TEXT_MAX)
			p->sources[i].text = arena_slice(&p->arena, text->text);
	}
	if (input->count > count) {
		p->sources[count].name =
		    arena_str(&p->arena, input->texts[count].name);
		policy_report(p, POLICY_ERROR,
		    (struct place){ &p->sources[count], 0, 0 }, NULL,
		    "more than %u texts in one set; this one is not read, nor "
		    "are those after it",
		    POLICY_TEXTS_MAX);
	}
}

/* An operator may only close (design, promise 14): a name that is no partner's
 * closes nothing and is no error. */
static void suspend(struct policy *p, const struct policy_input *input)
{
	for (size_t i = 0; i < input->suspended_count; i++)
		for (size_t j = 0; j < p->partners_count; j++)
			if (!strcmp(input->suspended[i], p->partners[j].name))
				p->partners[j].suspended = true;
}

struct policy *policy_load(const struct policy_input *input)
{
	struct policy *p = mem_alloc(sizeof(*p));
	struct loading loading = { .input = input, .effort = EFFORT_MAX };

	atomic_init(&p->refs, 1);
	p->loading = &loading;
	add_sources(p, input);
	for (size_t i = 0; i < p->sources_count; i++)
		parse_source(p, &p->sources[i]);
	loading.checking = true;
	add_signers(p, input);
	policy_sort(p);
	check_policy(p);
	drop_unsigned(p, input);
	suspend(p, input);
	keep_problems(p);
	free(loading.found);
	map_deinit(&loading.groups);
	p->loading = NULL;
	if (p->errors_count == 0)
		decide_prepare(p);
	return p;
}

struct policy *policy_ref(struct policy *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

struct policy *policy_unref(struct policy *p)
{
	if (p && atomic_fetch_sub(&p->refs, 1) == 1) {
		arena_deinit(&p->arena);
		free(p);
	}
	return NULL;
}
