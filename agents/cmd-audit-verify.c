/* caveat audit verify: is this log whole, unchanged and consistent? */

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/command.h"
#include "agents/print.h"
#include "audit/verify.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/mem.h"
#include "util/text.h"

#define KEY_FILE_MAX 4096u
#define DOUBTS_SHOWN 100u /* one change can put every later entry in doubt */
#define PROGRESS_MS 200

struct report {
	bool json;
	bool progress;
	json_t *doubts;
	uint64_t count;
	int64_t shown_at;
};

/* --key is a vkey, or a file with one: alone, or on broker.pub's vkey line. */
static bool read_key(const char *given, struct vkey *ret, struct why *why)
{
	_cleanup_buf_ struct buf file = { 0 };
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	if (strchr(given, '+') && !file_exists(given))
		return vkey_parse(slice_str(given), ret, why);
	if (file_read(given, KEY_FILE_MAX, &file, why) < 0)
		return false;
	text = buf_steal_str(&file);
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (!strncmp(line, "vkey ", 5))
			return vkey_parse(slice_str(line + 5), ret, why);
		if (strchr(line, '+') && !strchr(line, ' '))
			return vkey_parse(slice_str(line), ret, why);
	}
	why_set(why,
	    "'%s' holds no key of a log; it should be the broker's"
	    " broker.pub, as you got it when you joined",
	    given);
	return false;
}

static void on_doubt(
    void *ctx, uint64_t entry, const char *where, const char *what)
{
	_cleanup_free_ char *place =
	    entry == UINT64_MAX ? mem_str(where)
	    : !strcmp(where, "entry")
		? mem_format("entry %" PRIu64, entry)
		: mem_format("entry %" PRIu64 " (%s)", entry, where);
	struct report *report = ctx;

	if (report->count++ >= DOUBTS_SHOWN)
		return;
	if (report->json)
		json_array_append_new(report->doubts,
		    json_pack("{ss so ss}", "where", where, "entry",
			entry == UINT64_MAX ? json_null()
					    : json_integer((json_int_t)entry),
			"what", what));
	else
		printf("%s%s: %s\n", report->progress ? "\r\033[K" : "", place,
		    what);
}

static void on_progress(void *ctx, uint64_t done, uint64_t all)
{
	struct report *report = ctx;
	int64_t now = clock_monotonic();

	if (!report->progress || now - report->shown_at < PROGRESS_MS)
		return;
	report->shown_at = now;
	fprintf(stderr, "\r\033[Kverifying: %" PRIu64 " of %" PRIu64 " entries",
	    done, all);
}

static void print_json(
    const struct report *report, const struct verify_totals *t)
{
	print_document(json_pack("{sb ss sI ss s{sI sI sI sI sI sI} sI sI sO}",
	    "verified", report->count == 0, "origin", t->origin, "size",
	    (json_int_t)t->size, "root", t->root, "counts", "received",
	    (json_int_t)t->received, "decided", (json_int_t)t->decided,
	    "refused", (json_int_t)t->refused, "delivered",
	    (json_int_t)t->delivered, "waiting", (json_int_t)t->waiting,
	    "texts", (json_int_t)t->texts, "details-erased",
	    (json_int_t)t->details_erased, "doubts", (json_int_t)report->count,
	    "doubt", report->doubts));
}

static void print_text_report(const struct report *report,
    const struct verify_totals *t, const char *path)
{
	if (report->progress)
		fputs("\r\033[K", stderr);
	if (report->count > DOUBTS_SHOWN)
		printf(
		    "... and %" PRIu64 " more\n", report->count - DOUBTS_SHOWN);
	if (report->count > 0) {
		printf("NOT VERIFIED: %" PRIu64 " doubt%s about the log in"
		       " '%s'. Do not rely on it; keep this copy as it is, and"
		       " compare it with the checkpoints that partners hold.\n",
		    report->count, report->count == 1 ? "" : "s", path);
		return;
	}
	printf("log         %s\n", t->origin);
	printf("entries     %" PRIu64 "\n", t->size);
	printf("root        %s\n", t->root);
	printf("messages    %" PRIu64 " received\n", t->received);
	printf("copies      %" PRIu64 " decided, %" PRIu64
	       " delivered with a signed receipt, %" PRIu64 " waiting\n",
	    t->decided, t->delivered, t->waiting);
	printf("refusals    %" PRIu64 "\n", t->refused);
	printf("texts       %" PRIu64 " agreements, rules, vocabularies,"
	       " notices and enrolments\n",
	    t->texts);
	if (t->details_erased)
		printf("erased      %" PRIu64 " details\n", t->details_erased);
	printf("verified: nothing is in doubt\n");
}

static enum end run(const struct options *options)
{
	struct report report = { .json = options->json,
		.progress = !options->json && isatty(STDERR_FILENO) &&
			    isatty(STDOUT_FILENO) };
	struct verify_request request = { .path = options->args[0],
		.doubt = on_doubt,
		.progress = on_progress,
		.ctx = &report };
	struct verify_totals totals = { 0 };
	struct vkey key;
	struct why why;
	int r;

	if (!options->key) {
		fprintf(stderr,
		    "caveat audit verify: --key is missing: the log's key must"
		    " come from you (broker.pub, or a vkey), because a log that"
		    " brings its own key proves nothing\n");
		return END_WRONG;
	}
	if (!read_key(options->key, &key, &why)) {
		fprintf(stderr, "caveat audit verify: %s\n", why.text);
		return END_WRONG;
	}
	request.key = &key;
	report.doubts = json_array();
	r = audit_verify(&request, &totals, &why);
	if (r < 0)
		fprintf(stderr, "caveat audit verify: %s\n", why.text);
	else if (options->json)
		print_json(&report, &totals);
	else
		print_text_report(&report, &totals, options->args[0]);
	json_decref(report.doubts);
	return r < 0 ? END_WRONG : r == VERIFY_DOUBT ? END_NO : END_YES;
}

const struct command cmd_audit_verify = {
	.name = "audit verify",
	.args = "DIR",
	.summary = "Check that a log is whole, unchanged and consistent",
	.text =
	    "DIR is an export (caveat audit export) or a broker's folder."
	    " Nothing else is needed, no network and no broker; the key must"
	    " come from you. Ends with 0 only when nothing is in doubt, else"
	    " with 1 after naming each entry or file and what is wrong.",
	.takes = "jk",
	.least = 1,
	.most = 1,
	.run = run,
};
