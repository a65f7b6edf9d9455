#ifndef AUDIT_ARCHIVE_H
#define AUDIT_ARCHIVE_H

/*
 * A log at rest, wherever it is: an exported folder or a broker's store.
 * Reading only, in the pieces that tlog-tiles has. Nothing is verified here.
 *
 * Functions that return int: 0 and @out appended to; ARCHIVE_NONE, it is not
 * there; negative errno, it cannot be read. Reads of a broker's store see what
 * was committed when they are made; entries and full tiles never change.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/tree.h"
#include "util/buf.h"
#include "util/hash.h"
#include "util/why.h"

enum { ARCHIVE_NONE = 1 };

#define ARCHIVE_BUNDLE 256u /* entries in a full bundle */
#define ARCHIVE_LEVELS 8u   /* of tiles; level 7 is beyond any log */

struct archive;

/* @path is an export's folder, or a broker's (it has store/data.mdb). */
int archive_open(const char *path, struct archive **ret, struct why *why);
struct archive *archive_free(struct archive *a); /* always NULL */
bool archive_is_export(const struct archive *a);
const char *archive_path(const struct archive *a);

int archive_checkpoint(struct archive *a, struct buf *out);

/* Bundle @n with @width entries, each behind its length as 16 bits. */
int archive_entries(
    struct archive *a, uint64_t n, unsigned width, struct buf *out);

/* The details of the same entries, each behind its length as 32 bits. */
int archive_details(
    struct archive *a, uint64_t n, unsigned width, struct buf *out);

/* Tile @n of @level with @width hashes. A broker's store has full tiles only.
 */
int archive_tile(struct archive *a, unsigned level, uint64_t n, unsigned width,
    struct buf *out);

/* What an entry cites: a partner's enrolment, or an agreement or notice. */
enum archive_text { ARCHIVE_ENROLMENT, ARCHIVE_AGREEMENT };
int archive_text(struct archive *a, enum archive_text kind, struct slice name,
    const uint8_t digest[HASH_BYTES], struct buf *out);

/* The tree of the first @size entries, for its edge and its proofs. The archive
 * must live as long as the tree. */
int archive_tree(
    struct archive *a, uint64_t size, struct tree **ret, struct why *why);

/* ---- the files of an export, relative to its folder; the caller frees -- */

char *archive_tile_path(unsigned level, uint64_t n, unsigned width);
char *archive_entries_path(uint64_t n, unsigned width);
char *archive_details_path(uint64_t n);
char *archive_text_path(enum archive_text kind, struct slice name,
    const uint8_t digest[HASH_BYTES]);

#endif
