/* A checkpoint is small and has one form: it is checked by writing it again. */

#include "audit/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "wire/base64.h"

#define ORIGIN_DIGITS_MAX 19

_Static_assert(TEXT_NAME_MAX + 1 + ORIGIN_DIGITS_MAX < CHECKPOINT_ORIGIN_MAX,
    "a checkpoint has room for any origin");

static void write_text(const struct checkpoint *c, struct buf *out)
{
	buf_addf(out, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
	base64_add(out, c->root, HASH_BYTES);
	buf_add_byte(out, '\n');
}

int checkpoint_sign(const struct checkpoint *c, const char *name,
    const struct key *key, struct buf *out)
{
	_cleanup_buf_ struct buf note = { 0 };
	struct why why;
	int r;

	write_text(c, &note);
	r = note_sign(&note, name, key, &why);
	if (r == 0)
		buf_add_slice(out, buf_slice(&note));
	return r;
}

/* The next line of @text without its newline; empty at the end. */
static struct slice take_line(struct slice *text)
{
	const uint8_t *end = memchr(text->data, '\n', text->len);
	struct slice line =
	    slice_of(text->data, end ? (size_t)(end - text->data) : text->len);
	size_t used = line.len + (end != NULL);

	text->data += used;
	text->len -= used;
	return line;
}

/* EXCHANGE/EPOCH: nothing else, so that one log has one name. */
static bool is_origin(struct slice line)
{
	const uint8_t *slash = memchr(line.data, '/', line.len);
	size_t name_len = slash ? (size_t)(slash - line.data) : 0;
	size_t digits = slash ? line.len - name_len - 1 : 0;

	if (digits == 0 || digits > ORIGIN_DIGITS_MAX || slash[1] == '0' ||
	    !text_is_name(slice_of(line.data, name_len)))
		return false;
	for (size_t i = 1; i <= digits; i++)
		if (slash[i] < '0' || slash[i] > '9')
			return false;
	return true;
}

static bool parse_text(struct slice text, struct checkpoint *ret)
{
	_cleanup_buf_ struct buf again = { 0 };
	_cleanup_free_ char *size = NULL;
	struct slice rest = text, line;
	size_t len;

	line = take_line(&rest);
	if (!is_origin(line))
		return false;
	memcpy(ret->origin, line.data, line.len);
	line = take_line(&rest);
	size = mem_strn((const char *)line.data, line.len);
	ret->size = strtoull(size, NULL, 10);
	if (ret->size > INT64_MAX)
		return false;
	line = take_line(&rest);
	if (!base64_read(line, ret->root, HASH_BYTES, &len) ||
	    len != HASH_BYTES)
		return false;
	write_text(ret, &again);
	return slice_eq(buf_slice(&again), text);
}

bool checkpoint_open(struct slice note, const struct vkey *key,
    struct checkpoint *ret, struct why *why)
{
	struct checkpoint c = { 0 };
	struct note parsed;
	size_t len;

	if (note.len > CHECKPOINT_BYTES_MAX) {
		why_set(why,
		    "a checkpoint of %zu bytes is larger than the"
		    " %u allowed",
		    note.len, CHECKPOINT_BYTES_MAX);
		return false;
	}
	if (!note_parse(note, &parsed, why)) {
		why_prefix(why, "the checkpoint is not a signed note");
		return false;
	}
	if (note_verify(&parsed, key) != NOTE_SIGNED) {
		why_set(why,
		    "the checkpoint is not signed by the log's key"
		    " '%s' that was given",
		    key->name);
		return false;
	}
	if (!parse_text(parsed.text, &c)) {
		why_set(why, "the signed text is not a checkpoint: it must be"
			     " origin, size and root, a line each");
		return false;
	}
	len = strlen(key->name);
	if (strncmp(c.origin, key->name, len) || c.origin[len] != '/') {
		why_set(why,
		    "the checkpoint is of the log '%s', but the key is of the"
		    " exchange '%s'",
		    c.origin, key->name);
		return false;
	}
	*ret = c;
	return true;
}

bool checkpoint_read(struct slice note, struct checkpoint *ret)
{
	struct checkpoint c = { 0 };
	struct note parsed;
	struct why why;

	if (note.len > CHECKPOINT_BYTES_MAX ||
	    !note_parse(note, &parsed, &why) || !parse_text(parsed.text, &c))
		return false;
	*ret = c;
	return true;
}
