/* The first folder of an agent; identity.h is the contract. */

#include "agents/identity.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agents/officers.h"
#include "util/file.h"
#include "util/mem.h"

enum { CURVE, MESSAGE, WITNESS, AGREE, KEYS };

static const struct {
	const char *name; /* DIR/keys/NAME.pem */
	enum key_kind kind;
} key_rows[KEYS] = {
	[CURVE] = { "curve", KEY_X25519 },
	[MESSAGE] = { "message", KEY_ED25519 },
	[WITNESS] = { "witness", KEY_ED25519 },
	[AGREE] = { "agree", KEY_ED25519 },
};

struct making {
	const struct identity_request *request;
	struct key *keys[KEYS];
	struct broker_keys broker;
	struct buf broker_bytes;
};

static int make_keys(struct making *m, struct why *why)
{
	_cleanup_free_ char *folder = conf_path(m->request->dir, CONF_KEYS);
	int r = file_mkdir(folder, 0700, why);

	for (size_t i = 0; i < KEYS && r == 0; i++) {
		_cleanup_free_ char *path =
		    mem_format("%s/%s.pem", folder, key_rows[i].name);

		r = key_generate(key_rows[i].kind, path, why);
		if (r == 0)
			r = key_load(key_rows[i].kind, path, &m->keys[i], why);
	}
	return r;
}

/* The enrolment, signed by the three keys that sign. */
static int make_enrolment(struct making *m, struct buf *note, struct why *why)
{
	struct enrolment_keys raw;
	struct enrolment e;
	int r;

	key_public(m->keys[CURVE], raw.curve);
	key_public(m->keys[MESSAGE], raw.message);
	key_public(m->keys[WITNESS], raw.witness);
	key_public(m->keys[AGREE], raw.agree);
	if (!enrolment_make(m->request->name, &raw, &e, why))
		return -EINVAL;
	enrolment_text(&e, note);
	r = note_sign(note, e.agree.name, m->keys[AGREE], why);
	if (r == 0)
		r = note_sign(note, e.message.name, m->keys[MESSAGE], why);
	if (r == 0)
		r = note_sign(note, e.witness.name, m->keys[WITNESS], why);
	return r;
}

static int create(const struct making *m, const char *name, struct slice data,
    mode_t mode, struct why *why)
{
	_cleanup_free_ char *path = conf_path(m->request->dir, name);

	return file_create(path, data, mode, why);
}

static void add_officers(struct buf *out)
{
	_cleanup_free_ char *user = officers_system_user(getuid());

	buf_addf(out,
	    "# Who may use this agent: system-user \"Named Officer\" "
	    "role,role\n"
	    "# Roles: officer, chair, governance, auditor, operator.\n"
	    "%s \"%s\" officer,operator\n",
	    user, user);
}

static int make_files(struct making *m, struct why *why)
{
	_cleanup_buf_ struct buf enrolment = { 0 }, officers = { 0 },
				 conf = { 0 };
	int r = make_enrolment(m, &enrolment, why);

	add_officers(&officers);
	conf_template(m->request->name, m->request->endpoint, &conf);
	if (r == 0)
		r = create(
		    m, CONF_BROKER, buf_slice(&m->broker_bytes), 0644, why);
	if (r == 0)
		r = create(m, CONF_ENROLMENT, buf_slice(&enrolment), 0644, why);
	if (r == 0)
		r = create(m, CONF_OFFICERS, buf_slice(&officers), 0600, why);
	/* Last: a folder with agent.conf is whole. */
	if (r == 0)
		r = create(m, CONF_FILE, buf_slice(&conf), 0600, why);
	return r;
}

static int read_broker(struct making *m, struct why *why)
{
	int r = file_read(
	    m->request->broker_key, BROKER_KEYS_MAX, &m->broker_bytes, why);

	if (r < 0)
		return r;
	if (broker_keys_parse(buf_slice(&m->broker_bytes), &m->broker, why))
		return 0;
	why_prefix(why, "%s", m->request->broker_key);
	return -EINVAL;
}

int identity_make(const struct identity_request *request, struct why *why)
{
	_cleanup_free_ char *conf = conf_path(request->dir, CONF_FILE);
	struct making m = { .request = request };
	int r = 0;

	if (file_exists(conf)) {
		why_set(why, "'%s' is there already: this folder is an agent's",
		    conf);
		r = -EEXIST;
	}
	if (r == 0)
		r = read_broker(&m, why);
	if (r == 0)
		r = file_mkdir(request->dir, 0700, why);
	if (r == 0)
		r = file_check_private(request->dir, why);
	if (r == 0)
		r = make_keys(&m, why);
	if (r == 0)
		r = make_files(&m, why);
	for (size_t i = 0; i < KEYS; i++)
		key_free(m.keys[i]);
	buf_deinit(&m.broker_bytes);
	return r;
}
