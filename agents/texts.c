/* Where a command finds its agreements; texts.h is the contract. */

#include "agents/texts.h"

#include <stdio.h>

#include "agents/client.h"
#include "agents/print.h"
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
		line.len--; /* its newline stands behind the colour's end */
		fprintf(stderr, "%s%.*s%s\n",
		    colour_begin(stderr, error ? COLOUR_BAD : COLOUR_CARE),
		    SLICE_ARG(buf_slice(&line)), colour_end(stderr));
	}
}

/* One text of the agent's set, and who has signed it. */
static int add_remote(struct using *u, const json_t *item, struct why *why)
{
	const json_t *text = json_object_get(item, "text");
	const json_t *signers = json_object_get(item, "signed-by");
	size_t count = json_array_size(signers);
	_cleanup_free_ const char **names =
	    mem_array(count + 1, sizeof(*names));
	int r;

	if (!using_is_text(print_member(item, "name")))
		return 0;
	r = using_add_bytes(u, print_member(item, "name"),
	    slice_of(json_string_value(text), json_string_length(text)), why);
	for (size_t i = 0; i < count; i++)
		names[i] = json_string_value(json_array_get(signers, i));
	if (r == 0)
		using_set_signers(u, names, count);
	return r;
}

/* What our own agent holds, which it has verified. */
static enum end load_from_agent(const struct options *options, struct using *u)
{
	struct client_request request = {
		.dir = options->dir, .method = "GET", .path = "/v1/policies"
	};
	json_t *answer = NULL;
	const json_t *item;
	struct why why;
	size_t i;
	enum end end = client_ask(&request, &answer);

	if (end != END_YES)
		return end;
	u->identities = true;
	json_array_foreach(json_object_get(answer, "texts"), i, item)
	{
		if (end == END_YES && add_remote(u, item, &why) < 0) {
			fprintf(stderr, "caveat: %s\n", why.text);
			end = END_WRONG;
		}
	}
	json_decref(answer);
	return end;
}

enum end texts_load(
    const struct options *options, const char *file, struct policy **ret)
{
	_cleanup_using_ struct using u = { 0 };
	enum end end = END_YES;
	struct why why;
	int r = 0;

	if (!options->using && (options->dir || !file))
		end = load_from_agent(options, &u);
	if (end != END_YES)
		return end;
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
