/* caveat status: how the agent is. */

#include <stdio.h>

#include "agents/client.h"
#include "agents/print.h"
#include "agents/table.h"

static long long number(const json_t *answer, const char *key)
{
	return (long long)json_integer_value(json_object_get(answer, key));
}

static void print_people(const json_t *answer)
{
	const json_t *broker = json_object_get(answer, "broker");
	bool connected = json_is_true(json_object_get(broker, "connected"));
	const char *trouble = print_member(broker, "trouble");

	printf("partner   %s\n", print_member(answer, "partner"));
	printf("broker    %s at %s: %s%s%s%s%s\n",
	    print_member(broker, "exchange"), print_member(broker, "endpoint"),
	    colour_begin(stdout, connected ? COLOUR_GOOD : COLOUR_BAD),
	    connected ? "connected" : "not connected", colour_end(stdout),
	    *trouble ? "; " : "", trouble);
	printf("policies  %lld\n", number(answer, "policy"));
	printf("sending   %lld queued, %lld waiting for a result\n",
	    number(answer, "queued"), number(answer, "waiting-results"));
	printf("inbox     %lld copies", number(answer, "inbox"));
	if (number(answer, "rejected"))
		printf(", %s%lld rejected%s", colour_begin(stdout, COLOUR_BAD),
		    number(answer, "rejected"), colour_end(stdout));
	printf("\nstore     %lld %% full\n", number(answer, "store-full"));
}

static enum end run(const struct options *options)
{
	struct client_request request = {
		.dir = options->dir, .method = "GET", .path = "/v1/status"
	};
	json_t *answer = NULL;
	enum end end = client_ask(&request, &answer);

	if (end != END_YES)
		return end;
	if (options->json) {
		print_document(answer);
		return END_YES;
	}
	print_people(answer);
	json_decref(answer);
	return END_YES;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "Show how the agent is",
	.takes = "jd",
	.run = run,
};
