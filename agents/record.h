#ifndef AGENTS_RECORD_H
#define AGENTS_RECORD_H

/*
 * A record as a partner's system holds it (JSON) becomes a message the policy
 * library can decide: nested objects become flat paths and instances, values
 * become minimal msgpack (wire page), links take their one written form. What
 * is wrong is said with its JSON path and the nearest known name, all of it at
 * once.
 */

#include <stdint.h>

#include "policy/policy.h"
#include "util/arena.h"
#include "util/buf.h"

#define RECORD_JSON_MAX (1u << 20) /* bytes of JSON in one record */
#define RECORD_PROBLEMS_MAX 50u    /* told at once; the rest are counted */

/* What the record is read against. */
struct record_context {
	const struct policy *policy; /* without errors */
	const char *from;
	int64_t now; /* ms; also the message's `sent` */
	/* With --using: `originators` may be said, `forward` may not. */
	bool using;
};

struct record {
	struct arena arena;
	/* Names in it, and its fields, live in @arena. No fields when no
	 * version of its agreement is known: it can only be refused (rule 3).
	 */
	struct policy_message message;
	const char *vocabulary; /* "soc/1"; NULL: see above */
	const char *officer;    /* these four NULL when not said */
	const char *replaces, *recalls, *answers;
	const char *const *to; /* as written: partners and "@group" */
	size_t to_count;
	const char *const *partners; /* whom they stand for (rule 1) */
	size_t partners_count;
};

void record_deinit(struct record *r);
#define _cleanup_record_ __attribute__((cleanup(record_deinit)))

/* RECORD_WRONG: the message is wrong (rule 3) and nothing may be sent. */
#define RECORD_WRONG 1

/*
 * Read @json. 0: @ret is a valid message (policy_valid() has said so), and the
 * caller deinits it. RECORD_WRONG: each line of @problems is a sentence that
 * begins with a JSON path, or with LINE:COLUMN where it is not JSON.
 */
int record_read(const struct record_context *context, struct slice json,
    struct buf *problems, struct record *ret);

#endif
