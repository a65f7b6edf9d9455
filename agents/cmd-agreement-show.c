/* caveat agreement show: one text, as the grammar would have it written. */

#include <jansson.h>
#include <stdio.h>

#include "agents/command.h"
#include "agents/print.h"
#include "agents/texts.h"

static enum end run(const struct options *options)
{
	_cleanup_policy_ struct policy *p = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	enum end end = texts_load_clean(options, &p);

	if (end != END_YES)
		return end;
	if (!policy_print(p, options->args[0], &text)) {
		fprintf(stderr,
		    "caveat: nothing is called '%s'; `caveat agreement list`"
		    " shows the agreements\n",
		    options->args[0]);
		return END_WRONG;
	}
	if (options->json)
		print_document(json_pack("{ss ss%}", "name", options->args[0],
		    "text", (const char *)text.data, text.len));
	else
		fwrite(text.data, 1, text.len, stdout);
	return END_YES;
}

const struct command cmd_agreement_show = {
	.name = "agreement show",
	.args = "NAME[/N]",
	.summary = "Print an agreement, vocabulary or standing rules",
	.text = "Without a version, the highest. What is printed means exactly"
		" what the file says, in one layout.",
	.takes = "jdu",
	.least = 1,
	.most = 1,
	.run = run,
};
