/*
 * A word is letters, digits, '_', '/', '-'; dots join words into paths, and '*'
 * stands alone or after a dot. Only words may be shown in messages as they are:
 * they are ASCII, whatever the text holds.
 */

#include "policy/lex.h"

#include <stdio.h>

#include "util/text.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '/' || c == '-';
}

/* ---- the rules of text ------------------------------------------------ */

static size_t character_bytes(struct slice run, size_t at)
{
	size_t n = 1;

	while (n < 4 && at + n < run.len && (run.data[at + n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Where the first fault is. One character or two neighbours show each kind of
 * fault, so that a faulty line is not read again for each of its characters. */
static size_t fault_offset(struct slice run)
{
	size_t before = 0;

	for (size_t i = 0, n; i < run.len; before = i, i += n) {
		n = character_bytes(run, i);
		if (text_fault(slice_of(run.data + before, i + n - before)))
			return i;
	}
	return 0;
}

/* Check what stands between blanks from @start to @end of one line; true when
 * nothing was found. */
static bool check_run(
    struct lexer *lexer, size_t start, size_t end, const char **ret_fault)
{
	struct slice run =
	    slice_of(lexer->source->text.data + start, end - start);
	struct place at = { lexer->source, lexer->line, 0 };

	*ret_fault = text_fault(run);
	if (!*ret_fault)
		return true;
	at.column =
	    (uint32_t)(start - lexer->line_start + fault_offset(run) + 1);
	policy_report(lexer->policy, POLICY_ERROR, at, NULL, "the text %s here",
	    *ret_fault);
	return false;
}

/* One line without its newline: the first fault in it. */
static bool check_line(struct lexer *lexer, size_t end, const char **ret_fault)
{
	const uint8_t *data = lexer->source->text.data;
	size_t start = lexer->line_start;

	if (end > start && data[end - 1] == '\r')
		end--;
	for (size_t i = start; i <= end; i++) {
		if (i < end && data[i] != '\t')
			continue;
		if (!check_run(lexer, start, i, ret_fault))
			return false;
		start = i + 1;
	}
	return true;
}

bool lexer_init(
    struct lexer *lexer, struct policy *policy, const struct source *source)
{
	struct slice text = source->text;
	bool utf8 = true;

	*lexer = (struct lexer){ .policy = policy, .source = source };
	for (size_t i = 0; i <= text.len && utf8; i++) {
		const char *fault = NULL;

		if (i < text.len && text.data[i] != '\n')
			continue;
		lexer->line++;
		if (!check_line(lexer, i, &fault))
			utf8 = strcmp(fault, TEXT_NOT_UTF8) != 0;
		lexer->line_start = i + 1;
	}
	lexer->line = 1;
	lexer->line_start = 0;
	lexer->fresh = true;
	if (text.len >= strlen(BYTE_ORDER_MARK) &&
	    !memcmp(text.data, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)))
		lexer->pos = strlen(BYTE_ORDER_MARK); /* reported above */
	return utf8;
}

/* ---- tokens ----------------------------------------------------------- */

static int peek(const struct lexer *lexer, size_t ahead)
{
	struct slice text = lexer->source->text;

	return lexer->pos + ahead < text.len ? text.data[lexer->pos + ahead]
					     : -1;
}

static bool peek_word(const struct lexer *lexer, size_t ahead)
{
	int c = peek(lexer, ahead);

	return c >= 0 && is_word((uint8_t)c);
}

static void skip_blanks(struct lexer *lexer)
{
	bool comment = false;
	int c;

	while ((c = peek(lexer, 0)) >= 0) {
		if (c == '\n') {
			lexer->line++;
			lexer->line_start = lexer->pos + 1;
			lexer->fresh = true;
			comment = false;
		} else if (c == '#') {
			comment = true;
		} else if (!comment && c != ' ' && c != '\t' && c != '\r') {
			return;
		}
		lexer->pos++;
	}
}

static void bad(struct lexer *lexer, struct token *token, const char *what)
{
	token->kind = TOKEN_BAD;
	policy_report(lexer->policy, POLICY_ERROR, token->at, NULL, "%s", what);
}

/* Neither a blank nor printable ASCII. */
static bool is_foreign(int c)
{
	bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';

	return c >= 0x7f || (c >= 0 && c < ' ' && !blank);
}

/* A name with a letter that names do not have: one mistake, not two words. */
static void lex_foreign_word(struct lexer *lexer, struct token *token)
{
	while (peek_word(lexer, 0) || is_foreign(peek(lexer, 0)))
		lexer->pos++;
	bad(lexer, token,
	    "names and codes are written with a to z, A to Z, 0 to 9, '_' and "
	    "'-'");
}

static void lex_word(struct lexer *lexer, struct token *token)
{
	token->kind = TOKEN_WORD;
	if (peek(lexer, 0) == '*') {
		lexer->pos++;
		return;
	}
	for (;;) {
		while (peek_word(lexer, 0))
			lexer->pos++;
		if (is_foreign(peek(lexer, 0)))
			lex_foreign_word(lexer, token);
		if (peek(lexer, 0) != '.')
			return;
		lexer->pos++;
		if (peek(lexer, 0) == '*') {
			lexer->pos++;
			return;
		}
		if (!peek_word(lexer, 0)) {
			bad(lexer, token,
			    "a '.' must stand between two words, as in "
			    "subject.name, or before a '*'");
			return;
		}
	}
}

static void lex_string(struct lexer *lexer, struct token *token)
{
	size_t start = ++lexer->pos;
	int c;

	while ((c = peek(lexer, 0)) >= 0 && c != '\n' && c != '"')
		lexer->pos++;
	token->kind = TOKEN_STRING;
	token->text =
	    slice_of(lexer->source->text.data + start, lexer->pos - start);
	if (c != '"')
		bad(lexer, token,
		    "this string has no closing '\"' on its line");
	else if (token->text.len > STRING_BYTES_MAX)
		bad(lexer, token, "this string is longer than 4096 bytes");
	lexer->pos += c == '"';
}

static const char wrong_quotes[] =
    "strings stand in straight double quotes: \"...\"";

/* What people type, or their editor makes of it, and what was meant. */
static const struct {
	const char *found;
	const char *what;
} mistakes[] = {
	{ "==", "'==' is written '='" },
	{ "<>", "'<>' is written '!='" },
	{ "=<", "'=<' is written '<='" },
	{ "=>", "'=>' is written '>='" },
	{ "&&", "'&&' is written 'and'" },
	{ "||", "'||' is written 'or'" },
	{ "!=", NULL },
	{ "!", "'!' is written 'not'" },
	{ ";", "';' is not needed: a statement ends where the next begins" },
	{ "'", wrong_quotes },
	{ "\xe2\x80\x98", wrong_quotes },
	{ "\xe2\x80\x99", wrong_quotes },
	{ "\xe2\x80\x9c", wrong_quotes },
	{ "\xe2\x80\x9d", wrong_quotes },
	{ "\xe2\x80\x93", "a long dash; words are joined by '-'" },
	{ "\xe2\x80\x94", "a long dash; words are joined by '-'" },
	{ "\xe2\x89\xa4", "'less or equal' is written '<='" },
	{ "\xe2\x89\xa5", "'greater or equal' is written '>='" },
	{ "\xc2\xa0", "a no-break space; use an ordinary one" },
};

static bool begins(const struct lexer *lexer, const char *s)
{
	size_t len = strlen(s);
	struct slice text = lexer->source->text;

	return text.len - lexer->pos >= len &&
	       !memcmp(text.data + lexer->pos, s, len);
}

/* A string in other quotes, to where it ends. */
static void skip_quoted(struct lexer *lexer)
{
	while (peek(lexer, 0) >= 0 && peek(lexer, 0) != '\n') {
		for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
			if (mistakes[i].what != wrong_quotes ||
			    !begins(lexer, mistakes[i].found))
				continue;
			lexer->pos += strlen(mistakes[i].found);
			return;
		}
		lexer->pos++;
	}
}

static bool lex_mistake(struct lexer *lexer, struct token *token)
{
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		if (!begins(lexer, mistakes[i].found))
			continue;
		if (!mistakes[i].what)
			return false;
		bad(lexer, token, mistakes[i].what);
		lexer->pos += strlen(mistakes[i].found);
		if (mistakes[i].what == wrong_quotes)
			skip_quoted(lexer);
		return true;
	}
	return false;
}

static const struct {
	const char *text;
	enum token_kind kind;
} marks[] = {
	{ "!=", TOKEN_NE },
	{ "<=", TOKEN_LE },
	{ ">=", TOKEN_GE },
	{ "<", TOKEN_LT },
	{ ">", TOKEN_GT },
	{ "=", TOKEN_EQ },
	{ ",", TOKEN_COMMA },
	{ "(", TOKEN_OPEN },
	{ ")", TOKEN_CLOSE },
};

static void lex_mark(struct lexer *lexer, struct token *token)
{
	char what[64];
	int c = peek(lexer, 0);
	size_t start;

	if (lex_mistake(lexer, token))
		return;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (!begins(lexer, marks[i].text))
			continue;
		token->kind = marks[i].kind;
		lexer->pos += strlen(marks[i].text);
		return;
	}
	if (c > ' ' && c < 0x7f) {
		snprintf(what, sizeof(what),
		    "'%c' means nothing outside a string", c);
		bad(lexer, token, what);
		lexer->pos++;
		return;
	}
	/* A run of such characters is one mistake, and perhaps told already. */
	start = lexer->pos;
	do
		lexer->pos++;
	while (is_foreign(peek(lexer, 0)));
	token->kind = TOKEN_BAD;
	if (!text_fault(
		slice_of(lexer->source->text.data + start, lexer->pos - start)))
		bad(lexer, token,
		    "this character can stand only in a string or a comment");
}

void lexer_next(struct lexer *lexer, struct token *ret)
{
	size_t start;
	int c;

	skip_blanks(lexer);
	start = lexer->pos;
	*ret = (struct token){ .kind = TOKEN_END,
		.first = lexer->fresh,
		.at = { lexer->source, lexer->line,
		    (uint32_t)(start - lexer->line_start + 1) } };
	lexer->fresh = false;
	c = peek(lexer, 0);
	if (c < 0)
		return;
	if (c == '"') {
		lex_string(lexer, ret);
		return;
	}
	if (c == '*' || is_word((uint8_t)c))
		lex_word(lexer, ret);
	else
		lex_mark(lexer, ret);
	ret->text =
	    slice_of(lexer->source->text.data + start, lexer->pos - start);
}
