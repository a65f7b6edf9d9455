/*
 * The bytes: every hash from the entries up, every file accounted for. What the
 * entries say to each other is account.c's.
 */

#include "audit/verify.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/account.h"
#include "audit/archive.h"
#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/text.h"
#include "wire/base64.h"

struct verify {
	const struct verify_request *request;
	struct archive *archive;
	struct tree *tree;
	struct account *account;
	struct checkpoint checkpoint;
	struct map
	    expected; /* files of an export that something accounts for */
	struct verify_totals totals;
	uint64_t doubts;
};

static void count_doubt(
    void *ctx, uint64_t entry, const char *where, const char *what)
{
	_cleanup_buf_ struct buf safe_where = { 0 }, safe_what = { 0 };
	struct verify *v = ctx;

	/* Names and words of the log end on a terminal. */
	text_show(slice_str(where), &safe_where);
	text_show(slice_str(what), &safe_what);
	buf_add_byte(&safe_where, '\0');
	buf_add_byte(&safe_what, '\0');
	v->doubts++;
	v->request->doubt(v->request->ctx, entry, (char *)safe_where.data,
	    (char *)safe_what.data);
}

static void doubt(struct verify *v, uint64_t entry, const char *where,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

static void doubt(struct verify *v, uint64_t entry, const char *where,
    const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	count_doubt(v, entry, where, text);
}

/* Note a file as accounted for; keeps @path, which is returned to name it. */
static const char *expect(struct verify *v, char *path)
{
	char *old = map_set_str(&v->expected, path, path);

	free(old);
	return path;
}

/* ---- tiles ------------------------------------------------------------ */

static void compare_tile(
    struct verify *v, unsigned level, uint64_t n, struct slice want)
{
	unsigned width = (unsigned)(want.len / HASH_BYTES);
	const char *where = expect(v, archive_tile_path(level, n, width));
	_cleanup_buf_ struct buf tile = { 0 };
	int r = archive_tile(v->archive, level, n, width, &tile);

	if (r != 0)
		doubt(v, UINT64_MAX, where,
		    "this tile of the tree is missing or cannot be read");
	else if (!slice_eq(buf_slice(&tile), want))
		doubt(v, UINT64_MAX, where,
		    "this tile is not what the entries hash to: it or the"
		    " entries were changed");
}

static int on_full_tile(
    void *ctx, unsigned level, uint64_t index, const uint8_t *hashes)
{
	compare_tile(ctx, level, index, slice_of(hashes, TREE_TILE_BYTES));
	return 0;
}

static void check_edges(struct verify *v)
{
	_cleanup_buf_ struct buf edge = { 0 };

	if (!archive_is_export(v->archive))
		return; /* a store keeps full tiles only */
	for (unsigned level = 0; level < ARCHIVE_LEVELS - 1; level++) {
		buf_reset(&edge);
		tree_edge(v->tree, level, &edge);
		if (edge.len > 0)
			compare_tile(v, level,
			    v->checkpoint.size >> (8 * (level + 1)),
			    buf_slice(&edge));
	}
}

static void check_root(struct verify *v)
{
	uint8_t root[HASH_BYTES];

	tree_root(v->tree, root);
	if (tree_size(v->tree) != v->checkpoint.size ||
	    memcmp(root, v->checkpoint.root, HASH_BYTES))
		doubt(v, UINT64_MAX, "checkpoint",
		    "the entries do not hash to the root the log signed: at"
		    " least one entry was changed, added or left out");
}

/* ---- entries ---------------------------------------------------------- */

/* The text an entry cites, compared with its digest. */
static void read_text(
    struct verify *v, uint64_t index, const struct entry *e, struct buf *out)
{
	enum archive_text kind =
	    e->kind == ENTRY_PARTNER ? ARCHIVE_ENROLMENT : ARCHIVE_AGREEMENT;
	uint8_t digest[HASH_BYTES];
	const char *where;

	if (e->kind != ENTRY_AGREEMENT && e->kind != ENTRY_NOTICE &&
	    !(e->kind == ENTRY_PARTNER && e->has_text))
		return;
	where = expect(v, archive_text_path(kind, e->name, e->text));
	if (archive_text(v->archive, kind, e->name, e->text, out) != 0) {
		doubt(v, index, where,
		    "the text that this entry cites is missing");
		return;
	}
	hash_bytes(out->data, out->len, digest);
	if (memcmp(digest, e->text, HASH_BYTES)) {
		doubt(v, index, where,
		    "this text is not the one that was in force: it was"
		    " changed");
		buf_reset(out);
	}
}

static void check_detail(struct verify *v, uint64_t index,
    const struct entry *e, struct slice detail)
{
	uint8_t digest[HASH_BYTES];

	if (!e->has_detail && detail.len == 0)
		return;
	if (e->has_detail && detail.len == 0) {
		v->totals.details_erased++;
		return;
	}
	hash_bytes(detail.data, detail.len, digest);
	if (!e->has_detail || memcmp(digest, e->detail, HASH_BYTES))
		doubt(v, index, "details",
		    "the detail kept beside this entry is not the one it"
		    " commits to");
}

static void check_entry(
    struct verify *v, uint64_t index, struct slice bytes, struct slice detail)
{
	_cleanup_buf_ struct buf text = { 0 };
	uint8_t leaf[HASH_BYTES];
	const char *fault;
	struct entry e;

	entry_leaf(bytes, leaf);
	if (tree_append(v->tree, leaf, on_full_tile, v) < 0)
		doubt(v, index, "entry", "cannot be added to the tree");
	fault = entry_decode(bytes, &e);
	if (fault) {
		doubt(v, index, "entry", "cannot be read: %s", fault);
		return;
	}
	check_detail(v, index, &e, detail);
	read_text(v, index, &e, &text);
	account_entry(v->account, index, &e, buf_slice(&text));
}

/* The next piece behind a length of @bytes bytes, big-endian. */
static bool take(struct slice *rest, unsigned bytes, struct slice *ret)
{
	size_t len = 0;

	if (rest->len < bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		len = len << 8 | rest->data[i];
	if (rest->len - bytes < len)
		return false;
	*ret = slice_of(rest->data + bytes, len);
	rest->data += bytes + len;
	rest->len -= bytes + len;
	return true;
}

/* False: the bundle cannot be read, and nothing after it has a place. */
static bool check_bundle(struct verify *v, uint64_t n, unsigned width)
{
	_cleanup_buf_ struct buf entries = { 0 }, details = { 0 };
	const char *where = expect(v, archive_entries_path(n, width));
	const char *beside = expect(v, archive_details_path(n));
	uint64_t first = n * ARCHIVE_BUNDLE;
	struct slice rest, more, entry, detail;
	bool has_details;

	if (archive_entries(v->archive, n, width, &entries) != 0) {
		doubt(v, first, where, "the entries from here on are missing");
		return false;
	}
	has_details = archive_details(v->archive, n, width, &details) == 0;
	if (!has_details)
		doubt(v, first, beside, "the details from here on are missing");
	rest = buf_slice(&entries);
	more = buf_slice(&details);
	for (unsigned i = 0; i < width; i++) {
		if (!take(&rest, 2, &entry)) {
			doubt(v, first + i, where,
			    "the file ends within this entry");
			return false;
		}
		detail = (struct slice){ 0 };
		if (has_details && !take(&more, 4, &detail)) {
			doubt(v, first + i, beside,
			    "the file ends within this entry's detail");
			has_details = false;
		}
		check_entry(v, first + i, entry, detail);
	}
	if (rest.len > 0)
		doubt(v, first + width, where,
		    "the file holds more than the log's entries");
	if (has_details && more.len > 0)
		doubt(v, first + width, beside,
		    "the file holds more than the entries' details");
	return true;
}

static void check_entries(struct verify *v)
{
	uint64_t size = v->checkpoint.size;

	for (uint64_t n = 0; n * ARCHIVE_BUNDLE < size; n++) {
		uint64_t left = size - n * ARCHIVE_BUNDLE;
		unsigned width =
		    left < ARCHIVE_BUNDLE ? (unsigned)left : ARCHIVE_BUNDLE;

		if (!check_bundle(v, n, width))
			return;
		if (v->request->progress)
			v->request->progress(
			    v->request->ctx, n * ARCHIVE_BUNDLE + width, size);
	}
}

/* ---- files ------------------------------------------------------------ */

typedef void (*file_fn)(struct verify *v, const FTSENT *e, const char *name);

/* Call @each for everything in an export but its folders. */
static void walk(struct verify *v, file_fn each)
{
	_cleanup_free_ char *root = mem_str(v->request->path);
	char *paths[] = { root, NULL };
	size_t skip = strlen(root);
	FTSENT *e;
	FTS *fts =
	    fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);

	while (fts && (errno = 0, e = fts_read(fts))) {
		const char *name = e->fts_path + skip;

		while (*name == '/')
			name++;
		if (e->fts_info != FTS_D && e->fts_info != FTS_DP)
			each(v, e, name);
	}
	if (!fts || errno)
		doubt(v, UINT64_MAX, root, "the folder cannot be listed: %s",
		    strerror(errno));
	if (fts)
		fts_close(fts);
}

/* A link would be read from outside the export, a pipe would never end. */
static void check_plain(struct verify *v, const FTSENT *e, const char *name)
{
	if (e->fts_info != FTS_F)
		doubt(v, UINT64_MAX, name,
		    "this is not a plain file that can be read, as everything"
		    " in an export is; nothing was verified");
}

/* A file that nothing in the log accounts for may be something that was hidden
 * from it, or left out of it. */
static void check_stray(struct verify *v, const FTSENT *e, const char *name)
{
	if (!map_get_str(&v->expected, name))
		doubt(v, UINT64_MAX, name,
		    "nothing in the log accounts for this file");
}

/* ---- all of it -------------------------------------------------------- */

/* False: without a signed checkpoint there is nothing to compare with. */
static bool check_checkpoint(struct verify *v, struct why *why)
{
	_cleanup_buf_ struct buf note = { 0 };
	const char *where = expect(v, mem_str("checkpoint"));

	if (archive_checkpoint(v->archive, &note) != 0) {
		doubt(v, UINT64_MAX, where, "there is no checkpoint");
		return false;
	}
	if (!checkpoint_open(
		buf_slice(&note), v->request->key, &v->checkpoint, why)) {
		doubt(v, UINT64_MAX, where, "%s", why->text);
		return false;
	}
	return true;
}

static void fill_totals(struct verify *v)
{
	_cleanup_buf_ struct buf root = { 0 };

	account_end(v->account, &v->totals);
	snprintf(v->totals.origin, sizeof(v->totals.origin), "%s",
	    v->checkpoint.origin);
	v->totals.size = v->checkpoint.size;
	base64_add(&root, v->checkpoint.root, HASH_BYTES);
	snprintf(v->totals.root, sizeof(v->totals.root), "%.*s",
	    SLICE_ARG(buf_slice(&root)));
}

static void check_log(struct verify *v, struct why *why)
{
	struct tree_source nothing = { 0 };

	if (archive_is_export(v->archive))
		walk(v, check_plain);
	if (v->doubts || !check_checkpoint(v, why))
		return;
	if (tree_load(0, &nothing, &v->tree, why) < 0)
		abort(); /* an empty tree reads nothing */
	v->account = account_new(v->request->key->name, count_doubt, v);
	check_entries(v);
	check_edges(v);
	check_root(v);
	if (archive_is_export(v->archive))
		walk(v, check_stray);
	fill_totals(v);
}

int audit_verify(const struct verify_request *request,
    struct verify_totals *ret, struct why *why)
{
	struct verify v = { .request = request };
	struct map_entry *e;
	int r;

	r = archive_open(request->path, &v.archive, why);
	if (r < 0)
		return r;
	check_log(&v, why);
	*ret = v.totals;
	account_free(v.account);
	tree_free(v.tree);
	archive_free(v.archive);
	for (size_t pos = 0; (e = map_next(&v.expected, &pos));)
		free(e->value);
	map_deinit(&v.expected);
	return v.doubts ? VERIFY_DOUBT : 0;
}
