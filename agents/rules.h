#ifndef AGENTS_RULES_H
#define AGENTS_RULES_H

/*
 * The rules an agent decides by: the texts the broker last sent, whom each was
 * really signed by, and every partner's keys. Nothing in it rests on the
 * broker's word: who a partner is, is what agreements say that our own agree
 * key has signed (promise 14); a signature of a partner counts when it verifies
 * with that key; an enrolment counts when that key has signed it. The broker
 * can leave texts out, and suspend: both only close.
 *
 * A struct rules never changes and is counted: threads take a reference and go
 * on with it while the next one comes.
 */

#include <stdint.h>

#include "policy/policy.h"
#include "util/buf.h"
#include "util/why.h"
#include "wire/enrol.h"

/* A named text as it came and is stored. Besides texts of the language:
 * "PARTNER.enrolment", and "suspended" with a partner a line. */
struct rules_text {
	char *name;
	struct buf bytes;
};

struct rules_texts {
	struct rules_text *items;
	size_t count, cap;
};
void rules_texts_add(
    struct rules_texts *texts, struct slice name, struct slice bytes);
void rules_texts_deinit(struct rules_texts *texts);
#define _cleanup_texts_ __attribute__((cleanup(rules_texts_deinit)))

#define RULES_ENROLMENT ".enrolment"
#define RULES_SUSPENDED "suspended"

struct rules;

struct rules_input {
	uint64_t number;
	struct rules_texts *texts;   /* emptied by rules_new() */
	const struct enrolment *own; /* ours, from our folder */
};

/*
 * -EINVAL, and @why, when they do not make a set without errors, or two
 * agreements that we signed differ about who a partner is. @remarks (may be
 * NULL) gets a line for each thing left out of account: a forged signature, an
 * enrolment nobody vouches for.
 */
int rules_new(const struct rules_input *input, struct buf *remarks,
    struct rules **ret, struct why *why);
struct rules *rules_ref(struct rules *r);
struct rules *rules_unref(struct rules *r); /* always NULL; takes NULL */

const struct policy *rules_policy(const struct rules *r);
uint64_t rules_number(const struct rules *r);

/* The enrolment of @partner, NULL: nobody we know. */
const struct enrolment *rules_enrolment(
    const struct rules *r, struct slice partner);

/* The texts, and who has signed text @i: names, @ret_count of them. */
const struct rules_texts *rules_texts(const struct rules *r);
const char *const *rules_signers(
    const struct rules *r, size_t i, size_t *ret_count);

static inline void rules_unrefp(struct rules **r)
{
	rules_unref(*r);
}
#define _cleanup_rules_ __attribute__((cleanup(rules_unrefp)))

#endif
