#ifndef TESTS_FLOW_CLIENT_H
#define TESTS_FLOW_CLIENT_H

/*
 * A partner's agent as small as it can be: it speaks the wire page's frames
 * over wire/ and believes nothing, but keeps no store, so that a test can also
 * be an agent that forgets, lies, or says the same twice. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "wire/copy.h"
#include "wire/enrol.h"
#include "wire/frame.h"
#include "wire/key.h"
#include "wire/link.h"
#include "wire/receipt.h"

#define CLIENT_RESULTS_MAX 65536u

/* What a message was answered, by its number. */
struct client_result {
	bool answered;
	unsigned times; /* answers, notes of delivery aside */
	bool accepted;
	char reason[256];
	char partner[TEXT_NAME_MAX + 1]; /* the first recipient */
	bool partner_accepted;
	char partner_reason[256];
	unsigned delivered; /* notes of delivery */
};

struct client_copy {
	uint64_t number;
	unsigned times; /* it came so often */
	bool tombstone;
	uint8_t digest[HASH_BYTES];
	struct message_id id; /* not of a tombstone */
	struct buf body;
	struct client_copy *next; /* in order of arrival */
};

struct client {
	char name[TEXT_NAME_MAX + 1];
	struct key *curve, *message, *witness, *agree;
	struct enrolment enrolment;
	struct link_client *link;
	unsigned session;
	struct arena arena;
	/* From the broker. */
	char exchange[TEXT_NAME_MAX + 1];
	struct vkey log;
	uint32_t epoch;
	uint64_t number; /* last used */
	uint64_t policy; /* last set received whole */
	size_t texts;    /* in it */
	size_t suspended;
	unsigned frames[FRAME_ACT + 1]; /* by kind */
	enum frame_code error;          /* of the last error frame */
	char error_text[FRAME_REASON_MAX + 1];
	struct client_result *results; /* by number */
	struct client_copy *first, *last;
	size_t copies;
	bool mute; /* give no receipts */
	/* NULL, or what to do with frames instead, but for welcomes. */
	void (*on_frame)(struct client *c, const struct frame *frame);
	void *user;
	/* Whose message keys it knows, itself among them. */
	struct client *const *partners;
	size_t partners_count;
};

struct client *client_new(const char *name);
struct client *client_free(struct client *c);

/* The signed enrolment. */
void client_enrol(const struct client *c, struct buf *out);

/* Connect and wait for the welcome and the policies. */
void client_connect(
    struct client *c, const char *endpoint, const uint8_t server[KEY_BYTES]);
void client_disconnect(struct client *c);

/* Handle what is there, waiting at most @ms for it. */
void client_turn(struct client *c, int ms);

/* Handle what comes for @ms. */
void client_pump(struct client *c, int ms);

/* Handle what comes until @done says so; fails the test after 20 s. */
void client_until(
    struct client *c, bool (*done)(struct client *c, uint64_t n), uint64_t n);
bool client_answered(struct client *c, uint64_t number); /* up to @number */
bool client_has_copies(struct client *c, uint64_t count);
bool client_has_error(struct client *c, uint64_t count);  /* error frames */
bool client_is_welcome(struct client *c, uint64_t count); /* welcomes */
bool client_has_policy(struct client *c, uint64_t number);

/* ---- messages --------------------------------------------------------- */

struct client_message {
	const char *to[4]; /* NULL: none */
	const char *agreement, *purpose, *type, *marking, *priority;
	const char *title, *name, *born; /* of a note; NULL: without */
	bool health;
	int64_t sent;         /* 0: now */
	uint64_t number;      /* 0: the next */
	const char *exchange; /* NULL: the client's */
};

/* Envelopes of one batch, in order; arena memory. */
struct client_batch {
	struct slice envelopes[MESSAGE_BATCH_MAX];
	size_t count;
};
void client_make(struct client *c, const struct client_message *messages,
    size_t count, struct client_batch *ret);
void client_submit(struct client *c, const struct client_batch *batch);

/* Make one and submit it; its number. */
uint64_t client_send(struct client *c, const struct client_message *message);

/* Sign and send the receipt for @rows, which are put in order. */
void client_receipt(struct client *c, struct receipt_row *rows, size_t count);

/* Any bytes as a frame. */
void client_send_raw(struct client *c, struct slice bytes);
void client_hello(struct client *c);

#endif
