/*
 * Two backends behind one set of functions: files named as tlog-tiles names
 * them, and the broker's ledger, from which the same pieces are put together.
 */

#include "audit/archive.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/entry.h"
#include "store/ledger.h"
#include "util/file.h"
#include "util/mem.h"

#define FILE_BYTES_MAX (64u << 20) /* a full bundle is under 17 MiB */

struct archive {
	char *path;
	struct store *ledger; /* NULL: an export */
};

/* ---- paths ------------------------------------------------------------ */

/* tlog-tiles: groups of three digits, all but the last behind an "x". */
static void add_number(struct buf *out, uint64_t n)
{
	uint64_t unit = 1;

	while (n / unit >= 1000)
		unit *= 1000;
	for (; unit > 1; unit /= 1000)
		buf_addf(out, "x%03u/", (unsigned)(n / unit % 1000));
	buf_addf(out, "%03u", (unsigned)(n % 1000));
}

static char *numbered(
    const char *prefix, uint64_t n, unsigned width, unsigned full)
{
	struct buf path = { 0 };

	buf_add_str(&path, prefix);
	add_number(&path, n);
	if (width < full)
		buf_addf(&path, ".p/%u", width);
	return buf_steal_str(&path);
}

char *archive_tile_path(unsigned level, uint64_t n, unsigned width)
{
	_cleanup_free_ char *prefix = mem_format("tile/%u/", level);

	return numbered(prefix, n, width, TREE_TILE_WIDTH);
}

char *archive_entries_path(uint64_t n, unsigned width)
{
	return numbered("tile/entries/", n, width, ARCHIVE_BUNDLE);
}

char *archive_details_path(uint64_t n)
{
	return numbered("details/", n, 1, 0);
}

char *archive_text_path(
    enum archive_text kind, struct slice name, const uint8_t digest[HASH_BYTES])
{
	struct buf path = { 0 };

	buf_add_str(
	    &path, kind == ARCHIVE_ENROLMENT ? "partners/" : "agreements/");
	for (int i = 0; i < 8; i++)
		buf_addf(&path, "%02x", digest[i]);
	buf_add_byte(&path, '-');
	/* Names come from the log: nothing in one may leave the folder. */
	for (size_t i = 0; i < name.len; i++)
		buf_add_byte(&path, name.data[i] == '/' || name.data[i] == 0
					? '-'
					: name.data[i]);
	if (kind == ARCHIVE_ENROLMENT)
		buf_add_str(&path, ".enrolment");
	return buf_steal_str(&path);
}

/* ---- opening ---------------------------------------------------------- */

int archive_open(const char *path, struct archive **ret, struct why *why)
{
	_cleanup_free_ char *store = mem_format("%s/store", path);
	_cleanup_free_ char *data = mem_format("%s/data.mdb", store);
	_cleanup_free_ char *note = mem_format("%s/checkpoint", path);
	struct store_options options = { .read_only = true };
	struct archive *a;
	int r;

	if (!file_exists(data) && !file_exists(note)) {
		why_set(why,
		    "'%s' is neither an exported log (it has no checkpoint)"
		    " nor a broker's folder (it has no store)",
		    path);
		return -ENOENT;
	}
	a = mem_alloc(sizeof(*a));
	a->path = mem_str(path);
	/* What has a checkpoint is an export: no database that somebody put
	 * into one is ever opened. */
	if (!file_exists(note)) {
		r = ledger_open(store, &options, &a->ledger, why);
		if (r != 0) {
			archive_free(a);
			return r < 0 ? r : -EIO;
		}
	}
	*ret = a;
	return 0;
}

struct archive *archive_free(struct archive *a)
{
	if (!a)
		return NULL;
	store_free(a->ledger);
	free(a->path);
	free(a);
	return NULL;
}

bool archive_is_export(const struct archive *a)
{
	return !a->ledger;
}

const char *archive_path(const struct archive *a)
{
	return a->path;
}

/* ---- reading ---------------------------------------------------------- */

static int from_file(struct archive *a, char *name, struct buf *out)
{
	_cleanup_free_ char *taken = name;
	_cleanup_free_ char *path = mem_format("%s/%s", a->path, taken);
	struct why why;
	int r = file_read(path, FILE_BYTES_MAX, out, &why);

	return r == -ENOENT || r == -ENOTDIR ? ARCHIVE_NONE : r;
}

static int outcome(int r)
{
	return r == STORE_NONE ? ARCHIVE_NONE : r;
}

int archive_checkpoint(struct archive *a, struct buf *out)
{
	struct store_txn *t;
	int r;

	if (!a->ledger)
		return from_file(a, mem_str("checkpoint"), out);
	r = store_read(a->ledger, &t);
	if (r < 0)
		return r;
	r = store_note(t, LEDGER_CHECKPOINT, out);
	store_end(t);
	return outcome(r);
}

static int ledger_entries(
    struct archive *a, uint64_t n, unsigned width, struct buf *out)
{
	_cleanup_buf_ struct buf entry = { 0 };
	struct store_txn *t;
	int r = store_read(a->ledger, &t);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < width && r == 0; i++) {
		buf_reset(&entry);
		r = ledger_entry(t, n * ARCHIVE_BUNDLE + i, &entry);
		if (r != 0)
			break;
		buf_add_be16(out, (uint16_t)entry.len);
		buf_add_slice(out, buf_slice(&entry));
	}
	store_end(t);
	return outcome(r);
}

int archive_entries(
    struct archive *a, uint64_t n, unsigned width, struct buf *out)
{
	if (a->ledger)
		return ledger_entries(a, n, width, out);
	return from_file(a, archive_entries_path(n, width), out);
}

static int ledger_details(
    struct archive *a, uint64_t n, unsigned width, struct buf *out)
{
	_cleanup_buf_ struct buf detail = { 0 };
	struct store_txn *t;
	int r = store_read(a->ledger, &t);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < width && r == 0; i++) {
		buf_reset(&detail);
		r = ledger_detail(t, n * ARCHIVE_BUNDLE + i, &detail);
		if (r == STORE_NONE)
			r = 0;
		buf_add_be32(out, (uint32_t)detail.len);
		buf_add_slice(out, buf_slice(&detail));
	}
	store_end(t);
	return outcome(r);
}

int archive_details(
    struct archive *a, uint64_t n, unsigned width, struct buf *out)
{
	if (a->ledger)
		return ledger_details(a, n, width, out);
	return from_file(a, archive_details_path(n), out);
}

int archive_tile(struct archive *a, unsigned level, uint64_t n, unsigned width,
    struct buf *out)
{
	struct store_txn *t;
	int r;

	if (!a->ledger)
		return from_file(a, archive_tile_path(level, n, width), out);
	assert(width == TREE_TILE_WIDTH);
	r = store_read(a->ledger, &t);
	if (r < 0)
		return r;
	r = ledger_tile(t, (uint8_t)level, n, buf_room(out, TREE_TILE_BYTES));
	if (r == 0)
		out->len += TREE_TILE_BYTES;
	store_end(t);
	return outcome(r);
}

int archive_text(struct archive *a, enum archive_text kind, struct slice name,
    const uint8_t digest[HASH_BYTES], struct buf *out)
{
	struct store_txn *t;
	int r;

	if (!a->ledger)
		return from_file(a, archive_text_path(kind, name, digest), out);
	r = store_read(a->ledger, &t);
	if (r < 0)
		return r;
	r = ledger_text(t, digest, out);
	store_end(t);
	return outcome(r);
}

/* ---- the tree --------------------------------------------------------- */

static int source_tile(void *ctx, unsigned level, uint64_t index, uint8_t *ret)
{
	_cleanup_buf_ struct buf tile = { 0 };
	int r = archive_tile(ctx, level, index, TREE_TILE_WIDTH, &tile);

	if (r != 0 || tile.len != TREE_TILE_BYTES)
		return r < 0 ? r : -ENOENT;
	memcpy(ret, tile.data, TREE_TILE_BYTES);
	return 0;
}

static int source_leaf(void *ctx, uint64_t index, uint8_t ret[HASH_BYTES])
{
	_cleanup_buf_ struct buf entry = { 0 };
	struct archive *a = ctx;
	struct store_txn *t;
	int r;

	assert(a->ledger);
	r = store_read(a->ledger, &t);
	if (r < 0)
		return r;
	r = ledger_entry(t, index, &entry);
	store_end(t);
	if (r != 0)
		return r < 0 ? r : -ENOENT;
	entry_leaf(buf_slice(&entry), ret);
	return 0;
}

int archive_tree(
    struct archive *a, uint64_t size, struct tree **ret, struct why *why)
{
	struct tree_source source = { source_tile, source_leaf, a };

	return tree_load(size, &source, ret, why);
}
