#ifndef AGENTS_COMMAND_H
#define AGENTS_COMMAND_H

/*
 * A subcommand of `caveat`: a row of the table in main.c, in a file of its own
 * (cmd-NAME.c). It reads its options, prints for people or, with --json, one
 * document, and returns how it ended.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How every program of Caveat ends (design, section 6). */
enum end {
	END_YES = 0,   /* yes, or done */
	END_NO = 1,    /* refused, not verified, differs */
	END_WRONG = 2, /* usage, file or configuration */
	END_LATER = 3, /* cannot be kept now: disk full, agent away */
};

/* What was said on the command line; NULL or zero where it was not. */
struct options {
	bool json;
	const char *dir;   /* --dir, else CAVEAT_DIR */
	const char *using; /* --using: decide from the files of this folder */
	const char *from;
	int64_t at; /* --at, else now (ms) */
	const char *since;
	const char *key;
	const char *output;
	const char *agree_key; /* --agree-key: an OSSL_STORE URI */
	char **args;           /* what is not an option */
	size_t args_count;
};

struct command {
	const char *name;    /* "agreement check" */
	const char *args;    /* "[FILE]", for the usage line; NULL: none */
	const char *summary; /* one line, for the list of commands */
	const char *text;    /* what --help adds; NULL: nothing */
	const char *takes;   /* the options it takes: keys of options.c */
	size_t least, most;  /* how many args */
	enum end (*run)(const struct options *options);
};

/* Read the arguments of @command; argv[0] is replaced by the full name. Prints
 * and ends the process for --help and for wrong usage (END_WRONG). */
void options_read(
    const struct command *command, int argc, char **argv, struct options *ret);

extern const struct command cmd_agreement_check, cmd_agreement_list,
    cmd_agreement_show, cmd_agreement_sign, cmd_inbox, cmd_preview,
    cmd_receipts, cmd_send, cmd_show, cmd_status, cmd_audit_export,
    cmd_audit_verify;

#endif
