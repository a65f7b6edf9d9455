/* Opening a broker's folder: configuration, keys, store, log, books. */

#include "broker/broker.h"

#include <errno.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"

static int load_keys(struct broker *b, struct why *why)
{
	uint8_t public[KEY_BYTES];
	struct vkey vkey;
	int r = key_load(KEY_X25519, b->settings.curve_key, &b->curve, why);

	if (r == 0)
		r = key_load(KEY_ED25519, b->settings.log_key, &b->log, why);
	if (r != 0)
		return r;
	key_public(b->log, public);
	if (!vkey_make(b->settings.name, public, &vkey)) {
		why_set(why, "'%s' cannot name a key", b->settings.name);
		return -EINVAL;
	}
	vkey_format(&vkey, b->log_vkey);
	return 0;
}

static int load_books(struct broker *b, struct why *why)
{
	struct book *book;
	struct store_txn *t;
	int r = store_read(b->store, &t);

	if (r != 0) {
		why_set(why, "the store cannot be read: %s", strerror(-r));
		return r;
	}
	r = book_read(t, &book, why);
	store_end(t);
	if (r == 0)
		b->books = books_new(book);
	return r;
}

static int open_all(struct broker *b, bool read_only, struct why *why)
{
	_cleanup_free_ char *path =
	    settings_path(b->settings.dir, SETTINGS_STORE);
	struct store_options options = { .map_bytes = b->settings.map_bytes,
		.read_only = read_only };
	int r = file_check_private(b->settings.dir, why);

	if (r == 0)
		r = load_keys(b, why);
	if (r == 0 && !file_exists(path)) {
		why_set(why,
		    "'%s' is missing: it is not made anew, because a "
		    "log cannot begin again under one name; restore "
		    "the folder, or make another with 'init'",
		    path);
		r = -ENOENT;
	}
	if (r == 0)
		r = ledger_open(path, &options, &b->store, why);
	if (r == 0)
		r = record_open(
		    b->store, b->settings.name, b->log, &b->record, why);
	if (r == 0)
		r = load_books(b, why);
	return r;
}

int broker_open(
    const char *dir, bool read_only, struct broker *ret, struct buf *problems)
{
	struct why why;
	int r;

	*ret = (struct broker){ 0 };
	r = settings_load(dir, &ret->settings, problems);
	if (r != 0)
		return r;
	r = open_all(ret, read_only, &why);
	if (r != 0)
		buf_addf(problems, "%s\n", why.text);
	return r;
}

void broker_close(struct broker *b)
{
	books_free(b->books);
	record_free(b->record);
	store_free(b->store);
	key_free(b->log);
	key_free(b->curve);
	settings_deinit(&b->settings);
	*b = (struct broker){ 0 };
}
