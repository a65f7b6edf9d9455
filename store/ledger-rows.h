#ifndef STORE_LEDGER_ROWS_H
#define STORE_LEDGER_ROWS_H

/* The ledger's tables and how their keys and clear parts are laid out, for
 * ledger.c and ledger-check.c. Numbers are big-endian. */

#include "store/ledger.h"
#include "store/rows.h"

enum ledger_table {
	TABLE_PARTNER = TABLE_OWN, /* name */
	TABLE_ENROLMENT,           /* name */
	TABLE_ACCEPTED,            /* partner, epoch u32, number u64;
				      clear: statement[32], entry u64 */
	TABLE_ENVELOPE,            /* message u64 */
	TABLE_QUEUE,               /* recipient, lane u8, number u64;
				      clear: message u64, policy u64 */
	TABLE_ENTRY,               /* index u64 */
	TABLE_DETAIL,              /* index u64 */
	TABLE_TILE,                /* level u8, index u64 */
	TABLE_TEXT,                /* SHA-256 */
	TABLE_POLICY,              /* number u64, file name */
};

#define ACCEPTED_CLEAR 40
#define QUEUE_CLEAR 16
#define PARTNER_BYTES 21 /* epoch u32, number u64, copy u64, suspended u8 */

/* First byte of a holder's key; a number (u64) follows. */
#define HOLDER_MESSAGE 'm'
#define HOLDER_DETAILS 'd'

static inline struct row_key queue_row(
    const char *recipient, unsigned lane, uint64_t number)
{
	struct row_key k = name_row(recipient);

	key_number(&k, lane, 1);
	key_number(&k, number, 8);
	return k;
}

extern const struct store_schema ledger_schema;

void ledger_check_rows(struct check *c);

#endif
