/*
 * Whom a message is for. The addressees are fields of the message, each with
 * its own salt, so that no reader learns of another; groups were expanded by
 * the sender, for a recipient must find its own name among what was signed.
 */

#include "broker/exchange.h"

#include "util/clock.h"

static const char *const lanes[LEDGER_LANES] = { "threat-to-life", "urgent",
	"routine" };

static uint8_t lane_of(struct slice priority)
{
	for (uint8_t i = 0; i < LEDGER_LANES; i++)
		if (slice_is(priority, lanes[i]))
			return i;
	return LEDGER_LANES - 1;
}

/* Rule 30: sender and exchange must read the same vocabulary. */
static bool check_vocabulary(struct job *job, int64_t now)
{
	struct job_message *m = &job->message;
	struct slice said = m->envelope.statement.header.vocabulary;
	struct why why;
	const char *resolved = policy_resolve_vocabulary(job->book->policy,
	    job->from, m->reading.message.agreement, m->reading.to,
	    m->reading.to_count, now, &why);

	if (!resolved || slice_is(said, resolved))
		return true;
	return message_refuse(job, FATE_REFUSED, FRAME_MALFORMED,
	    "it was written with %.*s, but its agreement uses %s",
	    SLICE_ARG(said), resolved);
}

bool route_message(struct job *job)
{
	struct job_message *m = &job->message;
	const struct reading *r = &m->reading;
	const struct policy *policy = job->book->policy;
	int64_t now = clock_now();
	const char *const *names;
	struct why why;

	if (!policy_valid(policy, &r->message, r->to, r->to_count, now, &why) ||
	    !policy_recipients(policy, &r->message, r->to, r->to_count, now,
		&job->arena, &names, &m->recipients_count, &why))
		return message_refuse(
		    job, FATE_REFUSED, FRAME_MALFORMED, "%s", why.text);
	if (!check_vocabulary(job, now)) {
		m->recipients_count = 0;
		return false;
	}
	m->lane = lane_of(m->envelope.statement.header.priority);
	m->recipients =
	    arena_array(&job->arena, m->recipients_count, struct recipient);
	for (size_t i = 0; i < m->recipients_count; i++)
		m->recipients[i].name = names[i];
	return true;
}
