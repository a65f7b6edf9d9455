/* An envelope that is read packs to the same bytes again. */

#include "tests/fuzz/fuzz.h"
#include "wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct arena arena = { 0 };
	struct buf again = { 0 };
	struct envelope e;
	struct why why;

	if (envelope_open(bytes, &e, &why) &&
	    envelope_slots(&e, &arena, &why)) {
		MUST(envelope_pack(&e, NULL, &again, &why));
		MUST(slice_eq(buf_slice(&again), bytes));
	}
	buf_deinit(&again);
	arena_deinit(&arena);
	return 0;
}
