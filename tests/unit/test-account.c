/*
 * Logs that hash well, are signed by the log's key, and lie: what a broker that
 * is broken or bought could write. Each lie has its own words.
 */

#include "tests/unit/test.h"

#include "tests/unit/log-fixture.h"
#include "util/mem.h"

TEST(account, a_gap_in_a_partners_numbers)
{
	struct writer *w = small_log(1);

	begin(w);
	w->copies++;
	add_message(w);
	expect_doubt(w, "copies are missing");
}

TEST(account, a_number_used_twice)
{
	struct writer *w = small_log(2);

	begin(w);
	w->copies--;
	add_message(w);
	expect_doubt(w, "a number was used twice");
}

TEST(account, an_id_taken_twice)
{
	struct writer *w = small_log(2);

	begin(w);
	w->number--;
	add_message(w);
	expect_doubt(w, "a second time");
}

TEST(account, a_message_nobody_decided)
{
	struct writer *w = small_log(1);
	struct entry e = { .kind = ENTRY_RECEIVED,
		.id = slice_str("alpha/1.900"),
		.recipients = 1,
		.destroy_by = INT32_MAX };

	begin(w);
	add_entry(w, &e, (struct slice){ 0 });
	add_receipt(w);
	expect_doubt(w, "lacks 1 of its decisions");
}

TEST(account, a_receipt_for_another_body)
{
	struct writer *w = small_log(1);

	begin(w);
	add_message(w);
	w->last_body[5] ^= 1;
	add_receipt(w);
	expect_doubt(w, "another body than was decided");
}

TEST(account, a_receipt_forged_by_the_operator)
{
	struct writer *w = small_log(1);

	begin(w);
	add_message(w);
	key_free(w->message);
	w->message = raw_key(KEY_ED25519, 99);
	add_receipt(w);
	expect_doubt(w, "did not sign");
}

/* A refusal left out, and its place filled. */
TEST(account, one_recipient_decided_twice)
{
	struct writer *w = small_log(1);

	begin(w);
	add_received(w, 9, 2);
	add_decided(w, 9, "alpha");
	add_decided(w, 9, "alpha");
	expect_doubt(w, "decides twice for alpha");
}

TEST(account, a_message_to_nobody)
{
	struct writer *w = small_log(1);

	begin(w);
	add_received(w, 9, 0);
	expect_doubt(w, "a message that nobody decided");
}

TEST(account, a_later_decision_about_another_statement)
{
	struct writer *w = small_log(2);

	begin(w);
	w->statement[0] ^= 1;
	add_decided(w, w->number, "alpha");
	expect_doubt(w, "no copy of that message waiting");
}

TEST(account, a_later_decision_about_what_was_receipted)
{
	struct writer *w = small_log(1);

	begin(w);
	add_decided(w, w->number, "alpha");
	expect_doubt(w, "no copy of that message waiting");
}

TEST(account, a_later_decision_for_somebody_who_had_none)
{
	struct writer *w = small_log(2);

	begin(w);
	w->copies = 0;
	add_decided(w, w->number, "beta");
	expect_doubt(w, "for beta, who has no copy");
}

/* An operator enrols a key of its own as alpha's, and receipts with it. */
TEST(account, an_enrolment_that_the_agreements_do_not_bear_out)
{
	struct writer *w = small_log(1);

	begin(w);
	add_message(w);
	enrol(w, "alpha", SHAM);
	add_receipt(w);
	expect_doubt(w, "a receipt with a key of alpha, whose enrolment");
}

TEST(account, a_message_under_a_sham_enrolment)
{
	struct writer *w = small_log(1);

	begin(w);
	enrol(w, "alpha", SHAM);
	add_message(w);
	expect_doubt(w, "was taken from alpha, whose enrolment");
}

/* Nor does it help to have the agreement say so too. */
TEST(account, a_sham_agreement_for_a_sham_enrolment)
{
	struct writer *w = small_log(1);

	begin(w);
	add_agreement(w, "sham", SHAM, SHAM + 10, 2);
	enrol(w, "alpha", SHAM);
	add_message(w);
	expect_doubt(w, "was taken from alpha, whose enrolment");
}

TEST(account, a_signer_who_did_not_sign)
{
	struct writer *w = small_log(1);
	struct entry e = { .kind = ENTRY_AGREEMENT,
		.name = slice_str("forged"),
		.signers = { slice_str("alpha") },
		.signers_count = 1,
		.destroy_by = INT32_MAX };
	struct key *key = raw_key(KEY_ED25519, SHAM);
	_cleanup_buf_ struct buf note = { 0 };
	char text[VKEY_TEXT_MAX];
	uint8_t public[KEY_BYTES];
	struct vkey vkey;
	struct why why;

	begin(w);
	key_public(w->message, public);
	CHECK(vkey_make("alpha", public, &vkey));
	vkey_format(&vkey, text);
	buf_addf(&note,
	    "agreement forged/1 \"F\" identity alpha kind police"
	    " clearance OFFICIAL agree \"%s\"\n",
	    text);
	CHECK_INT(note_sign(&note, "alpha", key, &why), 0);
	key_free(key);
	ledger_text_put(w->txn, buf_slice(&note), e.text);
	add_entry(w, &e, (struct slice){ 0 });
	expect_doubt(w, "does not bear that signature");
}

TEST(account, a_key_that_is_anothers)
{
	struct writer *w = small_log(1);

	begin(w);
	enrol(w, "gamma", ALPHA + 3);
	expect_doubt(w, "enrols gamma with a key that is alpha's");
}

TEST(account, a_copy_to_somebody_no_agreement_names)
{
	struct writer *w = small_log(1);

	begin(w);
	enrol(w, "gamma", SHAM);
	add_received(w, 9, 1);
	w->copies = 0;
	add_decided(w, 9, "gamma");
	expect_doubt(w, "gives a copy to gamma, whom no agreement names");
}

/* One signature makes nobody a party: here alpha alone says who both are. */
TEST(account, one_signature_names_nobody)
{
	struct writer *w = writer_new();

	begin(w);
	enrol(w, "alpha", ALPHA);
	add_agreement(w, "both", ALPHA, BETA, 1);
	add_received(w, 1, 1);
	add_decided(w, 1, "alpha");
	expect_doubt(w, "gives a copy to alpha, whom no agreement names");
}

TEST(account, a_message_from_somebody_suspended)
{
	struct writer *w = small_log(1);
	struct entry e = { .kind = ENTRY_PARTNER,
		.name = slice_str("alpha"),
		.what = slice_str("suspended"),
		.destroy_by = INT32_MAX };

	begin(w);
	add_entry(w, &e, (struct slice){ 0 });
	add_message(w);
	expect_doubt(w, "was taken from alpha, who was suspended");
}

/* Ids may come out of order, and a copy that waits is decided again. */
TEST(account, what_an_honest_broker_may_do)
{
	struct writer *w = small_log(1);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;

	begin(w);
	w->number = 7;
	add_message(w);
	w->number = 3;
	add_message(w);
	add_refused(w, 4, "alpha");
	add_decided(w, 4, "alpha");
	add_receipt(w);
	commit(w);
	CHECK_INT(verify(w->dir, &w->vkey, &doubts, &t), 0);
	CHECK_INT(t.delivered, 2);
	writer_free(w);
}

TEST(account, a_sender_nobody_enrolled)
{
	struct writer *w = writer_new();

	begin(w);
	w->message = raw_key(KEY_ED25519, 99);
	add_message(w);
	expect_doubt(w, "whose sender was not enrolled then");
}

int main(void)
{
	return test_main();
}
