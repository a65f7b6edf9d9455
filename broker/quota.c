/*
 * One account a partner, found by name; one lock, held for an addition. What a
 * sender has waiting at a recipient stands in the recipient's account, by
 * sender: the pair is what the share is measured on.
 */

#include "broker/quota.h"

#include <assert.h>
#include <pthread.h>

#include "util/map.h"
#include "util/mem.h"

#define SECOND_MS 1000

/* What one sender has waiting at one recipient. */
struct share {
	uint64_t amount;
};

struct quota_account {
	char *name;
	uint64_t used[QUOTA_KINDS];
	uint64_t queued;   /* over all senders */
	struct map shares; /* sender's name -> struct share */
	uint64_t refused;
	int64_t second; /* when the current second of refusals began */
	uint64_t refused_this_second;
};

struct quota {
	pthread_mutex_t lock;
	struct quota_limits limits;
	struct map accounts; /* name -> struct quota_account */
};

struct quota *quota_new(const struct quota_limits *limits)
{
	struct quota *q = mem_alloc(sizeof(*q));

	q->limits = *limits;
	pthread_mutex_init(&q->lock, NULL);
	return q;
}

static void account_free(struct quota_account *account)
{
	struct map_entry *entry;
	size_t pos = 0;

	while ((entry = map_next(&account->shares, &pos)))
		free(entry->value);
	map_deinit(&account->shares);
	free(account->name);
	free(account);
}

struct quota *quota_free(struct quota *q)
{
	struct map_entry *entry;
	size_t pos = 0;

	if (!q)
		return NULL;
	while ((entry = map_next(&q->accounts, &pos)))
		account_free(entry->value);
	map_deinit(&q->accounts);
	pthread_mutex_destroy(&q->lock);
	free(q);
	return NULL;
}

struct quota_account *quota_account(struct quota *q, const char *partner)
{
	struct quota_account *account;

	pthread_mutex_lock(&q->lock);
	account = map_get_str(&q->accounts, partner);
	if (!account) {
		account = mem_alloc(sizeof(*account));
		account->name = mem_str(partner);
		map_set_str(&q->accounts, partner, account);
	}
	pthread_mutex_unlock(&q->lock);
	return account;
}

static uint64_t limit_of(const struct quota *q, enum quota_kind kind)
{
	return kind == QUOTA_RING ? q->limits.ring : q->limits.memory;
}

int quota_charge(struct quota *q, struct quota_account *account,
    enum quota_kind kind, uint64_t amount, struct quota_receipt *ret)
{
	uint64_t limit = limit_of(q, kind);
	int result = QUOTA_EXCEEDED;

	pthread_mutex_lock(&q->lock);
	if (account->used[kind] <= limit &&
	    amount <= limit - account->used[kind]) {
		account->used[kind] += amount;
		*ret = (struct quota_receipt){
			.account = account,
			.kind = kind,
			.amount = amount,
		};
		result = 0;
	}
	pthread_mutex_unlock(&q->lock);
	return result;
}

void quota_release(struct quota *q, struct quota_receipt *receipt)
{
	if (!receipt->account)
		return;
	pthread_mutex_lock(&q->lock);
	assert(receipt->account->used[receipt->kind] >= receipt->amount);
	receipt->account->used[receipt->kind] -= receipt->amount;
	pthread_mutex_unlock(&q->lock);
	*receipt = (struct quota_receipt){ 0 };
}

static struct share *share_of(
    struct quota_account *recipient, const struct quota_account *sender)
{
	struct share *share = map_get_str(&recipient->shares, sender->name);

	if (!share) {
		share = mem_alloc(sizeof(*share));
		map_set_str(&recipient->shares, sender->name, share);
	}
	return share;
}

int quota_queue(struct quota *q, struct quota_account *sender,
    struct quota_account *recipient, uint64_t amount, struct quota_place *ret)
{
	uint64_t others, most;
	struct share *share;
	int result = QUOTA_EXCEEDED;

	pthread_mutex_lock(&q->lock);
	share = share_of(recipient, sender);
	others = recipient->queued - share->amount;
	most = others < q->limits.queue ? (q->limits.queue - others) / 2 : 0;
	if (share->amount <= most && amount <= most - share->amount) {
		share->amount += amount;
		recipient->queued += amount;
		*ret = (struct quota_place){
			.recipient = recipient,
			.sender = sender,
			.amount = amount,
		};
		result = 0;
	}
	pthread_mutex_unlock(&q->lock);
	return result;
}

void quota_leave(struct quota *q, struct quota_place *place)
{
	struct share *share;

	if (!place->recipient)
		return;
	pthread_mutex_lock(&q->lock);
	share = share_of(place->recipient, place->sender);
	assert(share->amount >= place->amount);
	share->amount -= place->amount;
	place->recipient->queued -= place->amount;
	pthread_mutex_unlock(&q->lock);
	*place = (struct quota_place){ 0 };
}

void quota_adopt(struct quota *q, struct quota_account *sender,
    struct quota_account *recipient, uint64_t amount)
{
	pthread_mutex_lock(&q->lock);
	share_of(recipient, sender)->amount += amount;
	recipient->queued += amount;
	pthread_mutex_unlock(&q->lock);
}

static void turn_second(struct quota_account *account, int64_t now_ms)
{
	if (now_ms - account->second < SECOND_MS)
		return;
	account->second = now_ms;
	account->refused_this_second = 0;
}

bool quota_refusal(
    struct quota *q, struct quota_account *account, int64_t now_ms)
{
	bool within;

	pthread_mutex_lock(&q->lock);
	turn_second(account, now_ms);
	account->refused++;
	account->refused_this_second++;
	within = account->refused_this_second <= q->limits.refusals;
	pthread_mutex_unlock(&q->lock);
	return within;
}

bool quota_shunned(
    struct quota *q, struct quota_account *account, int64_t now_ms)
{
	bool over;

	pthread_mutex_lock(&q->lock);
	turn_second(account, now_ms);
	over = account->refused_this_second > q->limits.refusals;
	pthread_mutex_unlock(&q->lock);
	return over;
}

void quota_look(
    struct quota *q, struct quota_account *account, struct quota_use *ret)
{
	pthread_mutex_lock(&q->lock);
	for (int i = 0; i < QUOTA_KINDS; i++)
		ret->used[i] = account->used[i];
	ret->queued = account->queued;
	ret->refused = account->refused;
	pthread_mutex_unlock(&q->lock);
}
