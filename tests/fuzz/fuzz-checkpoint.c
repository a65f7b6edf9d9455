/* A checkpoint that is read, signed anew, is the same text; what opens with a
 * key is a checkpoint of that key's exchange. */

#include "audit/checkpoint.h"
#include "tests/fuzz/fuzz.h"
#include "wire/note.h"

/* The key that has signed the seeds. */
static struct key *seeds_key(struct vkey *ret)
{
	static const uint8_t raw[KEY_BYTES] = { 1, 2, 3 };
	struct key *key = key_from_raw(KEY_ED25519, raw);
	uint8_t public[KEY_BYTES];

	MUST(key);
	key_public(key, public);
	MUST(vkey_make("exchange", public, ret));
	return key;
}

static void check_text(
    struct slice bytes, const struct checkpoint *c, const struct key *key)
{
	_cleanup_buf_ struct buf again = { 0 };
	struct note note, made;
	struct why why;

	MUST(c->size <= INT64_MAX);
	MUST(checkpoint_sign(c, "exchange", key, &again) == 0);
	MUST(note_parse(bytes, &note, &why));
	MUST(note_parse(buf_slice(&again), &made, &why));
	MUST(slice_eq(note.text, made.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct checkpoint read, opened;
	struct vkey vkey;
	struct key *key = seeds_key(&vkey);
	bool is_one = checkpoint_read(bytes, &read);
	struct why why;

	if (is_one)
		check_text(bytes, &read, key);
	if (checkpoint_open(bytes, &vkey, &opened, &why)) {
		MUST(is_one && !strcmp(read.origin, opened.origin));
		MUST(!strncmp(opened.origin, "exchange/", 9));
	}
	key_free(key);
	return 0;
}
