#ifndef BROKER_ADMIT_H
#define BROKER_ADMIT_H

/*
 * Which key is who, and who may speak. A peer's name comes from the key of its
 * handshake and is looked up in the book in force for every frame, so that a
 * suspension or a new key bites on the next one; what a peer says of itself
 * counts for nothing.
 *
 * A partner has one session: the connection whose hello was taken. Belongs to
 * the network thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/books.h"
#include "broker/job.h"
#include "broker/quota.h"
#include "util/buf.h"
#include "wire/frame.h"
#include "wire/link.h"

struct session {
	uint32_t peer;
	char partner[TEXT_NAME_MAX + 1];
	struct buf *backlog; /* frames it has no room for yet, oldest first */
	size_t backlog_count, backlog_cap;
	struct hold **waiting; /* its frames that found no slot, oldest first */
	size_t waiting_count, waiting_cap;
};

struct admit;
struct admit *admit_new(void);
struct admit *admit_free(struct admit *a); /* NULL */

/* Whether the handshake of this key is to be taken, and whose it is. A
 * suspended partner is let in to be told so. */
bool admit_key(const struct book *b, const uint8_t public[KEY_BYTES],
    char ret_partner[TEXT_NAME_MAX + 1]);

/* ADMIT_OK when frames under @frame's key are taken now; else the frame_code to
 * answer with and why. */
enum { ADMIT_OK = -1 };
int admit_frame(
    const struct book *b, const struct link_frame *frame, struct why *why);

struct session *admit_session(struct admit *a, uint32_t peer); /* or NULL */
struct session *admit_partner(struct admit *a, const char *partner);
/* The partner must have no session. */
struct session *admit_open(struct admit *a, const char *partner, uint32_t peer);
void admit_close(struct admit *a, struct session *s);

/* Walk all sessions: start with *@pos = 0; NULL at the end. Closing the one
 * that was returned is not allowed while walking. */
struct session *admit_next(struct admit *a, size_t *pos);

#endif
