/* caveat audit export: write the log as others' verifiers read it. */

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "agents/command.h"
#include "audit/verify.h"
#include "util/clock.h"

#define PROGRESS_MS 200

static void on_progress(void *ctx, uint64_t done, uint64_t all)
{
	int64_t *shown_at = ctx, now = clock_monotonic();

	if (!isatty(STDERR_FILENO) || now - *shown_at < PROGRESS_MS)
		return;
	*shown_at = now;
	fprintf(stderr, "\r\033[Kexporting: %" PRIu64 " of %" PRIu64 " entries",
	    done < all ? done : all, all);
}

static enum end run(const struct options *options)
{
	int64_t shown_at = 0;
	struct why why;
	int r;

	if (!options->dir || !options->output) {
		fprintf(stderr,
		    "caveat audit export: %s is missing: --dir is the broker's"
		    " folder, --output the folder to write\n",
		    options->dir ? "--output" : "--dir");
		return END_WRONG;
	}
	r = audit_export(
	    options->dir, options->output, on_progress, &shown_at, &why);
	if (shown_at)
		fputs("\r\033[K", stderr);
	if (r < 0) {
		fprintf(stderr, "caveat audit export: %s\n", why.text);
		return END_WRONG;
	}
	printf("exported to %s; check it with: caveat audit verify %s --key"
	       " broker.pub\n",
	    options->output, options->output);
	return END_YES;
}

const struct command cmd_audit_export = {
	.name = "audit export",
	.summary = "Write the broker's log in the C2SP tlog-tiles layout",
	.text = "Works on the broker's host, running or not. Exporting again to"
		" the same folder brings it up to date. See caveat-log(5).",
	.takes = "do",
	.run = run,
};
