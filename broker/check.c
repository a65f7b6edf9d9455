/* caveat-broker check: is the folder fit to run? Beside a running broker or
 * not; changes nothing. */

#include <stdio.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/command.h"
#include "util/file.h"
#include "util/mem.h"

struct findings {
	bool json;
	uint64_t count;
};

static void report(struct findings *f, const char *where, const char *what)
{
	_cleanup_buf_ struct buf line = { 0 };

	if (f->json) {
		buf_add_str(&line, f->count ? "," : "");
		buf_add_str(&line, "{\"where\":");
		json_add(&line, where);
		buf_add_str(&line, ",\"what\":");
		json_add(&line, what);
		buf_add_str(&line, "}");
	} else {
		buf_addf(&line, "%s: %s\n", where, what);
	}
	fwrite(line.data, 1, line.len, stdout);
	f->count++;
}

static void on_problem(
    void *ctx, const char *table, const char *key, const char *what)
{
	char where[256];

	snprintf(where, sizeof(where), "store %s %s", table, key);
	report(ctx, where, what);
}

static void check_store(const struct settings *s, struct findings *f)
{
	_cleanup_free_ char *path = settings_path(s->dir, SETTINGS_STORE);
	uint64_t problems = 0;
	struct why why;

	if (ledger_check(path, on_problem, f, &problems, &why) < 0)
		report(f, path, why.text);
}

static void check_keys(const struct settings *s, struct findings *f)
{
	_cleanup_key_ struct key *curve = NULL, *log = NULL;
	struct why why;

	if (key_load(KEY_X25519, s->curve_key, &curve, &why) != 0)
		report(f, s->curve_key, why.text);
	if (key_load(KEY_ED25519, s->log_key, &log, &why) != 0)
		report(f, s->log_key, why.text);
}

static void check_books(const struct settings *s, struct findings *f)
{
	_cleanup_free_ char *path = settings_path(s->dir, SETTINGS_STORE);
	struct store_options options = { .map_bytes = s->map_bytes,
		.read_only = true };
	struct book *book = NULL;
	struct store *store;
	struct store_txn *t;
	struct why why;

	if (ledger_open(path, &options, &store, &why) != 0) {
		report(f, path, why.text);
		return;
	}
	if (store_read(store, &t) != 0) {
		report(f, path, "it cannot be read");
	} else {
		if (book_read(t, &book, &why) != 0)
			report(f, "books", why.text);
		store_end(t);
	}
	book_unref(book);
	store_free(store);
}

int command_check(const struct call *call)
{
	_cleanup_buf_ struct buf problems = { 0 };
	struct findings f = { .json = call->json };
	struct settings s;
	struct why why;

	if (call->json)
		fputs("{\"problems\":[", stdout);
	if (settings_load(call->dir, &s, &problems) != 0) {
		_cleanup_free_ char *text = NULL;

		text = buf_steal_str(&problems);
		report(&f, SETTINGS_FILE, text);
	} else {
		if (file_check_private(call->dir, &why) != 0)
			report(&f, call->dir, why.text);
		check_keys(&s, &f);
		check_store(&s, &f);
		check_books(&s, &f);
	}
	settings_deinit(&s);
	if (call->json)
		puts("]}");
	else if (f.count == 0)
		puts("nothing is wrong");
	return f.count ? EXIT_NO : EXIT_YES;
}
