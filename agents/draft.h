#ifndef AGENTS_DRAFT_H
#define AGENTS_DRAFT_H

/*
 * What must be written into an agreement before anybody signs it: who each
 * party is (`identity`: kind, clearance and agree key, for which every signer
 * vouches), and the digests of what it stands on (`pin`), so that none of it
 * can be changed under the signatures.
 */

#include <stdbool.h>

#include "agents/using.h"

/* Whether the agreement's text has identities or pins already. */
bool draft_is_ready(struct slice text);

/*
 * Append the text of @agreement with those statements to @out. Kinds and
 * clearances come from the partners texts of @u, what it stands on from its
 * other texts, and agree keys from the *.enrolment files in @dir. -EINVAL, and
 * @why, when one of them is missing.
 */
int draft_complete(const struct using *u, const struct using_text *agreement,
    const char *dir, struct buf *out, struct why *why);

/*
 * The texts that @agreement stands on, itself first: vocabulary, umbrellas,
 * standing rules, as they are in @u. Names and bytes are copied to @ret.
 */
int draft_gather(const struct using *u, const char *file, struct slice text,
    struct using *ret, struct why *why);

#endif
