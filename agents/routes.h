#ifndef AGENTS_ROUTES_H
#define AGENTS_ROUTES_H

/*
 * What the local API answers; caveat-agent(8) documents it for partners' own
 * systems.
 *
 *     GET  /v1/status
 *     GET  /v1/policies
 *     POST /v1/preview                a record
 *     POST /v1/messages[?wait=MS]     a record: 201, or 422 with "problems"
 *     GET  /v1/inbox[?since=ID]
 *     GET  /v1/messages/ID
 *     GET  /v1/receipts/ID
 */

#include "agents/api.h"
#include "agents/keeper.h"

#define ROUTES_WAIT_MAX_MS 30000 /* the longest wait for a result */

struct routes {
	const struct conf *conf;
	const struct identity *identity;
	struct store *store;
	struct keeper *keeper;
};

/* struct routes *@ctx. Any thread. */
void routes_handle(
    void *ctx, const struct api_request *request, struct api_reply *ret);

#endif
