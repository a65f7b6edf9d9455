/* A checkpoint is small and has one form: it is checked by writing it again. */

#include "audit/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "wire/base64.h"

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

static bool parse_text(struct slice text, struct checkpoint *ret)
{
	_cleanup_buf_ struct buf again = { 0 };
	_cleanup_free_ char *size = NULL;
	struct slice rest = text, line;
	size_t len;

	line = take_line(&rest);
	if (line.len == 0 || line.len >= sizeof(ret->origin))
		return false;
	memcpy(ret->origin, line.data, line.len);
	line = take_line(&rest);
	size = mem_strn((const char *)line.data, line.len);
	ret->size = strtoull(size, NULL, 10);
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
