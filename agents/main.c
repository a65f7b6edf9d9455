/*
 * `caveat`: the command people type. A word or two name a subcommand; each
 * stands in a file of its own and in the table below.
 */

#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/command.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/text.h"

static const struct command *const commands[] = {
	&cmd_send,
	&cmd_preview,
	&cmd_inbox,
	&cmd_show,
	&cmd_receipts,
	&cmd_status,
	&cmd_agreement_check,
	&cmd_agreement_list,
	&cmd_agreement_show,
	&cmd_agreement_sign,
	&cmd_audit_export,
	&cmd_audit_verify,
};

static void print_help(FILE *out)
{
	fputs("Usage: caveat COMMAND [OPTION...] [ARGUMENT...]\n"
	      "Exchange intelligence under the agreements that your agency"
	      " has signed.\n\n",
	    out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *c = commands[i];
		_cleanup_free_ char *usage =
		    mem_format("%s %s", c->name, c->args ? c->args : "");

		fprintf(out, "  %-30s %s\n", usage, c->summary);
	}
	fputs("\nEvery command has --help. They end with 0 for yes or done,"
	      " 1 for no, 2 for a wrong\nuse, file or configuration, 3 for try"
	      " again later. See caveat(1).\n",
	    out);
}

/* The first words of @argv that name a command, and how many they are. */
static const struct command *find(int argc, char **argv, int *ret_words)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const char *name = commands[i]->name;
		const char *blank = strchr(name, ' ');
		size_t first = blank ? (size_t)(blank - name) : strlen(name);

		if (strlen(argv[1]) != first ||
		    strncmp(argv[1], name, first) != 0)
			continue;
		if (blank && (argc < 3 || strcmp(argv[2], blank + 1) != 0))
			continue;
		*ret_words = blank ? 2 : 1;
		return commands[i];
	}
	return NULL;
}

static enum end unknown(int argc, char **argv)
{
	_cleanup_free_ char *two = NULL;
	const char *names[ARRAY_LEN(commands)], *near;
	bool group = false;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t n = strlen(argv[1]);

		names[i] = commands[i]->name;
		group |= !strncmp(names[i], argv[1], n) && names[i][n] == ' ';
	}
	two = group && argc > 2 ? mem_format("%s %s", argv[1], argv[2])
				: mem_str(argv[1]);
	near = text_nearest(slice_str(two), names, ARRAY_LEN(names));
	if (near)
		fprintf(stderr, "caveat: no command '%s'; did you mean '%s'?\n",
		    two, near);
	else if (group && argc <= 2)
		fprintf(stderr, "caveat: '%s' needs a second word\n", two);
	else
		fprintf(stderr, "caveat: no command '%s'\n", two);
	fputs("caveat: `caveat --help` lists them\n", stderr);
	return END_WRONG;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options options;
	enum end end;
	int words;

	setlocale(LC_CTYPE, "C.UTF-8");
	log_init("caveat", LOG_WARN);
	argp_err_exit_status = END_WRONG;
	if (argc < 2) {
		print_help(stderr);
		return END_WRONG;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return END_YES;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("caveat " CAVEAT_VERSION);
		return END_YES;
	}
	command = find(argc, argv, &words);
	if (!command)
		return (int)unknown(argc, argv);
	options_read(command, argc - words, argv + words, &options);
	end = command->run(&options);
	free(options.args);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("caveat: cannot write the answer\n", stderr);
		return END_LATER;
	}
	return (int)end;
}
