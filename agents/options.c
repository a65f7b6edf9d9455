/*
 * Every option of every subcommand in one table, so that an option means the
 * same and reads the same wherever it is taken. A command lists the keys of
 * those it takes; argp gives --help, --usage and the complaints.
 */

#include "agents/command.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

#define OPTIONS_MAX 16

static const struct argp_option known[] = {
	{ "json", 'j', NULL, 0, "Print one JSON document and nothing else" },
	{ "dir", 'd', "DIR", 0,
	    "The agent's folder (default: the environment's CAVEAT_DIR)" },
	{ "using", 'u', "DIR", 0,
	    "Work from the *.vocabulary, *.agreement, *.standing, *.notice and"
	    " *.partners files of DIR, with no agent; agreements count as"
	    " signed by all" },
	{ "from", 'f', "PARTNER", 0, "The partner that sends" },
	{ "at", 'a', "TIME", 0,
	    "Set the clock, as in 2026-11-22T10:00:00Z (default: now)" },
	{ "since", 's', "ID", 0, "Only what came after this message" },
	{ "key", 'k', "KEY", 0,
	    "The log's verifier key, or a file that holds it (broker.pub)" },
	{ "output", 'o', "DIR", 0, "The folder to write, which is created" },
	{ "agree-key", 'K', "URI", 0,
	    "Where the agree key is (default: DIR/keys/agree.pem)" },
};

struct parse {
	const struct command *command;
	struct options *options;
	size_t args_cap;
};

static void set_time(
    struct options *options, const char *arg, struct argp_state *state)
{
	if (!clock_parse(arg, strlen(arg), &options->at))
		argp_error(state,
		    "--at '%s' is not a time as RFC 3339 writes it;"
		    " say for example 2026-11-22T10:00:00Z",
		    arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *o = parse->options;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case 'd':
		o->dir = arg;
		return 0;
	case 'u':
		o->using = arg;
		return 0;
	case 'f':
		o->from = arg;
		return 0;
	case 'a':
		set_time(o, arg, state);
		return 0;
	case 's':
		o->since = arg;
		return 0;
	case 'k':
		o->key = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'K':
		o->agree_key = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->args_count == parse->command->most)
			argp_error(state, "'%s' is one argument too many", arg);
		*mem_push(o->args, o->args_count, parse->args_cap) = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->args_count < parse->command->least)
			argp_error(
			    state, "%s is missing", parse->command->args);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_read(
    const struct command *command, int argc, char **argv, struct options *ret)
{
	_cleanup_free_ char *name = mem_format("caveat %s", command->name);
	_cleanup_free_ char *doc = mem_format("%s.%s%s", command->summary,
	    command->text ? "\v" : "", command->text ? command->text : "");
	struct argp_option taken[OPTIONS_MAX] = { 0 };
	struct argp argp = { taken, parse_option, command->args, doc };
	struct parse parse = { .command = command, .options = ret };
	size_t n = 0;

	*ret = (struct options){ .dir = getenv("CAVEAT_DIR") };
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strchr(command->takes, known[i].key))
			taken[n++] = known[i];
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
	if (!ret->at)
		ret->at = clock_now();
}
