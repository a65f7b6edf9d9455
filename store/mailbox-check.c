/* A look at every row of the mailbox, for what mailbox.c promises. */

#include "store/check.h"
#include "store/mailbox-rows.h"

static struct mailbox_number sent_of(const struct row_view *view)
{
	return (struct mailbox_number){
		.epoch = (uint32_t)key_get_number(&view->key, 0, 4),
		.number = key_get_number(&view->key, 4, 8),
	};
}

static bool is_there(struct check *c, unsigned table, const struct row_key *key)
{
	struct row_view view = { .table = table };

	return row_get(check_txn(c), key, 0, &view) != STORE_NONE;
}

/* Invariants 2 and 3. */
static void check_sent(struct check *c)
{
	const unsigned parts[] = { TABLE_SUMMARY, TABLE_ENVELOPE,
		TABLE_RESULT };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct check_walk w = { .table = parts[i] };

		while (check_next(c, &w)) {
			struct row_key holder = sent_holder(sent_of(&w.view));

			check_open(c, &w.view, &holder, NULL);
		}
	}
}

static void check_answers(struct check *c)
{
	struct check_walk pending = { .table = TABLE_PENDING,
		.clear_len = PENDING_CLEAR };
	struct check_walk sent = { .table = TABLE_SUMMARY };

	while (check_next(c, &pending))
		; /* reading a bare row is all there is to it */
	while (check_is_alone(c) && check_next(c, &sent)) {
		const struct row_key *key = &sent.view.key;

		if (is_there(c, TABLE_PENDING, key) ==
		    is_there(c, TABLE_RESULT, key))
			check_problem(c, TABLE_SUMMARY, key,
			    "it is both answered and not, or neither");
		if (!is_there(c, TABLE_ENVELOPE, key))
			check_problem(
			    c, TABLE_SUMMARY, key, "its envelope is gone");
	}
}

/* Invariants 4 to 6. */
static void check_received(struct check *c)
{
	const unsigned parts[] = { TABLE_COPY, TABLE_COPY_SUMMARY };
	struct check_walk w = { .table = TABLE_INBOX,
		.clear_len = INBOX_CLEAR };

	while (check_next(c, &w)) {
		const struct row_key *key = &w.view.key;
		bool destroyed = w.view.clear.data[0] == MAILBOX_COPY_DESTROYED;

		if (check_open(c, &w.view, NULL, NULL) && check_is_alone(c) &&
		    is_there(c, TABLE_COPY, key) == destroyed)
			check_problem(c, TABLE_INBOX, key,
			    destroyed ? "destroyed, but its bytes are there"
				      : "its bytes are gone");
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct check_walk p = { .table = parts[i] };

		while (check_next(c, &p)) {
			struct row_key holder = holder_row(
			    HOLDER_RECEIVED, key_get_number(&p.view.key, 0, 8));

			check_open(c, &p.view, &holder, NULL);
		}
	}
}

static void check_finders(struct check *c)
{
	const unsigned finders[] = { TABLE_ID, TABLE_DUE };

	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++) {
		struct check_walk w = { .table = finders[i],
			.clear_len = FINDER_CLEAR };

		while (check_next(c, &w)) {
			struct row_key copy = { 0 };

			if (w.view.key.len < 8)
				continue;
			key_bytes(
			    &copy, w.view.key.bytes + w.view.key.len - 8, 8);
			if (!is_there(c, TABLE_INBOX, &copy))
				check_problem(c, w.table, &w.view.key,
				    "the copy that it finds is not there");
		}
	}
}

void mailbox_check_rows(struct check *c)
{
	struct check_walk policies = { .table = TABLE_POLICY };

	check_sent(c);
	check_answers(c);
	check_received(c);
	check_finders(c);
	while (check_next(c, &policies))
		check_open(c, &policies.view, NULL, NULL);
}
