/* Aligned text for people; table.h is the contract. */

#include "agents/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/mem.h"

#define GAP 2       /* blanks between columns */
#define LAST_MIN 40 /* what the last column always gets */

void table_deinit(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i].text);
	free(t->cells);
	*t = (struct table){ 0 };
}

void table_cell(struct table *t, enum colour colour, const char *text)
{
	char *copy = mem_str(text ? text : "");

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	*mem_push(t->cells, t->count, t->cap) =
	    (struct cell){ .text = copy, .colour = colour };
}

void table_cellf(struct table *t, enum colour colour, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	table_cell(t, colour, text);
}

void table_head(struct table *t, const char *const *names)
{
	assert(t->count == 0);
	for (; *names; names++) {
		table_cell(t, COLOUR_DIM, *names);
		t->columns++;
	}
}

/* Characters, not bytes. Wide and combining ones are rare in what is exchanged
 * here and would only shift a row. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool colourful(FILE *out)
{
	return isatty(fileno(out)) && !getenv("NO_COLOR");
}

const char *colour_begin(FILE *out, enum colour colour)
{
	static const char *const escapes[] = {
		[COLOUR_NONE] = "",
		[COLOUR_GOOD] = "\033[32m",
		[COLOUR_CARE] = "\033[33m",
		[COLOUR_BAD] = "\033[31m",
		[COLOUR_DIM] = "\033[2m",
	};

	return colourful(out) ? escapes[colour] : "";
}

const char *colour_end(FILE *out)
{
	return colourful(out) ? "\033[0m" : "";
}

static size_t line_width(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
		return size.ws_col;
	return TABLE_WIDTH;
}

/* How many bytes of @text are its first @characters. */
static size_t prefix(const char *text, size_t characters)
{
	size_t i = 0;

	while (text[i]) {
		if (((unsigned char)text[i] & 0xc0) != 0x80 &&
		    characters-- == 0)
			break;
		i++;
	}
	return i;
}

/* @room is what the cell may take; 0: as much as it wants. */
static void print_cell(const struct cell *cell, size_t room, FILE *out)
{
	bool colour = cell->colour != COLOUR_NONE;
	bool cut = room && width(cell->text) > room;
	size_t len = cut ? prefix(cell->text, room - 1) : strlen(cell->text);

	fprintf(out, "%s%.*s%s%s",
	    colour ? colour_begin(out, cell->colour) : "", (int)len, cell->text,
	    cut ? "\u2026" : "", colour ? colour_end(out) : "");
}

static void print_row(const struct table *t, const struct cell *row,
    const size_t *widths, size_t room, FILE *out)
{
	size_t last = t->columns;

	while (last > 0 && !*row[last - 1].text)
		last--;
	for (size_t i = 0; i < last; i++) {
		print_cell(&row[i], i + 1 == t->columns ? room : 0, out);
		if (i + 1 < last)
			fprintf(out, "%*s",
			    (int)(widths[i] - width(row[i].text) + GAP), "");
	}
	fputc('\n', out);
}

/* What is left of a line for the last column. */
static size_t last_room(
    const struct table *t, const size_t *widths, unsigned indent, FILE *out)
{
	size_t line = line_width(out), taken = indent;

	for (size_t i = 0; i + 1 < t->columns; i++)
		taken += widths[i] + GAP;
	return line > taken + LAST_MIN ? line - taken : LAST_MIN;
}

void table_print(const struct table *t, unsigned indent, FILE *out)
{
	_cleanup_free_ size_t *widths = mem_array(t->columns, sizeof(*widths));
	size_t room;

	assert(t->columns && t->count % t->columns == 0);
	for (size_t i = 0; i < t->count; i++) {
		size_t w = width(t->cells[i].text);

		if (w > widths[i % t->columns])
			widths[i % t->columns] = w;
	}
	room = last_room(t, widths, indent, out);
	for (size_t i = 0; i < t->count; i += t->columns) {
		fprintf(out, "%*s", (int)indent, "");
		print_row(t, &t->cells[i], widths, room, out);
	}
}

void table_wrap(const char *text, unsigned indent, FILE *out)
{
	size_t room = line_width(out);

	room = room > indent + 20 ? room - indent : 20;
	while (*text) {
		size_t len = prefix(text, room), end = len;

		while (text[len] && end > 0 && text[end] != ' ')
			end--;
		len = end ? end : len;
		fprintf(out, "%*s%.*s\n", (int)indent, "", (int)len, text);
		text += len;
		while (*text == ' ')
			text++;
	}
}
