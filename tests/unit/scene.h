#ifndef TESTS_UNIT_SCENE_H
#define TESTS_UNIT_SCENE_H

/*
 * A set of texts and messages for tests, written as compactly as they are read:
 *
 *     scene_load("vocabulary ...", "agreement ...", "standing ...");
 *     scene_decide("to council\nsubject[1].born 1990-02-03\n", "council");
 *     CHECK_STR(scene_verdict("subject[1].born"), "reduce year 4");
 *
 * One scene at a time; what it returns lives until the next scene_load().
 */

#include "policy/policy.h"

extern struct policy *scene;
extern struct arena scene_arena;

/* Up to eight texts, the kind of each told by its first word; a failure of the
 * test if they have errors. Everyone has signed. */
void scene_load_texts(const char *const *texts, size_t count);
#define scene_load(...)                                                        \
	scene_load_texts((const char *const[]){ __VA_ARGS__ },                 \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* Load again: with these signatures on every agreement, and these partners
 * suspended; NULL: signed by all, nobody. */
struct scene_life {
	const char *const *signed_by;
	size_t signers;
	const char *suspended;
};
extern struct scene_life scene_life;

/*
 * A message: a line `KEY VALUE` for the header, with `from police`,
 * `type report`, `agreement a`, `purpose prevent`, `marking OFFICIAL` and
 * `sent 2026-05-04T10:00:00Z` unless said otherwise; `ENTITY.FIELD VALUE` or
 * `ENTITY[N].FIELD VALUE` for a field. A list has commas; `?` is hidden; a
 * value's end ` < hmrc` names its originator. `originator PATTERN PARTNER` says
 * who would have given what is absent; `bare subject[1]` is an instance without
 * fields.
 */
struct policy_message *scene_message(const char *text);

/* Decided at 2026-05-04T10:00:00Z, or at scene_now. */
extern int64_t scene_now;
void scene_decide(const char *message, const char *recipient);
void scene_possible(const char *message, const char *recipient, bool unseen);
extern struct policy_decision scene_decision;

/* "reduce year 4", "withhold 4 told", "conceal -"; "refused" when it is. */
const char *scene_verdict(const char *path);
const char *scene_value(const char *path); /* as written in a message */
/* NULL: it is valid; else what is wrong. */
const char *scene_wrong(const char *message, const char *recipients);
int64_t scene_time(const char *text);
uint32_t scene_position(const char *path);

#endif
