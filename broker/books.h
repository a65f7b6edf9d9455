#ifndef BROKER_BOOKS_H
#define BROKER_BOOKS_H

/*
 * What the exchange goes by: the published texts, who is enrolled with which
 * keys, and who is suspended. One `struct book` is one state of all that under
 * one policy number; it never changes. A change makes the next book and swaps
 * it in, and whoever was deciding under the old one holds a reference to it.
 *
 * Who a partner is, is what signed agreements say (design, promise 14): an
 * enrolment whose agree key is not the one that an agreement, signed by the
 * partner and another party, gives for it, is `disputed` and counts for
 * nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "store/ledger.h"
#include "util/buf.h"
#include "util/hash.h"
#include "util/map.h"
#include "util/text.h"
#include "util/why.h"
#include "wire/enrol.h"

#define BOOK_PARTNERS_MAX 4096u

struct record;

/* A published text as it was signed: an agreement's signature lines are part of
 * it. */
struct book_file {
	char *name;  /* canonical: "warwickshire-socjag-4.agreement" */
	char *shown; /* as whoever published it called it; NULL: as `name` */
	struct slice bytes;
	uint8_t digest[HASH_BYTES];
	/* Who has signed it, of an agreement's parties. */
	const char **signers;
	size_t signers_count;
};

struct book_partner {
	char name[TEXT_NAME_MAX + 1];
	bool suspended;
	bool enrolled;
	bool disputed;
	struct enrolment enrolment;   /* when enrolled */
	struct slice text;            /* of the enrolment */
	uint8_t key_id[KEY_ID_BYTES]; /* of its message key */
};

struct book {
	unsigned refs;
	uint64_t number;
	struct policy *policy;
	struct arena arena;      /* all below */
	struct book_file *files; /* by name */
	size_t files_count;
	struct book_partner *partners; /* by name */
	size_t partners_count;
	struct map by_name, by_curve; /* to struct book_partner */
};

struct book *book_ref(struct book *b);
struct book *book_unref(struct book *b); /* always NULL */

/* The partner, enrolled or not; NULL: unknown. */
const struct book_partner *book_partner(const struct book *b, const char *name);
const struct book_partner *book_by_curve(
    const struct book *b, const uint8_t curve[KEY_BYTES]);

/* Whether its frames are taken: enrolled, not disputed, not suspended. */
bool book_admits(const struct book_partner *partner);

/* ---- changes ------------------------------------------------------------ */

/* The next book, being made. */
struct book_draft;

/* Begin with all that @b has (NULL: nothing), under the next number. */
struct book_draft *book_draft_new(const struct book *b);
struct book_draft *book_draft_free(struct book_draft *d); /* NULL */

/* Add a text, or further signatures to one that is there. False fills @why: it
 * is not a text of the language, or another text stands under its name. */
bool book_draft_add(struct book_draft *d, const char *shown, struct slice bytes,
    struct why *why) __attribute__((warn_unused_result));

/* Enrol a partner, or replace its enrolment. */
bool book_draft_enrol(struct book_draft *d, struct slice text, struct why *why)
    __attribute__((warn_unused_result));

/* False: no such partner, or it is so already. */
bool book_draft_suspend(struct book_draft *d, const char *partner,
    bool suspended, struct why *why) __attribute__((warn_unused_result));

/* Check everything and make it a book, which the caller owns. Errors and
 * warnings are appended to @report, as a compiler prints them; who has not
 * signed what was published, to @unsigned_yet. NULL: there are errors. The
 * draft is used up; free it. */
struct book *book_draft_finish(
    struct book_draft *d, struct buf *report, struct buf *unsigned_yet);

/* What is new in a draft, for the log. */
struct book_change {
	const char *what; /* "published", "enrolled", "suspended", "resumed" */
	const char *name; /* the file's or the partner's */
	bool partner;
};
size_t book_draft_changes(
    const struct book_draft *d, const struct book_change **ret);

/* ---- in the store ------------------------------------------------------ */

int book_read(struct store_txn *t, struct book **ret, struct why *why);

/* Put all of @b and its number, and what @d changed into the log. */
void book_record(struct record *r, struct store_txn *t,
    const struct book_draft *d, const struct book *b);

/* ---- the book in force ------------------------------------------------- */

struct books;
struct books *books_new(struct book *first); /* takes the reference */
struct books *books_free(struct books *books);
struct book *books_current(struct books *books);         /* a new reference */
void books_swap(struct books *books, struct book *next); /* takes it */

static inline void book_unrefp(struct book **b)
{
	book_unref(*b);
}
#define _cleanup_book_ __attribute__((cleanup(book_unrefp)))

#endif
