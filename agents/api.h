#ifndef AGENTS_API_H
#define AGENTS_API_H

/*
 * The local API: HTTP and JSON on a Unix socket, the one door to
 * libmicrohttpd. A thread a connection. Who calls is what the kernel says of
 * the peer (SO_PEERCRED) and the officers file makes of it, for every request.
 */

#include <jansson.h>
#include <stdint.h>

#include "agents/officers.h"
#include "util/slice.h"
#include "util/why.h"

#define API_BODY_MAX (1u << 20)

struct api_request {
	const char *method; /* "GET" or "POST" */
	const char *path;   /* "/v1/status", percent-decoded */
	struct slice body;
	const struct officer *officer;
	void *connection; /* for api_argument() */
};

struct api_reply {
	unsigned status; /* 200 ... */
	json_t *json;    /* owned by the API from then on */
};

/* A query argument, NULL when there is none. */
const char *api_argument(const struct api_request *request, const char *name);

struct api_config {
	const char *path;     /* of the socket; made anew */
	const char *officers; /* the file */
	unsigned connections;
	void (*handle)(void *ctx, const struct api_request *request,
	    struct api_reply *ret);
	void *ctx;
};

struct api;

int api_start(
    const struct api_config *config, struct api **ret, struct why *why);
struct api *api_stop(struct api *api); /* returns NULL */

/* {"error": "..."} with a status. */
void api_fail(struct api_reply *reply, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
