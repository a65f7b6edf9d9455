/* Enrolments: four public keys, three of which sign the paper they stand on. */

#include "wire/enrol.h"

#include <stdio.h>
#include <string.h>

#include "util/mem.h"

#define FIRST_LINE "caveat enrolment v1\n"

/* The four keys' bytes, whatever their kind. */
static void collect(const struct enrolment *e, const uint8_t *ret[4])
{
	ret[0] = e->curve;
	ret[1] = e->message.public;
	ret[2] = e->witness.public;
	ret[3] = e->agree.public;
}

bool enrolment_has_key(
    const struct enrolment *e, const uint8_t public[KEY_BYTES])
{
	const uint8_t *keys[4];

	collect(e, keys);
	for (size_t i = 0; i < 4; i++)
		if (!memcmp(keys[i], public, KEY_BYTES))
			return true;
	return false;
}

bool enrolment_shares_key(const struct enrolment *a, const struct enrolment *b)
{
	const uint8_t *keys[4];

	collect(a, keys);
	for (size_t i = 0; i < 4; i++)
		if (enrolment_has_key(b, keys[i]))
			return true;
	return false;
}

static bool keys_differ(const struct enrolment *e)
{
	const uint8_t *keys[4];

	collect(e, keys);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < i; j++)
			if (!memcmp(keys[i], keys[j], KEY_BYTES))
				return false;
	return true;
}

static bool check_keys(const struct enrolment *e, struct why *why)
{
	if (!key_public_check(KEY_X25519, e->curve, why)) {
		why_prefix(why, "curve");
		return false;
	}
	if (!keys_differ(e)) {
		why_set(why, "two of the four keys of '%s' are the same key",
		    e->partner);
		return false;
	}
	return true;
}

bool enrolment_make(const char *partner, const struct enrolment_keys *keys,
    struct enrolment *ret, struct why *why)
{
	char name[TEXT_NAME_MAX + sizeof("/message")];
	struct enrolment e = { 0 };

	if (!text_is_name(slice_str(partner))) {
		why_set(why,
		    "'%s' cannot be a partner's name: small letters, digits"
		    " and '-', at most %d",
		    partner, TEXT_NAME_MAX);
		return false;
	}
	snprintf(e.partner, sizeof(e.partner), "%s", partner);
	memcpy(e.curve, keys->curve, KEY_BYTES);
	vkey_make(partner, keys->agree, &e.agree);
	snprintf(name, sizeof(name), "%s/message", partner);
	vkey_make(name, keys->message, &e.message);
	snprintf(name, sizeof(name), "%s/witness", partner);
	vkey_make(name, keys->witness, &e.witness);
	if (!check_keys(&e, why))
		return false;
	*ret = e;
	return true;
}

void enrolment_text(const struct enrolment *e, struct buf *out)
{
	char curve[KEY_BASE64_BYTES + 1], message[VKEY_TEXT_MAX],
	    witness[VKEY_TEXT_MAX], agree[VKEY_TEXT_MAX];

	key_to_base64(e->curve, curve);
	vkey_format(&e->message, message);
	vkey_format(&e->witness, witness);
	vkey_format(&e->agree, agree);
	buf_addf(out,
	    FIRST_LINE
	    "partner %s\ncurve %s\nmessage %s\nwitness %s\nagree %s\n",
	    e->partner, curve, message, witness, agree);
}

/* Take the line "KEY VALUE\n" off the front; empty when it is not there. */
static struct slice take_line(struct slice *text, const char *key)
{
	size_t key_len = strlen(key);
	const uint8_t *end =
	    text->len ? memchr(text->data, '\n', text->len) : NULL;
	size_t len = end ? (size_t)(end - text->data) : 0;
	struct slice value = { 0 };

	if (len <= key_len + 1 || memcmp(text->data, key, key_len) ||
	    text->data[key_len] != ' ')
		return value;
	value = slice_of(text->data + key_len + 1, len - key_len - 1);
	*text = slice_of(end + 1, text->len - len - 1);
	return value;
}

static bool parse_text(
    struct slice text, struct enrolment *ret, struct why *why)
{
	struct slice partner, curve;
	size_t first = strlen(FIRST_LINE);

	if (text.len < first || memcmp(text.data, FIRST_LINE, first)) {
		why_set(why, "this is not an enrolment: its first line is not"
			     " 'caveat enrolment v1'");
		return false;
	}
	text = slice_of(text.data + first, text.len - first);
	partner = take_line(&text, "partner");
	curve = take_line(&text, "curve");
	if (!text_is_name(partner) || !key_from_base64(curve, ret->curve)) {
		why_set(why, "the enrolment lacks a sound partner or curve"
			     " line");
		return false;
	}
	memcpy(ret->partner, partner.data, partner.len);
	return vkey_parse(take_line(&text, "message"), &ret->message, why) &&
	       vkey_parse(take_line(&text, "witness"), &ret->witness, why) &&
	       vkey_parse(take_line(&text, "agree"), &ret->agree, why) &&
	       check_keys(ret, why);
}

/* What the fields must print as again: names, order and nothing more. */
static bool reprints(const struct enrolment *e, struct slice text)
{
	struct enrolment_keys keys;
	_cleanup_buf_ struct buf again = { 0 };
	struct enrolment made;
	struct why why;

	memcpy(keys.curve, e->curve, KEY_BYTES);
	memcpy(keys.message, e->message.public, KEY_BYTES);
	memcpy(keys.witness, e->witness.public, KEY_BYTES);
	memcpy(keys.agree, e->agree.public, KEY_BYTES);
	if (!enrolment_make(e->partner, &keys, &made, &why))
		return false;
	enrolment_text(&made, &again);
	return slice_eq(buf_slice(&again), text);
}

static bool check_signatures(
    const struct note *note, const struct enrolment *e, struct why *why)
{
	const struct vkey *const vkeys[] = { &e->agree, &e->message,
		&e->witness };

	if (note->count != ARRAY_LEN(vkeys)) {
		why_set(why,
		    "the enrolment of '%s' has %zu signatures; the agree,"
		    " message and witness keys must sign it, and nobody else",
		    e->partner, note->count);
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(vkeys); i++) {
		if (note_verify(note, vkeys[i]) != NOTE_SIGNED) {
			why_set(why,
			    "the enrolment of '%s' is not signed by its key"
			    " '%s'",
			    e->partner, vkeys[i]->name);
			return false;
		}
	}
	return true;
}

bool enrolment_parse(struct slice bytes, struct enrolment *ret, struct why *why)
{
	struct enrolment e = { 0 };
	struct note note;

	if (bytes.len > ENROLMENT_BYTES_MAX) {
		why_set(why,
		    "this is not an enrolment: it is longer than %u"
		    " bytes",
		    ENROLMENT_BYTES_MAX);
		return false;
	}
	if (!note_parse(bytes, &note, why) || !parse_text(note.text, &e, why))
		return false;
	if (!reprints(&e, note.text)) {
		why_set(why,
		    "the enrolment of '%s' has a line or a key name that does"
		    " not belong there",
		    e.partner);
		return false;
	}
	if (!check_signatures(&note, &e, why))
		return false;
	*ret = e;
	return true;
}
