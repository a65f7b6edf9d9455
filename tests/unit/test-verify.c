/*
 * A small whole log, made as a broker makes one, exported and verified; then
 * every byte of every file of the export is changed, one at a time, and every
 * file is cut, removed or joined by a stranger: verify must never say yes.
 */

#include "tests/unit/test.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/log-fixture.h"
#include "util/file.h"
#include "util/mem.h"

static void export(struct writer *w, const char *out)
{
	struct why why;

	if (audit_export(w->dir, out, NULL, NULL, &why) != 0)
		test_fail(__FILE__, __LINE__, "%s", why.text);
}

TEST(verify, whole_log_from_store_and_export)
{
	struct writer *w = small_log(300);
	_cleanup_free_ char *out = mem_format("%s/export", w->dir);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;

	for (int round = 0; round < 3; round++) {
		export(w, out);
		CHECK_INT(verify(out, &w->vkey, &doubts, &t), 0);
		CHECK_INT(t.received, w->number);
		CHECK_INT(t.decided, w->number);
		CHECK_INT(t.refused, w->number);
		CHECK_INT(t.entries, t.size);
		CHECK_INT(verify(w->dir, &w->vkey, &doubts, &t), 0);
		begin(w); /* and an export brought up to date is whole too */
		for (int i = 0; i < 40; i++)
			add_message(w);
		commit(w);
	}
	writer_free(w);
}

TEST(verify, another_key_proves_nothing)
{
	struct writer *w = small_log(2);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;
	struct vkey other = w->vkey;

	other.public[0] ^= 1;
	CHECK_INT(verify(w->dir, &other, &doubts, &t), VERIFY_DOUBT);
	writer_free(w);
}

/* Change one byte, see it noticed, put it back. */
static void flip_bytes(
    const struct writer *w, const char *out, const char *path)
{
	_cleanup_buf_ struct buf file = { 0 }, doubts = { 0 };
	struct verify_totals t;
	struct why why;
	FILE *f;

	CHECK_INT(file_read(path, 1 << 20, &file, &why), 0);
	for (size_t i = 0; i < file.len; i++) {
		uint8_t was = file.data[i];

		f = fopen(path, "r+b");
		CHECK(f);
		fseek(f, (long)i, SEEK_SET);
		fputc(was ^ (1 << test_below(8)), f);
		fclose(f);
		if (verify(out, &w->vkey, &doubts, &t) != VERIFY_DOUBT)
			test_fail(__FILE__, __LINE__,
			    "byte %zu of %s changed and nobody noticed", i,
			    path);
		f = fopen(path, "r+b");
		fseek(f, (long)i, SEEK_SET);
		fputc(was, f);
		fclose(f);
	}
	CHECK_INT(truncate(path, (off_t)file.len - 1), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), VERIFY_DOUBT);
	CHECK_INT(
	    unlink(path), 0); /* without a checkpoint it is no log at all */
	CHECK(verify(out, &w->vkey, &doubts, &t) != 0);
	buf_add_byte(&file, 'x');
	CHECK_INT(file_write(path, buf_slice(&file), 0644, &why), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), VERIFY_DOUBT);
	file.len--;
	CHECK_INT(file_write(path, buf_slice(&file), 0644, &why), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), 0);
}

TEST(verify, every_byte_of_an_export)
{
	struct writer *w = small_log(3);
	_cleanup_free_ char *out = mem_format("%s/export", w->dir);
	char *copy = mem_str(out), *paths[] = { copy, NULL };
	_cleanup_free_ char *stray = mem_format("%s/tile/0/x", out);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;
	struct why why;
	size_t files = 0;
	FTSENT *e;
	FTS *fts;

	export(w, out);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), 0);
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while ((e = fts_read(fts))) {
		if (e->fts_info != FTS_F)
			continue;
		flip_bytes(w, out, e->fts_path);
		files++;
	}
	fts_close(fts);
	CHECK_INT(files, 8);
	CHECK_INT(file_write(stray, slice_str("x"), 0644, &why), 0);
	CHECK_INT(verify(out, &w->vkey, &doubts, &t), VERIFY_DOUBT);
	free(copy);
	writer_free(w);
}

/* Half of a later export, as if its process had been killed: its pieces stand
 * where neither the export before nor the one after has any. */
TEST(verify, an_interrupted_export_is_completed)
{
	struct writer *w = small_log(2);
	_cleanup_free_ char *out = mem_format("%s/export", w->dir);
	_cleanup_free_ char *note = mem_format("%s/checkpoint", out);
	_cleanup_buf_ struct buf first = { 0 }, doubts = { 0 };
	struct verify_totals t;
	struct why why;

	export(w, out);
	CHECK_INT(file_read(note, 4096, &first, &why), 0);
	for (int round = 0; round < 3; round++) {
		begin(w);
		for (int i = 0; i < 100; i++)
			add_message(w);
		commit(w);
		export(w, out);
		if (round < 2)
			CHECK_INT(
			    file_write(note, buf_slice(&first), 0644, &why), 0);
		CHECK_INT(verify(out, &w->vkey, &doubts, &t) == 0, round == 2);
	}
	writer_free(w);
}

TEST(verify, a_log_that_was_rewritten_is_not_exported_over)
{
	struct writer *old = small_log(2), *now = small_log(4);
	_cleanup_free_ char *out = mem_format("%s/export", old->dir);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;
	struct why why;

	export(old, out);
	CHECK_INT(audit_export(now->dir, out, NULL, NULL, &why), -EBADMSG);
	CHECK(strstr(why.text, "it was rewritten"));
	CHECK_INT(verify(out, &old->vkey, &doubts, &t), 0);
	CHECK_INT(audit_export(now->dir, now->dir, NULL, NULL, &why), -EEXIST);
	writer_free(old);
	writer_free(now);
}

/* ---- exports made to harm who reads them ------------------------------ */

struct hostile {
	struct writer *w;
	char *out;
};

static struct hostile hostile_export(void)
{
	struct hostile h = { .w = small_log(2) };

	h.out = mem_format("%s/export", h.w->dir);
	export(h.w, h.out);
	return h;
}

static char *inside(const struct hostile *h, const char *name)
{
	return mem_format("%s/%s", h->out, name);
}

static void expect_words(struct hostile *h, const char *words)
{
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;

	CHECK_INT(verify(h->out, &h->w->vkey, &doubts, &t), VERIFY_DOUBT);
	buf_add_byte(&doubts, 0);
	if (!strstr((char *)doubts.data, words))
		test_fail(__FILE__, __LINE__, "'%s' is not in: %s", words,
		    (char *)doubts.data);
	free(h->out);
	writer_free(h->w);
}

/* Reading it would wait for ever. */
TEST(verify, a_pipe_in_an_export_is_not_read)
{
	struct hostile h = hostile_export();
	_cleanup_free_ char *path = inside(&h, "tile/entries/000.p/11");

	CHECK_INT(unlink(path), 0);
	CHECK_INT(mkfifo(path, 0600), 0);
	expect_words(&h, "not a plain file");
}

TEST(verify, a_link_out_of_an_export_is_not_followed)
{
	struct hostile h = hostile_export();
	_cleanup_free_ char *path = inside(&h, "details");
	_cleanup_free_ char *moved = mem_format("%s/moved", h.w->dir);

	CHECK_INT(rename(path, moved), 0);
	CHECK_INT(symlink(moved, path), 0);
	expect_words(&h, "details: this is not a plain file");
}

TEST(verify, an_export_may_be_reached_by_a_link)
{
	struct hostile h = hostile_export();
	_cleanup_free_ char *link = mem_format("%s/link", h.w->dir);
	_cleanup_buf_ struct buf doubts = { 0 };
	struct verify_totals t;

	CHECK_INT(symlink(h.out, link), 0);
	CHECK_INT(verify(link, &h.w->vkey, &doubts, &t), 0);
	free(h.out);
	writer_free(h.w);
}

/* LMDB trusts its file. */
TEST(verify, a_database_in_an_export_is_not_opened)
{
	struct hostile h = hostile_export();
	_cleanup_free_ char *store = inside(&h, "store");
	_cleanup_free_ char *path = inside(&h, "store/data.mdb");
	struct why why;

	CHECK_INT(file_mkdir(store, 0700, &why), 0);
	CHECK_INT(file_write(path, slice_str("boo"), 0600, &why), 0);
	expect_words(&h, "store/data.mdb: nothing in the log accounts for");
}

TEST(verify, details_cut_to_nothing_are_not_erased_details)
{
	struct hostile h = hostile_export();
	_cleanup_free_ char *path = inside(&h, "details/000");

	CHECK_INT(truncate(path, 0), 0);
	expect_words(&h, "ends within this entry's detail");
}

TEST(verify, a_name_drives_no_terminal)
{
	struct hostile h = hostile_export();
	_cleanup_free_ char *path = inside(&h, "\033[2Jverified");
	struct why why;

	CHECK_INT(file_write(path, slice_str("x"), 0600, &why), 0);
	expect_words(&h, "?[2Jverified: nothing in the log");
}

int main(void)
{
	return test_main();
}
