/* caveat show: one message, received or sent, field by field. */

#include <stdio.h>
#include <string.h>

#include "agents/client.h"
#include "agents/print.h"
#include "agents/table.h"
#include "agents/value.h"
#include "util/mem.h"

static void print_head(const json_t *m)
{
	static const struct {
		const char *key, *label;
	} rows[] = {
		{ "from", "from" },
		{ "officer", "officer" },
		{ "sent", "sent" },
		{ "marking", "marking" },
		{ "handling-instruction", "handling" },
		{ "priority", "priority" },
		{ "purpose", "purpose" },
		{ "agreement", "agreement" },
		{ "destroy-by", "destroy by" },
	};

	printf("%s  %s\n", print_member(m, "id"), print_member(m, "type"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (*print_member(m, rows[i].key))
			printf("  %-10s  %s\n", rows[i].label,
			    print_member(m, rows[i].key));
}

/* A value of some length stands below its row, whole. */
#define LONG_VALUE 60u
#define VALUE_INDENT 6u

static void add_field(struct table *t, const json_t *field, const char *value)
{
	const char *decision = print_member(field, "decision");
	const json_t *verified = json_object_get(field, "verified");

	table_cellf(t, COLOUR_NONE, "%s %lld", print_member(field, "path"),
	    (long long)json_integer_value(json_object_get(field, "instance")));
	table_cellf(t, print_colour(decision), "%s%s%s", decision,
	    *print_member(field, "to") ? " to " : "",
	    print_member(field, "to"));
	table_cell(t, COLOUR_NONE, print_member(field, "clause"));
	table_cell(t, json_is_true(verified) ? COLOUR_GOOD : COLOUR_BAD,
	    !verified                ? ""
	    : json_is_true(verified) ? "yes"
				     : "no");
	table_cell(t, COLOUR_NONE,
	    *print_member(field, "reason") ? print_member(field, "reason")
	    : strlen(value) > LONG_VALUE   ? "(below)"
					   : value);
}

/* Long values, each under its field's name. */
static void print_long_values(const json_t *fields)
{
	const json_t *field;
	size_t i;

	json_array_foreach(fields, i, field)
	{
		_cleanup_free_ char *value =
		    field_value_text(json_object_get(field, "value"));

		if (strlen(value) <= LONG_VALUE)
			continue;
		printf("  %s %lld\n", print_member(field, "path"),
		    (long long)json_integer_value(
			json_object_get(field, "instance")));
		table_wrap(value, VALUE_INDENT, stdout);
	}
}

static void print_received(const json_t *m)
{
	static const char *const heads[] = { "FIELD", "DECISION", "CLAUSE",
		"VERIFIED", "VALUE, OR WHY NOT", NULL };
	_cleanup_table_ struct table table = { 0 };
	const json_t *field, *fields = json_object_get(m, "fields");
	const json_t *proof = json_object_get(m, "proof");
	bool good = json_is_true(json_object_get(proof, "verified"));
	size_t i;

	table_head(&table, heads);
	json_array_foreach(fields, i, field)
	{
		_cleanup_free_ char *value =
		    field_value_text(json_object_get(field, "value"));

		add_field(&table, field, value);
	}
	table_print(&table, 2, stdout);
	print_long_values(fields);
	printf("  at most %lld more fields are not shown to us\n"
	       "  logged as entry %lld of %lld in %s: %s%s%s\n",
	    (long long)json_integer_value(json_object_get(m, "concealed")),
	    (long long)json_integer_value(json_object_get(proof, "index")),
	    (long long)json_integer_value(json_object_get(proof, "size")),
	    print_member(proof, "log"),
	    colour_begin(stdout, good ? COLOUR_GOOD : COLOUR_BAD),
	    good ? "proved" : "NOT PROVED", colour_end(stdout));
}

static void print_sent(const json_t *m)
{
	static const char *const heads[] = { "FIELD", "TRAVELS", "VALUE",
		NULL };
	_cleanup_table_ struct table table = { 0 };
	const json_t *field, *line, *fields = json_object_get(m, "fields");
	size_t i;

	json_array_foreach(json_object_get(m, "recipients"), i, line)
	{
		printf("  to          %s: %s%s%s\n",
		    print_member(line, "partner"),
		    print_member(line, "outcome"),
		    *print_member(line, "reason") ? ", " : "",
		    print_member(line, "reason"));
	}
	table_head(&table, heads);
	json_array_foreach(fields, i, field)
	{
		_cleanup_free_ char *value =
		    field_value_text(json_object_get(field, "value"));

		table_cellf(&table, COLOUR_NONE, "%s %lld",
		    print_member(field, "path"),
		    (long long)json_integer_value(
			json_object_get(field, "instance")));
		table_cell(&table, COLOUR_NONE,
		    json_is_true(json_object_get(field, "home"))
			? "stays at home"
			: "yes");
		table_cell(&table, COLOUR_NONE,
		    strlen(value) > LONG_VALUE ? "(below)" : value);
	}
	table_print(&table, 2, stdout);
	print_long_values(fields);
}

static enum end run(const struct options *options)
{
	_cleanup_free_ char *id = client_escape(options->args[0]);
	_cleanup_free_ char *path = mem_format("/v1/messages/%s", id);
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
	print_head(answer);
	if (json_object_get(answer, "proof"))
		print_received(answer);
	else
		print_sent(answer);
	json_decref(answer);
	return END_YES;
}

const struct command cmd_show = {
	.name = "show",
	.args = "ID",
	.summary = "Show a message, field by field",
	.text = "Of a message received: what was decided about each field that"
		" we may know of, under which clause, and whether the"
		" originator's signature and the log's proof verify. Of a"
		" message we sent: its fields and what became of it.",
	.takes = "jd",
	.least = 1,
	.most = 1,
	.run = run,
};
