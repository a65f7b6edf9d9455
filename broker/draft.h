#ifndef BROKER_DRAFT_H
#define BROKER_DRAFT_H

/*
 * Inside books only: the book that is being made, shared by draft.c, which adds
 * to it, and draft-check.c, which checks the whole.
 */

#include "broker/books.h"

struct book_draft {
	struct book *book;
	size_t files_cap, partners_cap;
	struct book_change *changes;
	size_t changes_count, changes_cap;
};

/* The language's part of @bytes: all of them, or a note's text. */
bool draft_text(struct slice bytes, struct slice *ret, struct why *why);

/* The next word of @text, past blanks and comments; empty at the end. */
struct slice draft_word(struct slice *text);

struct book_partner *draft_partner(const struct book *b, const char *name);

#endif
