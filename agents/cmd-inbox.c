/* caveat inbox: the copies held, oldest first. */

#include <stdio.h>

#include "agents/client.h"
#include "agents/print.h"
#include "agents/table.h"
#include "util/mem.h"

static void print_people(const json_t *answer)
{
	static const char *const heads[] = { "ID", "TYPE", "SENT", "MARKING",
		"PURPOSE", "OFFICER", NULL };
	_cleanup_table_ struct table table = { 0 };
	const json_t *line;
	size_t i;

	table_head(&table, heads);
	json_array_foreach(json_object_get(answer, "copies"), i, line)
	{
		for (size_t column = 0; heads[column]; column++) {
			static const char *const keys[] = { "id", "type",
				"sent", "marking", "purpose", "officer" };

			table_cell(&table, COLOUR_NONE,
			    print_member(line, keys[column]));
		}
	}
	table_print(&table, 0, stdout);
}

static enum end run(const struct options *options)
{
	_cleanup_free_ char *since =
	    client_escape(options->since ? options->since : "");
	_cleanup_free_ char *path =
	    mem_format("/v1/inbox%s%s", *since ? "?since=" : "", since);
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

const struct command cmd_inbox = {
	.name = "inbox",
	.summary = "List what was received",
	.text = "Oldest first, in the order of arrival; --since ID lists what"
		" came after that message.",
	.takes = "jds",
	.run = run,
};
