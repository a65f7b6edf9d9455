/*
 * caveat-broker: one program, one command a call. The commands are a table; a
 * first parser takes the options before the command, a second those after it,
 * so that --dir may stand on either side.
 */

#include <argp.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "broker/command.h"
#include "broker/office.h"
#include "util/mem.h"

const char *argp_program_version = "caveat-broker " CAVEAT_VERSION;

enum {
	KEY_DIR = 'd',
	KEY_JSON = 'j',
	KEY_NAME = 'n',
	KEY_LISTEN = 'l',
	KEY_HELP_CONFIG = 256,
};

static const struct command {
	const char *verb, *arguments, *doc;
	size_t least, most; /* arguments */
	int (*run)(const struct call *call);
} commands[] = {
	{ "init", "--name NAME --listen tcp://HOST:PORT",
	    "Make the broker's folder, its keys and its broker.pub", 0, 0,
	    command_init },
	{ "publish", "FILE...",
	    "Publish vocabularies, rules, agreements, notices", 1,
	    OFFICE_FILES_MAX, command_ask },
	{ "enrol", "FILE", "Enrol a partner by its agent's enrolment file", 1,
	    OFFICE_FILES_MAX, command_ask },
	{ "suspend", "PARTNER",
	    "Take nothing from a partner and give it nothing", 1, 1,
	    command_ask },
	{ "resume", "PARTNER", "End a partner's suspension", 1, 1,
	    command_ask },
	{ "partners", "", "List the partners", 0, 0, command_ask },
	{ "run", "", "Run the exchange until SIGTERM or SIGINT", 0, 0,
	    command_run },
	{ "status", "", "Show how the exchange is", 0, 0, command_ask },
	{ "check", "", "Read all of the folder and name what is wrong", 0, 0,
	    command_check },
};

static const struct argp_option common[] = {
	{ "dir", KEY_DIR, "DIR", 0,
	    "The broker's folder (else CAVEAT_DIR says which)", 0 },
	{ "json", KEY_JSON, NULL, 0, "Print one JSON document", 0 },
	{ 0 },
};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct call *call = state->input;

	switch (key) {
	case KEY_DIR:
		call->dir = arg;
		return 0;
	case KEY_JSON:
		call->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
static const struct argp common_argp = { common, parse_common, NULL, NULL, NULL,
	NULL, NULL };

/* ---- after the command ------------------------------------------------ */

static const struct argp_option init_options[] = {
	{ "name", KEY_NAME, "NAME", 0, "The exchange's name, for good", 0 },
	{ "listen", KEY_LISTEN, "ENDPOINT", 0,
	    "Where agents connect: tcp://HOST:PORT", 0 },
	{ 0 },
};
static const struct argp_option run_options[] = {
	{ "help-config", KEY_HELP_CONFIG, NULL, 0,
	    "Print what broker.conf may say", 0 },
	{ 0 },
};
static const struct argp_option no_options[] = { { 0 } };

struct second {
	struct call *call;
	const struct command *command;
};

static error_t parse_second(int key, char *arg, struct argp_state *state)
{
	struct second *second = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = second->call;
		return 0;
	case KEY_NAME:
		second->call->name = arg;
		return 0;
	case KEY_LISTEN:
		second->call->listen = arg;
		return 0;
	case KEY_HELP_CONFIG:
		second->call->help_config = true;
		return 0;
	case ARGP_KEY_ARGS:
		second->call->arguments = state->argv + state->next;
		second->call->count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_SUCCESS:
		if (second->call->count < second->command->least ||
		    second->call->count > second->command->most)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run_command(
    const struct command *command, struct call *call, int argc, char **argv)
{
	const struct argp_child children[] = { { &common_argp, 0, NULL, 0 },
		{ 0 } };
	const struct argp argp = {
		!strcmp(command->verb, "init")  ? init_options
		: !strcmp(command->verb, "run") ? run_options
						: no_options,
		parse_second,
		command->arguments,
		command->doc,
		children,
		NULL,
		NULL,
	};
	_cleanup_free_ char *title =
	    mem_format("caveat-broker %s", command->verb);
	struct second second = { call, command };

	argv[0] = title;
	argp_parse(&argp, argc, argv, 0, NULL, &second);
	if (!call->dir)
		call->dir = getenv("CAVEAT_DIR");
	if (!call->dir && !call->help_config) {
		fprintf(stderr,
		    "%s: say which folder, with --dir DIR or CAVEAT_DIR\n",
		    title);
		return EXIT_WRONG;
	}
	call->verb = command->verb;
	return command->run(call);
}

/* ---- before the command ----------------------------------------------- */

struct first {
	struct call call;
	int at; /* where the command stands in argv */
};

static error_t parse_first(int key, char *arg, struct argp_state *state)
{
	struct first *first = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &first->call;
		return 0;
	case ARGP_KEY_ARG:
		first->at = state->next - 1;
		state->next = state->argc; /* the rest is the command's */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The list of commands, for --help. */
static char *describe(void)
{
	struct buf text = { 0 };

	buf_add_str(&text, "The broker of a Caveat exchange.\vCommands:\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		buf_addf(
		    &text, "  %-9s %s\n", commands[i].verb, commands[i].doc);
	buf_add_str(&text,
	    "\n'caveat-broker COMMAND --help' says more. Exit codes: 0 done, "
	    "1 no, 2 wrong usage, file or configuration, 3 try again later.");
	return buf_steal_str(&text);
}

/* A core file would hold keys and intelligence. */
static void harden(void)
{
	const struct rlimit none = { 0, 0 };

	umask(0077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char **argv)
{
	const struct argp_child children[] = { { &common_argp, 0, NULL, 0 },
		{ 0 } };
	_cleanup_free_ char *doc = describe();
	const struct argp argp = { no_options, parse_first, "COMMAND ...", doc,
		children, NULL, NULL };
	struct first first = { .at = 0 };

	argp_err_exit_status = EXIT_WRONG;
	harden();
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &first);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].verb, argv[first.at]))
			return run_command(&commands[i], &first.call,
			    argc - first.at, argv + first.at);
	fprintf(stderr,
	    "caveat-broker: no command '%s'; see caveat-broker --help\n",
	    argv[first.at]);
	return EXIT_WRONG;
}
