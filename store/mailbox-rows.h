#ifndef STORE_MAILBOX_ROWS_H
#define STORE_MAILBOX_ROWS_H

/* The mailbox's tables and how their keys and clear parts are laid out, for
 * mailbox.c, inbox.c and mailbox-check.c. Numbers are big-endian. */

#include "store/mailbox.h"
#include "store/rows.h"

enum mailbox_table {
	/* outbox; all by epoch u32, number u64 */
	TABLE_SUMMARY = TABLE_OWN,
	TABLE_ENVELOPE,
	TABLE_RESULT,
	TABLE_PENDING, /* while not answered; bare, clear: state u8 */
	/* inbox; all by copy u64 */
	TABLE_INBOX, /* clear: kind u8 */
	TABLE_COPY,
	TABLE_COPY_SUMMARY,
	/* finders; bare, clear: FINDER */
	TABLE_ID,  /* partner, epoch u32, number u64, copy u64 */
	TABLE_DUE, /* destroy-by u64, copy u64 */

	TABLE_POLICY, /* name */
};

/* First byte of a holder's key. Sent: epoch u32, number u64 follow; received:
 * the copy's number, u64. */
#define HOLDER_SENT 'o'
#define HOLDER_RECEIVED 'i'

static inline struct row_key sent_row(struct mailbox_number id)
{
	struct row_key k = { 0 };

	key_number(&k, id.epoch, 4);
	key_number(&k, id.number, 8);
	return k;
}

static inline struct row_key sent_holder(struct mailbox_number id)
{
	struct row_key k = { 0 };

	key_number(&k, HOLDER_SENT, 1);
	key_number(&k, id.epoch, 4);
	key_number(&k, id.number, 8);
	return k;
}

#define PENDING_CLEAR 1
#define FINDER_CLEAR 1
#define FINDER 'f' /* the row only says that its key is one */
#define INBOX_CLEAR 1

/* What is sealed in TABLE_INBOX: at i64, destroy-by i64, epoch u32, number u64,
 * and then the sender's name with its NUL. */
#define INBOX_FIXED 28

extern const struct store_schema mailbox_schema;

void mailbox_check_rows(struct check *c);

#endif
