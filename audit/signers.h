#ifndef AUDIT_SIGNERS_H
#define AUDIT_SIGNERS_H

/*
 * Who an agreement says its parties are, and which of them have signed it: the
 * `identity` statements give the keys, so that neither an enrolment nor the
 * broker's word is needed (design, promise 14).
 */

#include <stdbool.h>
#include <stdint.h>

#include "audit/entry.h"
#include "util/arena.h"
#include "util/why.h"
#include "wire/key.h"

struct signer {
	struct slice name; /* of the entry */
	uint8_t agree[KEY_BYTES];
};

/* Whether each signer that @e lists, an `agreement` entry, has signed @text
 * with the key @text gives for it. @ret gets e->signers_count of them. */
bool signers_read(const struct entry *e, struct slice text, struct arena *arena,
    struct signer **ret, struct why *why) __attribute__((warn_unused_result));

#endif
