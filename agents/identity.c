/* Who this agent is; identity.h is the contract. */

#include "agents/identity.h"

#include <errno.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"

/* ---- broker.pub ------------------------------------------------------- */

/* The value of the line "@word VALUE" in @text. */
static bool line_value(struct slice text, const char *word, struct slice *ret)
{
	size_t n = strlen(word);

	while (text.len) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;

		if (len > n + 1 && !memcmp(text.data, word, n) &&
		    text.data[n] == ' ') {
			*ret = slice_of(text.data + n + 1, len - n - 1);
			return true;
		}
		len += end ? 1 : 0;
		text = slice_of(text.data + len, text.len - len);
	}
	return false;
}

bool broker_keys_parse(
    struct slice bytes, struct broker_keys *ret, struct why *why)
{
	struct slice vkey, curve;
	size_t len;

	if (!line_value(bytes, "vkey", &vkey) ||
	    !line_value(bytes, "curve", &curve)) {
		why_set(why,
		    "it must hold a `vkey` and a `curve` line, as the broker's"
		    " operator's broker.pub does");
		return false;
	}
	if (!vkey_parse(vkey, &ret->log, why))
		return false;
	len = strlen(ret->log.name);
	if (!text_is_name(slice_of(ret->log.name, len))) {
		why_set(
		    why, "'%s' is not the name of an exchange", ret->log.name);
		return false;
	}
	memcpy(ret->exchange, ret->log.name, len + 1);
	if (!key_from_base64(curve, ret->curve) ||
	    !key_public_check(KEY_X25519, ret->curve, why)) {
		why_set(why, "its `curve` line holds no public key");
		return false;
	}
	return true;
}

static int load_broker_keys(
    const char *path, struct broker_keys *ret, struct why *why)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	int r = file_read(path, BROKER_KEYS_MAX, &bytes, why);

	if (r < 0)
		return r;
	if (broker_keys_parse(buf_slice(&bytes), ret, why))
		return 0;
	why_prefix(why, "%s", path);
	return -EINVAL;
}

/* ---- loading ---------------------------------------------------------- */

static int load_enrolment(
    const char *path, struct enrolment *ret, struct why *why)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	int r = file_read(path, ENROLMENT_BYTES_MAX, &bytes, why);

	if (r < 0)
		return r;
	if (enrolment_parse(buf_slice(&bytes), ret, why))
		return 0;
	why_prefix(why, "%s", path);
	return -EINVAL;
}

static int check_key(const struct key *key, const uint8_t enrolled[KEY_BYTES],
    const char *uri, struct why *why)
{
	uint8_t public[KEY_BYTES];

	key_public(key, public);
	if (!memcmp(public, enrolled, KEY_BYTES))
		return 0;
	why_set(why,
	    "the key '%s' is not the one in the enrolment: the exchange would"
	    " not know it",
	    uri);
	return -EINVAL;
}

static int load_keys(
    const struct conf *conf, struct identity *id, struct why *why)
{
	_cleanup_key_ struct key *curve = NULL;
	int r = key_load(KEY_ED25519, conf->message_key, &id->message, why);

	if (r == 0)
		r = check_key(id->message, id->enrolment.message.public,
		    conf->message_key, why);
	if (r == 0)
		r = key_load(KEY_X25519, conf->curve_key, &curve, why);
	if (r == 0)
		r = check_key(curve, id->enrolment.curve, conf->curve_key, why);
	if (r == 0)
		r = key_curve_secret(curve, id->curve_secret, why);
	return r;
}

int identity_load(
    const struct conf *conf, struct identity *ret, struct why *why)
{
	_cleanup_free_ char *broker = conf_path(conf->dir, CONF_BROKER);
	_cleanup_free_ char *enrolment = conf_path(conf->dir, CONF_ENROLMENT);
	int r = file_check_private(conf->dir, why);

	*ret = (struct identity){ 0 };
	if (r == 0)
		r = load_broker_keys(broker, &ret->broker, why);
	if (r == 0)
		r = load_enrolment(enrolment, &ret->enrolment, why);
	if (r == 0 && strcmp(ret->enrolment.partner, conf->name) != 0) {
		why_set(why, "'%s' is the enrolment of %s, agent.conf says %s",
		    enrolment, ret->enrolment.partner, conf->name);
		r = -EINVAL;
	}
	if (r == 0)
		r = load_keys(conf, ret, why);
	if (r < 0) {
		identity_deinit(ret);
		return r;
	}
	memcpy(ret->name, ret->enrolment.partner, sizeof(ret->name));
	return 0;
}

void identity_deinit(struct identity *id)
{
	key_free(id->message);
	mem_wipe(id->curve_secret, sizeof(id->curve_secret));
	*id = (struct identity){ 0 };
}
