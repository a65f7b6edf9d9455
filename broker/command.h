#ifndef BROKER_COMMAND_H
#define BROKER_COMMAND_H

/* The commands of caveat-broker: each takes what was said and returns the exit
 * code (office.h). They print for people, on stdout what was asked for and on
 * stderr what went wrong. */

#include <stdbool.h>
#include <stddef.h>

struct call {
	const char *dir; /* of the broker; NULL: not said */
	bool json;
	const char *verb;
	char *const *arguments;
	size_t count;
	const char *name, *listen; /* init */
	bool help_config;          /* run */
};

int command_init(const struct call *call);
int command_run(const struct call *call);
int command_check(const struct call *call);
/* publish, enrol, suspend, resume, partners, status */
int command_ask(const struct call *call);

#endif
