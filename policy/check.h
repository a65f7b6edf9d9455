#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

/* What the check files share. Inside the checker only. Each function reports
 * what it finds and goes on; members marked [resolved] in model.h are filled
 * where the texts allow it. */

#include "policy/load.h"

/* An error at @at; @hint may be NULL. */
#define check_error(p, at, hint, ...)                                          \
	policy_report((p), POLICY_ERROR, (at), (hint), __VA_ARGS__)
#define check_warn(p, at, ...)                                                 \
	policy_report((p), POLICY_WARNING, (at), NULL, __VA_ARGS__)

/* The nearest of @count names yielded by @name(@from, i), or NULL. */
const char *check_nearest(struct policy *p, const char *wanted, size_t count,
    const char *(*name)(const void *from, size_t i), const void *from);

/* Report every name said before; @what: "code", "party". */
struct seen;
struct seen *seen_new(struct policy *p, const char *what);
void seen_add(struct seen *seen, const char *name, struct place at);
struct seen *seen_free(struct seen *seen);
void check_duplicates(
    struct policy *p, const struct names *names, const char *what);

/* Whether @name is a code of the list; reports it if not, as "no KIND 'x' in
 * soc/1". A list that is missing altogether has been reported elsewhere. */
bool check_code(struct policy *p, const struct vocabulary *v,
    const struct codes *codes, struct name name);
bool check_partner_name(struct policy *p, struct name name);
const char *check_header_key(size_t i); /* NULL: no more */
/* -1: no such header key */
int check_find_header_key(const char *text);

/* ---- conditions ------------------------------------------------------- */

/* Where a condition stands, and so what it may speak of. */
enum scope_kind {
	SCOPE_CLAUSE,     /* only when, retain, refuse */
	SCOPE_RULE,       /* a rule about fields: knows originator and this */
	SCOPE_VOCABULARY, /* required when, absent when */
};

struct scope {
	struct policy *policy;
	const struct vocabulary *vocabulary;
	enum scope_kind kind;
	/* The entities of the fields decided; one of them is each time "the
	 * same instance" (rule 17). */
	const struct entity *const *own;
	size_t own_count;
};

/* Resolve the names in @cond (may be NULL) and check that it can be evaluated
 * where it stands (rules 15 to 20). */
void check_cond(const struct scope *scope, struct cond *cond);

/* Its parts. Whether the operand is a value, a path or age(...), resolved; a
 * plain word is left alone (check-path.c). */
bool check_operand(const struct scope *scope, struct operand *operand);
/* Whether the plain word is a header key, resolved. */
bool check_header(const struct scope *scope, struct operand *operand);
/* The plain word is nothing; says so, and what could stand there. */
void check_no_word(
    const struct scope *scope, struct operand *operand, const char *hence);
/* One comparison: its operands, their types and values (check-compare.c). */
void check_compare(const struct scope *scope, struct cond *cond);
/* Quantifiers, links and `this`, once all is resolved (check-scope.c). */
void check_scope(const struct scope *scope, struct cond *cond);

/* ---- texts ------------------------------------------------------------ */

void check_vocabulary(struct policy *p, struct vocabulary *v);
void check_standing(struct policy *p, struct standing *s);
void check_agreement(struct policy *p, struct agreement *a);
void check_umbrellas(struct policy *p);
void check_identities(struct policy *p); /* makes the partners of them */
void check_partners(struct policy *p);
void check_pins(struct policy *p, const struct agreement *a);
void check_notice(struct policy *p, const struct notice *notice);
/* Rules of @clause; @standing: they may not release (rule 5). */
void check_rules(struct policy *p, const struct vocabulary *v,
    struct clause *clause, bool standing);
bool check_selects(const struct selector *selector, const struct field *field);
/* Rule 7: refer and withhold of what no clause of the agreement grants. */
void check_grants(struct policy *p, const struct agreement *a);
/* Rule 26: the periods of each clause leave no case open. */
void check_retains(struct policy *p, const struct agreement *a);

#endif
