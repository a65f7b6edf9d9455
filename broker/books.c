/*
 * Books: looking things up in one, keeping one in the store, and swapping the
 * one in force. How the next one is made is draft.c's.
 */

#include "broker/books.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "broker/record.h"
#include "util/mem.h"

/* ---- one book --------------------------------------------------------- */

struct book *book_ref(struct book *b)
{
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
	return b;
}

struct book *book_unref(struct book *b)
{
	if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return NULL;
	map_deinit(&b->by_name);
	map_deinit(&b->by_curve);
	policy_unref(b->policy);
	arena_deinit(&b->arena);
	free(b->files);
	free(b->partners);
	free(b);
	return NULL;
}

const struct book_partner *book_partner(const struct book *b, const char *name)
{
	return map_get_str(&b->by_name, name);
}

const struct book_partner *book_by_curve(
    const struct book *b, const uint8_t curve[KEY_BYTES])
{
	return map_get(&b->by_curve, slice_of(curve, KEY_BYTES));
}

bool book_admits(const struct book_partner *partner)
{
	return partner->enrolled && !partner->disputed && !partner->suspended;
}

/* ---- in the store ----------------------------------------------------- */

static int read_files(
    struct store_txn *t, uint64_t number, struct book_draft *d, struct why *why)
{
	_cleanup_buf_ struct buf text = { 0 };
	char name[STORE_NAME_MAX + 1] = "";
	uint8_t digest[HASH_BYTES];
	int r;

	while ((r = ledger_policy_next(t, number, name, digest)) == 0) {
		r = ledger_text(t, digest, &text);
		if (r != 0)
			return r < 0 ? r : -EBADMSG;
		if (!book_draft_add(d, NULL, buf_slice(&text), why)) {
			why_prefix(why, "the store's text '%s'", name);
			return -EBADMSG;
		}
		buf_reset(&text);
	}
	return r == STORE_NONE ? 0 : r;
}

static int read_partners(
    struct store_txn *t, struct book_draft *d, struct why *why)
{
	_cleanup_buf_ struct buf text = { 0 };
	char name[STORE_NAME_MAX + 1] = "";
	struct ledger_partner partner;
	int r;

	while ((r = ledger_partner_next(t, name)) == 0) {
		buf_reset(&text);
		r = ledger_enrolment(t, name, &text);
		if (r < 0)
			return r;
		if (r == 0 && !book_draft_enrol(d, buf_slice(&text), why)) {
			why_prefix(why, "the store's enrolment of '%s'", name);
			return -EBADMSG;
		}
		r = ledger_partner(t, name, &partner);
		if (r < 0)
			return r;
		if (r == 0 && partner.suspended &&
		    !book_draft_suspend(d, name, true, why))
			return -EBADMSG;
	}
	return r == STORE_NONE ? 0 : r;
}

int book_read(struct store_txn *t, struct book **ret, struct why *why)
{
	uint64_t number = store_counter(t, LEDGER_POLICY);
	_cleanup_buf_ struct buf report = { 0 }, unsigned_yet = { 0 };
	struct book_draft *d = book_draft_new(NULL);
	struct book *b = NULL;
	int r;

	why_set(why, "the store cannot be read");
	r = read_files(t, number, d, why);
	if (r == 0)
		r = read_partners(t, d, why);
	if (r == 0) {
		b = book_draft_finish(d, &report, &unsigned_yet);
		if (!b) {
			why_set(why, "the published texts have errors:\n%.*s",
			    SLICE_ARG(buf_slice(&report)));
			r = -EBADMSG;
		}
	}
	book_draft_free(d);
	if (r != 0)
		return r;
	b->number = number;
	*ret = b;
	return 0;
}

static void write_book(struct store_txn *t, const struct book *b)
{
	uint8_t digest[HASH_BYTES];

	for (size_t i = 0; i < b->files_count; i++) {
		ledger_text_put(t, b->files[i].bytes, digest);
		ledger_policy_put(t, b->number, b->files[i].name, digest);
	}
	for (size_t i = 0; i < b->partners_count; i++) {
		const struct book_partner *p = &b->partners[i];
		struct ledger_partner row = { 0 };

		if (ledger_partner(t, p->name, &row) < 0)
			return; /* the transaction remembers */
		row.suspended = p->suspended;
		ledger_partner_put(t, p->name, &row);
		if (!p->enrolled)
			continue;
		ledger_enrolment_put(t, p->name, p->text);
		ledger_text_put(t, p->text, digest);
	}
	store_counter_set(t, LEDGER_POLICY, b->number);
}

static const struct book_file *file_named(
    const struct book *b, const char *name)
{
	for (size_t i = 0; i < b->files_count; i++)
		if (!strcmp(b->files[i].name, name))
			return &b->files[i];
	return NULL;
}

static void record_file(struct record *r, struct store_txn *t,
    const struct book *b, const struct book_file *file)
{
	_cleanup_free_ struct entry *e = mem_alloc(sizeof(*e));
	const char *dot = strrchr(file->name, '.');

	e->kind =
	    dot && !strcmp(dot, ".notice") ? ENTRY_NOTICE : ENTRY_AGREEMENT;
	e->name = slice_str(file->name);
	e->policy = b->number;
	memcpy(e->text, file->digest, HASH_BYTES);
	e->has_text = true;
	for (size_t i = 0; i < file->signers_count && i < ENTRY_SIGNERS_MAX;
	     i++)
		e->signers[e->signers_count++] = slice_str(file->signers[i]);
	record_add(r, t, e, (struct slice){ 0 });
}

static void record_partner(struct record *r, struct store_txn *t,
    const struct book *b, const struct book_change *change)
{
	const struct book_partner *p = book_partner(b, change->name);
	struct entry e = {
		.kind = ENTRY_PARTNER,
		.name = slice_str(change->name),
		.what = slice_str(change->what),
	};

	if (!strcmp(change->what, "enrolled")) {
		hash_bytes(p->text.data, p->text.len, e.text);
		e.has_text = true;
	}
	record_add(r, t, &e, (struct slice){ 0 });
}

void book_record(struct record *r, struct store_txn *t,
    const struct book_draft *d, const struct book *b)
{
	const struct book_change *changes;
	size_t count = book_draft_changes(d, &changes);

	write_book(t, b);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].partner)
			record_partner(r, t, b, &changes[i]);
		else
			record_file(r, t, b, file_named(b, changes[i].name));
	}
}

/* ---- the book in force ------------------------------------------------ */

struct books {
	pthread_mutex_t lock;
	struct book *current;
};

struct books *books_new(struct book *first)
{
	struct books *books = mem_alloc(sizeof(*books));

	pthread_mutex_init(&books->lock, NULL);
	books->current = first;
	return books;
}

struct books *books_free(struct books *books)
{
	if (!books)
		return NULL;
	book_unref(books->current);
	pthread_mutex_destroy(&books->lock);
	free(books);
	return NULL;
}

struct book *books_current(struct books *books)
{
	struct book *b;

	pthread_mutex_lock(&books->lock);
	b = book_ref(books->current);
	pthread_mutex_unlock(&books->lock);
	return b;
}

void books_swap(struct books *books, struct book *next)
{
	struct book *old;

	pthread_mutex_lock(&books->lock);
	old = books->current;
	books->current = next;
	pthread_mutex_unlock(&books->lock);
	book_unref(old);
}
