/*
 * What goes into the next book. One text stands under one name for ever: it may
 * gain signatures, but never change, because entries of the log cite it.
 */

#include "broker/draft.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define NOTICE_HEX 16 /* digits of the digest that name a notice */

struct book_draft *book_draft_free(struct book_draft *d)
{
	if (!d)
		return NULL;
	book_unref(d->book);
	free(d->changes);
	free(d);
	return NULL;
}

static void note_change(
    struct book_draft *d, const char *what, const char *name, bool partner)
{
	*mem_push(d->changes, d->changes_count, d->changes_cap) =
	    (struct book_change){
		    .what = what,
		    .name = arena_str(&d->book->arena, name),
		    .partner = partner,
	    };
}

size_t book_draft_changes(
    const struct book_draft *d, const struct book_change **ret)
{
	*ret = d->changes;
	return d->changes_count;
}

static struct book_file *push_file(
    struct book_draft *d, const char *name, struct slice bytes)
{
	struct book *b = d->book;
	struct book_file *file =
	    mem_push(b->files, b->files_count, d->files_cap);

	file->name = arena_str(&b->arena, name);
	file->bytes = arena_slice(&b->arena, bytes);
	hash_bytes(bytes.data, bytes.len, file->digest);
	return file;
}

static struct book_partner *push_partner(struct book_draft *d, const char *name)
{
	struct book *b = d->book;
	struct book_partner *p =
	    mem_push(b->partners, b->partners_count, d->partners_cap);

	snprintf(p->name, sizeof(p->name), "%s", name);
	return p;
}

struct book_partner *draft_partner(const struct book *b, const char *name)
{
	for (size_t i = 0; i < b->partners_count; i++)
		if (!strcmp(b->partners[i].name, name))
			return &b->partners[i];
	return NULL;
}

struct book_draft *book_draft_new(const struct book *from)
{
	struct book_draft *d = mem_alloc(sizeof(*d));

	d->book = mem_alloc(sizeof(*d->book));
	d->book->refs = 1;
	if (!from)
		return d;
	d->book->number = from->number + 1;
	for (size_t i = 0; i < from->files_count; i++)
		push_file(d, from->files[i].name, from->files[i].bytes);
	for (size_t i = 0; i < from->partners_count; i++) {
		const struct book_partner *old = &from->partners[i];
		struct book_partner *p = push_partner(d, old->name);

		*p = *old;
		p->disputed = false;
		p->text = arena_slice(&d->book->arena, old->text);
	}
	return d;
}

/* ---- texts ------------------------------------------------------------ */

/* The next word of @text, past blanks and comments; empty at the end. */
struct slice draft_word(struct slice *text)
{
	const uint8_t *at = text->data, *end = at + text->len, *from;

	while (at < end && (isspace(*at) || *at == '#')) {
		if (*at == '#')
			while (at < end && *at != '\n')
				at++;
		else
			at++;
	}
	from = at;
	while (at < end && !isspace(*at) && *at != '#')
		at++;
	*text = slice_of(at, (size_t)(end - at));
	return slice_of(from, (size_t)(at - from));
}

/* "warwickshire-socjag/4": the name; the version becomes @ret_version. */
static bool split_version(
    struct slice word, struct slice *ret_name, struct slice *ret_version)
{
	const uint8_t *slash = memchr(word.data, '/', word.len);

	if (!slash)
		return false;
	*ret_name = slice_of(word.data, (size_t)(slash - word.data));
	*ret_version = slice_of(slash + 1, word.len - ret_name->len - 1);
	if (ret_version->len < 1 || ret_version->len > 9)
		return false;
	for (size_t i = 0; i < ret_version->len; i++)
		if (!isdigit(ret_version->data[i]))
			return false;
	return text_is_name(*ret_name);
}

/* The part of @bytes that is the language's: all, or a note's text. */
bool draft_text(struct slice bytes, struct slice *ret, struct why *why)
{
	_cleanup_free_ struct note *note = NULL;

	*ret = bytes;
	if (!note_is_signed(bytes))
		return true;
	note = mem_alloc(sizeof(*note));
	if (!note_parse(bytes, note, why))
		return false;
	*ret = note->text;
	return true;
}

/* What a text is called in the exchange, from its first words: whatever the
 * file was called, one name stands for one text. */
static char *canonical_name(struct slice text, struct why *why)
{
	static const char *const kinds[] = { "vocabulary", "agreement",
		"standing" };
	struct slice rest = text, kind = draft_word(&rest), word, name, version;
	uint8_t digest[HASH_BYTES];
	char hex[NOTICE_HEX + 1];

	if (slice_is(kind, "notice")) {
		hash_bytes(text.data, text.len, digest);
		for (size_t i = 0; i < NOTICE_HEX / 2; i++)
			snprintf(hex + 2 * i, 3, "%02x", digest[i]);
		return mem_format("%s.notice", hex);
	}
	word = draft_word(&rest);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!slice_is(kind, kinds[i]))
			continue;
		if (split_version(word, &name, &version))
			return mem_format("%.*s-%.*s.%s", SLICE_ARG(name),
			    SLICE_ARG(version), kinds[i]);
		why_set(why, "expected NAME/VERSION after '%s'", kinds[i]);
		return NULL;
	}
	why_set(why,
	    slice_is(kind, "partner")
		? "a partners file is for --using; an exchange takes who a "
		  "partner is from the agreements' identity statements"
		: "it begins with none of vocabulary, agreement, standing and "
		  "notice");
	return NULL;
}

/* Append to @out the signature lines of @from that @out does not have. */
static void merge_signatures(struct buf *out, const struct note *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct slice line = from->signatures[i].line;

		if (out->len < line.len ||
		    !memmem(out->data, out->len, line.data, line.len))
			buf_add_slice(out, line);
	}
}

static bool same_text(struct slice a, struct slice b)
{
	struct slice text_a, text_b;
	struct why why;

	return draft_text(a, &text_a, &why) && draft_text(b, &text_b, &why) &&
	       slice_eq(text_a, text_b);
}

/* A text of that name is there: only signatures may be added to it. */
static bool add_signatures(struct book_draft *d, struct book_file *file,
    struct slice bytes, struct why *why)
{
	_cleanup_free_ struct note *note = mem_alloc(sizeof(*note));
	_cleanup_buf_ struct buf merged = { 0 };

	if (!same_text(file->bytes, bytes)) {
		why_set(why,
		    "another text is published as %s; publish this one under "
		    "the next version",
		    file->name);
		return false;
	}
	if (!note_is_signed(bytes))
		return true;
	if (!note_parse(bytes, note, why))
		return false;
	buf_add_slice(&merged, file->bytes);
	if (!note_is_signed(file->bytes))
		buf_add_byte(&merged, '\n');
	merge_signatures(&merged, note);
	if (merged.len == file->bytes.len)
		return true;
	if (!note_parse(buf_slice(&merged), note, why))
		return false;
	file->bytes = arena_slice(&d->book->arena, buf_slice(&merged));
	hash_bytes(file->bytes.data, file->bytes.len, file->digest);
	note_change(d, "published", file->name, false);
	return true;
}

bool book_draft_add(struct book_draft *d, const char *shown, struct slice bytes,
    struct why *why)
{
	_cleanup_free_ char *name = NULL;
	struct book_file *file;
	struct slice text;

	if (!draft_text(bytes, &text, why))
		return false;
	if (text.len > POLICY_TEXT_MAX) {
		why_set(why, "it is larger than %u bytes", POLICY_TEXT_MAX);
		return false;
	}
	name = canonical_name(text, why);
	if (!name)
		return false;
	for (size_t i = 0; i < d->book->files_count; i++) {
		file = &d->book->files[i];
		if (strcmp(file->name, name))
			continue;
		file->shown = arena_str(&d->book->arena, shown);
		return add_signatures(d, file, bytes, why);
	}
	if (d->book->files_count == POLICY_TEXTS_MAX) {
		why_set(why, "%u texts are published, as many as there may be",
		    POLICY_TEXTS_MAX);
		return false;
	}
	file = push_file(d, name, bytes);
	file->shown = arena_str(&d->book->arena, shown);
	note_change(d, "published", file->name, false);
	return true;
}

/* ---- partners --------------------------------------------------------- */

bool book_draft_enrol(struct book_draft *d, struct slice text, struct why *why)
{
	struct enrolment e;
	struct book_partner *p;

	if (!enrolment_parse(text, &e, why))
		return false;
	for (size_t i = 0; i < d->book->partners_count; i++) {
		p = &d->book->partners[i];
		if (!p->enrolled || !strcmp(p->name, e.partner) ||
		    !enrolment_shares_key(&p->enrolment, &e))
			continue;
		why_set(why,
		    "a public key of '%s' is one of '%s' already; every key "
		    "must be new",
		    e.partner, p->name);
		return false;
	}
	p = draft_partner(d->book, e.partner);
	if (!p && d->book->partners_count == BOOK_PARTNERS_MAX) {
		why_set(why,
		    "%u partners are enrolled, as many as there may be",
		    BOOK_PARTNERS_MAX);
		return false;
	}
	if (!p)
		p = push_partner(d, e.partner);
	p->enrolled = true;
	p->enrolment = e;
	p->text = arena_slice(&d->book->arena, text);
	key_id(e.message.public, p->key_id);
	note_change(d, "enrolled", e.partner, true);
	return true;
}

bool book_draft_suspend(
    struct book_draft *d, const char *partner, bool suspended, struct why *why)
{
	struct book_partner *p = draft_partner(d->book, partner);

	if (!p) {
		why_set(why, "no partner '%s' is enrolled", partner);
		return false;
	}
	if (p->suspended == suspended) {
		why_set(why, "'%s' is %s", partner,
		    suspended ? "suspended already" : "not suspended");
		return false;
	}
	p->suspended = suspended;
	note_change(d, suspended ? "suspended" : "resumed", partner, true);
	return true;
}
