/*
 * `caveat-agent`: a partner's daemon. `init` makes its folder; `run` opens the
 * store, starts the keeper and the local API in this order, and ends them in
 * the reverse one.
 */

#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/command.h"
#include "agents/identity.h"
#include "agents/keeper.h"
#include "agents/routes.h"
#include "util/file.h"
#include "util/log.h"
#include "util/mem.h"

struct arguments {
	const char *dir, *name, *broker, *broker_key;
};

static const struct argp_option init_options[] = {
	{ "dir", 'd', "DIR", 0,
	    "The folder to make (default: the environment's CAVEAT_DIR)" },
	{ "name", 'n', "PARTNER", 0, "The partner this agent speaks for" },
	{ "broker", 'b', "ENDPOINT", 0, "Where the broker listens" },
	{ "broker-key", 'k', "FILE", 0, "The broker's broker.pub" },
	{ 0 },
};
static const struct argp_option run_options[] = {
	{ "dir", 'd', "DIR", 0,
	    "The agent's folder (default: the environment's CAVEAT_DIR)" },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'd':
		a->dir = arg;
		return 0;
	case 'n':
		a->name = arg;
		return 0;
	case 'b':
		a->broker = arg;
		return 0;
	case 'k':
		a->broker_key = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->dir)
			argp_error(state, "say --dir DIR, or set CAVEAT_DIR");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int complain(const char *text)
{
	fprintf(stderr, "caveat-agent: %s\n", text);
	return END_WRONG;
}

/* ---- init ------------------------------------------------------------- */

static int run_init(const struct arguments *a)
{
	struct identity_request request = { a->dir, a->name, a->broker,
		a->broker_key };
	const char *fault;
	struct why why;

	if (!a->name || !a->broker || !a->broker_key)
		return complain("init needs --name, --broker and --broker-key");
	fault = conf_check_name(a->name);
	if (fault) {
		why_set(&why, "--name '%s' %s", a->name, fault);
		return complain(why.text);
	}
	fault = conf_check_endpoint(a->broker);
	if (fault) {
		why_set(&why, "--broker '%s' %s", a->broker, fault);
		return complain(why.text);
	}
	if (identity_make(&request, &why) < 0)
		return complain(why.text);
	printf("made '%s' for %s\n"
	       "next: give '%s/" CONF_ENROLMENT
	       "' to the exchange's operator (caveat-broker enrol);\n"
	       "      sign your agreements (caveat agreement sign FILE --dir"
	       " '%s');\n"
	       "      caveat-agent run --dir '%s'\n",
	    a->dir, a->name, a->dir, a->dir, a->dir);
	return END_YES;
}

/* ---- run -------------------------------------------------------------- */

/* Keys and intelligence are in memory: nothing of it may reach a core file. */
static void forbid_core(void)
{
	struct rlimit none = { 0 };

	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* its leak check must be able to look at us */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* In the keeper's thread: main waits for signals, so a signal it is. */
static void on_failed(void *ctx)
{
	atomic_bool *failed = ctx;

	atomic_store(failed, true);
	kill(getpid(), SIGTERM);
}

static void block_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigprocmask(SIG_BLOCK, ret, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int serve(struct routes *routes, atomic_bool *failed, struct why *why)
{
	_cleanup_free_ char *officers =
	    conf_path(routes->conf->dir, CONF_OFFICERS);
	struct api_config config = {
		.path = routes->conf->socket,
		.officers = officers,
		.connections = (unsigned)routes->conf->connections,
		.handle = routes_handle,
		.ctx = routes,
	};
	struct api *api;
	sigset_t signals;
	int number, r = api_start(&config, &api, why);

	if (r < 0)
		return r;
	log_say(LOG_INFO, NULL, "%s serves '%s'", routes->identity->name,
	    config.path);
	block_signals(&signals);
	sigwait(&signals, &number);
	log_say(LOG_INFO, NULL, "stopping");
	api_stop(api);
	return atomic_load(failed) ? -EIO : 0;
}

static int open_store(
    const struct conf *conf, struct store **ret, struct why *why)
{
	_cleanup_free_ char *path = conf_path(conf->dir, CONF_STORE);
	struct store_options options = { .map_bytes = conf->map_bytes };
	int r = mailbox_open(path, &options, ret, why);

	if (r == STORE_LOCKED)
		why_set(why, "another agent runs in '%s'", conf->dir);
	return r;
}

static int run_opened(struct conf *conf, struct identity *id, struct why *why)
{
	struct routes routes = { .conf = conf, .identity = id };
	atomic_bool failed = false;
	struct keeper_config config = { .conf = conf,
		.identity = id,
		.failed = on_failed,
		.ctx = &failed };
	int r = open_store(conf, &routes.store, why);

	if (r != 0)
		return r;
	config.store = routes.store;
	r = keeper_start(&config, &routes.keeper, why);
	if (r == 0)
		r = serve(&routes, &failed, why);
	keeper_stop(routes.keeper);
	store_free(routes.store);
	return r;
}

static int run_run(const struct arguments *a)
{
	_cleanup_buf_ struct buf problems = { 0 };
	struct conf conf = { 0 };
	struct identity id = { 0 };
	struct why why = { "the agent has failed; its log says how" };
	sigset_t signals;
	int r;

	forbid_core();
	mem_keep();
	block_signals(&signals);
	umask(0077);
	if (conf_load(a->dir, &conf, &problems) < 0) {
		fwrite(problems.data, 1, problems.len, stderr);
		conf_deinit(&conf);
		return END_WRONG;
	}
	log_init("caveat-agent", conf.log_level);
	r = identity_load(&conf, &id, &why);
	if (r == 0) {
		r = run_opened(&conf, &id, &why);
		identity_deinit(&id);
	}
	conf_deinit(&conf);
	if (r == 0)
		return END_YES;
	complain(why.text);
	return r == STORE_FULL || r == STORE_LOCKED || r == -EIO ? END_LATER
								 : END_WRONG;
}

/* ---- which ------------------------------------------------------------ */

static const struct {
	const char *name;
	const struct argp_option *options;
	const char *doc;
	int (*run)(const struct arguments *a);
} commands[] = {
	{ "init", init_options,
	    "Make an agent's folder: keys, enrolment, officers, agent.conf.",
	    run_init },
	{ "run", run_options, "Run the agent in the foreground.", run_run },
};

static void print_help(FILE *out)
{
	_cleanup_buf_ struct buf conf = { 0 };

	fputs("Usage: caveat-agent COMMAND [OPTION...]\n"
	      "A partner's agent: it holds the partner's keys and mailbox and"
	      " talks to the broker.\n\n",
	    out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-6s %s\n", commands[i].name, commands[i].doc);
	conf_help(&conf);
	fprintf(out, "\nDIR/agent.conf:\n%.*s\nSee caveat-agent(8).\n",
	    SLICE_ARG(buf_slice(&conf)));
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .dir = getenv("CAVEAT_DIR") };

	setlocale(LC_CTYPE, "C.UTF-8");
	log_init("caveat-agent", LOG_INFO);
	argp_err_exit_status = END_WRONG;
	if (argc < 2) {
		print_help(stderr);
		return END_WRONG;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return END_YES;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		struct argp argp = { commands[i].options, parse_option, NULL,
			commands[i].doc };
		_cleanup_free_ char *name = NULL;

		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		name = mem_format("caveat-agent %s", commands[i].name);
		argv[1] = name;
		argp_parse(&argp, argc - 1, argv + 1, 0, NULL, &arguments);
		return commands[i].run(&arguments);
	}
	fprintf(stderr,
	    "caveat-agent: no command '%s'; `caveat-agent --help` lists"
	    " them\n",
	    argv[1]);
	return END_WRONG;
}
