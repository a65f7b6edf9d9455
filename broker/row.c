/* Queue rows: decisions as they are kept, and copies made from them. */

#include "broker/row.h"

#include "wire/codec.h"
#include "wire/reader.h"

#define ROW_MEMBERS 9u
#define ROW_DECISION_MEMBERS 6u

static void pack_decision(const struct decision *d, struct buf *out)
{
	codec_array(out, ROW_DECISION_MEMBERS);
	codec_uint(out, d->slot);
	codec_str(out, d->action);
	codec_str_or_nil(out, d->clause);
	codec_str_or_nil(out, d->reason);
	codec_str_or_nil(out, d->to);
	codec_bin(out, d->value);
}

void row_pack(const struct row *row, struct buf *out)
{
	codec_array(out, ROW_MEMBERS);
	codec_uint(out, row->entry);
	codec_bytes(out, row->digest, sizeof(row->digest));
	message_id_pack(&row->id, out);
	codec_bytes(out, row->statement, sizeof(row->statement));
	codec_uint(out, row->charge);
	codec_int(out, row->day);
	codec_int(out, row->destroy_by);
	codec_bin(out, row->shown);
	codec_array(out, (uint32_t)row->decisions_count);
	for (size_t i = 0; i < row->decisions_count; i++)
		pack_decision(&row->decisions[i], out);
}

static struct slice str_or_nil(struct reader *r)
{
	return reader_nil(r) ? (struct slice){ 0 } : reader_str(r);
}

static void read_decision(struct reader *r, struct decision *ret)
{
	reader_array_of(r, ROW_DECISION_MEMBERS);
	ret->slot = (uint16_t)reader_uint(r, MESSAGE_FIELDS_MAX - 1);
	ret->action = reader_str(r);
	ret->clause = str_or_nil(r);
	ret->reason = str_or_nil(r);
	ret->to = str_or_nil(r);
	ret->value = reader_bin(r);
}

bool row_parse(struct slice bytes, struct arena *arena, struct row *ret)
{
	struct decision *decisions;
	struct reader r;

	reader_init(&r, bytes);
	reader_array_of(&r, ROW_MEMBERS);
	ret->entry = reader_uint(&r, INT64_MAX);
	reader_copy(&r, ret->digest, sizeof(ret->digest));
	message_id_read(&r, &ret->id);
	reader_copy(&r, ret->statement, sizeof(ret->statement));
	ret->charge = reader_uint(&r, INT64_MAX);
	ret->day = (int32_t)reader_int(&r);
	ret->destroy_by = (int32_t)reader_int(&r);
	ret->shown = reader_bin(&r);
	ret->decisions_count = reader_array(&r);
	if (ret->decisions_count > MESSAGE_FIELDS_MAX)
		return false;
	decisions = arena_array(arena, ret->decisions_count, struct decision);
	for (size_t i = 0; i < ret->decisions_count && reader_ok(&r); i++)
		read_decision(&r, &decisions[i]);
	ret->decisions = decisions;
	return reader_end(&r);
}

bool row_body(const struct row *row, const struct envelope *envelope,
    struct arena *arena, struct buf *out, struct why *why)
{
	enum slot_kind *shown;

	if (row->shown.len != envelope->statement.count) {
		why_set(why, "the queue row is another message's");
		return false;
	}
	shown = arena_array(arena, row->shown.len, enum slot_kind);
	for (size_t i = 0; i < row->shown.len; i++)
		shown[i] = (enum slot_kind)row->shown.data[i];
	return copy_body(
	    &(struct copy_draft){
		.envelope = envelope,
		.shown = shown,
		.decisions = row->decisions,
		.decisions_count = row->decisions_count,
	    },
	    out, why);
}
