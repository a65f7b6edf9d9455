/* Quotas: charges undo themselves, and no partner can take another's share. */

#include "tests/unit/test.h"

#include <stdio.h>

#include "broker/quota.h"
#include "util/mem.h"

static const struct quota_limits limits = {
	.ring = 512,
	.memory = 1000,
	.queue = 1000,
	.refusals = 3,
};

TEST(quota, charges_up_to_the_limit_and_not_one_past_it)
{
	struct quota *q = quota_new(&limits);
	struct quota_account *a = quota_account(q, "a");
	struct quota_receipt all = { 0 }, more = { 0 };

	CHECK(a == quota_account(q, "a"));
	CHECK_INT(quota_charge(q, a, QUOTA_RING, 513, &all), QUOTA_EXCEEDED);
	CHECK_INT(quota_charge(q, a, QUOTA_RING, 512, &all), 0);
	CHECK_INT(quota_charge(q, a, QUOTA_RING, 1, &more), QUOTA_EXCEEDED);
	CHECK(!more.account);
	CHECK_INT(
	    quota_charge(q, quota_account(q, "b"), QUOTA_RING, 512, &more), 0);
	quota_release(q, &all);
	quota_release(q, &all); /* twice is harmless */
	CHECK_INT(quota_charge(q, a, QUOTA_RING, 512, &all), 0);
	CHECK_INT(
	    quota_charge(q, a, QUOTA_MEMORY, UINT64_MAX, &all), QUOTA_EXCEEDED);
	quota_free(q);
}

/* However much one sender has waiting, the next still finds room. */
TEST(quota, a_sender_holds_half_of_what_the_others_leave)
{
	struct quota *q = quota_new(&limits);
	struct quota_account *to = quota_account(q, "to");
	struct quota_place place[3] = { 0 };
	struct quota_use use;

	CHECK_INT(quota_queue(q, quota_account(q, "a"), to, 501, &place[0]),
	    QUOTA_EXCEEDED);
	CHECK_INT(quota_queue(q, quota_account(q, "a"), to, 500, &place[0]), 0);
	CHECK_INT(quota_queue(q, quota_account(q, "b"), to, 251, &place[1]),
	    QUOTA_EXCEEDED);
	CHECK_INT(quota_queue(q, quota_account(q, "b"), to, 250, &place[1]), 0);
	CHECK_INT(quota_queue(q, quota_account(q, "c"), to, 125, &place[2]), 0);
	quota_leave(q, &place[0]);
	quota_leave(q, &place[0]);
	quota_look(q, to, &use);
	CHECK_INT(use.queued, 375);
	/* Another recipient's queue is its own. */
	CHECK_INT(quota_queue(q, quota_account(q, "a"),
		      quota_account(q, "elsewhere"), 500, &place[0]),
	    0);
	quota_free(q);
}

TEST(quota, what_waits_at_the_start_counts)
{
	struct quota *q = quota_new(&limits);
	struct quota_account *a = quota_account(q, "a");
	struct quota_account *to = quota_account(q, "to");
	struct quota_place place = { 0 };

	quota_adopt(q, a, to, 5000);
	CHECK_INT(quota_queue(q, a, to, 1, &place), QUOTA_EXCEEDED);
	CHECK_INT(quota_queue(q, quota_account(q, "b"), to, 1, &place),
	    QUOTA_EXCEEDED);
	place = (struct quota_place){ to, a, 5000 };
	quota_leave(q, &place);
	CHECK_INT(quota_queue(q, a, to, 500, &place), 0);
	quota_free(q);
}

TEST(quota, refusals_past_the_limit_are_not_answered_until_the_second_is_over)
{
	struct quota *q = quota_new(&limits);
	struct quota_account *a = quota_account(q, "a");
	struct quota_use use;

	for (int i = 0; i < 3; i++)
		CHECK(quota_refusal(q, a, 5000 + i));
	CHECK(!quota_shunned(q, a, 5004));
	CHECK(!quota_refusal(q, a, 5005));
	CHECK(quota_shunned(q, a, 5999));
	CHECK(!quota_shunned(q, quota_account(q, "b"), 5999));
	CHECK(!quota_shunned(q, a, 6000));
	CHECK(quota_refusal(q, a, 6001));
	quota_look(q, a, &use);
	CHECK_INT(use.refused, 5);
	quota_free(q);
}

/* Random charges and releases: the sums never pass the limits, and all comes
 * home. */
TEST(quota, random_charges_come_home)
{
	struct quota *q = quota_new(&limits);
	struct quota_account *to = quota_account(q, "to");
	struct quota_place places[64] = { 0 };
	struct quota_receipt receipts[64] = { 0 };
	struct quota_use use;

	for (int i = 0; i < 100000; i++) {
		size_t at = test_below(64);
		char name[8];
		struct quota_account *from;

		snprintf(name, sizeof(name), "p%d", (int)test_below(5));
		from = quota_account(q, name);
		quota_leave(q, &places[at]);
		quota_release(q, &receipts[at]);
		if (quota_queue(q, from, to, test_below(300), &places[at]))
			CHECK(!places[at].recipient);
		if (quota_charge(
			q, from, QUOTA_MEMORY, test_below(300), &receipts[at]))
			CHECK(!receipts[at].account);
		quota_look(q, to, &use);
		CHECK(use.queued <= limits.queue);
		quota_look(q, from, &use);
		CHECK(use.used[QUOTA_MEMORY] <= limits.memory);
	}
	for (size_t i = 0; i < 64; i++) {
		quota_leave(q, &places[i]);
		quota_release(q, &receipts[i]);
	}
	quota_look(q, to, &use);
	CHECK_INT(use.queued, 0);
	quota_free(q);
}

int main(void)
{
	return test_main();
}
