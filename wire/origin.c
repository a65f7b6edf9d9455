/*
 * Origins: where forwarded fields come from. A forwarder keeps a field's salt,
 * value and path, so its V is the originator's; with the instance it had there
 * it makes one of the digests that the originator signed. What is proved is
 * therefore the value, not that the forwarder says all it knows.
 */

#include <stdlib.h>
#include <string.h>

#include "wire/codec.h"
#include "wire/message.h"

static int compare_hashes(const void *a, const void *b)
{
	return memcmp(a, b, HASH_BYTES);
}

bool origin_holds(
    const struct origin *o, const struct slot *slot, uint16_t instance)
{
	uint8_t digest[HASH_BYTES];

	message_digest(slot->hash, instance, slot->path, digest);
	return bsearch(digest, o->statement.digests.data, o->statement.count,
		   HASH_BYTES, compare_hashes) != NULL;
}

/* Slots that an origin has claimed: no field comes from two places. */
struct claimed {
	bool slots[MESSAGE_FIELDS_MAX];
};

static bool read_links(struct reader *r, struct origins_of of,
    struct claimed *claimed, struct origin *o, struct arena *arena)
{
	struct origin_link *links;
	uint32_t count = reader_array(r);
	int last = -1;

	if (count == 0 || count > of.count)
		reader_fail(r, "has an origin of no fields, or of too many");
	links =
	    arena_array(arena, reader_ok(r) ? count : 0, struct origin_link);
	for (uint32_t i = 0; i < count && reader_ok(r); i++) {
		struct origin_link *l = &links[i];

		reader_array_of(r, 2);
		l->slot = (uint16_t)reader_uint(r, of.count - 1);
		l->instance =
		    (uint16_t)reader_uint(r, MESSAGE_INSTANCES_MAX - 1);
		if (!reader_ok(r))
			break;
		if ((int)l->slot <= last || claimed->slots[l->slot] ||
		    of.slots[l->slot].kind == SLOT_NIL)
			reader_fail(r, "links an origin to a wrong slot");
		else if (!origin_holds(o, &of.slots[l->slot], l->instance))
			reader_fail(r, "names an origin that never held the"
				       " field");
		last = l->slot;
		claimed->slots[l->slot] = true;
	}
	o->links = links;
	o->count = count;
	return reader_ok(r);
}

bool origins_read(struct reader *r, struct origins_of of, struct arena *arena,
    struct origin **ret, size_t *ret_count, struct why *why)
{
	struct claimed claimed = { 0 };
	uint32_t count = reader_array(r);
	struct origin *origins;

	if (count > MESSAGE_ORIGINS_MAX)
		reader_fail(r, "has more origins than may be");
	origins = arena_array(arena, reader_ok(r) ? count : 0, struct origin);
	for (uint32_t i = 0; i < count && reader_ok(r); i++) {
		reader_array_of(r, 6);
		if (!statement_read(r, &origins[i].statement, why)) {
			why_prefix(why, "origin %u", i + 1);
			return false;
		}
		if (!read_links(r, of, &claimed, &origins[i], arena))
			break;
	}
	if (!reader_ok(r)) {
		reader_why(r, "the message", why);
		return false;
	}
	*ret = origins;
	*ret_count = count;
	return true;
}

static uint32_t links_shown(const struct origin *o, const enum slot_kind *shown)
{
	uint32_t count = 0;

	for (size_t i = 0; i < o->count; i++)
		count += !shown || shown[o->links[i].slot] != SLOT_NIL;
	return count;
}

void origins_pack(const struct origin *origins, size_t count,
    const enum slot_kind *shown, struct buf *out)
{
	uint32_t kept = 0;

	for (size_t i = 0; i < count; i++)
		kept += links_shown(&origins[i], shown) > 0;
	codec_array(out, kept);
	for (size_t i = 0; i < count; i++) {
		const struct origin *o = &origins[i];
		uint32_t links = links_shown(o, shown);

		if (links == 0)
			continue;
		codec_array(out, 6);
		statement_pack(&o->statement, out);
		codec_array(out, links);
		for (size_t k = 0; k < o->count; k++) {
			const struct origin_link *l = &o->links[k];

			if (shown && shown[l->slot] == SLOT_NIL)
				continue;
			codec_array(out, 2);
			codec_uint(out, l->slot);
			codec_uint(out, l->instance);
		}
	}
}
