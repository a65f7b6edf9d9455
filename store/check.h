#ifndef STORE_CHECK_H
#define STORE_CHECK_H

/*
 * Looking at every row of a store. A check works in a child process, since LMDB
 * believes the file: pages that were overwritten can end the process that reads
 * them. Each row that does not open is reported by itself; a schema's check
 * walks its tables and compares them.
 */

#include "store/rows.h"

struct check_report {
	store_problem_fn *problem;
	void *ctx;
	uint64_t count;
};

/* 0, with the problems counted; or -errno when it could not be tried. */
int store_check(const char *dir, const struct store_schema *schema,
    struct check_report *report, struct why *why);

/* For a schema's check: */

struct store_txn *check_txn(struct check *c);

/* No other process has the store open, so the tables stay as they are while
 * they are compared. (Beside one, the reader is renewed again and again.) */
bool check_is_alone(const struct check *c);

void check_problem(struct check *c, unsigned table, const struct row_key *key,
    const char *what);

struct check_walk {
	unsigned table;
	size_t clear_len;
	struct row_view view; /* the row found */
	struct row_key from;
};

/* The next row; false at the end, or where the table cannot be read on. */
bool check_next(struct check *c, struct check_walk *walk);

/* Whether the row opens (what does not is reported). */
bool check_open(struct check *c, const struct row_view *view,
    const struct row_key *holder, struct buf *out);

#endif
