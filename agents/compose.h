#ifndef AGENTS_COMPOSE_H
#define AGENTS_COMPOSE_H

/*
 * A record becomes what this agent will sign and send: it is decided here for
 * every recipient, reduced values become fields of their own ("forms"), the
 * recipients and the officer become salted fields, and values that no recipient
 * may have and no decision needs stay at home. Everything but the number, which
 * only the one who writes the outbox can give (keeper.h).
 */

#include <jansson.h>

#include "agents/record.h"
#include "agents/rules.h"
#include "agents/summary.h"
#include "wire/message.h"

struct compose_context {
	const struct rules *rules;
	const char *self;
	const char *exchange;
	const char *by; /* the officer whose system user asks */
	int64_t now;
};

struct composed {
	struct record record;
	struct message_header header; /* its id is to be set */
	struct message_field *fields;
	size_t count;
	bool *home;                 /* one a field: its value stays at home */
	struct summary_line *lines; /* as decided here, a recipient each */
	size_t lines_count;
	struct buf summary;
};
void composed_deinit(struct composed *c);

/* RECORD_WRONG: @problems has a line each, and nothing may be sent. */
int compose(const struct compose_context *context, struct slice json,
    struct buf *problems, struct composed *ret);

/* [{partner, outcome, clause, reason}, ...]: as decided here, where accepted is
 * "queued" until the broker has said so. A new reference. */
json_t *compose_recipients(const struct summary_line *lines, size_t count);

#endif
