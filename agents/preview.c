/* What each recipient would get of a record; preview.h is the contract. */

#include "agents/preview.h"

#include <stdio.h>
#include <string.h>

#include "agents/print.h"
#include "agents/table.h"
#include "agents/value.h"
#include "util/mem.h"

static json_t *field_json(
    const struct policy_field *field, const struct policy_verdict *verdict)
{
	return json_pack("{ss% sI ss sb so so so so}", "path",
	    (const char *)field->path.data, field->path.len, "instance",
	    (json_int_t)field->instance, "decision",
	    policy_action_name(verdict->action), "told", verdict->told, "to",
	    print_text(verdict->to), "clause", print_text(verdict->clause),
	    "reason", print_text(verdict->reason), "value",
	    field_value_json(verdict->value));
}

json_t *preview_recipient(
    const struct record *record, const struct policy_decision *decision)
{
	const struct policy_message *m = &record->message;
	bool accepted = decision->outcome == POLICY_ACCEPTED;
	json_t *fields = json_array();

	for (size_t i = 0; accepted && i < m->count; i++)
		json_array_append_new(
		    fields, field_json(&m->fields[i], &decision->verdicts[i]));
	return json_pack("{ss ss so so so so}", "partner", decision->recipient,
	    "outcome", accepted ? "accepted" : "refused", "clause",
	    print_text(decision->clause), "reason",
	    print_text(decision->reason), "destroy-by",
	    accepted ? print_day(decision->destroy_by) : json_null(), "fields",
	    fields);
}

json_t *preview_decide(
    const struct policy *p, const struct record *record, int64_t now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < record->partners_count; i++) {
		struct policy_decision decision = { 0 };
		struct arena arena = { 0 };

		policy_decide(p, &record->message, record->partners[i], now,
		    &arena, &decision);
		json_array_append_new(
		    list, preview_recipient(record, &decision));
		arena_deinit(&arena);
	}
	return json_pack("{so}", "recipients", list);
}

bool preview_any_accepted(const json_t *preview)
{
	const json_t *line;
	size_t i;

	json_array_foreach(json_object_get(preview, "recipients"), i, line)
	{
		if (!strcmp(print_member(line, "outcome"), "accepted"))
			return true;
	}
	return false;
}

static void add_row(struct table *table, const json_t *field)
{
	_cleanup_free_ char *value =
	    field_value_text(json_object_get(field, "value"));
	bool told = json_is_true(json_object_get(field, "told"));
	const char *decision = print_member(field, "decision");
	bool closed =
	    !strcmp(decision, "withhold") || !strcmp(decision, "refer");

	table_cellf(table, COLOUR_NONE, "%s %lld", print_member(field, "path"),
	    (long long)json_integer_value(json_object_get(field, "instance")));
	table_cellf(table, print_colour(decision), "%s%s%s", decision,
	    *print_member(field, "to") ? " to " : "",
	    print_member(field, "to"));
	table_cell(table, COLOUR_NONE, print_member(field, "clause"));
	table_cellf(table, COLOUR_NONE, "%s%s",
	    closed && !told ? "not told: " : "",
	    *value ? value : print_member(field, "reason"));
}

static void print_accepted(const json_t *line)
{
	static const char *const heads[] = { "FIELD", "DECISION", "CLAUSE",
		"VALUE, OR WHY NOT", NULL };
	_cleanup_table_ struct table table = { 0 };
	const json_t *field;
	size_t i;

	printf("%s: %saccepted%s", print_member(line, "partner"),
	    colour_begin(stdout, COLOUR_GOOD), colour_end(stdout));
	if (*print_member(line, "destroy-by"))
		printf(", destroy by %s", print_member(line, "destroy-by"));
	putchar('\n');
	table_head(&table, heads);
	json_array_foreach(json_object_get(line, "fields"), i, field)
	{
		add_row(&table, field);
	}
	table_print(&table, 2, stdout);
}

void preview_print(const json_t *preview)
{
	const json_t *line;
	size_t i;

	json_array_foreach(json_object_get(preview, "recipients"), i, line)
	{
		if (i)
			putchar('\n');
		if (!strcmp(print_member(line, "outcome"), "accepted")) {
			print_accepted(line);
			continue;
		}
		printf("%s: %srefused%s", print_member(line, "partner"),
		    colour_begin(stdout, COLOUR_BAD), colour_end(stdout));
		if (*print_member(line, "clause"))
			printf(", clause %s", print_member(line, "clause"));
		printf(": %s\n", print_member(line, "reason"));
	}
}
