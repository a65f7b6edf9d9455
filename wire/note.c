/*
 * Signed notes. The last empty line divides text from signatures, so a text may
 * hold empty lines, and even lines that look like signatures, and still has
 * one reading.
 */

#include "wire/note.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/hash.h"
#include "wire/reader.h"

#define DASH "\xe2\x80\x94 " /* an em dash and a space begin a signature */
#define VKEY_ED25519 1       /* the kind's byte, in key ids and vkeys */

/* ---- names and verifier keys -------------------------------------------- */

static bool name_ok(struct slice name)
{
	if (name.len == 0 || name.len > NOTE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~' ||
		    name.data[i] == '+')
			return false;
	return true;
}

bool vkey_make(
    const char *name, const uint8_t public[KEY_BYTES], struct vkey *ret)
{
	uint8_t kind = VKEY_ED25519, h[HASH_BYTES];
	struct slice parts[] = { slice_str(name), slice_of("\n", 1),
		slice_of(&kind, 1), slice_of(public, KEY_BYTES) };

	if (!name_ok(parts[0]))
		return false;
	*ret = (struct vkey){ 0 };
	memcpy(ret->name, name, parts[0].len);
	memcpy(ret->public, public, KEY_BYTES);
	hash_parts(parts, 4, h);
	memcpy(ret->id, h, sizeof(ret->id));
	return true;
}

void vkey_format(const struct vkey *vkey, char ret[VKEY_TEXT_MAX])
{
	_cleanup_buf_ struct buf b = { 0 };
	uint8_t key[1 + KEY_BYTES] = { VKEY_ED25519 };
	const uint8_t *id = vkey->id;

	memcpy(key + 1, vkey->public, KEY_BYTES);
	base64_add(&b, key, sizeof(key));
	snprintf(ret, VKEY_TEXT_MAX, "%s+%02x%02x%02x%02x+%.*s", vkey->name,
	    id[0], id[1], id[2], id[3], (int)b.len, (const char *)b.data);
}

/* The parts of a vkey; its key id is not looked at. */
static bool split_vkey(struct slice text, struct vkey *ret)
{
	const uint8_t *plus =
	    text.len ? memchr(text.data, '+', text.len) : NULL;
	size_t name_len = plus ? (size_t)(plus - text.data) : 0, len;
	char name[NOTE_NAME_MAX + 1] = "";
	uint8_t key[1 + KEY_BYTES];
	struct slice base64;

	if (!name_ok(slice_of(text.data, name_len)) || text.len < name_len + 10)
		return false;
	base64 = slice_of(plus + 10, text.len - name_len - 10);
	if (!base64_read(base64, key, sizeof(key), &len) ||
	    len != sizeof(key) || key[0] != VKEY_ED25519)
		return false;
	memcpy(name, text.data, name_len);
	return vkey_make(name, key + 1, ret);
}

bool vkey_parse(struct slice text, struct vkey *ret, struct why *why)
{
	char again[VKEY_TEXT_MAX];
	struct vkey vkey;

	if (!split_vkey(text, &vkey)) {
		why_set(why, "this is not a verifier key, which is"
			     " NAME+8 hex digits+base64 of an Ed25519 key");
		return false;
	}
	vkey_format(&vkey, again);
	if (!slice_is(text, again)) {
		why_set(why,
		    "the key id in the verifier key of '%s' does not belong"
		    " to its key",
		    vkey.name);
		return false;
	}
	if (!key_public_check(KEY_ED25519, vkey.public, why)) {
		why_prefix(why, "'%s'", vkey.name);
		return false;
	}
	*ret = vkey;
	return true;
}

bool vkey_eq(const struct vkey *a, const struct vkey *b)
{
	return !strcmp(a->name, b->name) &&
	       !memcmp(a->public, b->public, KEY_BYTES);
}

/* ---- reading ------------------------------------------------------------ */

/* NULL, or what keeps @text from being a note's. */
static const char *text_fault_of(struct slice text)
{
	if (text.len == 0 || text.data[text.len - 1] != '\n')
		return "does not end in a newline";
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' && text.data[i] != '\n')
			return "holds a control character";
	return reader_is_utf8(text) ? NULL : "is not UTF-8";
}

/* Where the signatures begin, after the last empty line; 0: nowhere. */
static size_t find_signatures(struct slice bytes)
{
	for (size_t i = bytes.len; i >= 2; i--)
		if (bytes.data[i - 1] == '\n' && bytes.data[i - 2] == '\n')
			return i;
	return 0;
}

static bool starts_with_dash(struct slice s)
{
	return s.len >= strlen(DASH) && !memcmp(s.data, DASH, strlen(DASH));
}

bool note_is_signed(struct slice bytes)
{
	size_t at = find_signatures(bytes);

	return at > 0 &&
	       starts_with_dash(slice_of(bytes.data + at, bytes.len - at));
}

/* @line is without its newline. */
static bool parse_signature(struct slice line, struct note_signature *ret)
{
	struct slice rest = slice_of(line.data + strlen(DASH),
	    line.len > strlen(DASH) ? line.len - strlen(DASH) : 0);
	uint8_t blob[NOTE_BLOB_MAX];
	const uint8_t *space;
	size_t len;

	if (!starts_with_dash(line) || rest.len == 0)
		return false;
	space = memchr(rest.data, ' ', rest.len);
	if (!space)
		return false;
	ret->name = slice_of(rest.data, (size_t)(space - rest.data));
	ret->base64 = slice_of(space + 1, rest.len - ret->name.len - 1);
	ret->line = slice_of(line.data, line.len + 1);
	if (!name_ok(ret->name) ||
	    !base64_read(ret->base64, blob, sizeof(blob), &len) ||
	    len <= NOTE_KEY_ID_BYTES)
		return false;
	memcpy(ret->id, blob, NOTE_KEY_ID_BYTES);
	return true;
}

static const struct note_signature *find(
    const struct note *note, struct slice name, const uint8_t *id)
{
	for (size_t i = 0; i < note->count; i++)
		if (slice_eq(note->signatures[i].name, name) &&
		    !memcmp(note->signatures[i].id, id, NOTE_KEY_ID_BYTES))
			return &note->signatures[i];
	return NULL;
}

static bool parse_signatures(
    struct slice lines, struct note *ret, struct why *why)
{
	while (lines.len > 0) {
		struct note_signature *s = &ret->signatures[ret->count];
		const uint8_t *end = memchr(lines.data, '\n', lines.len);
		size_t len = (size_t)(end - lines.data);

		if (ret->count == NOTE_SIGNATURES_MAX) {
			why_set(why, "the note has more than %u signatures",
			    NOTE_SIGNATURES_MAX);
			return false;
		}
		if (!parse_signature(slice_of(lines.data, len), s)) {
			why_set(why,
			    "line %zu after the note's text is not a signature",
			    ret->count + 1);
			return false;
		}
		if (find(ret, s->name, s->id)) {
			why_set(why, "the note is signed twice by '%.*s'",
			    SLICE_ARG(s->name));
			return false;
		}
		ret->count++;
		lines = slice_of(end + 1, lines.len - len - 1);
	}
	return true;
}

bool note_parse(struct slice bytes, struct note *ret, struct why *why)
{
	const char *fault = text_fault_of(bytes);
	size_t at;

	ret->count = 0;
	if (fault) {
		why_set(why, "the note %s", fault);
		return false;
	}
	at = find_signatures(bytes);
	if (at == 0 || at == bytes.len) {
		why_set(why, "the note has no signature: an empty line and"
			     " signature lines must follow its text");
		return false;
	}
	ret->text = slice_of(bytes.data, at - 1);
	if (ret->text.len > NOTE_TEXT_MAX) {
		why_set(why, "the note's text is longer than %u bytes",
		    NOTE_TEXT_MAX);
		return false;
	}
	return parse_signatures(
	    slice_of(bytes.data + at, bytes.len - at), ret, why);
}

enum note_verdict note_verify(const struct note *note, const struct vkey *vkey)
{
	const struct note_signature *s =
	    find(note, slice_str(vkey->name), vkey->id);
	uint8_t blob[NOTE_KEY_ID_BYTES + SIGN_BYTES];
	size_t len;

	if (!s)
		return NOTE_UNSIGNED;
	if (base64_read(s->base64, blob, sizeof(blob), &len) &&
	    len == sizeof(blob) &&
	    sign_verify(vkey->public, &note->text, 1, blob + NOTE_KEY_ID_BYTES))
		return NOTE_SIGNED;
	return NOTE_FORGED;
}

/* ---- signing ------------------------------------------------------------ */

/* The text that a new signature is to cover, and whether @vkey's is there. */
static int text_to_sign(struct slice bytes, const struct vkey *vkey,
    struct slice *ret, struct why *why)
{
	const char *fault = text_fault_of(bytes);
	struct note note;

	if (note_is_signed(bytes)) {
		if (!note_parse(bytes, &note, why))
			return -EINVAL;
		*ret = note.text;
		if (note.count == NOTE_SIGNATURES_MAX) {
			why_set(why, "the note has %u signatures, the limit",
			    NOTE_SIGNATURES_MAX);
			return -EINVAL;
		}
		if (find(&note, slice_str(vkey->name), vkey->id)) {
			why_set(why, "the note is already signed by '%s'",
			    vkey->name);
			return -EEXIST;
		}
		return 0;
	}
	if (fault || bytes.len > NOTE_TEXT_MAX) {
		why_set(why, "cannot sign the text: it %s",
		    fault ? fault : "is too long");
		return -EINVAL;
	}
	*ret = bytes;
	return 0;
}

int note_sign(
    struct buf *note, const char *name, const struct key *key, struct why *why)
{
	uint8_t public[KEY_BYTES], blob[NOTE_KEY_ID_BYTES + SIGN_BYTES];
	struct slice text;
	struct vkey vkey;
	int r;

	key_public(key, public);
	if (!vkey_make(name, public, &vkey)) {
		why_set(why, "'%s' cannot be the name of a key", name);
		return -EINVAL;
	}
	r = text_to_sign(buf_slice(note), &vkey, &text, why);
	if (r < 0)
		return r;
	r = sign_parts(key, &text, 1, blob + NOTE_KEY_ID_BYTES, why);
	if (r < 0)
		return r;
	memcpy(blob, vkey.id, NOTE_KEY_ID_BYTES);
	if (text.len == note->len)
		buf_add_byte(note, '\n');
	buf_addf(note, DASH "%s ", name);
	base64_add(note, blob, sizeof(blob));
	buf_add_byte(note, '\n');
	return 0;
}
