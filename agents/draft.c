/*
 * The grammar is the policy library's; all this file needs of it is tokens: a
 * statement is a keyword and what follows, and newlines mean nothing.
 */

#include "agents/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/file.h"
#include "util/hash.h"
#include "util/mem.h"
#include "wire/enrol.h"

#define UMBRELLAS_MAX POLICY_UMBRELLAS_MAX

/* ---- tokens ----------------------------------------------------------- */

struct tokens {
	const char *at, *end;
};

static struct tokens tokens_of(struct slice text)
{
	const char *start = text.len ? (const char *)text.data : "";

	return (struct tokens){ start, start + text.len };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word, string (with its quotes) or comma; false at the end. */
static bool next_token(struct tokens *t, struct slice *ret)
{
	const char *start;

	while (t->at < t->end && (is_blank(*t->at) || *t->at == '#'))
		if (*t->at++ == '#')
			while (t->at < t->end && *t->at != '\n')
				t->at++;
	if (t->at == t->end)
		return false;
	start = t->at++;
	if (*start == '"')
		while (t->at < t->end && *t->at++ != '"')
			;
	else if (*start != ',')
		while (t->at < t->end && !is_blank(*t->at) && *t->at != ',' &&
		       *t->at != '"' && *t->at != '#')
			t->at++;
	*ret = slice_of(start, (size_t)(t->at - start));
	return true;
}

/* The token after the first @word from @t on, which moves behind it. */
static bool find_after(struct tokens *t, const char *word, struct slice *ret)
{
	struct slice token;

	while (next_token(t, &token))
		if (slice_is(token, word))
			return next_token(t, ret);
	return false;
}

static bool find_word(struct slice text, const char *word, struct slice *ret)
{
	struct tokens t = tokens_of(text);

	return find_after(&t, word, ret);
}

static struct slice text_of(const struct using_text *text)
{
	return slice_of(text->bytes.data, text->text_len);
}

/* Whether @text begins "@kind NAME/N", and what that name is. */
static bool begins(struct slice text, const char *kind, struct slice *ret)
{
	struct tokens t = tokens_of(text);
	struct slice token;

	return next_token(&t, &token) && slice_is(token, kind) &&
	       next_token(&t, ret);
}

bool draft_is_ready(struct slice text)
{
	struct slice ignored;

	return find_word(text, "identity", &ignored) ||
	       find_word(text, "pin", &ignored);
}

/* ---- what it stands on ------------------------------------------------ */

static const struct using_text *find_text(
    const struct using *u, const char *kind, struct slice name)
{
	struct slice found;

	for (size_t i = 0; i < u->count; i++)
		if (begins(text_of(u->texts[i]), kind, &found) &&
		    slice_eq(found, name))
			return u->texts[i];
	return NULL;
}

/* "uk-law" and 2 of "uk-law/2". */
static struct slice name_part(struct slice id, unsigned long *ret_version)
{
	const uint8_t *slash = id.len ? memchr(id.data, '/', id.len) : NULL;
	size_t n = slash ? (size_t)(slash - id.data) : id.len;

	*ret_version = 0;
	for (size_t i = n + 1; i < id.len; i++)
		*ret_version =
		    *ret_version * 10 + (unsigned long)(id.data[i] - '0');
	return slice_of(id.data, n);
}

/* Rule 5: of each name the highest version that uses the vocabulary. */
static bool binds(
    const struct using *u, const struct using_text *text, struct slice uses)
{
	struct slice id, other, vocabulary;
	unsigned long version, other_version;
	struct slice name;

	if (!begins(text_of(text), "standing", &id) ||
	    !find_word(text_of(text), "uses", &vocabulary) ||
	    !slice_eq(vocabulary, uses))
		return false;
	name = name_part(id, &version);
	for (size_t i = 0; i < u->count; i++)
		if (begins(text_of(u->texts[i]), "standing", &other) &&
		    find_word(text_of(u->texts[i]), "uses", &vocabulary) &&
		    slice_eq(vocabulary, uses) &&
		    slice_eq(name_part(other, &other_version), name) &&
		    other_version > version)
			return false;
	return true;
}

static int missing(const char *what, struct slice name, struct why *why)
{
	why_set(why, "the %s '%.*s' is not among the files given by --using",
	    what, SLICE_ARG(name));
	return -EINVAL;
}

int draft_gather(const struct using *u, const char *file, struct slice text,
    struct using *ret, struct why *why)
{
	const struct using_text *vocabulary, *umbrella;
	struct slice uses, under;
	int r = using_add_bytes(ret, file, text, why);

	if (r < 0)
		return r;
	if (!find_word(text, "uses", &uses))
		return missing("vocabulary", slice_str("uses ..."), why);
	vocabulary = find_text(u, "vocabulary", uses);
	if (!vocabulary)
		return missing("vocabulary", uses, why);
	r = using_add_bytes(ret, vocabulary->name, text_of(vocabulary), why);
	for (size_t i = 0; r == 0 && i < u->count; i++)
		if (binds(u, u->texts[i], uses))
			r = using_add_bytes(
			    ret, u->texts[i]->name, text_of(u->texts[i]), why);
	for (size_t i = 0;
	     r == 0 && i < UMBRELLAS_MAX && find_word(text, "under", &under);
	     i++) {
		umbrella = find_text(u, "agreement", under);
		if (!umbrella)
			return missing("umbrella", under, why);
		text = text_of(umbrella);
		r = using_add_bytes(ret, umbrella->name, text, why);
	}
	return r;
}

/* ---- statements ------------------------------------------------------- */

static void add_pin(struct buf *out, struct slice id, struct slice text)
{
	uint8_t hash[HASH_BYTES];

	hash_bytes(text.data, text.len, hash);
	buf_addf(out, "  pin       %.*s \"", SLICE_ARG(id));
	base64_add(out, hash, sizeof(hash));
	buf_add_str(out, "\"\n");
}

static int add_pins(
    const struct using *u, struct slice text, struct buf *out, struct why *why)
{
	const struct using_text *on;
	struct slice uses, under, id;

	if (!find_word(text, "uses", &uses))
		return missing("vocabulary", slice_str("uses ..."), why);
	on = find_text(u, "vocabulary", uses);
	if (!on)
		return missing("vocabulary", uses, why);
	add_pin(out, uses, text_of(on));
	if (find_word(text, "under", &under)) {
		on = find_text(u, "agreement", under);
		if (!on)
			return missing("umbrella", under, why);
		if (!draft_is_ready(text_of(on))) {
			why_set(why,
			    "the umbrella '%.*s' has no identities and pins"
			    " yet, and writing them would change what is pinned"
			    " here: sign it first",
			    SLICE_ARG(under));
			return -EINVAL;
		}
		add_pin(out, under, text_of(on));
	}
	for (size_t i = 0; i < u->count; i++)
		if (binds(u, u->texts[i], uses) &&
		    begins(text_of(u->texts[i]), "standing", &id))
			add_pin(out, id, text_of(u->texts[i]));
	return 0;
}

/* Kind and clearance of @partner in one partners text. */
static bool find_partner(struct slice text, struct slice partner,
    struct slice *ret_kind, struct slice *ret_clearance)
{
	struct tokens t = tokens_of(text);
	struct slice name;

	while (find_after(&t, "partner", &name))
		if (slice_eq(name, partner))
			return find_after(&t, "kind", ret_kind) &&
			       find_after(&t, "clearance", ret_clearance);
	return false;
}

static bool is_partners_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && !strcmp(dot, ".partners");
}

static int add_identity(const struct using *u, const struct enrolment *e,
    struct buf *out, struct why *why)
{
	char vkey[VKEY_TEXT_MAX];
	struct slice kind, clearance;

	vkey_format(&e->agree, vkey);
	for (size_t i = 0; i < u->count; i++)
		if (is_partners_file(u->texts[i]->name) &&
		    find_partner(text_of(u->texts[i]), slice_str(e->partner),
			&kind, &clearance)) {
			buf_addf(out,
			    "  identity  %s kind %.*s clearance %.*s"
			    " agree \"%s\"\n",
			    e->partner, SLICE_ARG(kind), SLICE_ARG(clearance),
			    vkey);
			return 0;
		}
	why_set(why,
	    "no *.partners file given by --using says which kind and clearance"
	    " '%s' has",
	    e->partner);
	return -EINVAL;
}

/* The enrolment of @party among the *.enrolment files of @dir. */
static int find_enrolment(
    const char *dir, struct slice party, struct enrolment *ret, struct why *why)
{
	char **names = NULL;
	size_t count = 0;
	bool found = false;
	int r = file_list(dir, ".enrolment", &names, &count, why);

	for (size_t i = 0; r == 0 && i < count && !found; i++) {
		_cleanup_free_ char *path = mem_format("%s/%s", dir, names[i]);
		_cleanup_buf_ struct buf bytes = { 0 };

		r = file_read(path, ENROLMENT_BYTES_MAX, &bytes, why);
		if (r == 0 && !enrolment_parse(buf_slice(&bytes), ret, why)) {
			why_prefix(why, "%s", path);
			r = -EINVAL;
		}
		found = r == 0 && slice_is(party, ret->partner);
	}
	file_list_free(names, count);
	if (r < 0 || found)
		return r;
	why_set(why,
	    "no *.enrolment file in '%s' is that of '%.*s': ask each party for"
	    " its own",
	    dir, SLICE_ARG(party));
	return -ENOENT;
}

static int add_identities(const struct using *u, struct slice text,
    const char *dir, struct buf *out, struct why *why)
{
	struct tokens t = tokens_of(text);
	struct slice party;
	struct enrolment e;
	bool more = find_after(&t, "parties", &party);
	int r = 0;

	while (r == 0 && more) {
		struct slice comma;

		r = find_enrolment(dir, party, &e, why);
		if (r == 0)
			r = add_identity(u, &e, out, why);
		more = next_token(&t, &comma) && slice_is(comma, ",") &&
		       next_token(&t, &party);
	}
	return r;
}

int draft_complete(const struct using *u, const struct using_text *agreement,
    const char *dir, struct buf *out, struct why *why)
{
	_cleanup_buf_ struct buf added = { 0 };
	struct slice text = text_of(agreement), date;
	struct tokens t = tokens_of(text);
	size_t at;
	int r;

	if (!find_after(&t, "ends", &date)) {
		why_set(why, "it does not say when it `ends`");
		return -EINVAL;
	}
	r = add_identities(u, text, dir, &added, why);
	if (r == 0)
		r = add_pins(u, text, &added, why);
	if (r < 0)
		return r;
	/* After that statement, and after what else stands in its line. */
	at = (size_t)((const uint8_t *)t.at - text.data);
	while (at < text.len && text.data[at] != '\n')
		at++;
	buf_add(out, text.data, at);
	buf_add_byte(out, '\n');
	buf_add_slice(out, buf_slice(&added));
	if (at < text.len)
		buf_add(out, text.data + at + 1, text.len - at - 1);
	return 0;
}
