/* A copy that is read packs to the same bytes again; so does the header of
 * whatever begins like one. */

#include "tests/fuzz/fuzz.h"
#include "util/mem.h"
#include "wire/copy.h"

static void check(const struct copy *c, struct slice bytes)
{
	enum slot_kind shown[MESSAGE_FIELDS_MAX];
	struct envelope e = { .statement = c->statement,
		.slots = c->slots,
		.origins = c->origins,
		.origins_count = c->origins_count };
	struct copy_draft draft = { .envelope = &e,
		.shown = shown,
		.decisions = c->decisions,
		.decisions_count = c->decisions_count };
	_cleanup_buf_ struct buf body = { 0 }, copy = { 0 };
	struct why why;

	for (size_t i = 0; i < c->statement.count; i++)
		shown[i] = c->slots[i].kind;
	MUST(copy_body(&draft, &body, &why));
	MUST(slice_eq(buf_slice(&body), c->body));
	if (!c->entry.len)
		return;
	copy_pack(c->body, c->entry, c->index, c->path, &copy);
	MUST(slice_eq(buf_slice(&copy), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	struct arena arena = { 0 };
	struct copy c;
	struct why why;

	if (copy_open(bytes, &arena, &c, &why) ||
	    copy_open_body(bytes, &arena, &c, &why))
		check(&c, bytes);
	arena_deinit(&arena);
	return 0;
}
