/* Where a command finds its agreements; texts.h is the contract. */

#include "agents/texts.h"

#include <stdio.h>

#include "agents/table.h"
#include "agents/using.h"

void texts_print_problems(const struct policy *p)
{
	_cleanup_buf_ struct buf line = { 0 };
	size_t count;
	const struct policy_problem *problems = policy_problems(p, &count);

	for (size_t i = 0; i < count; i++) {
		bool error = problems[i].severity == POLICY_ERROR;

		buf_reset(&line);
		policy_problem_print(&problems[i], &line);
		fprintf(stderr, "%s%.*s%s\n",
		    colour_begin(stderr, error ? COLOUR_BAD : COLOUR_CARE),
		    SLICE_ARG(buf_slice(&line)), colour_end(stderr));
	}
}

enum end texts_load(
    const struct options *options, const char *file, struct policy **ret)
{
	_cleanup_using_ struct using u = { 0 };
	struct why why;
	int r = 0;

	if (!options->using && !file) {
		fputs("caveat: say --using DIR, a folder with the agreements\n",
		    stderr);
		return END_WRONG;
	}
	if (options->using)
		r = using_add_dir(&u, options->using, &why);
	if (r == 0 && file)
		r = using_add_file(&u, file, &why);
	if (r < 0) {
		fprintf(stderr, "caveat: %s\n", why.text);
		return END_WRONG;
	}
	*ret = using_load(&u);
	return END_YES;
}

enum end texts_load_clean(const struct options *options, struct policy **ret)
{
	_cleanup_policy_ struct policy *p = NULL;
	enum end end = texts_load(options, NULL, &p);

	if (end != END_YES)
		return end;
	if (policy_errors(p)) {
		texts_print_problems(p);
		fprintf(stderr, "caveat: %zu error%s in the agreements\n",
		    policy_errors(p), policy_errors(p) == 1 ? "" : "s");
		return END_WRONG;
	}
	*ret = mem_steal(&p);
	return END_YES;
}
