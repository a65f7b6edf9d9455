#ifndef BROKER_READING_H
#define BROKER_READING_H

/*
 * An envelope as policy/ reads it: the fields that the vocabulary knows, with
 * the slots they stand in, and the forms that the sender signed beside them.
 * The reserved entity `message` is the exchange's own and is not among them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "util/arena.h"
#include "util/why.h"
#include "wire/message.h"

#define READING_ADDRESSEES_MAX POLICY_RECIPIENTS_MAX

struct reading {
	struct policy_message message;
	const uint16_t *slots; /* of each of message.fields */
	/* The slots that are not nil, by path and instance. */
	const uint16_t *order;
	size_t order_count;
	const char *vocabulary; /* of the header */
	const char **to;        /* message.to, in slot order */
	size_t to_count;
};

/* Read @e, whose slots are read. Lives in @arena; points into @e. False: it has
 * a `message.` field that is unknown, hidden or misformed. */
bool reading_make(const struct envelope *e, struct arena *arena,
    struct reading *ret, struct why *why) __attribute__((warn_unused_result));

/* The slot of PATH~FORM (or of PATH, when @form is NULL), or NULL. */
const struct slot *reading_find(const struct reading *r,
    const struct envelope *e, struct slice path, const char *form,
    uint16_t instance);

/* Whether every form that stands beside its base is what the base gives. The
 * originator signed both, but only the exchange can tell them apart for a
 * reader that gets one. */
bool reading_check_forms(const struct reading *r, const struct envelope *e,
    const struct policy *policy, struct why *why)
    __attribute__((warn_unused_result));

#endif
