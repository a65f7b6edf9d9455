/* caveat preview: what each recipient would get, and nothing is sent. */

#include <stdio.h>

#include "agents/client.h"
#include "agents/preview.h"
#include "agents/print.h"
#include "agents/texts.h"
#include "util/file.h"

/* Each problem of the record behind the file's name, as compilers do. */
static void print_problems(const char *file, const struct buf *problems)
{
	struct slice rest = buf_slice(problems), line;

	while (print_next_line(&rest, &line))
		fprintf(stderr, "%s:%s%.*s\n", file,
		    *line.data >= '0' && *line.data <= '9' ? "" : " ",
		    SLICE_ARG(line));
}

static enum end decide_here(
    const struct options *options, struct slice json, json_t **ret)
{
	_cleanup_policy_ struct policy *p = NULL;
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf problems = { 0 };
	struct record_context context = {
		.from = options->from, .now = options->at, .using = true
	};
	enum end end = texts_load_clean(options, &p);

	if (end != END_YES)
		return end;
	if (!options->from) {
		fputs(
		    "caveat: say --from PARTNER, who would send it\n", stderr);
		return END_WRONG;
	}
	context.policy = p;
	if (record_read(&context, json, &problems, &record)) {
		print_problems(options->args[0], &problems);
		return END_WRONG;
	}
	*ret = preview_decide(p, &record, options->at);
	return END_YES;
}

/* By the agreements and the clock of the agent, and as its partner. */
static enum end decide_there(
    const struct options *options, struct slice json, json_t **ret)
{
	struct client_request request = { .dir = options->dir,
		.method = "POST",
		.path = "/v1/preview",
		.body = json };

	return client_ask(&request, ret);
}

static enum end run(const struct options *options)
{
	_cleanup_buf_ struct buf json = { 0 };
	json_t *preview = NULL;
	struct why why;
	enum end end;

	if (file_read(options->args[0], RECORD_JSON_MAX, &json, &why) < 0) {
		fprintf(stderr, "caveat: %s\n", why.text);
		return END_WRONG;
	}
	end = options->using
		  ? decide_here(options, buf_slice(&json), &preview)
		  : decide_there(options, buf_slice(&json), &preview);
	if (end != END_YES)
		return end;
	end = preview_any_accepted(preview) ? END_YES : END_NO;
	if (options->json) {
		print_document(preview);
		return end;
	}
	preview_print(preview);
	json_decref(preview);
	fputs("caveat: narratives are not guarded yet: read them for names,"
	      " numbers and dates that the reader may not have\n",
	    stderr);
	return end;
}

const struct command cmd_preview = {
	.name = "preview",
	.args = "FILE",
	.summary = "Show what each recipient would get, without sending",
	.text =
	    "FILE is a record in JSON, - for standard input. Every field of"
	    " the record is shown with what would be decided about it, also"
	    " those of which the reader would be told nothing. --from and"
	    " --at go with --using; else the agent's own are taken. Ends with 1"
	    " if every recipient is refused, 2 if the record is wrong.",
	.takes = "jdufa",
	.least = 1,
	.most = 1,
	.run = run,
};
