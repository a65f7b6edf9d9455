#ifndef AGENTS_USING_H
#define AGENTS_USING_H

/*
 * Texts for the policy library: from the files of a folder (--using), from one
 * file, or from wherever else a caller has them. An agreement's file may be a
 * signed note (the text, an empty line, then "- PARTY BASE64" lines with an em
 * dash): its signatures are told apart from its text here, and checked for
 * shape only.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"
#include "util/buf.h"
#include "util/why.h"

struct using_text {
	char *name; /* as messages show it */
	struct buf bytes;
	size_t text_len;  /* of @bytes: the text without signatures */
	char **signed_by; /* NULL: by every party */
	size_t signers;
};

struct using
{
	struct using_text **texts;
	size_t count, cap;
	/* Take identities from the agreements, as the exchange does, and not
	 * from the partners files. */
	bool identities;
};

void using_deinit(struct using *u);
#define _cleanup_using_ __attribute__((cleanup(using_deinit)))

/* Add the texts of @dir. Negative errno, and @why, when it cannot be read, has
 * none, or holds a note whose signature lines are not in shape. */
int using_add_dir(struct using *u, const char *dir, struct why *why);

/* Add one file, unless the same file is there already (by device and inode). */
int using_add_file(struct using *u, const char *path, struct why *why);

/* Add bytes from elsewhere, under @name. */
int using_add_bytes(
    struct using *u, const char *name, struct slice bytes, struct why *why);

/* Say who has signed the text added last: @names, @count of them, are copied.
 */
void using_set_signers(struct using *u, const char *const *names, size_t count);

/* Read them all. The set may have errors: see policy_errors(). */
struct policy *using_load(const struct using *u);

bool using_same_file(const char *a, const char *b);

/* Whether @name ends as a file of the language does. */
bool using_is_text(const char *name);

#endif
