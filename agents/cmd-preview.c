/* caveat preview: what each recipient would get, and nothing is sent. */

#include <stdio.h>

#include "agents/command.h"
#include "agents/preview.h"
#include "agents/print.h"
#include "agents/texts.h"
#include "util/file.h"

/* Each problem of the record behind the file's name, as compilers do. */
static void print_problems(const char *file, const struct buf *problems)
{
	const char *line = (const char *)problems->data;
	const char *end = line + problems->len;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);

		fprintf(stderr, "%s:%s%.*s\n", file,
		    *line >= '0' && *line <= '9' ? "" : " ", (int)len, line);
		line += len + 1;
	}
}

static enum end run(const struct options *options)
{
	const char *file = options->args[0];
	_cleanup_policy_ struct policy *p = NULL;
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf json = { 0 }, problems = { 0 };
	struct record_context context;
	json_t *preview;
	struct why why;
	enum end end = texts_load_clean(options, &p);

	if (end != END_YES)
		return end;
	if (!options->from) {
		fputs(
		    "caveat: say --from PARTNER, who would send it\n", stderr);
		return END_WRONG;
	}
	if (file_read(file, RECORD_JSON_MAX, &json, &why) < 0) {
		fprintf(stderr, "caveat: %s\n", why.text);
		return END_WRONG;
	}
	context = (struct record_context){ .policy = p,
		.from = options->from,
		.now = options->at,
		.using = true };
	if (record_read(&context, buf_slice(&json), &problems, &record)) {
		print_problems(file, &problems);
		return END_WRONG;
	}
	preview = preview_decide(p, &record, options->at);
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
	.text = "FILE is a record in JSON, - for standard input. Every field of"
		" the record is shown with what would be decided about it, also"
		" those of which the reader would be told nothing. Ends with 1"
		" if every recipient is refused, 2 if the record is wrong.",
	.takes = "jdufa",
	.least = 1,
	.most = 1,
	.run = run,
};
