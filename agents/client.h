#ifndef AGENTS_CLIENT_H
#define AGENTS_CLIENT_H

/*
 * The command's side of the local API, the one door to libcurl. The socket's
 * permissions and the kernel's word on the peer are all the security there is
 * and need be: nothing leaves the machine.
 */

#include <jansson.h>

#include "agents/command.h"
#include "util/slice.h"

struct client_request {
	const char *dir; /* the agent's folder, or one with its socket, `api` */
	const char *method;
	const char *path; /* with its query, percent-encoded */
	struct slice body;
};

/*
 * Ask the agent. END_YES: @ret is its answer, the caller's. Otherwise what is
 * wrong has been printed on standard error, and the end is the command's: no
 * agent there or not now END_LATER, a wrong record or request END_WRONG,
 * refused or not there END_NO.
 */
enum end client_ask(const struct client_request *request, json_t **ret);

/* @text percent-encoded for a query; caller frees. */
char *client_escape(const char *text);

#endif
