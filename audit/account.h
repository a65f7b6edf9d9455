#ifndef AUDIT_ACCOUNT_H
#define AUDIT_ACCOUNT_H

/*
 * What the entries of a log say, one after another, must hold together. Fed in
 * order from entry 0; every doubt is reported and the account goes on. Memory
 * grows with partners, with copies on their way and with gaps in a partner's
 * ids, not with the log.
 */

#include <stdint.h>

#include "audit/entry.h"
#include "audit/verify.h"

struct account;

/* @exchange is the name receipts are made out to. */
struct account *account_new(
    const char *exchange, verify_doubt_fn doubt, void *ctx);
struct account *account_free(struct account *a); /* always NULL */

/* The next entry. @text is the enrolment, agreement or notice it cites, already
 * compared with its digest; empty for other kinds, or when it is missing. */
void account_entry(struct account *a, uint64_t index, const struct entry *e,
    struct slice text);

/* After the last entry: nothing may be left open. Fills the counts of @ret. */
void account_end(struct account *a, struct verify_totals *ret);

#endif
