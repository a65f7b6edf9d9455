/*
 * The first stage: whose message is it, and is it what its sender signed?
 *
 * Nothing is looked into before the signature over it has verified: first what
 * the signature covers, then the signature, then the slots against the signed
 * digests. A refusal before the signature says nothing about the id and leaves
 * it unused; one after it is the sender's own doing and goes on the record.
 */

#include "broker/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

struct slice reason_clean(struct arena *arena, const char *text, size_t max)
{
	struct slice s = slice_str(text);
	char *copy;

	if (s.len > max) {
		s.len = max;
		while (s.len > 0 && (text[s.len] & 0xc0) == 0x80)
			s.len--;
	}
	if (s.len == 0 || !text_fault(s))
		return s;
	copy = arena_strn(arena, s.data, s.len);
	for (size_t i = 0; i < s.len; i++)
		if (!(copy[i] >= 0x20 && copy[i] < 0x7f))
			copy[i] = '?'; /* and every byte above ASCII */
	return slice_str(copy);
}

bool message_refuse(struct job *job, enum fate fate, enum frame_code code,
    const char *format, ...)
{
	char text[2 * FRAME_REASON_MAX];
	struct slice clean;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	job->message.fate = fate;
	job->message.code = code;
	clean = reason_clean(&job->arena, text, FRAME_REASON_MAX);
	job->reason = arena_strn(&job->arena, clean.data, clean.len);
	return false;
}

/* A batch's signature is verified once: a worker gets its messages in a row. */
bool ingest_signature(struct worker *w, const struct statement *s,
    const uint8_t public[KEY_BYTES])
{
	uint8_t tag[HASH_BYTES], *known;
	uint16_t at;

	message_batch_tag(s, public, tag);
	memcpy(&at, tag, sizeof(at));
	known = w->tags[at % EXCHANGE_TAGS];
	if (!memcmp(known, tag, HASH_BYTES))
		return true;
	if (!message_verify(s, public))
		return false;
	memcpy(known, tag, HASH_BYTES);
	return true;
}

static bool check_sender(struct job *job, const struct book_partner *sender)
{
	if (sender && book_admits(sender))
		return true;
	return message_refuse(job, FATE_DROPPED,
	    sender && sender->suspended ? FRAME_SUSPENDED : FRAME_NOT_ENROLLED,
	    sender && sender->suspended
		? "'%s' is suspended"
		: "the enrolment of '%s' does not count",
	    job->from);
}

static bool check_statement(
    struct worker *w, struct job *job, const struct book_partner *sender)
{
	const struct statement *s = &job->message.envelope.statement;
	const struct message_header *h = &s->header;

	if (!slice_is(h->from, job->from) || strcmp(h->id.partner, job->from))
		return message_refuse(job, FATE_DROPPED, FRAME_FORGED,
		    "the message is from '%.*s', the connection from '%s'",
		    SLICE_ARG(h->from), job->from);
	if (!slice_is(h->exchange, w->x->settings->name))
		return message_refuse(job, FATE_ANSWERED, FRAME_FORGED,
		    "it was signed for the exchange '%.*s', this is '%s'",
		    SLICE_ARG(h->exchange), w->x->settings->name);
	if (memcmp(s->key_id, sender->key_id, KEY_ID_BYTES))
		return message_refuse(job, FATE_ANSWERED, FRAME_FORGED,
		    "it was signed with another key than the one enrolled");
	if (!ingest_signature(w, s, sender->enrolment.message.public))
		return message_refuse(job, FATE_ANSWERED, FRAME_FORGED,
		    "its signature does not verify");
	return true;
}

/* A field that was received from somebody else is still signed by whoever gave
 * it first. */
static bool check_origins(struct worker *w, struct job *job)
{
	const struct envelope *e = &job->message.envelope;

	for (size_t i = 0; i < e->origins_count; i++) {
		const struct statement *s = &e->origins[i].statement;
		char name[TEXT_NAME_MAX + 1];
		const struct book_partner *by;

		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(s->header.from));
		by = book_partner(job->book, name);
		if (by && by->enrolled && !by->disputed &&
		    slice_is(s->header.exchange, w->x->settings->name) &&
		    !memcmp(s->key_id, by->key_id, KEY_ID_BYTES) &&
		    ingest_signature(w, s, by->enrolment.message.public))
			continue;
		return message_refuse(job, FATE_REFUSED, FRAME_FORGED,
		    "a forwarded field is not signed by '%s'", name);
	}
	return true;
}

static bool check_sent(struct job *job, int64_t now)
{
	int64_t sent = job->message.envelope.statement.header.sent;
	char theirs[CLOCK_TEXT_MAX], ours[CLOCK_TEXT_MAX];

	if (sent <= now + EXCHANGE_AHEAD_MS)
		return true;
	clock_format(sent, theirs);
	clock_format(now, ours);
	return message_refuse(job, FATE_REFUSED, FRAME_MALFORMED,
	    "it says it was sent at %s, but it is %s: more than 5 minutes "
	    "ahead; set the sender's clock",
	    theirs, ours);
}

bool ingest_message(struct worker *w, struct job *job)
{
	struct job_message *m = &job->message;
	const struct book_partner *sender = book_partner(job->book, job->from);
	struct why why;

	if (!check_sender(job, sender))
		return false;
	if (!envelope_open(m->bytes, &m->envelope, &why))
		return message_refuse(
		    job, FATE_DROPPED, FRAME_MALFORMED, "%s", why.text);
	if (!check_statement(w, job, sender))
		return false;
	if (!envelope_slots(&m->envelope, &job->arena, &why))
		return message_refuse(
		    job, FATE_REFUSED, FRAME_MALFORMED, "%s", why.text);
	if (!check_sent(job, clock_now()) || !check_origins(w, job))
		return false;
	if (!reading_make(&m->envelope, &job->arena, &m->reading, &why) ||
	    !reading_check_forms(
		&m->reading, &m->envelope, job->book->policy, &why))
		return message_refuse(
		    job, FATE_REFUSED, FRAME_MALFORMED, "%s", why.text);
	return true;
}
