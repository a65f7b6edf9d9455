/* A look at every row of the ledger, for what ledger.c promises. */

#include "store/check.h"
#include "store/ledger-rows.h"
#include "util/hash.h"
#include "util/mem.h"

static void check_partners(struct check *c)
{
	struct check_walk partners = { .table = TABLE_PARTNER };
	struct check_walk enrolments = { .table = TABLE_ENROLMENT };

	while (check_next(c, &partners))
		check_open(c, &partners.view, NULL, NULL);
	while (check_next(c, &enrolments))
		check_open(c, &enrolments.view, NULL, NULL);
}

static void check_accepted(struct check *c)
{
	struct check_walk w = { .table = TABLE_ACCEPTED,
		.clear_len = ACCEPTED_CLEAR };

	while (check_next(c, &w)) {
		if (check_open(c, &w.view, NULL, NULL) &&
		    be_get(w.view.clear.data + 32, 8) >=
			store_counter(check_txn(c), LEDGER_ENTRIES))
			check_problem(c, w.table, &w.view.key,
			    "the entry that it cites is not there");
	}
}

struct numbers {
	uint64_t *of;
	size_t count, cap;
};

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Gathers the message of each row. */
static void check_queues(struct check *c, struct numbers *named)
{
	struct check_walk w = { .table = TABLE_QUEUE,
		.clear_len = QUEUE_CLEAR };

	while (check_next(c, &w)) {
		uint64_t message = be_get(w.view.clear.data, 8);
		struct row_key holder = holder_row(HOLDER_MESSAGE, message);

		if (check_open(c, &w.view, message ? &holder : NULL, NULL) &&
		    message)
			*mem_push(named->of, named->count, named->cap) =
			    message;
	}
	if (named->count)
		mem_sort(named->of, named->count, sizeof(*named->of),
		    compare_numbers);
}

static void check_envelopes(struct check *c)
{
	struct check_walk w = { .table = TABLE_ENVELOPE };

	while (check_next(c, &w)) {
		struct row_key holder = holder_row(
		    HOLDER_MESSAGE, key_get_number(&w.view.key, 0, 8));

		check_open(c, &w.view, &holder, NULL);
	}
}

/* Invariants 1 and 4, from the holders' side; @named is sorted. */
static void check_holders(struct check *c, const struct numbers *named)
{
	struct check_walk w = { .table = TABLE_HOLDER,
		.clear_len = HOLDER_CLEAR };
	size_t at = 0;

	while (check_next(c, &w)) {
		uint64_t number = key_get_number(&w.view.key, 1, 8), rows = 0;
		struct row_view view = { .table = TABLE_ENVELOPE };
		struct row_key key = number_row(number);

		if (w.view.key.bytes[0] != HOLDER_MESSAGE)
			continue;
		if (row_get(check_txn(c), &key, 0, &view) == STORE_NONE)
			check_problem(
			    c, w.table, &w.view.key, "its envelope is gone");
		for (; at < named->count && named->of[at] <= number; at++)
			rows += named->of[at] == number;
		if (rows > be_get(w.view.clear.data + 8, 4))
			check_problem(c, w.table, &w.view.key,
			    "more queue rows name it than it counts");
	}
}

static void check_entries(struct check *c)
{
	struct check_walk w = { .table = TABLE_ENTRY };
	uint64_t next = 0;

	for (; check_next(c, &w); next++) {
		uint64_t index = key_get_number(&w.view.key, 0, 8);

		check_open(c, &w.view, NULL, NULL);
		if (index != next)
			check_problem(c, w.table, &w.view.key,
			    "entries before it are missing");
		next = index;
	}
	if (check_is_alone(c) &&
	    next != store_counter(check_txn(c), LEDGER_ENTRIES)) {
		struct row_key key = number_row(next);

		check_problem(c, w.table, &key,
		    "the number of entries is not the one that is kept");
	}
}

static void check_details(struct check *c)
{
	struct check_walk w = { .table = TABLE_DETAIL };

	while (check_next(c, &w)) {
		uint64_t index = key_get_number(&w.view.key, 0, 8);
		struct row_key holder =
		    holder_row(HOLDER_DETAILS, index / LEDGER_DETAIL_GROUP);

		check_open(c, &w.view, &holder, NULL);
		if (index >= store_counter(check_txn(c), LEDGER_ENTRIES))
			check_problem(c, w.table, &w.view.key,
			    "the entry that it belongs to is not there");
	}
}

static void check_tiles(struct check *c)
{
	struct check_walk w = { .table = TABLE_TILE };

	while (check_next(c, &w)) {
		_cleanup_buf_ struct buf tile = { 0 };

		if (check_open(c, &w.view, NULL, &tile) &&
		    tile.len != LEDGER_TILE_BYTES)
			check_problem(
			    c, w.table, &w.view.key, "it has a wrong length");
	}
}

static void check_policies(struct check *c)
{
	struct check_walk texts = { .table = TABLE_TEXT };
	struct check_walk files = { .table = TABLE_POLICY };
	uint8_t digest[HASH_BYTES];

	while (check_next(c, &texts)) {
		_cleanup_buf_ struct buf text = { 0 };

		if (!check_open(c, &texts.view, NULL, &text))
			continue;
		hash_bytes(text.data, text.len, digest);
		if (!slice_eq(slice_of(digest, sizeof(digest)),
			slice_of(texts.view.key.bytes, texts.view.key.len)))
			check_problem(c, texts.table, &texts.view.key,
			    "it is not the text with this digest");
	}
	while (check_next(c, &files)) {
		struct row_view text = { .table = TABLE_TEXT };
		_cleanup_buf_ struct buf plain = { 0 };
		struct row_key key = { 0 };

		if (!check_open(c, &files.view, NULL, &plain))
			continue;
		key_bytes(
		    &key, plain.data, plain.len == HASH_BYTES ? HASH_BYTES : 1);
		if (row_get(check_txn(c), &key, 0, &text) == STORE_NONE)
			check_problem(c, files.table, &files.view.key,
			    "its text is not there");
	}
}

void ledger_check_rows(struct check *c)
{
	struct numbers named = { 0 };

	check_partners(c);
	check_accepted(c);
	check_queues(c, &named);
	check_envelopes(c);
	if (check_is_alone(c))
		check_holders(c, &named);
	check_entries(c);
	check_details(c);
	check_tiles(c);
	check_policies(c);
	free(named.of);
}
