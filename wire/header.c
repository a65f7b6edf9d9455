/*
 * The message header. One table names the keys in their order, with the form
 * of each: it packs, it parses, and what it packs it parses again, so the two
 * cannot drift apart.
 */

#include <stddef.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "wire/codec.h"
#include "wire/message.h"

enum form {
	FORM_VERSION, /* of the format: 1, and no member */
	FORM_NAME,
	FORM_WORD,      /* [A-Za-z0-9_/-]+ */
	FORM_VERSIONED, /* NAME/N */
	FORM_REF,       /* NAME or NAME/N */
	FORM_TEXT,
	FORM_PRIORITY,
	FORM_NONCE,
	FORM_TIME,
	FORM_ID,
};

struct key_form {
	const char *key;
	enum form form;
	bool optional;
	size_t offset;
};

#define MEMBER(name) offsetof(struct message_header, name)

static const struct key_form keys[] = {
	{ "v", FORM_VERSION },
	{ "exchange", FORM_NAME, false, MEMBER(exchange) },
	{ "id", FORM_ID, false, MEMBER(id) },
	{ "nonce", FORM_NONCE, false, MEMBER(nonce) },
	{ "vocabulary", FORM_VERSIONED, false, MEMBER(vocabulary) },
	{ "type", FORM_WORD, false, MEMBER(type) },
	{ "from", FORM_NAME, false, MEMBER(from) },
	{ "agreement", FORM_REF, false, MEMBER(agreement) },
	{ "purpose", FORM_WORD, false, MEMBER(purpose) },
	{ "sent", FORM_TIME, false, MEMBER(sent) },
	{ "marking", FORM_WORD, false, MEMBER(marking) },
	{ "handling-instruction", FORM_TEXT, true,
	    MEMBER(handling_instruction) },
	{ "embargo-until", FORM_TIME, true, MEMBER(embargo_until) },
	{ "priority", FORM_PRIORITY, true, MEMBER(priority) },
	{ "expires", FORM_TIME, true, MEMBER(expires) },
	{ "replaces", FORM_ID, true, MEMBER(replaces) },
	{ "recalls", FORM_ID, true, MEMBER(recalls) },
	{ "answers", FORM_ID, true, MEMBER(answers) },
};

/* ---- forms -------------------------------------------------------------- */

static bool is_word(struct slice s)
{
	if (s.len == 0 || s.len > MESSAGE_WORD_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '/')
			return false;
	}
	return true;
}

/* A version: digits, not the first a 0, fewer than uint32_t has. */
static bool is_version(struct slice s)
{
	if (s.len == 0 || s.len > 9 || s.data[0] == '0')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	return true;
}

static bool is_ref(struct slice s, bool versioned)
{
	const uint8_t *slash = s.len ? memchr(s.data, '/', s.len) : NULL;
	size_t name_len = slash ? (size_t)(slash - s.data) : s.len;

	if (!is_word(slice_of(s.data, name_len)))
		return false;
	if (!slash)
		return !versioned;
	return is_version(slice_of(slash + 1, s.len - name_len - 1));
}

static bool is_priority(struct slice s)
{
	return slice_is(s, "routine") || slice_is(s, "urgent") ||
	       slice_is(s, "threat-to-life");
}

static bool fits(enum form form, struct slice s)
{
	switch (form) {
	case FORM_NAME:
		return text_is_name(s);
	case FORM_WORD:
		return is_word(s);
	case FORM_VERSIONED:
		return is_ref(s, true);
	case FORM_REF:
		return is_ref(s, false);
	case FORM_PRIORITY:
		return is_priority(s);
	case FORM_TEXT:
		return s.len > 0 && s.len <= MESSAGE_INSTRUCTION_MAX &&
		       !text_fault(s);
	case FORM_VERSION:
	case FORM_NONCE:
	case FORM_TIME:
	case FORM_ID:
		break;
	}
	return false;
}

/* ---- both ways ---------------------------------------------------------- */

static void read_member(
    struct reader *r, const struct key_form *k, void *member)
{
	switch (k->form) {
	case FORM_VERSION:
		if (reader_uint(r, UINT32_MAX) != 1)
			reader_fail(r, "is of a version that is not known");
		break;
	case FORM_NONCE:
		reader_copy(r, member, MESSAGE_NONCE_BYTES);
		break;
	case FORM_ID:
		message_id_read(r, member);
		break;
	case FORM_TIME:
		*(int64_t *)member = (int64_t)reader_uint(r, MESSAGE_TIME_MAX);
		if (*(int64_t *)member == 0)
			reader_fail(r, "holds a time of 0");
		break;
	case FORM_NAME:
	case FORM_WORD:
	case FORM_VERSIONED:
	case FORM_REF:
	case FORM_TEXT:
	case FORM_PRIORITY:
		*(struct slice *)member = reader_str(r);
		if (!fits(k->form, *(struct slice *)member))
			reader_fail(r, "holds a word that cannot stand there");
		break;
	}
}

bool message_header_parse(
    struct slice bytes, struct message_header *ret, struct why *why)
{
	struct message_header h = { 0 };
	struct reader r;
	uint32_t left;

	if (bytes.len > MESSAGE_HEADER_MAX) {
		why_set(why, "the header is longer than %u bytes",
		    MESSAGE_HEADER_MAX);
		return false;
	}
	reader_init(&r, bytes);
	left = reader_map(&r);
	for (size_t i = 0; i < ARRAY_LEN(keys) && reader_ok(&r); i++) {
		const struct key_form *k = &keys[i];

		if (!reader_try_key(&r, &left, k->key)) {
			if (!k->optional)
				reader_key(&r, &left, k->key);
			continue;
		}
		read_member(&r, k, (char *)&h + k->offset);
	}
	reader_map_end(&r, left);
	if (reader_ok(&r) && !slice_is(h.from, h.id.partner))
		reader_fail(&r, "has an id that is not its sender's");
	if (!reader_end(&r)) {
		reader_why(&r, "the header", why);
		return false;
	}
	*ret = h;
	return true;
}

static bool is_there(const struct key_form *k, const void *member)
{
	if (!k->optional)
		return true;
	if (k->form == FORM_TIME)
		return *(const int64_t *)member != 0;
	if (k->form == FORM_ID)
		return ((const struct message_id *)member)->partner[0] != '\0';
	return ((const struct slice *)member)->len > 0;
}

static void pack_member(
    const struct key_form *k, const void *member, struct buf *out)
{
	codec_text(out, k->key);
	switch (k->form) {
	case FORM_VERSION:
		codec_uint(out, 1);
		break;
	case FORM_NONCE:
		codec_bytes(out, member, MESSAGE_NONCE_BYTES);
		break;
	case FORM_ID:
		message_id_pack(member, out);
		break;
	case FORM_TIME:
		codec_int(out, *(const int64_t *)member);
		break;
	case FORM_NAME:
	case FORM_WORD:
	case FORM_VERSIONED:
	case FORM_REF:
	case FORM_TEXT:
	case FORM_PRIORITY:
		codec_str(out, *(const struct slice *)member);
		break;
	}
}

bool message_header_pack(
    const struct message_header *h, struct buf *out, struct why *why)
{
	size_t start = out->len;
	struct message_header again;
	uint32_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		count += is_there(&keys[i], (const char *)h + keys[i].offset);
	codec_map(out, count);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const void *member = (const char *)h + keys[i].offset;

		if (is_there(&keys[i], member))
			pack_member(&keys[i], member, out);
	}
	if (message_header_parse(
		slice_of(out->data + start, out->len - start), &again, why))
		return true;
	out->len = start;
	return false;
}
