#ifndef BROKER_OFFICE_H
#define BROKER_OFFICE_H

/*
 * What an operator can ask of a broker, running or not: the same functions,
 * behind the control socket of a running one, or on its store when none runs.
 *
 * A request and a reply are MessagePack, each behind its length as 32 bits:
 *
 *     request  [verb, json, [argument, ...], [[file name, bytes bin], ...]]
 *     reply    [exit code, text for stdout, text for stderr]
 */

#include <stdbool.h>
#include <stddef.h>

#include "broker/books.h"
#include "broker/exchange.h"
#include "broker/record.h"
#include "broker/settings.h"
#include "util/arena.h"
#include "util/buf.h"

#define OFFICE_REQUEST_MAX (64u << 20)
#define OFFICE_FILES_MAX 4096u
#define OFFICE_ARGUMENTS_MAX 16u

/* Exit codes, of every command (design, section 6). */
enum {
	EXIT_YES = 0,
	EXIT_NO = 1,
	EXIT_WRONG = 2,
	EXIT_LATER = 3,
};

struct office {
	const struct settings *settings;
	struct store *store;
	struct record *record;
	struct books *books;
	struct exchange *x; /* NULL: nobody runs */
};

struct office_file {
	const char *name;
	struct slice bytes;
};

struct request {
	const char *verb;
	bool json;
	const char **arguments;
	size_t arguments_count;
	struct office_file *files;
	size_t files_count;
};

struct reply {
	int code;
	struct buf out, err;
};

void request_pack(const struct request *request, struct buf *out);
bool request_parse(
    struct slice bytes, struct arena *arena, struct request *ret);
void reply_pack(const struct reply *reply, struct buf *out);
bool reply_parse(struct slice bytes, struct reply *ret);
void reply_deinit(struct reply *reply);

/* Do what @request asks. */
void office_answer(
    struct office *o, const struct request *request, struct reply *ret);

/* The verbs that only look; look.c. */
void office_status(
    struct office *o, const struct request *request, struct reply *ret);
void office_partners(
    struct office *o, const struct request *request, struct reply *ret);

/* Append @s as a JSON string. */
void json_add(struct buf *out, const char *s);

#endif
