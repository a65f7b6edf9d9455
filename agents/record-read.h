#ifndef AGENTS_RECORD_READ_H
#define AGENTS_RECORD_READ_H

/* What record.c (fields) and record-header.c (header, originators) share. */

#include <jansson.h>

#include "agents/record.h"

struct reading {
	const struct record_context *context;
	struct record *record;
	struct arena *arena; /* the record's */
	struct buf *problems;
	unsigned wrong;
	struct policy_field *fields;
	size_t count, cap;
	struct policy_bare *bare;
	size_t bare_count, bare_cap;
};

/* What each kind of value looks like in JSON, for messages. */
extern const char *const record_value_words[];

/* Add a problem, safe to show; @near, when not NULL, is what may have been
 * meant. */
void record_problem(struct reading *r, const char *near, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* Whether the next problem is told or only counted. To seek the nearest name is
 * dear, and a record has room for a hundred thousand wrong ones. */
bool record_tells(const struct reading *r);
void record_expected(struct reading *r, const char *where, const char *what,
    const json_t *found);

/* Whether @name is a key of the header, and the nearest that is. */
bool record_is_key(const char *name);
const char *record_nearest_key(const char *name);

/* The header of @root into the record. Which entities there are is not known
 * yet. */
void record_read_header(struct reading *r, const json_t *root);

/* @object may be NULL. After the vocabulary is known, or known to be unknown.
 */
void record_read_originators(struct reading *r, json_t *object);

#endif
