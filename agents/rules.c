/*
 * How a set comes to be: the texts are loaded once without signers, to learn
 * what the agreements say about identities; signatures are verified with the
 * keys named there; then all is loaded again with who has really signed.
 */

#include "agents/rules.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agents/print.h"
#include "agents/using.h"
#include "util/map.h"
#include "util/mem.h"

struct signers {
	const char **names; /* each points into identities */
	size_t count, cap;
};

/* A partner's agree key, and whether an agreement of our own says so. */
struct vouched {
	struct vkey agree;
	bool ours;
};

struct rules {
	atomic_uint refs;
	uint64_t number;
	struct policy *policy;
	struct rules_texts texts;
	struct signers *signers; /* one a text */
	struct map identities;   /* partner -> struct vouched */
	struct map enrolments;   /* partner -> struct enrolment */
	char **suspended;
	size_t suspended_count, suspended_cap;
	struct arena arena;
};

/* ---- texts ------------------------------------------------------------ */

void rules_texts_add(
    struct rules_texts *texts, struct slice name, struct slice bytes)
{
	struct rules_text *text =
	    mem_push(texts->items, texts->count, texts->cap);

	text->name = mem_strn((const char *)name.data, name.len);
	buf_add_slice(&text->bytes, bytes);
}

void rules_texts_deinit(struct rules_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		free(texts->items[i].name);
		buf_deinit(&texts->items[i].bytes);
	}
	free(texts->items);
	*texts = (struct rules_texts){ 0 };
}

static bool ends(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n > e && !strcmp(name + n - e, end);
}

/* False: it has no signatures in shape; @ret->text is then all of it. */
static bool open_note(const struct rules_text *text, struct note *ret)
{
	struct why why;

	if (note_is_signed(buf_slice(&text->bytes)) &&
	    note_parse(buf_slice(&text->bytes), ret, &why))
		return true;
	ret->text = buf_slice(&text->bytes);
	ret->count = 0;
	return false;
}

/* ---- identities ------------------------------------------------------- */

static struct vouched *identity(struct rules *r, const char *partner)
{
	return map_get_str(&r->identities, partner);
}

/* Take in what one agreement says. @ours: our own agree key has signed it. */
static int add_identity(struct rules *r, const struct policy_identity *said,
    bool ours, struct why *why)
{
	struct vouched *known = identity(r, said->partner);
	struct vkey vkey;

	if (!vkey_parse(slice_str(said->agree), &vkey, why)) {
		why_prefix(why, "identity of %s", said->partner);
		return -EINVAL;
	}
	if (known && ours && known->ours && !vkey_eq(&known->agree, &vkey)) {
		why_set(why,
		    "two agreements that we signed differ about the agree key"
		    " of %s",
		    said->partner);
		return -EINVAL;
	}
	if (known && (known->ours || !ours))
		return 0;
	if (!known) {
		known = arena_new(&r->arena, struct vouched);
		map_set_str(&r->identities, said->partner, known);
	}
	*known = (struct vouched){ .agree = vkey, .ours = ours };
	return 0;
}

static const struct rules_text *text_of(const struct rules *r, const char *file)
{
	for (size_t i = 0; i < r->texts.count; i++)
		if (!strcmp(r->texts.items[i].name, file))
			return &r->texts.items[i];
	return NULL;
}

static bool signed_by_us(
    const struct rules *r, const char *file, const struct enrolment *own)
{
	const struct rules_text *text = text_of(r, file);
	struct note note;

	return text && open_note(text, &note) &&
	       note_verify(&note, &own->agree) == NOTE_SIGNED;
}

/* Who everybody is. Agreements that we signed come first, so that another
 * agreement's word never stands before ours; of each the highest version, in
 * which a party may have a new key. */
static int learn_identities(struct rules *r, const struct policy *unsigned_set,
    const struct enrolment *own, struct why *why)
{
	struct arena arena = { 0 };
	int result = 0;

	for (int ours = 1; ours >= 0; ours--) {
		const char *last = "";

		for (size_t i = policy_agreements(unsigned_set); i-- > 0;) {
			struct policy_agreement_info info;
			struct policy_identity *said;
			size_t count;

			policy_agreement(unsigned_set, i, &arena, &info);
			if (!strcmp(info.name, last) ||
			    signed_by_us(r, info.file, own) != (ours == 1))
				continue;
			last = info.name;
			count =
			    policy_identities(unsigned_set, i, &arena, &said);
			for (size_t j = 0; j < count && result == 0; j++)
				result =
				    add_identity(r, &said[j], ours == 1, why);
		}
	}
	arena_deinit(&arena);
	return result;
}

/* ---- signatures ------------------------------------------------------- */

static void find_signers(struct rules *r, size_t i, struct buf *remarks)
{
	const struct rules_text *text = &r->texts.items[i];
	struct signers *signers = &r->signers[i];
	struct map_entry *entry;
	struct note note;
	size_t pos = 0;

	if (!open_note(text, &note))
		return;
	while ((entry = map_next(&r->identities, &pos))) {
		const struct vouched *v = entry->value;

		switch (note_verify(&note, &v->agree)) {
		case NOTE_SIGNED:
			*mem_push(signers->names, signers->count,
			    signers->cap) = v->agree.name;
			break;
		case NOTE_FORGED:
			buf_addf(remarks, "%s: the signature of %s is forged\n",
			    text->name, v->agree.name);
			break;
		case NOTE_UNSIGNED:
			break;
		}
	}
}

static void add_enrolment(
    struct rules *r, const struct rules_text *text, struct buf *remarks)
{
	struct enrolment *e = arena_new(&r->arena, struct enrolment);
	const struct vouched *v;
	struct why why;

	if (!enrolment_parse(buf_slice(&text->bytes), e, &why)) {
		buf_addf(remarks, "%s: %s\n", text->name, why.text);
		return;
	}
	v = identity(r, e->partner);
	if (!v || !vkey_eq(&v->agree, &e->agree))
		buf_addf(remarks,
		    "%s: no agreement says that its agree key is that of %s\n",
		    text->name, e->partner);
	else
		map_set_str(&r->enrolments, e->partner, e);
}

static void add_suspended(struct rules *r, const struct rules_text *text)
{
	struct slice rest = buf_slice(&text->bytes), line;

	while (print_next_line(&rest, &line))
		*mem_push(r->suspended, r->suspended_count, r->suspended_cap) =
		    mem_strn((const char *)line.data, line.len);
}

/* ---- the set ---------------------------------------------------------- */

static struct policy *load(const struct rules *r)
{
	_cleanup_free_ struct policy_text *texts =
	    mem_array(r->texts.count + 1, sizeof(*texts));
	struct policy_input input = { .texts = texts,
		.suspended = (const char *const *)r->suspended,
		.suspended_count = r->suspended_count,
		.identities = true };

	for (size_t i = 0; i < r->texts.count; i++) {
		struct note note;

		if (!using_is_text(r->texts.items[i].name))
			continue;
		open_note(&r->texts.items[i], &note);
		texts[input.count++] = (struct policy_text){
			.name = r->texts.items[i].name,
			.text = note.text,
			.signed_by = r->signers[i].names,
			.signers = r->signers[i].count,
		};
	}
	return policy_load(&input);
}

static int check(const struct policy *p, struct why *why)
{
	_cleanup_buf_ struct buf line = { 0 };
	size_t count;
	const struct policy_problem *problems = policy_problems(p, &count);

	for (size_t i = 0; i < count; i++)
		if (problems[i].severity == POLICY_ERROR) {
			policy_problem_print(&problems[i], &line);
			why_set(why, "%.*s", SLICE_ARG(buf_slice(&line)));
			return -EINVAL;
		}
	return 0;
}

static int build(struct rules *r, const struct enrolment *own,
    struct buf *remarks, struct why *why)
{
	_cleanup_policy_ struct policy *unsigned_set = NULL;
	int result;

	for (size_t i = 0; i < r->texts.count; i++)
		if (!strcmp(r->texts.items[i].name, RULES_SUSPENDED))
			add_suspended(r, &r->texts.items[i]);
	unsigned_set = load(r);
	result = check(unsigned_set, why);
	if (result == 0)
		result = learn_identities(r, unsigned_set, own, why);
	if (result < 0)
		return result;
	for (size_t i = 0; i < r->texts.count; i++) {
		if (ends(r->texts.items[i].name, RULES_ENROLMENT))
			add_enrolment(r, &r->texts.items[i], remarks);
		else if (using_is_text(r->texts.items[i].name))
			find_signers(r, i, remarks);
	}
	r->policy = load(r);
	return check(r->policy, why);
}

int rules_new(const struct rules_input *input, struct buf *remarks,
    struct rules **ret, struct why *why)
{
	_cleanup_buf_ struct buf unread = { 0 };
	_cleanup_rules_ struct rules *r = mem_alloc(sizeof(*r));
	int result;

	atomic_init(&r->refs, 1);
	r->number = input->number;
	r->texts = *input->texts;
	*input->texts = (struct rules_texts){ 0 };
	r->signers = mem_array(r->texts.count + 1, sizeof(*r->signers));
	result = build(r, input->own, remarks ? remarks : &unread, why);
	if (result < 0)
		return result;
	*ret = mem_steal(&r);
	return 0;
}

struct rules *rules_ref(struct rules *r)
{
	atomic_fetch_add(&r->refs, 1);
	return r;
}

struct rules *rules_unref(struct rules *r)
{
	if (!r || atomic_fetch_sub(&r->refs, 1) > 1)
		return NULL;
	policy_unref(r->policy);
	for (size_t i = 0; i < r->texts.count; i++)
		free(r->signers[i].names);
	free(r->signers);
	for (size_t i = 0; i < r->suspended_count; i++)
		free(r->suspended[i]);
	free(r->suspended);
	rules_texts_deinit(&r->texts);
	map_deinit(&r->identities);
	map_deinit(&r->enrolments);
	arena_deinit(&r->arena);
	free(r);
	return NULL;
}

const struct policy *rules_policy(const struct rules *r)
{
	return r->policy;
}

uint64_t rules_number(const struct rules *r)
{
	return r->number;
}

const struct enrolment *rules_enrolment(
    const struct rules *r, struct slice partner)
{
	return map_get(&r->enrolments, partner);
}

const struct rules_texts *rules_texts(const struct rules *r)
{
	return &r->texts;
}

const char *const *rules_signers(
    const struct rules *r, size_t i, size_t *ret_count)
{
	*ret_count = r->signers[i].count;
	return r->signers[i].names;
}
