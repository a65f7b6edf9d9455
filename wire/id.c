/* Message ids in their two forms. */

#include "wire/id.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "wire/codec.h"

bool message_id_eq(const struct message_id *a, const struct message_id *b)
{
	return a->number == b->number && a->epoch == b->epoch &&
	       !strcmp(a->partner, b->partner);
}

void message_id_format(
    const struct message_id *id, char ret[MESSAGE_ID_TEXT_MAX])
{
	int n = snprintf(ret, MESSAGE_ID_TEXT_MAX, "%s/%u.%llu", id->partner,
	    id->epoch, (unsigned long long)id->number);

	assert(n > 0 && n < MESSAGE_ID_TEXT_MAX);
}

/* A count without sign or leading zero, from 1 to @max. */
static bool parse_count(struct slice text, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (text.len == 0 || text.len > 19 || text.data[0] == '0')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text.data[i] - '0');
	}
	*ret = n;
	return n <= max;
}

bool message_id_parse(struct slice text, struct message_id *ret)
{
	const uint8_t *slash, *dot, *end = text.data + text.len;
	struct message_id id = { 0 };
	struct slice partner;
	uint64_t epoch;

	slash = text.len ? memchr(text.data, '/', text.len) : NULL;
	dot = slash ? memchr(slash, '.', (size_t)(end - slash)) : NULL;
	if (!dot)
		return false;
	partner = slice_of(text.data, (size_t)(slash - text.data));
	if (!text_is_name(partner) ||
	    !parse_count(slice_of(slash + 1, (size_t)(dot - slash - 1)),
		UINT32_MAX, &epoch) ||
	    !parse_count(slice_of(dot + 1, (size_t)(end - dot - 1)), INT64_MAX,
		&id.number))
		return false;
	memcpy(id.partner, partner.data, partner.len);
	id.epoch = (uint32_t)epoch;
	*ret = id;
	return true;
}

void message_id_pack(const struct message_id *id, struct buf *out)
{
	codec_array(out, 3);
	codec_text(out, id->partner);
	codec_uint(out, id->epoch);
	codec_uint(out, id->number);
}

void message_id_read(struct reader *r, struct message_id *ret)
{
	struct slice partner;

	*ret = (struct message_id){ 0 };
	reader_array_of(r, 3);
	partner = reader_str(r);
	ret->epoch = (uint32_t)reader_uint(r, UINT32_MAX);
	ret->number = reader_uint(r, INT64_MAX);
	if (!text_is_name(partner) || ret->epoch == 0 || ret->number == 0) {
		reader_fail(r, "holds an id that is not one");
		*ret = (struct message_id){ 0 };
		return;
	}
	memcpy(ret->partner, partner.data, partner.len);
}
