/* What became of a message we sent; answer.h is the contract. */

#include "agents/answer.h"

#include "agents/print.h"
#include "wire/codec.h"
#include "wire/reader.h"

static struct slice str_or_nil(struct reader *r)
{
	return reader_nil(r) ? slice_of(NULL, 0) : reader_str(r);
}

bool answer_read(struct slice bytes, struct arena *arena, struct answer *ret)
{
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, 3);
	ret->accepted = reader_bool(&r);
	ret->reason = str_or_nil(&r);
	ret->count = reader_array(&r);
	ret->lines = arena_array(arena, ret->count, struct answer_line);
	for (size_t i = 0; i < ret->count; i++) {
		struct answer_line *line = &ret->lines[i];

		reader_array_of(&r, 5);
		line->partner = reader_str(&r);
		line->accepted = reader_bool(&r);
		line->clause = str_or_nil(&r);
		line->reason = str_or_nil(&r);
		line->delivered = str_or_nil(&r);
	}
	return reader_end(&r);
}

void answer_pack(const struct answer *answer, struct buf *out)
{
	codec_array(out, 3);
	codec_bool(out, answer->accepted);
	codec_str_or_nil(out, answer->reason);
	codec_array(out, (uint32_t)answer->count);
	for (size_t i = 0; i < answer->count; i++) {
		const struct answer_line *line = &answer->lines[i];

		codec_array(out, 5);
		codec_str(out, line->partner);
		codec_bool(out, line->accepted);
		codec_str_or_nil(out, line->clause);
		codec_str_or_nil(out, line->reason);
		codec_str_or_nil(out, line->delivered);
	}
}

void answer_from_row(
    const struct frame_result_row *row, struct arena *arena, struct answer *ret)
{
	*ret = (struct answer){
		.accepted = row->accepted,
		.reason = row->reason,
		.lines = arena_array(arena, row->count, struct answer_line),
		.count = row->count,
	};
	for (size_t i = 0; i < row->count; i++)
		ret->lines[i] = (struct answer_line){
			.partner = row->outcomes[i].partner,
			.accepted = row->outcomes[i].accepted,
			.clause = row->outcomes[i].clause,
			.reason = row->outcomes[i].reason,
		};
}

static bool amend_line(
    struct answer_line *line, const struct frame_outcome *news)
{
	if (!slice_eq(line->partner, news->partner) || line->delivered.len)
		return false;
	if (news->delivered) {
		line->delivered = news->reason;
		return true;
	}
	/* A copy that still waited was withdrawn. */
	if (news->accepted || !line->accepted)
		return false;
	line->accepted = false;
	line->clause = news->clause;
	line->reason = news->reason;
	return true;
}

bool answer_amend(struct answer *answer, const struct frame_result_row *row)
{
	bool changed = false;

	for (size_t i = 0; i < row->count; i++)
		for (size_t j = 0; j < answer->count; j++)
			changed |=
			    amend_line(&answer->lines[j], &row->outcomes[i]);
	return changed;
}

static const struct answer_line *line_of(
    const struct answer *answer, struct slice partner)
{
	for (size_t i = 0; i < answer->count; i++)
		if (slice_eq(answer->lines[i].partner, partner))
			return &answer->lines[i];
	return NULL;
}

json_t *answer_recipients(const struct answer *answer,
    const struct summary_sent *sent, bool delivered)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sent->lines_count; i++) {
		struct slice partner = sent->lines[i].partner;
		const struct answer_line *line = line_of(answer, partner);
		bool accepted = answer->accepted && line && line->accepted;
		json_t *row =
		    json_pack("{so ss so so}", "partner", print_slice(partner),
			"outcome", accepted ? "accepted" : "refused", "clause",
			print_slice(line ? line->clause : slice_of(NULL, 0)),
			"reason",
			print_slice(line && line->reason.len ? line->reason
							     : answer->reason));

		if (delivered)
			json_object_set_new(row, "delivered",
			    print_slice(
				line ? line->delivered : slice_of(NULL, 0)));
		json_array_append_new(list, row);
	}
	return list;
}
