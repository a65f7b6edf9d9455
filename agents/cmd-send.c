/* caveat send: hand a record to the agent, and see what came of it. */

#include <stdio.h>
#include <string.h>

#include "agents/client.h"
#include "agents/print.h"
#include "agents/record.h"
#include "agents/table.h"
#include "util/file.h"

#define WAIT_MS "5000" /* for the broker's result; then it is "queued" */

static void print_people(const json_t *answer)
{
	static const char *const heads[] = { "PARTNER", "OUTCOME", "CLAUSE",
		"REASON", NULL };
	_cleanup_table_ struct table table = { 0 };
	const json_t *line;
	size_t i;

	printf("%s\n", print_member(answer, "id"));
	table_head(&table, heads);
	json_array_foreach(json_object_get(answer, "recipients"), i, line)
	{
		const char *outcome = print_member(line, "outcome");

		table_cell(&table, COLOUR_NONE, print_member(line, "partner"));
		table_cell(&table, print_colour(outcome), outcome);
		table_cell(&table, COLOUR_NONE, print_member(line, "clause"));
		table_cell(&table, COLOUR_NONE, print_member(line, "reason"));
	}
	table_print(&table, 2, stdout);
}

static bool any_goes(const json_t *answer)
{
	const json_t *line;
	size_t i;

	json_array_foreach(json_object_get(answer, "recipients"), i, line)
	{
		if (strcmp(print_member(line, "outcome"), "refused") != 0)
			return true;
	}
	return false;
}

static enum end run(const struct options *options)
{
	_cleanup_buf_ struct buf json = { 0 };
	struct client_request request = { .dir = options->dir,
		.method = "POST",
		.path = "/v1/messages?wait=" WAIT_MS };
	json_t *answer = NULL;
	struct why why;
	enum end end;

	if (file_read(options->args[0], RECORD_JSON_MAX, &json, &why) < 0) {
		fprintf(stderr, "caveat: %s\n", why.text);
		return END_WRONG;
	}
	request.body = buf_slice(&json);
	end = client_ask(&request, &answer);
	if (end != END_YES)
		return end;
	end = any_goes(answer) ? END_YES : END_NO;
	if (options->json) {
		print_document(answer);
		return end;
	}
	print_people(answer);
	json_decref(answer);
	return end;
}

const struct command cmd_send = {
	.name = "send",
	.args = "FILE|-",
	.summary = "Send a record",
	.text = "FILE is a record in JSON, - for standard input. The agent has"
		" the message on disk when it answers with its id; for a few"
		" seconds the command waits for the broker's word on each"
		" recipient, then says \"queued\": it will be delivered when"
		" the broker can be reached. Ends with 1 if every recipient is"
		" refused, 2 if the record is wrong (nothing is sent), 3 if it"
		" cannot be kept now.",
	.takes = "jd",
	.least = 1,
	.most = 1,
	.run = run,
};
