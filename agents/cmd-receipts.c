/* caveat receipts: what became of a message we sent, recipient by recipient. */

#include <stdio.h>

#include "agents/client.h"
#include "agents/print.h"
#include "agents/table.h"
#include "util/mem.h"

static void print_people(const json_t *answer)
{
	static const char *const heads[] = { "PARTNER", "OUTCOME", "DELIVERED",
		"REASON", NULL };
	_cleanup_table_ struct table table = { 0 };
	const json_t *line;
	size_t i;

	table_head(&table, heads);
	json_array_foreach(json_object_get(answer, "recipients"), i, line)
	{
		const char *outcome = print_member(line, "outcome");

		table_cell(&table, COLOUR_NONE, print_member(line, "partner"));
		table_cell(&table, print_colour(outcome), outcome);
		table_cell(
		    &table, COLOUR_NONE, print_member(line, "delivered"));
		table_cell(&table, COLOUR_NONE, print_member(line, "reason"));
	}
	table_print(&table, 0, stdout);
}

static enum end run(const struct options *options)
{
	_cleanup_free_ char *id = client_escape(options->args[0]);
	_cleanup_free_ char *path = mem_format("/v1/receipts/%s", id);
	struct client_request request = {
		.dir = options->dir, .method = "GET", .path = path
	};
	json_t *answer = NULL;
	enum end end = client_ask(&request, &answer);

	if (end != END_YES)
		return end;
	if (options->json) {
		print_document(answer);
		return END_YES;
	}
	print_people(answer);
	json_decref(answer);
	return END_YES;
}

const struct command cmd_receipts = {
	.name = "receipts",
	.args = "ID",
	.summary = "Show who has received a message we sent",
	.text = "A recipient's receipt is signed after the copy is on its own"
		" disk; DELIVERED is when.",
	.takes = "jd",
	.least = 1,
	.most = 1,
	.run = run,
};
