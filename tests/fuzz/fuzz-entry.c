/* An entry that is read is written as the same bytes again: nothing in it went
 * unread, and no two entries say the same. */

#include "audit/entry.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	_cleanup_buf_ struct buf again = { 0 };
	struct entry e;

	if (entry_decode(bytes, &e))
		return 0;
	MUST(size <= ENTRY_BYTES_MAX && e.signers_count <= ENTRY_SIGNERS_MAX);
	entry_encode(&e, &again);
	MUST(slice_eq(buf_slice(&again), bytes));
	return 0;
}
