/* A note's parts, put together again, are the note; what is not signed by a key
 * is not found to be. */

#include "tests/fuzz/fuzz.h"
#include "wire/enrol.h"

static void check(const struct note *note, struct slice bytes)
{
	_cleanup_buf_ struct buf again = { 0 };

	buf_add_slice(&again, note->text);
	buf_add_byte(&again, '\n');
	for (size_t i = 0; i < note->count; i++)
		buf_add_slice(&again, note->signatures[i].line);
	MUST(slice_eq(buf_slice(&again), bytes));
	MUST(note_is_signed(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nobody[KEY_BYTES] = { 9 };
	struct slice bytes = slice_of(data, size);
	char text[VKEY_TEXT_MAX];
	struct enrolment e;
	struct note note;
	struct vkey vkey;
	struct why why;

	if (note_parse(bytes, &note, &why)) {
		check(&note, bytes);
		MUST(vkey_make("nobody", nobody, &vkey));
		MUST(note_verify(&note, &vkey) != NOTE_SIGNED);
	}
	if (vkey_parse(bytes, &vkey, &why)) {
		vkey_format(&vkey, text);
		MUST(slice_is(bytes, text));
	}
	if (enrolment_parse(bytes, &e, &why))
		MUST(enrolment_shares_key(&e, &e));
	return 0;
}
