/*
 * The operator's verbs. Those that change the books draft the next one, and
 * have it committed: by the committer in its turn while the broker runs, so
 * that what was decided before the change is committed before it, or here when
 * nobody runs.
 */

#include "broker/office.h"

#include <stdio.h>
#include <string.h>

#include "util/log.h"
#include "util/mem.h"
#include "wire/codec.h"
#include "wire/reader.h"

#define TRIES 8 /* a change that another one overtook is made again */

/* ---- requests and replies --------------------------------------------- */

void request_pack(const struct request *request, struct buf *out)
{
	codec_array(out, 4);
	codec_text(out, request->verb);
	codec_bool(out, request->json);
	codec_array(out, (uint32_t)request->arguments_count);
	for (size_t i = 0; i < request->arguments_count; i++)
		codec_text(out, request->arguments[i]);
	codec_array(out, (uint32_t)request->files_count);
	for (size_t i = 0; i < request->files_count; i++) {
		codec_array(out, 2);
		codec_text(out, request->files[i].name);
		codec_bin(out, request->files[i].bytes);
	}
}

static const char *read_text(struct reader *r, struct arena *arena)
{
	struct slice s = reader_str(r);

	return arena_strn(arena, s.data, s.len);
}

bool request_parse(struct slice bytes, struct arena *arena, struct request *ret)
{
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 4);
	ret->verb = read_text(&r, arena);
	ret->json = reader_bool(&r);
	ret->arguments_count = reader_array(&r);
	if (ret->arguments_count > OFFICE_ARGUMENTS_MAX)
		return false;
	ret->arguments = arena_array(arena, ret->arguments_count, const char *);
	for (size_t i = 0; i < ret->arguments_count; i++)
		ret->arguments[i] = read_text(&r, arena);
	ret->files_count = reader_array(&r);
	if (ret->files_count > OFFICE_FILES_MAX)
		return false;
	ret->files = arena_array(arena, ret->files_count, struct office_file);
	for (size_t i = 0; i < ret->files_count; i++) {
		reader_array_of(&r, 2);
		ret->files[i].name = read_text(&r, arena);
		ret->files[i].bytes = reader_bin(&r);
	}
	return reader_end(&r);
}

void reply_pack(const struct reply *reply, struct buf *out)
{
	codec_array(out, 3);
	codec_uint(out, (uint64_t)reply->code);
	codec_bin(out, buf_slice(&reply->out));
	codec_bin(out, buf_slice(&reply->err));
}

bool reply_parse(struct slice bytes, struct reply *ret)
{
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 3);
	ret->code = (int)reader_uint(&r, EXIT_LATER);
	buf_add_slice(&ret->out, reader_bin(&r));
	buf_add_slice(&ret->err, reader_bin(&r));
	return reader_end(&r);
}

void reply_deinit(struct reply *reply)
{
	buf_deinit(&reply->out);
	buf_deinit(&reply->err);
}

/* ---- committing a change ---------------------------------------------- */

static int commit_running(
    struct exchange *x, struct book_draft *d, struct book *next, uint64_t base)
{
	struct change change = { .draft = d, .next = next, .base = base };
	struct job *job = job_new(JOB_CHANGE, "", x->quota);
	void *slot = job;
	int r;

	job->change = &change;
	pthread_mutex_init(&change.lock, NULL);
	pthread_cond_init(&change.settled, NULL);
	r = ring_put(x->ring, &slot, 1);
	if (r != 0)
		job_free(job);
	pthread_mutex_lock(&change.lock);
	while (r == 0 && !change.done)
		pthread_cond_wait(&change.settled, &change.lock);
	pthread_mutex_unlock(&change.lock);
	pthread_cond_destroy(&change.settled);
	pthread_mutex_destroy(&change.lock);
	return r == 0 ? change.result : STORE_FULL;
}

static int commit_here(
    struct office *o, struct book_draft *d, struct book *next)
{
	struct store_txn *t;
	struct why why;
	int r = store_begin(o->store, &t);

	if (r != 0)
		return r;
	book_record(o->record, t, d, next);
	r = store_commit(t);
	if (r != 0)
		return r;
	books_swap(o->books, book_ref(next));
	r = record_sign(o->record, &why);
	if (r != 0 || store_begin(o->store, &t) != 0)
		return r;
	record_keep(o->record, t);
	return store_commit(t);
}

static int commit_book(
    struct office *o, struct book_draft *d, struct book *next, uint64_t base)
{
	if (o->x)
		return commit_running(o->x, d, next, base);
	return commit_here(o, d, next);
}

/* ---- verbs that change the books -------------------------------------- */

/* Put into the draft what the request asks; false: it cannot be, and @err says
 * why. */
typedef bool (*draft_fn)(
    struct book_draft *d, const struct request *request, struct buf *err);

/* Draft, check, commit. CHANGE_LATE: somebody else was faster. */
static int change_once(struct office *o, const struct request *request,
    draft_fn fill, struct reply *ret)
{
	_cleanup_book_ struct book *base = books_current(o->books);
	_cleanup_book_ struct book *next = NULL;
	struct book_draft *d = book_draft_new(base);
	const struct book_change *changes;
	struct buf *report = &ret->err;
	int r = 0;

	ret->code = EXIT_NO;
	if (fill(d, request, report)) {
		next = book_draft_finish(d, report, &ret->out);
		if (next && book_draft_changes(d, &changes) == 0)
			ret->code = EXIT_YES;
		else if (next)
			r = commit_book(o, d, next, base->number);
		if (next && r == 0)
			ret->code = EXIT_YES;
	}
	book_draft_free(d);
	return r;
}

static void change_books(struct office *o, const struct request *request,
    draft_fn fill, struct reply *ret)
{
	int r = CHANGE_LATE;

	for (int i = 0; i < TRIES && r == CHANGE_LATE; i++) {
		buf_reset(&ret->out);
		buf_reset(&ret->err);
		r = change_once(o, request, fill, ret);
	}
	if (r == 0)
		return;
	ret->code = EXIT_LATER;
	if (r < 0)
		buf_addf(&ret->err, "the store failed: %s\n", strerror(-r));
	else
		buf_add_str(&ret->err,
		    "the exchange cannot keep it now; try again later\n");
}

static bool fill_publish(
    struct book_draft *d, const struct request *request, struct buf *err)
{
	struct why why;
	bool ok = true;

	for (size_t i = 0; i < request->files_count; i++) {
		const struct office_file *file = &request->files[i];

		if (book_draft_add(d, file->name, file->bytes, &why))
			continue;
		buf_addf(err, "%s: error: %s\n", file->name, why.text);
		ok = false;
	}
	return ok;
}

static void publish(
    struct office *o, const struct request *request, struct reply *ret)
{
	change_books(o, request, fill_publish, ret);
	if (ret->code == EXIT_YES)
		log_say(LOG_INFO, NULL, "published %zu file%s",
		    request->files_count, request->files_count == 1 ? "" : "s");
}

static bool fill_enrol(
    struct book_draft *d, const struct request *request, struct buf *err)
{
	struct why why;
	bool ok = true;

	for (size_t i = 0; i < request->files_count; i++) {
		const struct office_file *file = &request->files[i];

		if (book_draft_enrol(d, file->bytes, &why))
			continue;
		buf_addf(err, "%s: error: %s\n", file->name, why.text);
		ok = false;
	}
	return ok;
}

static void enrol(
    struct office *o, const struct request *request, struct reply *ret)
{
	struct enrolment e;
	struct why why;

	change_books(o, request, fill_enrol, ret);
	if (ret->code != EXIT_YES)
		return;
	for (size_t i = 0; i < request->files_count; i++) {
		_cleanup_book_ struct book *b = books_current(o->books);
		const struct book_partner *p;

		if (!enrolment_parse(request->files[i].bytes, &e, &why))
			continue;
		p = book_partner(b, e.partner);
		buf_addf(&ret->out, "%s is enrolled\n", e.partner);
		if (p && p->disputed)
			buf_addf(&ret->err,
			    "warning: its agree key is not the one that signed "
			    "agreements give '%s': until they agree, the "
			    "enrolment counts for nothing\n",
			    e.partner);
		log_say(LOG_INFO, NULL, "enrolled '%s'", e.partner);
	}
}

static bool fill_suspension(
    struct book_draft *d, const struct request *request, struct buf *err)
{
	bool suspend = !strcmp(request->verb, "suspend");
	struct why why;

	if (book_draft_suspend(d, request->arguments[0], suspend, &why))
		return true;
	buf_addf(err, "%s\n", why.text);
	return false;
}

static void suspension(
    struct office *o, const struct request *request, struct reply *ret)
{
	const char *what =
	    !strcmp(request->verb, "suspend") ? "suspended" : "resumed";

	change_books(o, request, fill_suspension, ret);
	if (ret->code != EXIT_YES)
		return;
	buf_addf(&ret->out, "%s is %s\n", request->arguments[0], what);
	log_say(LOG_INFO, NULL, "%s '%s'", what, request->arguments[0]);
}

/* ---- all verbs -------------------------------------------------------- */

static const struct {
	const char *verb;
	size_t arguments;
	void (*answer)(
	    struct office *o, const struct request *request, struct reply *ret);
} verbs[] = {
	{ "publish", 0, publish },
	{ "enrol", 0, enrol },
	{ "suspend", 1, suspension },
	{ "resume", 1, suspension },
	{ "partners", 0, office_partners },
	{ "status", 0, office_status },
};

void office_answer(
    struct office *o, const struct request *request, struct reply *ret)
{
	*ret = (struct reply){ .code = EXIT_WRONG };
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].verb, request->verb) ||
		    verbs[i].arguments != request->arguments_count)
			continue;
		verbs[i].answer(o, request, ret);
		return;
	}
	buf_addf(&ret->err, "the broker does not know '%s'\n", request->verb);
}
