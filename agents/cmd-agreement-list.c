/* caveat agreement list: each agreement, and whether it is in force. */

#include <jansson.h>
#include <stdio.h>

#include "agents/command.h"
#include "agents/print.h"
#include "agents/table.h"
#include "agents/texts.h"
#include "util/clock.h"

struct row {
	struct policy_agreement_info info;
	enum policy_force force;
	const char *who;
};

static json_t *row_json(const struct row *row)
{
	const struct policy_agreement_info *info = &row->info;
	json_t *parties = json_array();

	for (size_t i = 0; i < info->parties_count; i++)
		json_array_append_new(parties, json_string(info->parties[i]));
	return json_pack("{ss sI so ss so so so so so so sI ss sb so}", "name",
	    info->name, "version", (json_int_t)info->version, "title",
	    print_text(info->title), "uses", info->uses ? info->uses : "",
	    "under", print_text(info->under), "parties", parties, "starts",
	    print_day(info->starts), "review",
	    print_day(info->review ? info->review : INT32_MAX), "ends",
	    print_day(info->ends), "contact", print_text(info->contact),
	    "clauses", (json_int_t)info->clauses, "state",
	    policy_force_name(row->force), "in-force",
	    row->force == POLICY_IN_FORCE, "ask", print_text(row->who));
}

static void add_row(struct table *t, const struct row *row)
{
	const struct policy_agreement_info *info = &row->info;
	char starts[CLOCK_TEXT_MAX], ends[CLOCK_TEXT_MAX];
	bool good = row->force == POLICY_IN_FORCE;

	clock_format_day(info->starts, starts);
	clock_format_day(info->ends, ends);
	table_cellf(t, COLOUR_NONE, "%s/%u", info->name, info->version);
	table_cellf(t, good ? COLOUR_GOOD : COLOUR_CARE, "%s%s%s",
	    policy_force_name(row->force), row->who ? ": " : "",
	    row->who ? row->who : "");
	table_cell(t, COLOUR_NONE, starts);
	table_cell(t, COLOUR_NONE, ends);
	table_cellf(t, COLOUR_NONE, "%zu", info->parties_count);
	table_cell(t, COLOUR_NONE, info->title);
}

static enum end run(const struct options *options)
{
	static const char *const heads[] = { "AGREEMENT", "STATE", "STARTS",
		"ENDS", "PARTIES", "TITLE", NULL };
	_cleanup_policy_ struct policy *p = NULL;
	_cleanup_table_ struct table table = { 0 };
	struct arena arena = { 0 };
	json_t *list = json_array();
	enum end end = texts_load_clean(options, &p);

	table_head(&table, heads);
	for (size_t i = 0; p && i < policy_agreements(p); i++) {
		struct row row;

		policy_agreement(p, i, &arena, &row.info);
		row.force = policy_agreement_force(
		    p, i, clock_london_day(options->at), &row.who);
		json_array_append_new(list, row_json(&row));
		add_row(&table, &row);
	}
	if (p && options->json)
		print_document(json_pack("{sO}", "agreements", list));
	else if (p)
		table_print(&table, 0, stdout);
	json_decref(list);
	arena_deinit(&arena);
	return end;
}

const struct command cmd_agreement_list = {
	.name = "agreement list",
	.summary = "List the agreements and how each stands",
	.text = "Shows whether an agreement is in force among all of its"
		" parties on the day of --at, and if not, who is to be asked.",
	.takes = "jdua",
	.run = run,
};
