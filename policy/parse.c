/*
 * A recursive-descent parser with one token of lookahead; keywords are words
 * like any other and mean something only where the grammar asks for them. This
 * file has what all statements share, and the choice between the five kinds of
 * text; the grammar itself is on the language page.
 */

#include "policy/parse.h"

#include <stdarg.h>
#include <stdio.h>

#include "util/clock.h"
#include "util/text.h"

/* ---- problems --------------------------------------------------------- */

static void found(const struct parser *p, char *out, size_t size)
{
	struct slice text = p->token.text;
	size_t len = text.len < NAME_BYTES_MAX ? text.len : NAME_BYTES_MAX;

	if (p->token.kind == TOKEN_END)
		snprintf(out, size, "the end of the text");
	else if (p->token.kind == TOKEN_STRING)
		snprintf(out, size, "a string");
	else
		snprintf(out, size, "'%.*s%s'", (int)len,
		    (const char *)text.data, len < text.len ? "..." : "");
}

void parse_expected(
    struct parser *p, const char *what, const char *const *words)
{
	char text[NAME_BYTES_MAX + 16];
	const char *hint = NULL;
	size_t count = 0;

	if (p->failed)
		return;
	p->failed = true;
	if (p->token.kind == TOKEN_BAD)
		return;
	found(p, text, sizeof(text));
	while (words && words[count])
		count++;
	if (count && p->token.kind == TOKEN_WORD)
		hint = policy_nearest(p->policy, p->token.text, words, count);
	if (hint && slice_is(p->token.text, hint))
		hint = NULL; /* the right word in the wrong place */
	policy_report(p->policy, POLICY_ERROR, p->token.at, hint,
	    "expected %s, found %s", what, text);
}

bool parse_reserved(struct parser *p)
{
	static parse_words words = { "oblige", "never", "consent", NULL };

	if (!parse_at_any(p, words))
		return false;
	parse_fail(p, p->token.at,
	    "'%.*s' is reserved for a later version of the language: not yet",
	    SLICE_ARG(p->token.text));
	return true;
}

__attribute__((format(printf, 3, 0))) static void report(
    struct parser *p, struct place at, const char *format, va_list args)
{
	char text[WHY_MAX];

	vsnprintf(text, sizeof(text), format, args);
	policy_report(p->policy, POLICY_ERROR, at, NULL, "%s", text);
}

void parse_fail(struct parser *p, struct place at, const char *format, ...)
{
	va_list args;

	if (p->failed)
		return;
	p->failed = true;
	va_start(args, format);
	report(p, at, format, args);
	va_end(args);
}

void parse_error(struct parser *p, struct place at, const char *format, ...)
{
	va_list args;

	if (p->failed)
		return;
	va_start(args, format);
	report(p, at, format, args);
	va_end(args);
}

void parse_limit(struct parser *p, size_t count, size_t limit, const char *what)
{
	if (count < limit)
		return;
	parse_fail(p, p->token.at, "more than %zu %s; reading stops here",
	    limit, what);
	p->lexer.pos = p->lexer.source->text.len;
	parse_next(p);
}

/* ---- single tokens ---------------------------------------------------- */

void parse_next(struct parser *p)
{
	p->before = p->token;
	lexer_next(&p->lexer, &p->token);
}

bool parse_at(const struct parser *p, const char *keyword)
{
	return !p->failed && p->token.kind == TOKEN_WORD &&
	       slice_is(p->token.text, keyword);
}

bool parse_at_any(const struct parser *p, const char *const *keywords)
{
	for (; keywords && *keywords; keywords++)
		if (parse_at(p, *keywords))
			return true;
	return false;
}

bool parse_accept(struct parser *p, const char *keyword)
{
	if (!parse_at(p, keyword))
		return false;
	parse_next(p);
	return true;
}

bool parse_accept_mark(struct parser *p, enum token_kind kind)
{
	if (p->failed || p->token.kind != kind)
		return false;
	parse_next(p);
	return true;
}

void parse_expect(struct parser *p, const char *keyword)
{
	char what[NAME_BYTES_MAX];

	if (parse_accept(p, keyword))
		return;
	snprintf(what, sizeof(what), "'%s'", keyword);
	parse_expected(p, what, NULL);
}

/* A keyword after a comma or a comparison is a name or a value there, unless it
 * opens a line. */
bool parse_can_begin(const struct parser *p)
{
	if (p->token.first)
		return true;
	return p->before.kind != TOKEN_COMMA && p->before.kind != TOKEN_OPEN &&
	       p->before.kind < TOKEN_EQ;
}

bool parse_recover(
    struct parser *p, const char *const *inner, const char *const *outer)
{
	size_t start = p->lexer.pos;

	p->failed = false;
	while (p->token.kind != TOKEN_END) {
		if (parse_can_begin(p) &&
		    (parse_at_any(p, inner) || parse_at_any(p, outer) ||
			parse_at_any(p, p->top)))
			break;
		parse_next(p);
	}
	return p->lexer.pos != start;
}

/* ---- pieces of statements --------------------------------------------- */

static const char *keep(struct parser *p, struct slice text)
{
	return arena_strn(p->arena, text.data, text.len);
}

static bool has_byte(struct slice text, const char *bytes)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr(bytes, text.data[i]))
			return true;
	return false;
}

static struct name take_word(
    struct parser *p, const char *what, const char *without, size_t max)
{
	struct name name = { "", p->token.at };

	if (p->failed)
		return name;
	if (p->token.kind != TOKEN_WORD || has_byte(p->token.text, without)) {
		parse_expected(p, what, NULL);
		return name;
	}
	if (p->token.text.len > max) {
		parse_fail(
		    p, p->token.at, "this is longer than %zu bytes", max);
		return name;
	}
	name.text = keep(p, p->token.text);
	parse_next(p);
	return name;
}

struct name parse_name(struct parser *p, const char *what)
{
	return take_word(p, what, "/.*", NAME_BYTES_MAX);
}

struct name parse_label(struct parser *p, const char *what)
{
	return take_word(p, what, "*", NAME_BYTES_MAX);
}

struct name parse_path(struct parser *p, const char *what)
{
	return take_word(p, what, "*", LINK_PATH_MAX);
}

struct names parse_names(struct parser *p, const char *what)
{
	struct names names = { 0 };

	do {
		struct name name = parse_name(p, what);

		if (p->failed)
			break;
		*parse_push(p, names.items, names.count, LIST_NAMES_MAX,
		    "names in one list") = name;
	} while (parse_accept_mark(p, TOKEN_COMMA));
	return names;
}

static bool whole_number(struct slice text, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;

	if (text.len == 0 || text.len > 10 || text.data[0] == '0')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text.data[i] - '0');
	}
	if (n > max)
		return false;
	*ret = (uint32_t)n;
	return true;
}

struct versioned parse_versioned(struct parser *p, const char *what)
{
	struct versioned id = { "", 0, p->token.at };
	struct slice text = p->token.text;
	const uint8_t *slash;
	size_t len;

	if (p->failed)
		return id;
	slash = p->token.kind == TOKEN_WORD && !has_byte(text, ".*")
		    ? memchr(text.data, '/', text.len)
		    : NULL;
	len = slash ? (size_t)(slash - text.data) : 0;
	if (len == 0 || len > NAME_BYTES_MAX ||
	    !whole_number(slice_of(slash + 1, text.len - len - 1), NUMBER_MAX,
		&id.version)) {
		parse_expected(p, what, NULL);
		return id;
	}
	id.name = keep(p, slice_of(text.data, len));
	parse_next(p);
	return id;
}

const char *parse_string(struct parser *p, const char *what)
{
	const char *text;

	if (p->failed)
		return "";
	if (p->token.kind != TOKEN_STRING) {
		parse_expected(p, what, NULL);
		return "";
	}
	text = keep(p, p->token.text);
	parse_next(p);
	return text;
}

const char *parse_title(struct parser *p)
{
	if (p->failed || p->token.kind != TOKEN_STRING)
		return NULL;
	return parse_string(p, "a title");
}

uint32_t parse_number(struct parser *p, const char *what, uint32_t max)
{
	uint32_t n = 0;

	if (p->failed)
		return 0;
	if (p->token.kind != TOKEN_WORD ||
	    !whole_number(p->token.text, max, &n))
		parse_expected(p, what, NULL);
	else
		parse_next(p);
	return n;
}

int32_t parse_date(struct parser *p)
{
	struct slice text = p->token.text;
	int32_t day = 0;

	if (p->failed)
		return 0;
	if (p->token.kind != TOKEN_WORD ||
	    !clock_parse_day((const char *)text.data, text.len, &day))
		parse_expected(p, "a date such as 2026-04-01", NULL);
	else
		parse_next(p);
	return day;
}

/* ---- whole texts ------------------------------------------------------ */

/* A text's name says what may stand in it. */
static const struct kind {
	const char *ending;
	const char *keyword;
	void (*parse)(struct parser *p);
} kinds[] = {
	{ ".vocabulary", "vocabulary", parse_vocabulary },
	{ ".agreement", "agreement", parse_agreement },
	{ ".standing", "standing", parse_standing },
	{ ".notice", "notice", parse_notice },
	{ ".partners", "partner", parse_partner },
};

static const struct kind *kind_of(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i].ending);

		if (len >= n && !strcmp(name + len - n, kinds[i].ending))
			return &kinds[i];
	}
	return NULL;
}

/* Something else than this kind of text holds: said once, and passed over. */
static void misplaced(struct parser *p, const struct kind *kind)
{
	char what[NAME_BYTES_MAX];

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (parse_at(p, kinds[i].keyword))
			parse_fail(p, p->token.at,
			    "'%s' belongs in a text whose name ends with %s, "
			    "not %s",
			    kinds[i].keyword, kinds[i].ending, kind->ending);
	snprintf(what, sizeof(what), "'%s'", kind->keyword);
	parse_expected(p, what, p->top);
	parse_recover(p, NULL, NULL);
}

void parse_source(struct policy *policy, const struct source *source)
{
	const struct kind *kind = kind_of(source->name);
	struct parser p = { .policy = policy, .arena = &policy->arena };
	struct place whole = { source, 0, 0 };
	size_t units = 0;

	if (!kind) {
		policy_report(policy, POLICY_ERROR, whole, NULL,
		    "the name of a text ends with .vocabulary, .agreement, "
		    ".standing, .notice or .partners");
		return;
	}
	if (source->text.len > POLICY_TEXT_MAX) {
		policy_report(policy, POLICY_ERROR, whole, NULL,
		    "the text is longer than %u bytes", POLICY_TEXT_MAX);
		return;
	}
	if (!lexer_init(&p.lexer, policy, source))
		return;
	p.top[0] = kind->keyword;
	parse_next(&p);
	while (p.token.kind != TOKEN_END) {
		parse_limit(&p, units++, UNITS_MAX, "of them in one text");
		if (parse_accept(&p, kind->keyword))
			kind->parse(&p);
		else
			misplaced(&p, kind);
		if (p.failed)
			parse_recover(&p, NULL, NULL);
	}
}
