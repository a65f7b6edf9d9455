#ifndef AGENTS_IDENTITY_H
#define AGENTS_IDENTITY_H

/*
 * Who this agent is and whom it trusts: its enrolment and keys, and the
 * broker's public keys from broker.pub. All from the agent's folder, none of it
 * from the network.
 */

#include "agents/conf.h"
#include "util/text.h"
#include "wire/enrol.h"
#include "wire/key.h"
#include "wire/note.h"

/* What DIR/broker.pub says: `vkey VKEY` and `curve BASE64`, a line each. */
struct broker_keys {
	struct vkey log;
	uint8_t curve[KEY_BYTES];
	char exchange[TEXT_NAME_MAX + 1]; /* the log key's name */
};

#define BROKER_KEYS_MAX 4096u /* bytes in that file */

/* False, and @why, when @bytes is not such a file. */
bool broker_keys_parse(
    struct slice bytes, struct broker_keys *ret, struct why *why);

struct identity {
	char name[TEXT_NAME_MAX + 1];
	struct enrolment enrolment; /* our public keys */
	struct key *message;        /* our private one, for messages */
	uint8_t curve_secret[KEY_BYTES];
	struct broker_keys broker;
};

/* Load all of it; refuses a folder others can reach, and keys that are not
 * those of the enrolment. */
int identity_load(
    const struct conf *conf, struct identity *ret, struct why *why);
void identity_deinit(struct identity *id); /* wipes */

struct identity_request {
	const char *dir;
	const char *name;
	const char *endpoint;
	const char *broker_key; /* a file like broker.pub */
};

/* Make @dir: keys, enrolment, officers with the caller in it, agent.conf and
 * broker.pub. Nothing that is there is overwritten: -EEXIST. */
int identity_make(const struct identity_request *request, struct why *why);

#endif
