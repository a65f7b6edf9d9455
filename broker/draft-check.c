/*
 * Checking the next book as a whole.
 *
 * Signatures and texts depend on each other: who has signed an agreement shows
 * only with the keys that its own `identity` statements give, and what the set
 * decides depends on who has signed. So the texts are loaded twice: once to
 * read the identities, and again with the signers that verified. Changes are
 * rare and the texts small.
 */

#include "broker/draft.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static int file_order(const void *a, const void *b)
{
	const struct book_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int partner_order(const void *a, const void *b)
{
	const struct book_partner *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct policy *load(const struct book *b)
{
	_cleanup_free_ struct policy_text *texts =
	    mem_array(b->files_count + 1, sizeof(*texts));
	_cleanup_free_ const char **suspended =
	    mem_array(b->partners_count + 1, sizeof(*suspended));
	struct policy_input input = {
		.texts = texts,
		.count = b->files_count,
		.suspended = suspended,
		.identities = true,
	};
	struct why why;

	for (size_t i = 0; i < b->files_count; i++) {
		const struct book_file *file = &b->files[i];

		texts[i] = (struct policy_text){
			.name = file->name,
			.text = file->bytes,
			.signed_by = file->signers,
			.signers = file->signers_count,
		};
		if (!draft_text(file->bytes, &texts[i].text, &why))
			texts[i].text =
			    file->bytes; /* was checked when added */
	}
	for (size_t i = 0; i < b->partners_count; i++)
		if (b->partners[i].suspended)
			suspended[input.suspended_count++] =
			    b->partners[i].name;
	return policy_load(&input);
}

static const struct book_file *find_file(const struct book *b, const char *name)
{
	for (size_t i = 0; i < b->files_count; i++)
		if (!strcmp(b->files[i].name, name))
			return &b->files[i];
	return NULL;
}

static const char *shown_name(const struct book_file *file)
{
	return file->shown ? file->shown : file->name;
}

static void report_problems(
    const struct book *b, const struct policy *policy, struct buf *report)
{
	const struct policy_problem *problems;
	size_t count;

	problems = policy_problems(policy, &count);
	for (size_t i = 0; i < count; i++) {
		struct policy_problem problem = problems[i];
		const struct book_file *file = find_file(b, problem.file);

		/* What was published before has been complained of before. */
		if (problem.severity == POLICY_WARNING && file && !file->shown)
			continue;
		if (file)
			problem.file = shown_name(file);
		policy_problem_print(&problem, report);
		if (report->len && report->data[report->len - 1] != '\n')
			buf_add_byte(report, '\n');
	}
}

/* Which parties have signed agreement @i, by the keys it gives them. False: a
 * signature is forged, or a key is none. */
static bool find_signers(
    struct book *b, const struct policy *policy, size_t i, struct buf *report)
{
	_cleanup_free_ struct note *note = mem_alloc(sizeof(*note));
	struct policy_agreement_info info;
	struct policy_identity *identities;
	struct book_file *file = NULL;
	size_t count;
	struct why why;
	bool ok = true;

	policy_agreement(policy, i, &b->arena, &info);
	count = policy_identities(policy, i, &b->arena, &identities);
	for (size_t f = 0; f < b->files_count; f++)
		if (!strcmp(b->files[f].name, info.file))
			file = &b->files[f];
	if (!file || !note_is_signed(file->bytes))
		return true;
	if (!note_parse(file->bytes, note, &why))
		return true; /* was checked when added */
	file->signers = arena_array(&b->arena, count, const char *);
	for (size_t k = 0; k < count; k++) {
		struct vkey key;
		enum note_verdict verdict;

		if (!vkey_parse(slice_str(identities[k].agree), &key, &why)) {
			buf_addf(report, "%s: error: the key of '%s': %s\n",
			    shown_name(file), identities[k].partner, why.text);
			ok = false;
			continue;
		}
		verdict = note_verify(note, &key);
		if (verdict == NOTE_SIGNED)
			file->signers[file->signers_count++] =
			    arena_str(&b->arena, identities[k].partner);
		if (verdict != NOTE_FORGED)
			continue;
		buf_addf(report,
		    "%s: error: the signature of '%s' is not its own, or the "
		    "text was changed after it signed\n",
		    shown_name(file), identities[k].partner);
		ok = false;
	}
	return ok;
}

/* The agree key that the agreements give @partner. */
static bool agree_key(struct book *b, const struct policy *policy,
    struct slice partner, struct vkey *ret)
{
	struct policy_identity *identities;
	struct why why;

	for (size_t i = 0; i < policy_agreements(policy); i++) {
		size_t count =
		    policy_identities(policy, i, &b->arena, &identities);

		for (size_t k = 0; k < count; k++)
			if (slice_is(partner, identities[k].partner) &&
			    vkey_parse(
				slice_str(identities[k].agree), ret, &why))
				return true;
	}
	return false;
}

/* A notice counts with the signature of every partner it is `by`. Its words are
 * all bare, so that `by` is always the keyword. */
static bool check_notice(struct book *b, const struct policy *policy,
    struct book_file *file, struct buf *report)
{
	_cleanup_free_ struct note *note = mem_alloc(sizeof(*note));
	struct slice text, word;
	struct vkey key;
	struct why why;
	size_t most;
	bool signed_note =
	    note_is_signed(file->bytes) && note_parse(file->bytes, note, &why);

	if (!draft_text(file->bytes, &text, &why))
		return false;
	most = text.len / 4; /* "by x" */
	file->signers = arena_array(&b->arena, most + 1, const char *);
	while ((word = draft_word(&text)).len > 0) {
		if (!slice_is(word, "by") || file->signers_count == most)
			continue;
		word = draft_word(&text);
		if (signed_note && agree_key(b, policy, word, &key) &&
		    note_verify(note, &key) == NOTE_SIGNED) {
			file->signers[file->signers_count++] =
			    arena_strn(&b->arena, word.data, word.len);
			continue;
		}
		buf_addf(report,
		    "%s: error: the notice is not signed by '%.*s' with its "
		    "agree key\n",
		    shown_name(file), SLICE_ARG(word));
		return false;
	}
	return true;
}

static bool check_signatures(
    struct book *b, const struct policy *policy, struct buf *report)
{
	bool ok = true;

	for (size_t i = 0; i < policy_agreements(policy); i++)
		if (!find_signers(b, policy, i, report))
			ok = false;
	for (size_t i = 0; i < b->files_count; i++) {
		const char *dot = strrchr(b->files[i].name, '.');

		if (dot && !strcmp(dot, ".notice") &&
		    !check_notice(b, policy, &b->files[i], report))
			ok = false;
	}
	return ok;
}

static bool has_signed(const struct book_file *file, const char *partner)
{
	for (size_t i = 0; i < file->signers_count; i++)
		if (!strcmp(file->signers[i], partner))
			return true;
	return false;
}

static void report_unsigned(struct book *b, struct buf *report)
{
	struct policy_agreement_info info;

	for (size_t i = 0; i < policy_agreements(b->policy); i++) {
		const struct book_file *file;
		const char *between = "not signed yet by ";

		policy_agreement(b->policy, i, &b->arena, &info);
		file = find_file(b, info.file);
		if (!file || !file->shown)
			continue;
		buf_addf(report, "%s/%u: ", info.name, info.version);
		if (file->signers_count == info.parties_count)
			buf_add_str(report, "signed by every party");
		for (size_t k = 0; k < info.parties_count; k++) {
			if (has_signed(file, info.parties[k]))
				continue;
			buf_addf(report, "%s%s", between, info.parties[k]);
			between = ", ";
		}
		buf_add_byte(report, '\n');
	}
}

/* Promise 14: an enrolment whose agree key is not the agreements' is nothing.
 */
static void find_disputed(struct book *b)
{
	struct policy_agreement_info info;
	struct policy_identity *identities;
	struct book_partner *p;
	struct vkey key;
	struct why why;

	for (size_t i = 0; i < policy_agreements(b->policy); i++) {
		size_t count =
		    policy_identities(b->policy, i, &b->arena, &identities);
		const struct book_file *file;

		policy_agreement(b->policy, i, &b->arena, &info);
		file = find_file(b, info.file);
		if (!file || file->signers_count < 2)
			continue;
		for (size_t k = 0; k < count; k++) {
			p = draft_partner(b, identities[k].partner);
			if (!p || !p->enrolled ||
			    !has_signed(file, identities[k].partner) ||
			    !vkey_parse(
				slice_str(identities[k].agree), &key, &why))
				continue;
			if (memcmp(key.public, p->enrolment.agree.public,
				KEY_BYTES))
				p->disputed = true;
		}
	}
}

static void index_partners(struct book *b)
{
	for (size_t i = 0; i < b->partners_count; i++) {
		struct book_partner *p = &b->partners[i];

		map_set_str(&b->by_name, p->name, p);
		if (p->enrolled)
			map_set(&b->by_curve,
			    slice_of(p->enrolment.curve, KEY_BYTES), p);
	}
}

struct book *book_draft_finish(
    struct book_draft *d, struct buf *report, struct buf *unsigned_yet)
{
	_cleanup_policy_ struct policy *first = NULL;
	struct book *b = d->book;

	mem_sort(b->files, b->files_count, sizeof(*b->files), file_order);
	mem_sort(b->partners, b->partners_count, sizeof(*b->partners),
	    partner_order);
	first = load(b);
	if (policy_errors(first) > 0) {
		report_problems(b, first, report);
		return NULL;
	}
	if (!check_signatures(b, first, report))
		return NULL;
	b->policy = load(b);
	report_problems(b, b->policy, report);
	if (policy_errors(b->policy) > 0)
		return NULL;
	report_unsigned(b, unsigned_yet);
	find_disputed(b);
	index_partners(b);
	return mem_steal(&d->book);
}
