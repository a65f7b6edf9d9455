/* A frame or receipt that is read packs to the same bytes again. */

#include "tests/fuzz/fuzz.h"
#include "wire/frame.h"
#include "wire/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct arena arena = { 0 };
	struct buf again = { 0 };
	struct receipt receipt;
	struct frame frame;
	struct why why;

	if (receipt_parse(bytes, &arena, &receipt, &why)) {
		receipt_pack(&receipt, &again);
		MUST(slice_eq(buf_slice(&again), bytes));
	}
	if (frame_parse(bytes, &arena, &frame, &why)) {
		MUST(frame_peek(bytes) == frame.kind);
		if (frame.kind < FRAME_CHECKPOINT) {
			frame_pack(&frame, &again);
			MUST(slice_eq(buf_slice(&again), bytes));
		}
	}
	buf_deinit(&again);
	arena_deinit(&arena);
	return 0;
}
