#ifndef AGENTS_KEEPER_OWN_H
#define AGENTS_KEEPER_OWN_H

/*
 * What the keeper's files share:
 *
 *     keeper.c           the thread, its times, the start and the end
 *     keeper-session.c   hello and welcome, submit frames, results
 *     keeper-outbox.c    numbering, signing and storing what is sent
 *     keeper-inbox.c     copies, receipts, destruction
 *     keeper-policies.c  the rules
 *
 * Members under `lock` are for all threads; the others are the keeper's own.
 */

#include <pthread.h>

#include "agents/keeper.h"
#include "agents/net.h"
#include "agents/receive.h"
#include "util/map.h"
#include "wire/frame.h"

#define KEEPER_WINDOW                                                          \
	512u /* messages sent and not answered: the broker takes               \
		no more of one partner at once */
#define KEEPER_GROUP MESSAGE_BATCH_MAX /* messages in one commit */
#define KEEPER_RESEND_MS 60000 /* without any answer, everything is resent */
#define KEEPER_AGAIN_MS                                                        \
	15000           /* after a copy could not be stored, ask again         \
			 */
#define KEEPER_FULL 80u /* per cent of the store, below STORE_FILL_REFUSE */
#define KEEPER_SKEW_MS 300000 /* the broker refuses a `sent` further ahead */

struct submission {
	struct composed *composed;
	struct mailbox_number id;
	int outcome;
	struct why why;
	bool stored; /* or failed: @outcome says */
	bool answered;
	struct submission *next;
};

struct session {
	bool welcomed;
	struct mailbox_number cursor; /* the last message sent in it */
	size_t in_flight;
	int64_t quiet_until; /* monotonic ms: the broker was busy */
	int64_t heard;       /* monotonic ms: the last result, or first send */
	int64_t again;       /* monotonic ms: say hello again; 0: no */
};

/* A set of policies whose parts are arriving. */
struct assembling {
	uint64_t number;
	uint32_t parts, next;
	struct rules_texts texts;
	struct buf suspended;
	size_t bytes;
};

struct keeper {
	const struct conf *conf;
	const struct identity *id;
	struct store *store;
	struct net *net;
	void (*failed)(void *ctx);
	void *ctx;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t work; /* for the keeper */
	pthread_cond_t done; /* for those who have submitted */
	bool stopping, woken;
	struct submission *queue, **queue_end;
	struct map waiting; /* struct mailbox_number -> struct submission */
	struct rules *rules;
	struct keeper_status status;

	struct session session;
	struct assembling assembling;
	struct receive_tags tags;
	struct checkpoint checkpoint; /* the newest seen */
	bool fatal;
	int64_t next_second, next_hour; /* monotonic ms */
};

/* The store or the link cannot go on: log @what and end the process. */
void keeper_fail(struct keeper *k, const char *what, int error);

/* What `caveat status` tells of the connection. */
void keeper_trouble(struct keeper *k, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* keeper-session.c */
void session_event(struct keeper *k, struct net_event *event);
void session_pump(struct keeper *k); /* send what may be sent */
void session_hello(struct keeper *k);
void session_tick(struct keeper *k, int64_t now); /* about once a second */
void session_send(struct keeper *k, const struct frame *frame);

/* keeper-outbox.c */
void outbox_commit(struct keeper *k, struct submission **group, size_t count);
void outbox_result(struct keeper *k, const struct frame_result *result);
void outbox_expire(struct keeper *k, int64_t now);
/* When the store is KEEPER_FULL: what was sent and answered is the sender's own
 * and stands in its own systems; what is received or waits does not. */
void outbox_relieve(struct keeper *k);
struct slice number_key(const struct mailbox_number *id, uint8_t room[12]);

/* keeper-inbox.c */
void inbox_load(struct keeper *k);
void inbox_deliver(struct keeper *k, const struct frame_deliver *deliver);
void inbox_expire(struct keeper *k, int64_t now);

/* keeper-policies.c */
void policies_load(struct keeper *k);
void policies_frame(struct keeper *k, const struct frame_policies *policies);
void policies_drop(struct keeper *k); /* what is half assembled */

#endif
