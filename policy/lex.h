#ifndef POLICY_LEX_H
#define POLICY_LEX_H

/*
 * Bytes to tokens. Blanks, newlines and comments (# to the end of the line)
 * separate and mean nothing else. What is no token is reported once and comes
 * out as TOKEN_BAD, so that the parser need not speak of it again.
 */

#include "policy/model.h"

enum token_kind {
	TOKEN_END, /* of the text, for ever after */
	TOKEN_BAD, /* reported already */
	TOKEN_WORD,
	TOKEN_STRING, /* @text is without the quotes */
	TOKEN_COMMA,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
};

struct token {
	enum token_kind kind;
	struct slice text; /* points into the source */
	struct place at;
	bool first; /* on its line */
};

struct lexer {
	struct policy *policy;
	const struct source *source;
	size_t pos;
	size_t line_start; /* offset of the line @pos is in */
	uint32_t line;
	bool fresh; /* no token yet on this line */
};

/* Report what breaks the rules of text (UTF-8, NFC, no control or format
 * characters; a tab, and a carriage return before a newline, count as blanks),
 * and stand before the first token. False: not UTF-8, nothing to be read. */
bool lexer_init(
    struct lexer *lexer, struct policy *policy, const struct source *source);

void lexer_next(struct lexer *lexer, struct token *ret);

#endif
