/* What the mailbox keeps beside a message; summary.h is the contract. */

#include "agents/summary.h"

#include "wire/codec.h"
#include "wire/reader.h"

enum { COPY = 1, REJECTED = 2, SENT = 3 };

static struct slice str_or_nil(struct reader *r)
{
	return reader_nil(r) ? slice_of(NULL, 0) : reader_str(r);
}

void summary_copy_pack(const struct summary_copy *s, struct buf *out)
{
	codec_array(out, 11);
	codec_uint(out, COPY);
	codec_str(out, s->type);
	codec_str(out, s->agreement);
	codec_str(out, s->purpose);
	codec_int(out, s->sent);
	codec_str(out, s->marking);
	codec_str_or_nil(out, s->priority);
	codec_str_or_nil(out, s->officer);
	codec_str(out, s->checkpoint);
	codec_bytes(out, s->key, sizeof(s->key));
	codec_array(out, (uint32_t)s->clauses_count);
	for (size_t i = 0; i < s->clauses_count; i++)
		codec_str_or_nil(out, s->clauses[i]);
}

bool summary_copy_read(
    struct slice bytes, struct arena *arena, struct summary_copy *ret)
{
	struct slice *clauses;
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 11);
	if (reader_uint(&r, SENT) != COPY)
		return false;
	ret->type = reader_str(&r);
	ret->agreement = reader_str(&r);
	ret->purpose = reader_str(&r);
	ret->sent = reader_int(&r);
	ret->marking = reader_str(&r);
	ret->priority = str_or_nil(&r);
	ret->officer = str_or_nil(&r);
	ret->checkpoint = reader_str(&r);
	reader_copy(&r, ret->key, sizeof(ret->key));
	ret->clauses_count = reader_array(&r);
	clauses = arena_array(arena, ret->clauses_count, struct slice);
	for (size_t i = 0; i < ret->clauses_count; i++)
		clauses[i] = str_or_nil(&r);
	ret->clauses = clauses;
	return reader_end(&r);
}

void summary_rejected_pack(const struct summary_rejected *s, struct buf *out)
{
	codec_array(out, 3);
	codec_uint(out, REJECTED);
	codec_str(out, s->reason);
	codec_str(out, s->checkpoint);
}

bool summary_rejected_read(struct slice bytes, struct summary_rejected *ret)
{
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 3);
	if (reader_uint(&r, SENT) != REJECTED)
		return false;
	ret->reason = reader_str(&r);
	ret->checkpoint = reader_str(&r);
	return reader_end(&r);
}

void summary_sent_pack(const struct summary_sent *s, struct buf *out)
{
	codec_array(out, 9);
	codec_uint(out, SENT);
	codec_str(out, s->type);
	codec_str(out, s->agreement);
	codec_str(out, s->purpose);
	codec_int(out, s->sent);
	codec_str(out, s->marking);
	codec_str(out, s->officer);
	codec_str(out, s->by);
	codec_array(out, (uint32_t)s->lines_count);
	for (size_t i = 0; i < s->lines_count; i++) {
		codec_array(out, 4);
		codec_str(out, s->lines[i].partner);
		codec_bool(out, s->lines[i].accepted);
		codec_str_or_nil(out, s->lines[i].clause);
		codec_str_or_nil(out, s->lines[i].reason);
	}
}

bool summary_sent_read(
    struct slice bytes, struct arena *arena, struct summary_sent *ret)
{
	struct summary_line *lines;
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 9);
	if (reader_uint(&r, SENT) != SENT)
		return false;
	ret->type = reader_str(&r);
	ret->agreement = reader_str(&r);
	ret->purpose = reader_str(&r);
	ret->sent = reader_int(&r);
	ret->marking = reader_str(&r);
	ret->officer = reader_str(&r);
	ret->by = reader_str(&r);
	ret->lines_count = reader_array(&r);
	lines = arena_array(arena, ret->lines_count, struct summary_line);
	for (size_t i = 0; i < ret->lines_count; i++) {
		reader_array_of(&r, 4);
		lines[i].partner = reader_str(&r);
		lines[i].accepted = reader_bool(&r);
		lines[i].clause = str_or_nil(&r);
		lines[i].reason = str_or_nil(&r);
	}
	ret->lines = lines;
	return reader_end(&r);
}
