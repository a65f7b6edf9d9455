/*
 * ask: many previews by one process, for compare.py.
 *
 * Reads lines "DIR TAB SENDER TAB TIME TAB FILE" and answers each with one
 * line: the exit code that caveat preview would end with, then its JSON (0 and
 * 1) or its complaints (2). The texts of a folder are loaded once for as long
 * as its name stays the same.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/preview.h"
#include "agents/using.h"
#include "util/clock.h"
#include "util/file.h"

enum { DIR, SENDER, TIME, FILE_NAME, PARTS };

static void say_wrong(const char *text, size_t len)
{
	printf("2 ");
	for (size_t i = 0; i < len; i++)
		putchar(text[i] == '\n' ? ' ' : text[i]);
	putchar('\n');
}

static struct policy *load(const char *dir)
{
	_cleanup_using_ struct using u = { 0 };
	struct why why;

	if (using_add_dir(&u, dir, &why) < 0) {
		fprintf(stderr, "ask: %s\n", why.text);
		exit(2);
	}
	return using_load(&u);
}

static void say_problems(const struct policy *p)
{
	_cleanup_buf_ struct buf out = { 0 };
	size_t count;
	const struct policy_problem *problems = policy_problems(p, &count);

	for (size_t i = 0; i < count; i++) {
		if (problems[i].severity == POLICY_ERROR) {
			policy_problem_print(&problems[i], &out);
			buf_add_str(&out, " ");
		}
	}
	say_wrong((const char *)out.data, out.len);
}

static void answer(const struct policy *p, char *const parts[PARTS])
{
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf json = { 0 }, problems = { 0 };
	struct record_context context = {
		.policy = p, .from = parts[SENDER], .using = true
	};
	struct why why;
	json_t *preview;

	if (!clock_parse(parts[TIME], strlen(parts[TIME]), &context.now) ||
	    file_read(parts[FILE_NAME], RECORD_JSON_MAX, &json, &why) < 0) {
		fprintf(stderr, "ask: %s at %s: cannot be asked\n",
		    parts[FILE_NAME], parts[TIME]);
		exit(2);
	}
	if (record_read(&context, buf_slice(&json), &problems, &record)) {
		say_wrong((const char *)problems.data, problems.len);
		return;
	}
	preview = preview_decide(p, &record, context.now);
	printf("%d ", preview_any_accepted(preview) ? 0 : 1);
	json_dumpf(preview, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(preview);
}

static void split(char *line, char *parts[PARTS])
{
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < PARTS; i++) {
		parts[i] = strsep(&line, "\t");
		if (!parts[i]) {
			fputs("ask: DIR, SENDER, TIME, FILE\n", stderr);
			exit(2);
		}
	}
}

int main(void)
{
	_cleanup_policy_ struct policy *p = NULL;
	_cleanup_free_ char *line = NULL, *dir = NULL;
	char *parts[PARTS];
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		split(line, parts);
		if (!dir || strcmp(dir, parts[DIR]) != 0) {
			free(dir);
			dir = mem_str(parts[DIR]);
			p = policy_unref(p);
			p = load(dir);
		}
		if (policy_errors(p))
			say_problems(p);
		else
			answer(p, parts);
		fflush(stdout);
	}
	return 0;
}
