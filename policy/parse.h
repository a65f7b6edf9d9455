#ifndef POLICY_PARSE_H
#define POLICY_PARSE_H

/*
 * What the parse files share. Inside the parser only.
 *
 * Errors are sticky: after the first one in a statement `failed` is set, every
 * parse_ function returns at once without moving, and lists end. The loop over
 * statements then calls parse_recover() and goes on (rule 31). So the functions
 * for single statements read as if nothing could go wrong.
 */

#include "policy/lex.h"
#include "policy/load.h"

struct parser {
	struct policy *policy;
	struct arena *arena; /* the policy's */
	/* The word that begins another unit of this text, and NULL: in a
	 * vocabulary, `agreement` is a name like any other. */
	const char *top[2];
	struct lexer lexer;
	struct token token;  /* the one looked at, not yet taken */
	struct token before; /* the one taken last */
	bool failed;
	unsigned depth;       /* of parentheses and nots in this condition */
	unsigned comparisons; /* in this condition */
	uint32_t rules;       /* in this text */
	uint32_t selectors;   /* in this text */
};

/* Words that begin a statement at some level, ended by NULL. */
typedef const char *const parse_words[];

/* ---- single tokens ---------------------------------------------------- */

/* "expected @what, found ..." at the token looked at, with the nearest of
 * @words (may be NULL); sets failed. */
void parse_expected(
    struct parser *p, const char *what, const char *const *words);

/* The statements that are reserved until they are built (oblige, never
 * together, consent): true, and told so, when one begins here. */
bool parse_reserved(struct parser *p);
/* An error of one's own words at @at; sets failed. */
void parse_fail(struct parser *p, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One that leaves the statement readable: does not set failed. */
void parse_error(struct parser *p, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void parse_next(struct parser *p);
bool parse_at(const struct parser *p, const char *keyword);
bool parse_at_any(const struct parser *p, const char *const *keywords);
bool parse_accept(struct parser *p, const char *keyword);
bool parse_accept_mark(struct parser *p, enum token_kind kind);
void parse_expect(struct parser *p, const char *keyword);

/* Skip to a word of @inner, of @outer (each may be NULL) or of p->top that
 * stands where a statement can begin; clears failed. Says whether it passed
 * over anything. */
bool parse_recover(
    struct parser *p, const char *const *inner, const char *const *outer);
/* Whether the token looked at stands where a statement can begin. */
bool parse_can_begin(const struct parser *p);

/* ---- pieces of statements --------------------------------------------- */

/* @what for messages: "a partner's name". Never NULL texts: "" on failure. */
struct name parse_name(struct parser *p, const char *what);
/* The same, but what a code or a label may be: '/' and '.' allowed. */
struct name parse_label(struct parser *p, const char *what);
/* A value, or a path that may follow a link: '/' and '.' allowed, and longer.
 */
struct name parse_path(struct parser *p, const char *what);
struct names parse_names(struct parser *p, const char *what);
struct versioned parse_versioned(struct parser *p, const char *what);
const char *parse_string(struct parser *p, const char *what);
const char *parse_title(struct parser *p); /* NULL: none */
uint32_t parse_number(struct parser *p, const char *what, uint32_t max);
int32_t parse_date(struct parser *p);
struct cond *parse_cond(struct parser *p);
struct cond *parse_when(struct parser *p);      /* ["when" cond] */
struct cond *parse_only_when(struct parser *p); /* ["only" "when" cond] */
/* {rule} until a word of @outer or p->top; recovers by itself. */
void parse_rules(
    struct parser *p, struct clause *clause, const char *const *outer);
bool parse_at_rule(const struct parser *p);

/* ---- whole texts ------------------------------------------------------ */

/* Each is called with its keyword taken, and ends at p->top. */
void parse_vocabulary(struct parser *p);
void parse_agreement(struct parser *p);
void parse_standing(struct parser *p);
void parse_notice(struct parser *p);
void parse_partner(struct parser *p);

/* Append a zeroed element to an array in the arena; yields a pointer to it,
 * valid until the array grows again. One more than @limit is an error, and
 * nothing more is read of the text: what is checked later stays bounded. */
#define parse_push(p, array, count, limit, what)                               \
	((array) = load_grow((p)->arena, (array), (count), sizeof(*(array))),  \
	    parse_limit((p), (count), (limit), (what)), &(array)[(count)++])
void parse_limit(
    struct parser *p, size_t count, size_t limit, const char *what);

#endif
