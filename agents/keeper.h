#ifndef AGENTS_KEEPER_H
#define AGENTS_KEEPER_H

/*
 * The one thread that writes the agent's store. It talks with the broker
 * through net.h, numbers and signs what is sent, judges what is received, and
 * keeps the rules; everybody else reads the store and asks it.
 *
 * What it promises: a message has its number and is on disk before its sender
 * is answered; it is resent, in order, until the broker's result is here; a
 * copy is on disk before its receipt is signed; and a number is never used
 * twice, whatever moment the process dies at.
 */

#include <stdbool.h>
#include <stdint.h>

#include "agents/compose.h"
#include "agents/identity.h"
#include "agents/rules.h"
#include "store/mailbox.h"
#include "util/why.h"

struct keeper;

struct keeper_config {
	const struct conf *conf;
	const struct identity *identity;
	struct store *store;
	/* Called by the keeper's thread when it cannot go on: the process must
	 * end. Must not block. */
	void (*failed)(void *ctx);
	void *ctx;
};

int keeper_start(
    const struct keeper_config *config, struct keeper **ret, struct why *why);
struct keeper *keeper_stop(struct keeper *k); /* joins; returns NULL */

/* The rules in force here, counted for the caller; NULL: none yet. */
struct rules *keeper_rules(struct keeper *k);

enum keeper_outcome {
	KEEPER_WRONG = 1, /* the message cannot be sent at all, @why */
	KEEPER_LATER,     /* it cannot be kept now, @why */
};

/*
 * Number, sign and store @composed; then, while connected, wait up to @wait_ms
 * for the broker's result. 0 when it is stored: @ret_id is its id. Any thread.
 */
int keeper_submit(struct keeper *k, struct composed *composed, int wait_ms,
    struct message_id *ret_id, struct why *why);

struct keeper_status {
	bool connected;     /* welcomed by the broker */
	char trouble[256];  /* why not, or what the broker last complained of */
	uint64_t in_flight; /* messages sent and not answered */
	uint64_t log_size;  /* of the newest checkpoint seen */
	char log_origin[96];
};
void keeper_status(struct keeper *k, struct keeper_status *ret);

/* What the outbox holds of a message:
 *     [envelope as sent bin, [[slot, salt bin, value bin], ...]]
 * the second for the values that stayed at home. */
struct outbox_row {
	struct slice envelope;
	struct slice home; /* that list's bytes */
};
bool outbox_row_read(struct slice bytes, struct outbox_row *ret);

#define KEEPER_NOTE_CHECKPOINT "checkpoint" /* the newest one seen */
#define KEEPER_NOTE_REJECTED "rejected"     /* how many copies, as text */

#endif
