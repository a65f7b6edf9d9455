/*
 * Making messages. The digests are sorted, so the order of slots says nothing
 * about the order of fields; salts for all fields are drawn at once, because
 * each draw is a system call.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "wire/codec.h"
#include "wire/message.h"

struct ordered {
	uint8_t digest[HASH_BYTES];
	struct slot slot;
};

static int compare_ordered(const void *a, const void *b)
{
	return memcmp(((const struct ordered *)a)->digest,
	    ((const struct ordered *)b)->digest, HASH_BYTES);
}

static bool check_field(const struct message_field *f, struct why *why)
{
	if (!message_path_ok(f->path)) {
		why_set(why,
		    "'%.*s' is not a path of the form entity.field, at"
		    " most %u bytes",
		    (int)(f->path.len < 200 ? f->path.len : 200),
		    (const char *)f->path.data, MESSAGE_PATH_MAX);
		return false;
	}
	if (f->instance >= MESSAGE_INSTANCES_MAX) {
		why_set(why, "'%.*s' has more than %u instances",
		    SLICE_ARG(f->path), MESSAGE_INSTANCES_MAX);
		return false;
	}
	if (!message_value_ok(f->value, why)) {
		why_prefix(why, "'%.*s'", SLICE_ARG(f->path));
		return false;
	}
	return true;
}

static bool check_draft(const struct message_draft *draft, struct why *why)
{
	size_t count = draft->count + draft->decoys;

	if (count == 0 || draft->count > MESSAGE_FIELDS_MAX ||
	    draft->decoys > MESSAGE_FIELDS_MAX || count > MESSAGE_FIELDS_MAX) {
		why_set(why, "a message has 1 to %u fields, this one %zu",
		    MESSAGE_FIELDS_MAX, count);
		return false;
	}
	if (draft->origins_count > MESSAGE_ORIGINS_MAX) {
		why_set(why, "a message forwards from at most %u others",
		    MESSAGE_ORIGINS_MAX);
		return false;
	}
	for (size_t i = 0; i < draft->count; i++)
		if (!check_field(&draft->fields[i], why))
			return false;
	return true;
}

/* Slots and their digests, in the fields' order, then the decoys. */
static struct ordered *hash_fields(
    const struct message_draft *draft, struct arena *arena)
{
	size_t count = draft->count + draft->decoys;
	struct ordered *all = mem_array(count, sizeof(*all));
	uint8_t *salts = arena_alloc(arena, draft->count * MESSAGE_SALT_BYTES);

	hash_random(salts, draft->count * MESSAGE_SALT_BYTES);
	for (size_t i = 0; i < draft->count; i++) {
		const struct message_field *f = &draft->fields[i];
		uint8_t *salt = salts + i * MESSAGE_SALT_BYTES;
		struct slot *slot = &all[i].slot;

		if (f->salt)
			memcpy(salt, f->salt, MESSAGE_SALT_BYTES);
		*slot = (struct slot){ .kind = SLOT_WHOLE,
			.instance = f->instance,
			.path = arena_slice(arena, f->path),
			.salt = slice_of(salt, MESSAGE_SALT_BYTES),
			.value = arena_slice(arena, f->value),
			.field = (uint16_t)i };
		message_value_hash(salt, slot->value, slot->hash);
		message_digest(
		    slot->hash, slot->instance, slot->path, all[i].digest);
	}
	for (size_t i = draft->count; i < count; i++) {
		all[i].slot.field = SLOT_DECOY;
		hash_random(all[i].digest, HASH_BYTES);
	}
	return all;
}

static int compare_links(const void *a, const void *b)
{
	return (int)((const struct origin_link *)a)->slot -
	       (int)((const struct origin_link *)b)->slot;
}

/* Fields' numbers in the draft's links become slots'. */
static bool place_origins(const struct message_draft *draft, struct envelope *e,
    struct arena *arena, struct why *why)
{
	uint16_t slot_of[MESSAGE_FIELDS_MAX] = { 0 };

	for (uint16_t i = 0; i < e->statement.count; i++)
		if (e->slots[i].field != SLOT_DECOY)
			slot_of[e->slots[i].field] = i;
	e->origins_count = draft->origins_count;
	e->forwards = e->origins_count > 0;
	e->origins = arena_array(arena, e->origins_count, struct origin);
	for (size_t i = 0; i < e->origins_count; i++) {
		const struct origin *from = &draft->origins[i];
		struct origin_link *links;

		assert(from->count > 0);
		links = arena_copy(
		    arena, from->links, from->count * sizeof(*links));

		for (size_t k = 0; k < from->count; k++) {
			assert(links[k].slot < draft->count);
			links[k].slot = slot_of[links[k].slot];
			if (origin_holds(from, &e->slots[links[k].slot],
				links[k].instance))
				continue;
			why_set(why,
			    "'%.*s' was not in the message it is said to be"
			    " forwarded from",
			    SLICE_ARG(e->slots[links[k].slot].path));
			return false;
		}
		mem_sort(links, from->count, sizeof(*links), compare_links);
		e->origins[i] = (struct origin){ .statement = from->statement,
			.links = links,
			.count = from->count };
	}
	return true;
}

bool envelope_new(const struct message_draft *draft, struct arena *arena,
    struct envelope *ret, struct why *why)
{
	size_t count = draft->count + draft->decoys;
	_cleanup_buf_ struct buf header = { 0 };
	_cleanup_free_ struct ordered *all = NULL;
	struct envelope e = { 0 };
	struct statement *s = &e.statement;
	uint8_t *digests;

	if (!check_draft(draft, why) ||
	    !message_header_pack(draft->header, &header, why))
		return false;
	s->header_bytes = arena_slice(arena, buf_slice(&header));
	if (!message_header_parse(s->header_bytes, &s->header, why))
		return false;
	all = hash_fields(draft, arena);
	mem_sort(all, count, sizeof(*all), compare_ordered);
	digests = arena_alloc(arena, count * HASH_BYTES);
	e.slots = arena_array(arena, count, struct slot);
	for (size_t i = 0; i < count; i++) {
		memcpy(digests + i * HASH_BYTES, all[i].digest, HASH_BYTES);
		e.slots[i] = all[i].slot;
	}
	s->count = (uint16_t)count;
	s->digests = slice_of(digests, count * HASH_BYTES);
	statement_hash(s);
	if (!slots_unique(e.slots, count, why) ||
	    !place_origins(draft, &e, arena, why))
		return false;
	*ret = e;
	return true;
}

int envelope_sign(struct envelope *const *envelopes, size_t count,
    const struct key *key, struct arena *arena, struct why *why)
{
	const struct message_header *first = &envelopes[0]->statement.header;
	struct merkle_hash leaves[MESSAGE_BATCH_MAX], root;
	uint8_t public[KEY_BYTES], *signature;
	struct merkle_source source;
	struct merkle_table table;
	struct merkle_proof path;

	assert(count >= 1 && count <= MESSAGE_BATCH_MAX);
	for (size_t i = 0; i < count; i++) {
		struct statement *s = &envelopes[i]->statement;

		assert(slice_eq(s->header.exchange, first->exchange));
		assert(slice_eq(s->header.from, first->from));
		leaves[i] = merkle_leaf(slice_of(s->hash, HASH_BYTES));
	}
	merkle_table_init(&table, leaves, count, arena);
	source = merkle_table_source(&table);
	merkle_tree_root(&source, count, &root);
	key_public(key, public);
	signature = arena_alloc(arena, SIGN_BYTES);
	for (size_t i = 0; i < count; i++) {
		struct statement *s = &envelopes[i]->statement;

		merkle_tree_path(&source, i, count, &path);
		s->path = slice_of(
		    arena_copy(arena, path.hashes, path.count * HASH_BYTES),
		    path.count * HASH_BYTES);
		key_id(public, s->key_id);
		s->index = (uint16_t)i;
		s->size = (uint16_t)count;
		s->root = root;
		s->signature = slice_of(signature, SIGN_BYTES);
	}
	return statement_sign(&envelopes[0]->statement, key, signature, why);
}

void statement_pack(const struct statement *s, struct buf *out)
{
	codec_bin(out, s->header_bytes);
	codec_bin(out, s->digests);
	codec_bytes(out, s->key_id, KEY_ID_BYTES);
	codec_array(out, 3);
	codec_uint(out, s->index);
	codec_uint(out, s->size);
	codec_bin(out, s->path);
	codec_bin(out, s->signature);
}

bool envelope_pack(const struct envelope *e, const bool *home, struct buf *out,
    struct why *why)
{
	size_t start = out->len;

	codec_array(out, e->forwards ? 7 : 6);
	statement_pack(&e->statement, out);
	codec_array(out, e->statement.count);
	for (size_t i = 0; i < e->statement.count; i++) {
		const struct slot *slot = &e->slots[i];
		bool hide = home && home[i] && slot->kind == SLOT_WHOLE;

		slot_pack(slot, hide ? SLOT_NAMED : slot->kind, out);
	}
	if (e->forwards)
		origins_pack(e->origins, e->origins_count, NULL, out);
	if (out->len - start <= MESSAGE_BYTES_MAX)
		return true;
	why_set(why, "the message would be %zu bytes; the limit is %u",
	    out->len - start, MESSAGE_BYTES_MAX);
	out->len = start;
	return false;
}
