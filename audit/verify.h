#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

/*
 * Is this log whole, unchanged and consistent with itself? Offline, from an
 * export (caveat-log(5)) or from a broker's folder, with the log's key given by
 * whoever asks: a log that brings its own key proves nothing.
 *
 * Every leaf hash is computed again from the entry's own bytes, every tile and
 * the root from those; the checkpoint's signature, every receipt, enrolment and
 * published text is checked; and what the entries say must hold together:
 * policy numbers do not go back, each partner's copies are numbered 1, 2, 3,
 * ... without a gap, each message received is followed by all its decisions,
 * copies go to nobody but parties of agreements they have signed, who an
 * enrolment says somebody is agrees with those, each receipt is for copies that
 * were decided with that body, and no file is there that nothing in the log
 * accounts for.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/why.h"
#include "wire/note.h"

struct verify_totals {
	uint64_t entries, received, decided, refused, delivered, texts;
	uint64_t waiting; /* decided and not yet receipted */
	uint64_t details_erased;
	char origin[96];
	uint64_t size;
	char root[48]; /* base64 */
};

/* One doubt: @entry is its index, or UINT64_MAX when it is about something
 * else;
 * @where names the file and @what says it in words, and what that means. */
typedef void (*verify_doubt_fn)(
    void *ctx, uint64_t entry, const char *where, const char *what);

/* Now and then, for people who wait: @done of @all entries. */
typedef void (*verify_progress_fn)(void *ctx, uint64_t done, uint64_t all);

struct verify_request {
	const char *path; /* an export's folder or a broker's */
	const struct vkey *key;
	verify_doubt_fn doubt;
	verify_progress_fn progress; /* NULL: none */
	void *ctx;
};

/* 0: nothing is in doubt. VERIFY_DOUBT: at least one @doubt was reported.
 * Negative errno with @why: it could not be read at all. */
enum { VERIFY_DOUBT = 1 };
int audit_verify(const struct verify_request *request,
    struct verify_totals *ret, struct why *why);

/*
 * Write the log of the broker in @broker_dir (running or not) to @output, a new
 * or empty folder, or an earlier export of the same log, which it brings up to
 * date: checkpoint, tile/, partners/, agreements/, details/. -EBADMSG, and
 * nothing written, when the log no longer begins with what that export has. An
 * interrupted export does not verify; exporting again completes it.
 */
int audit_export(const char *broker_dir, const char *output,
    verify_progress_fn progress, void *ctx, struct why *why);

#endif
