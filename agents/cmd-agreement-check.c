/* caveat agreement check: every error and warning of the texts, in one run. */

#include <jansson.h>
#include <stdio.h>

#include "agents/command.h"
#include "agents/print.h"
#include "agents/texts.h"

static json_t *problem_json(const struct policy_problem *problem)
{
	return json_pack("{ss ss si si ss}", "severity",
	    problem->severity == POLICY_ERROR ? "error" : "warning", "file",
	    problem->file, "line", (int)problem->line, "column",
	    (int)problem->column, "text", problem->text);
}

static void print_json(const struct policy *p)
{
	size_t count;
	const struct policy_problem *problems = policy_problems(p, &count);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, problem_json(&problems[i]));
	print_document(json_pack("{sI sI so}", "errors",
	    (json_int_t)policy_errors(p), "warnings",
	    (json_int_t)(count - policy_errors(p)), "problems", list));
}

static void print_sum(const struct policy *p)
{
	size_t count, errors = policy_errors(p);

	policy_problems(p, &count);
	texts_print_problems(p);
	printf("%zu agreement%s: %zu error%s, %zu warning%s\n",
	    policy_agreements(p), policy_agreements(p) == 1 ? "" : "s", errors,
	    errors == 1 ? "" : "s", count - errors,
	    count - errors == 1 ? "" : "s");
}

static enum end run(const struct options *options)
{
	_cleanup_policy_ struct policy *p = NULL;
	const char *file = options->args_count ? options->args[0] : NULL;
	enum end end = texts_load(options, file, &p);

	if (end != END_YES)
		return end;
	if (options->json)
		print_json(p);
	else
		print_sum(p);
	return policy_errors(p) ? END_WRONG : END_YES;
}

const struct command cmd_agreement_check = {
	.name = "agreement check",
	.args = "[FILE]",
	.summary = "Find every error in agreements and what they rest on",
	.text = "Without FILE, checks all that --using names, or all that the"
		" agent holds. With FILE, checks it together with them."
		" Prints FILE:LINE:COLUMN and a sentence for each error and"
		" warning, all in one run, and ends with 2 if there is an"
		" error.",
	.takes = "jdu",
	.most = 1,
	.run = run,
};
