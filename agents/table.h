#ifndef AGENTS_TABLE_H
#define AGENTS_TABLE_H

/*
 * Aligned text for people: columns as wide as their widest cell, colours only
 * on a terminal (and never with NO_COLOR). Zero-initialise, head, cells row by
 * row, print, deinit.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum colour {
	COLOUR_NONE,
	COLOUR_GOOD,
	COLOUR_CARE,
	COLOUR_BAD,
	COLOUR_DIM,
};

struct cell {
	char *text;
	enum colour colour;
};

struct table {
	size_t columns;
	struct cell *cells; /* row by row; the first row is the heading */
	size_t count, cap;
};

void table_deinit(struct table *t);
#define _cleanup_table_ __attribute__((cleanup(table_deinit)))

/* The headings: "FIELD" and so on, NULL at the end. Once, first. */
void table_head(struct table *t, const char *const *names);

/* The next cell; NULL is shown as nothing. What could move a terminal's cursor
 * is replaced: cells hold what other agencies wrote. */
void table_cell(struct table *t, enum colour colour, const char *text);
void table_cellf(struct table *t, enum colour colour, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Print with @indent blanks before each row; the last column is cut, with an
 * ellipsis, at the terminal's width (TABLE_WIDTH where @out is none). */
void table_print(const struct table *t, unsigned indent, FILE *out);

/* Print @text below a row: broken at blanks, each line with @indent blanks
 * before it. */
void table_wrap(const char *text, unsigned indent, FILE *out);

#define TABLE_WIDTH 100u

/* The escape that begins @colour on @out, "" where @out is no terminal; end it
 * with colour_end(). */
const char *colour_begin(FILE *out, enum colour colour);
const char *colour_end(FILE *out);

#endif
