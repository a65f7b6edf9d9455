/*
 * What is full never changes and is written once; the checkpoint goes last, and
 * partial pieces of an older size are cleared away after it. An export that was
 * interrupted does not verify; exporting again completes it.
 */

#include "audit/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/archive.h"
#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "util/file.h"
#include "util/mem.h"
#include "wire/merkle.h"

struct export
{
	struct archive *from;
	const char *output;
	struct checkpoint now;
	struct checkpoint before; /* of an earlier export in @output; or 0 */
	struct why *why;
};

/* Create the folders above @path, which is inside the export. */
static int make_parents(struct export *x, const char *path)
{
	_cleanup_free_ char *copy = mem_str(path);

	for (char *p = copy + strlen(x->output) + 1; (p = strchr(p, '/'));
	     *p++ = '/') {
		int r;

		*p = '\0';
		r = file_mkdir(copy, 0755, x->why);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes @name. What is there already with the same length is left alone: only
 * things that never change, or the last pieces, are written here. */
static int put(struct export *x, char *name, struct slice data, bool fixed)
{
	_cleanup_free_ char *taken = name;
	_cleanup_free_ char *path = mem_format("%s/%s", x->output, taken);
	struct stat st;
	int r;

	if (fixed && stat(path, &st) == 0 && (uint64_t)st.st_size == data.len)
		return 0;
	r = make_parents(x, path);
	return r < 0 ? r : file_write(path, data, 0644, x->why);
}

static int lost(struct export *x, const char *what, uint64_t n)
{
	why_set(x->why,
	    "the log lacks %s %llu; run caveat audit verify on the"
	    " broker's folder to see what is damaged",
	    what, (unsigned long long)n);
	return -EIO;
}

static int export_text(struct export *x, const struct entry *e)
{
	enum archive_text kind =
	    e->kind == ENTRY_PARTNER ? ARCHIVE_ENROLMENT : ARCHIVE_AGREEMENT;
	_cleanup_buf_ struct buf text = { 0 };

	if (archive_text(x->from, kind, e->name, e->text, &text) != 0) {
		why_set(x->why, "the store has lost the text of '%.*s'",
		    SLICE_ARG(e->name));
		return -EIO;
	}
	return put(x, archive_text_path(kind, e->name, e->text),
	    buf_slice(&text), true);
}

/* The texts that the entries of a bundle cite. */
static int export_texts(struct export *x, struct slice bundle, uint64_t first)
{
	for (uint64_t i = first; bundle.len >= 2; i++) {
		size_t len = (size_t)(bundle.data[0] << 8 | bundle.data[1]);
		struct entry e;
		int r;

		if (bundle.len - 2 < len ||
		    entry_decode(slice_of(bundle.data + 2, len), &e))
			return lost(x, "a readable entry", i);
		r = e.kind == ENTRY_AGREEMENT || e.kind == ENTRY_NOTICE ||
			    (e.kind == ENTRY_PARTNER && e.has_text)
			? export_text(x, &e)
			: 0;
		if (r < 0)
			return r;
		bundle.data += 2 + len;
		bundle.len -= 2 + len;
	}
	return 0;
}

static int export_bundle(struct export *x, uint64_t n)
{
	_cleanup_buf_ struct buf entries = { 0 }, details = { 0 };
	uint64_t first = n * ARCHIVE_BUNDLE;
	unsigned width = x->now.size - first < ARCHIVE_BUNDLE
			     ? (unsigned)(x->now.size - first)
			     : ARCHIVE_BUNDLE;
	int r;

	if (archive_entries(x->from, n, width, &entries) != 0)
		return lost(x, "entries of bundle", n);
	if (archive_details(x->from, n, width, &details) != 0)
		return lost(x, "details of bundle", n);
	r = export_texts(x, buf_slice(&entries), first);
	if (r == 0)
		r = put(x, archive_details_path(n), buf_slice(&details), false);
	if (r == 0)
		r = put(x, archive_entries_path(n, width), buf_slice(&entries),
		    width == ARCHIVE_BUNDLE);
	return r;
}

static int export_tiles(struct export *x, struct tree *tree, unsigned level)
{
	uint64_t full = level < 7 ? x->now.size >> (8 * (level + 1)) : 0;
	_cleanup_buf_ struct buf tile = { 0 };
	int r = 0;

	for (uint64_t n = 0; n < full && r == 0; n++) {
		buf_reset(&tile);
		if (archive_tile(x->from, level, n, TREE_TILE_WIDTH, &tile) !=
		    0)
			return lost(x, "tile", n);
		r = put(x, archive_tile_path(level, n, TREE_TILE_WIDTH),
		    buf_slice(&tile), true);
	}
	buf_reset(&tile);
	tree_edge(tree, level, &tile);
	if (r == 0 && tile.len > 0)
		r = put(x,
		    archive_tile_path(
			level, full, (unsigned)(tile.len / HASH_BYTES)),
		    buf_slice(&tile), true);
	return r;
}

/* Remove the partial pieces beside @keep's that an earlier, smaller export
 * left; errors do not matter: verify names a file that should not be there. */
static void clear_partials(struct export *x, char *full, unsigned keep)
{
	_cleanup_free_ char *taken = full;
	_cleanup_free_ char *dir = mem_format("%s/%s.p", x->output, taken);

	if (!file_exists(dir))
		return;
	for (unsigned width = 1; width < 256; width++) {
		_cleanup_free_ char *path = mem_format("%s/%u", dir, width);

		if (width != keep)
			unlink(path);
	}
	if (keep == 0)
		rmdir(dir);
}

/* From where the edge of the size before stood to where it is now: exports that
 * were interrupted may have left theirs anywhere between. */
static void clear_old(struct export *x)
{
	for (unsigned level = 0; level < ARCHIVE_LEVELS - 1; level++) {
		uint64_t n = x->before.size >> (8 * (level + 1));
		uint64_t now = x->now.size >> (8 * (level + 1));
		unsigned width = (unsigned)(x->now.size >> (8 * level)) & 255;

		for (; n <= now; n++) {
			unsigned keep = n == now ? width : 0;

			clear_partials(
			    x, archive_tile_path(level, n, 256), keep);
			if (level == 0)
				clear_partials(
				    x, archive_entries_path(n, 256), keep);
		}
	}
}

/* What an earlier export in the same folder was of: none, or this log when it
 * was smaller. Another log's files must not be mixed with this one's. */
static int check_output(struct export *x)
{
	_cleanup_free_ char *path = mem_format("%s/checkpoint", x->output);
	_cleanup_free_ char *store = mem_format("%s/store", x->output);
	_cleanup_buf_ struct buf note = { 0 };
	int r;

	if (file_exists(store)) {
		why_set(x->why,
		    "'%s' holds a store; give a folder for the export alone",
		    x->output);
		return -EEXIST;
	}
	r = file_read(path, CHECKPOINT_BYTES_MAX, &note, x->why);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!checkpoint_read(buf_slice(&note), &x->before) ||
	    strcmp(x->before.origin, x->now.origin) ||
	    x->before.size > x->now.size) {
		why_set(x->why,
		    "'%s' holds the export of another log, or of a later"
		    " state of this one; give a new folder",
		    x->output);
		return -EEXIST;
	}
	return 0;
}

/* The log must still begin with what was exported before. */
static int check_history(struct export *x, struct tree *tree)
{
	const struct checkpoint *old = &x->before, *now = &x->now;
	struct merkle_hash old_root, root;
	struct merkle_proof proof;
	int r;

	if (old->size == 0)
		return 0;
	r = tree_consistency(tree, old->size, now->size, &proof);
	if (r < 0) {
		why_set(
		    x->why, "the log's tree cannot be read: %s", strerror(-r));
		return r;
	}
	memcpy(old_root.bytes, old->root, HASH_BYTES);
	memcpy(root.bytes, now->root, HASH_BYTES);
	if (merkle_consistent(old->size, old_root, now->size, root,
		slice_of(proof.hashes, proof.count * HASH_BYTES)))
		return 0;
	why_set(x->why,
	    "the log does not begin with the %llu entries that '%s' was"
	    " exported with: it was rewritten. Keep that folder as it is, it"
	    " is the evidence",
	    (unsigned long long)old->size, x->output);
	return -EBADMSG;
}

static int export_all(
    struct export *x, struct slice note, verify_progress_fn progress, void *ctx)
{
	uint64_t size = x->now.size;
	uint64_t bundles = (size + ARCHIVE_BUNDLE - 1) / ARCHIVE_BUNDLE;
	struct tree *tree;
	int r = archive_tree(x->from, size, &tree, x->why);

	if (r < 0)
		return r;
	r = check_history(x, tree);
	for (uint64_t n = 0; n < bundles && r == 0; n++) {
		r = export_bundle(x, n);
		if (progress)
			progress(ctx, (n + 1) * ARCHIVE_BUNDLE, size);
	}
	for (unsigned level = 0; level < ARCHIVE_LEVELS - 1 && r == 0; level++)
		r = export_tiles(x, tree, level);
	if (r == 0)
		r = put(x, mem_str("checkpoint"), note, false);
	tree_free(tree);
	return r;
}

/* Open the broker's log and read how far it goes. */
static int open_source(
    struct export *x, const char *broker_dir, struct buf *note)
{
	int r = archive_open(broker_dir, &x->from, x->why);

	if (r < 0)
		return r;
	if (archive_is_export(x->from)) {
		why_set(x->why,
		    "'%s' is an export already; --dir wants the"
		    " broker's folder",
		    broker_dir);
		return -EINVAL;
	}
	if (archive_checkpoint(x->from, note) != 0) {
		why_set(x->why,
		    "the broker in '%s' has no checkpoint yet: it has"
		    " recorded nothing",
		    broker_dir);
		return -ENOENT;
	}
	if (!checkpoint_read(buf_slice(note), &x->now)) {
		why_set(
		    x->why, "the checkpoint in '%s' is damaged", broker_dir);
		return -EBADMSG;
	}
	return 0;
}

int audit_export(const char *broker_dir, const char *output,
    verify_progress_fn progress, void *ctx, struct why *why)
{
	struct export x = { .output = output, .why = why };
	_cleanup_buf_ struct buf note = { 0 };
	int r;

	r = open_source(&x, broker_dir, &note);
	if (r == 0)
		r = file_mkdir(output, 0755, why);
	if (r == 0)
		r = check_output(&x);
	if (r == 0)
		r = export_all(&x, buf_slice(&note), progress, ctx);
	if (r == 0)
		clear_old(&x);
	archive_free(x.from);
	return r;
}
