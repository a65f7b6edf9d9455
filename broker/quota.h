#ifndef BROKER_QUOTA_H
#define BROKER_QUOTA_H

/*
 * Who pays for what the broker keeps.
 *
 * Everything kept for a partner is charged to it before it is kept: slots of
 * the ring, bytes of frames in memory, bytes waiting in another partner's
 * queue. A charge fills a receipt; releasing the receipt undoes it, so that
 * whoever holds the thing holds the debt. A partner that asks for more than its
 * share is told so and waits; nobody else notices.
 *
 *     ring    slots in work, at most `ring` a partner
 *     memory  bytes of frames in work, at most `memory` a partner
 *     queue   bytes waiting for one recipient, at most `queue`; of it one
 *             sender holds at most half of what the other senders leave, so
 *             that no sender can shut the others out
 *     refusals  frames refused a second, at most `refusals`; what comes on top
 *             is dropped unread until the second is over
 *
 * Any thread may call. Accounts live as long as the quota.
 */

#include <stdbool.h>
#include <stdint.h>

struct quota;
struct quota_account;

struct quota_limits {
	uint64_t ring;
	uint64_t memory;
	uint64_t queue;
	uint64_t refusals;
};

enum quota_kind {
	QUOTA_RING,
	QUOTA_MEMORY,
	QUOTA_KINDS,
};

enum {
	QUOTA_EXCEEDED = 1, /* nothing was charged */
};

/* A debt. A zeroed one is none; releasing twice is harmless. */
struct quota_receipt {
	struct quota_account *account; /* NULL: none */
	enum quota_kind kind;
	uint64_t amount;
};

/* A debt in a recipient's queue. */
struct quota_place {
	struct quota_account *recipient; /* NULL: none */
	struct quota_account *sender;
	uint64_t amount;
};

struct quota *quota_new(const struct quota_limits *limits);
struct quota *quota_free(struct quota *q); /* NULL */

/* The account of a partner, made when first asked for. */
struct quota_account *quota_account(struct quota *q, const char *partner);

int quota_charge(struct quota *q, struct quota_account *account,
    enum quota_kind kind, uint64_t amount, struct quota_receipt *ret)
    __attribute__((warn_unused_result));
void quota_release(struct quota *q, struct quota_receipt *receipt);

/* A place in @recipient's queue for @amount bytes from @sender. */
int quota_queue(struct quota *q, struct quota_account *sender,
    struct quota_account *recipient, uint64_t amount, struct quota_place *ret)
    __attribute__((warn_unused_result));
void quota_leave(struct quota *q, struct quota_place *place);

/* What already waits when the broker starts is charged whatever the limit. */
void quota_adopt(struct quota *q, struct quota_account *sender,
    struct quota_account *recipient, uint64_t amount);

/* One more frame of @account was refused at @now_ms (any steady clock). False
 * when it is over its limit: do not answer, do not read on. */
bool quota_refusal(struct quota *q, struct quota_account *account,
    int64_t now_ms) __attribute__((warn_unused_result));
/* Whether its frames are to be dropped unread at @now_ms. */
bool quota_shunned(
    struct quota *q, struct quota_account *account, int64_t now_ms);

struct quota_use {
	uint64_t used[QUOTA_KINDS];
	uint64_t queued;  /* bytes waiting for it */
	uint64_t refused; /* frames, since the start */
};
void quota_look(
    struct quota *q, struct quota_account *account, struct quota_use *ret);

#endif
