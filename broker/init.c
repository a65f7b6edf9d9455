/* caveat-broker init: a folder, its keys, its first configuration, its store
 * and broker.pub, the file that partners are given. Nothing that is there is
 * ever overwritten: a key that is gone cannot be had again. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/command.h"
#include "broker/office.h"
#include "util/file.h"
#include "util/mem.h"
#include "wire/key.h"
#include "wire/note.h"

static int make_keys(const char *dir, struct why *why)
{
	_cleanup_free_ char *folder = settings_path(dir, SETTINGS_KEYS);
	_cleanup_free_ char *curve = settings_path(dir, "keys/curve.pem");
	_cleanup_free_ char *log = settings_path(dir, "keys/log.pem");
	int r = file_mkdir(folder, 0700, why);

	if (r == 0)
		r = key_generate(KEY_X25519, curve, why);
	if (r == 0)
		r = key_generate(KEY_ED25519, log, why);
	return r;
}

static int make_public(const struct settings *s, struct why *why)
{
	_cleanup_free_ char *path = settings_path(s->dir, SETTINGS_PUBLIC);
	_cleanup_key_ struct key *curve = NULL, *log = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	char vkey_text[VKEY_TEXT_MAX], curve_text[KEY_BASE64_BYTES + 1];
	uint8_t public[KEY_BYTES];
	struct vkey vkey;
	int r = key_load(KEY_X25519, s->curve_key, &curve, why);

	if (r == 0)
		r = key_load(KEY_ED25519, s->log_key, &log, why);
	if (r != 0)
		return r;
	key_public(log, public);
	if (!vkey_make(s->name, public, &vkey)) {
		why_set(why, "'%s' cannot name a key", s->name);
		return -EINVAL;
	}
	vkey_format(&vkey, vkey_text);
	key_public(curve, public);
	key_to_base64(public, curve_text);
	buf_addf(&text, "vkey %s\ncurve %s\n", vkey_text, curve_text);
	return file_create(path, buf_slice(&text), 0644, why);
}

static int make_store(const struct settings *s, struct why *why)
{
	_cleanup_free_ char *path = settings_path(s->dir, SETTINGS_STORE);
	struct store_options options = { .map_bytes = s->map_bytes };
	struct store *store;
	struct store_txn *t;
	int r = ledger_open(path, &options, &store, why);

	if (r != 0)
		return r < 0 ? r : -EIO;
	r = store_begin(store, &t);
	if (r == 0) {
		store_counter_set(t, LEDGER_LOG_EPOCH, 1);
		r = store_commit(t);
	}
	if (r != 0)
		why_set(why, "cannot write the store '%s'", path);
	store_free(store);
	return r <= 0 ? r : -ENOSPC;
}

static int make_config(const struct call *call, struct why *why)
{
	_cleanup_free_ char *path = settings_path(call->dir, SETTINGS_FILE);
	_cleanup_buf_ struct buf text = { 0 };

	settings_template(call->name, call->listen, &text);
	return file_create(path, buf_slice(&text), 0600, why);
}

static int check_words(const struct call *call)
{
	const char *fault =
	    call->name ? settings_check_name(call->name) : "is missing";

	if (fault) {
		fprintf(stderr, "caveat-broker init: --name %s%s%s\n",
		    call->name ? call->name : "", call->name ? " " : "", fault);
		return EXIT_WRONG;
	}
	fault =
	    call->listen ? settings_check_listen(call->listen) : "is missing";
	if (!fault)
		return 0;
	fprintf(stderr, "caveat-broker init: --listen %s%s%s\n",
	    call->listen ? call->listen : "", call->listen ? " " : "", fault);
	return EXIT_WRONG;
}

int command_init(const struct call *call)
{
	_cleanup_buf_ struct buf problems = { 0 };
	struct settings s = { 0 };
	struct why why;
	int r = check_words(call);

	if (r != 0)
		return r;
	r = file_mkdir(call->dir, 0700, &why);
	if (r == 0)
		r = file_check_private(call->dir, &why);
	if (r == 0)
		r = make_config(call, &why);
	if (r == 0)
		r = make_keys(call->dir, &why);
	if (r == 0 && settings_load(call->dir, &s, &problems) != 0) {
		why_set(&why, "%.*s", SLICE_ARG(buf_slice(&problems)));
		r = -EINVAL;
	}
	if (r == 0)
		r = make_public(&s, &why);
	if (r == 0)
		r = make_store(&s, &why);
	settings_deinit(&s);
	if (r != 0) {
		fprintf(stderr, "caveat-broker init: %s\n", why.text);
		return EXIT_WRONG;
	}
	printf("made %s; give %s/%s to the partners, then run it with "
	       "'caveat-broker --dir %s run'\n",
	    call->dir, call->dir, SETTINGS_PUBLIC, call->dir);
	return EXIT_YES;
}
