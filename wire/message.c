/*
 * Reading messages. What the signature covers comes first and is small: header,
 * digests, the path to the batch's root. The slots come after, and each must
 * hash to the digest in its place: so a slot that was changed, moved, or put
 * in from elsewhere is found without asking what is in it.
 */

#include "wire/message.h"

#include <string.h>

#include "util/hash.h"
#include "util/text.h"
#include "wire/codec.h"

/* ---- digests ------------------------------------------------------------ */

/* What short inputs are put together in: one hash call costs less than four. */
#define JOIN_BYTES 256

void message_value_hash(const uint8_t salt[MESSAGE_SALT_BYTES],
    struct slice value, uint8_t ret[HASH_BYTES])
{
	uint8_t b[JOIN_BYTES] = { 0x02 };
	size_t head = 1 + MESSAGE_SALT_BYTES;

	memcpy(b + 1, salt, MESSAGE_SALT_BYTES);
	if (value.len <= JOIN_BYTES - head) {
		memcpy(b + head, value.data, value.len);
		hash_bytes(b, head + value.len, ret);
		return;
	}
	hash_begin();
	hash_add(b, head);
	hash_add(value.data, value.len);
	hash_end(ret);
}

void message_digest(const uint8_t value_hash[HASH_BYTES], uint16_t instance,
    struct slice path, uint8_t ret[HASH_BYTES])
{
	uint8_t b[1 + HASH_BYTES + 2 + MESSAGE_PATH_MAX] = { 0x03 };
	size_t len = path.len < MESSAGE_PATH_MAX ? path.len : MESSAGE_PATH_MAX;

	memcpy(b + 1, value_hash, HASH_BYTES);
	b[1 + HASH_BYTES] = (uint8_t)(instance >> 8);
	b[2 + HASH_BYTES] = (uint8_t)instance;
	memcpy(b + 3 + HASH_BYTES, path.data, len);
	hash_bytes(b, 3 + HASH_BYTES + len, ret);
}

/* ---- what is signed ----------------------------------------------------- */

void statement_hash(struct statement *s)
{
	uint8_t header[HASH_BYTES], digests[HASH_BYTES];
	uint8_t count[2] = { (uint8_t)(s->count >> 8), (uint8_t)s->count };
	struct slice parts[] = { slice_str("caveat message v1\n"),
		slice_of(header, HASH_BYTES), slice_of(count, 2),
		slice_of(digests, HASH_BYTES) };

	hash_bytes(s->header_bytes.data, s->header_bytes.len, header);
	hash_bytes(s->digests.data, s->digests.len, digests);
	hash_parts(parts, 4, s->hash);
}

static bool check_digests(struct statement *s, struct why *why)
{
	size_t count = s->digests.len / HASH_BYTES;

	if (count == 0 || count > MESSAGE_FIELDS_MAX ||
	    s->digests.len % HASH_BYTES) {
		why_set(why, "the message has no fields, or more than %u",
		    MESSAGE_FIELDS_MAX);
		return false;
	}
	for (size_t i = 1; i < count; i++) {
		const uint8_t *d = s->digests.data + i * HASH_BYTES;

		if (memcmp(d - HASH_BYTES, d, HASH_BYTES) >= 0) {
			why_set(why, "the message's digests are not in order");
			return false;
		}
	}
	s->count = (uint16_t)count;
	return true;
}

bool statement_read(struct reader *r, struct statement *ret, struct why *why)
{
	struct statement *s = ret;
	struct merkle_hash leaf;

	s->header_bytes = reader_bin(r);
	s->digests = reader_bin(r);
	reader_copy(r, s->key_id, KEY_ID_BYTES);
	reader_array_of(r, 3);
	s->index = (uint16_t)reader_uint(r, MESSAGE_BATCH_MAX - 1);
	s->size = (uint16_t)reader_uint(r, MESSAGE_BATCH_MAX);
	s->path = reader_bin(r);
	s->signature = reader_bin_of(r, SIGN_BYTES);
	if (!reader_ok(r)) {
		reader_why(r, "the message", why);
		return false;
	}
	if (!message_header_parse(s->header_bytes, &s->header, why) ||
	    !check_digests(s, why))
		return false;
	statement_hash(s);
	leaf = merkle_leaf(slice_of(s->hash, HASH_BYTES));
	if (!merkle_path_root(s->index, s->size, leaf, s->path, &s->root)) {
		why_set(why,
		    "the message's place in its batch cannot be: %u of"
		    " %u with a path of %zu bytes",
		    s->index, s->size, s->path.len);
		return false;
	}
	return true;
}

/* The bytes that the batch's signature covers. */
#define SIGNED_MAX (16 + 2 * (1 + TEXT_NAME_MAX) + 2 + HASH_BYTES)

static struct slice signed_bytes(
    const struct statement *s, uint8_t room[SIGNED_MAX])
{
	const struct slice names[] = { s->header.exchange, s->header.from };
	size_t at = 16;

	memcpy(room, "caveat batch v1\n", 16);
	for (size_t i = 0; i < 2; i++) {
		room[at++] = (uint8_t)names[i].len;
		memcpy(room + at, names[i].data, names[i].len);
		at += names[i].len;
	}
	room[at++] = (uint8_t)(s->size >> 8);
	room[at++] = (uint8_t)s->size;
	memcpy(room + at, s->root.bytes, HASH_BYTES);
	return slice_of(room, at + HASH_BYTES);
}

bool message_verify(const struct statement *s, const uint8_t public[KEY_BYTES])
{
	uint8_t room[SIGNED_MAX], id[KEY_ID_BYTES];
	struct slice bytes = signed_bytes(s, room);

	key_id(public, id);
	return !memcmp(id, s->key_id, KEY_ID_BYTES) &&
	       sign_verify(public, &bytes, 1, s->signature.data);
}

void message_batch_tag(const struct statement *s,
    const uint8_t public[KEY_BYTES], uint8_t ret[HASH_BYTES])
{
	uint8_t room[SIGNED_MAX];
	struct slice parts[] = { slice_of(public, KEY_BYTES), s->signature,
		signed_bytes(s, room) };

	hash_parts(parts, 3, ret);
}

int statement_sign(const struct statement *s, const struct key *key,
    uint8_t ret[SIGN_BYTES], struct why *why)
{
	uint8_t room[SIGNED_MAX];
	struct slice bytes = signed_bytes(s, room);

	return sign_parts(key, &bytes, 1, ret, why);
}

/* ---- slots -------------------------------------------------------------- */

/* [A-Za-z0-9_/-], as four words of 64 bits: paths are looked at byte by byte.
 */
static bool is_word_byte(uint8_t c)
{
	static const uint64_t word[4] = { 0x03ffa00000000000,
		0x07fffffe87fffffe };

	return word[c >> 6] >> (c & 63) & 1;
}

bool message_path_ok(struct slice path)
{
	/* What may end the part before: the entity ends at '.', the field at
	 * '~' or the path's end, the form at the end. */
	size_t parts = 1, len = 0;

	if (path.len > MESSAGE_PATH_MAX)
		return false;
	for (size_t i = 0; i < path.len; i++) {
		uint8_t c = path.data[i];

		if (is_word_byte(c)) {
			len++;
		} else if (len > 0 && ((c == '.' && parts == 1) ||
					  (c == '~' && parts == 2))) {
			parts++;
			len = 0;
		} else {
			return false;
		}
	}
	return parts >= 2 && len > 0;
}

static void read_text(struct reader *r)
{
	struct slice text = reader_str(r);
	const char *fault = text_fault(text);

	if (fault)
		reader_fail(r, fault);
}

/* The forms a value may have, and no others. */
static struct slice read_field_value(struct reader *r)
{
	const uint8_t *start = r->at;
	enum reader_type type = reader_peek(r);
	uint32_t count = 1;

	if (type == READER_ARRAY) {
		count = reader_array(r);
		if (count > MESSAGE_SET_MAX)
			reader_fail(r, "holds a set with too many elements");
		for (uint32_t i = 0; i < count && reader_ok(r); i++)
			read_text(r);
	} else if (type == READER_STR) {
		read_text(r);
	} else if (type == READER_INT) {
		reader_int(r);
	} else if (type == READER_BOOL) {
		reader_bool(r);
	} else {
		reader_fail(r, "holds a value of a kind no field has");
	}
	return reader_ok(r) ? slice_of(start, (size_t)(r->at - start))
			    : (struct slice){ 0 };
}

bool message_value_ok(struct slice value, struct why *why)
{
	struct reader r;

	reader_init(&r, value);
	read_field_value(&r);
	if (reader_end(&r))
		return true;
	reader_why(&r, "the value", why);
	return false;
}

static void read_name(struct reader *r, struct slot *slot)
{
	slot->path = reader_str(r);
	slot->instance = (uint16_t)reader_uint(r, MESSAGE_INSTANCES_MAX - 1);
	if (!message_path_ok(slot->path))
		reader_fail(r, "holds a path that is not entity.field");
}

static void read_slot(struct reader *r, struct slot *slot)
{
	const uint8_t *start = r->at;
	uint32_t count;

	if (!reader_nil(r)) {
		count = reader_array(r);
		if (count == 4) {
			slot->kind = SLOT_WHOLE;
			slot->salt = reader_bin_of(r, MESSAGE_SALT_BYTES);
			read_name(r, slot);
			slot->value = read_field_value(r);
			if (reader_ok(r))
				message_value_hash(
				    slot->salt.data, slot->value, slot->hash);
		} else if (count == 3) {
			slot->kind = SLOT_NAMED;
			read_name(r, slot);
			reader_copy(r, slot->hash, HASH_BYTES);
		} else {
			reader_fail(r, "has a slot of no known kind");
		}
	}
	slot->raw = slice_of(start, (size_t)(r->at - start));
}

/*
 * Names seen, by an open hash table of slot numbers plus one. Colliding names
 * on purpose costs a sender at most MESSAGE_FIELDS_MAX squared over two
 * comparisons, about what hashing so many fields costs.
 */
#define SEEN_MAX (2 * MESSAGE_FIELDS_MAX)

struct seen {
	size_t mask;
	uint16_t slots[SEEN_MAX];
};

static void seen_init(struct seen *seen, size_t count)
{
	size_t size = 2;

	while (size < 2 * count)
		size *= 2;
	seen->mask = size - 1;
	memset(seen->slots, 0, size * sizeof(seen->slots[0]));
}

/* Whether slot @i's name is new among those added before. */
static bool seen_add(struct seen *seen, const struct slot *slots, size_t i)
{
	const struct slot *s = &slots[i];
	uint64_t h = s->instance;
	size_t at;

	for (size_t k = 0; k < s->path.len; k++)
		h = (h ^ s->path.data[k]) * 0x100000001b3ULL;
	for (at = (h ^ h >> 32) & seen->mask; seen->slots[at];
	     at = (at + 1) & seen->mask) {
		const struct slot *other = &slots[seen->slots[at] - 1];

		if (other->instance == s->instance &&
		    slice_eq(other->path, s->path))
			return false;
	}
	seen->slots[at] = (uint16_t)(i + 1);
	return true;
}

bool slots_unique(const struct slot *slots, size_t count, struct why *why)
{
	struct seen seen;

	seen_init(&seen, count);
	for (size_t i = 0; i < count; i++) {
		if (slots[i].kind == SLOT_NIL || seen_add(&seen, slots, i))
			continue;
		why_set(why, "the field '%.*s' is there twice in instance %u",
		    SLICE_ARG(slots[i].path), slots[i].instance);
		return false;
	}
	return true;
}

bool slots_read(struct reader *r, const struct statement *s,
    struct arena *arena, struct slot **ret, struct why *why)
{
	struct slot *slots = arena_array(arena, s->count, struct slot);
	uint8_t digest[HASH_BYTES];

	reader_array_of(r, s->count);
	for (size_t i = 0; i < s->count && reader_ok(r); i++) {
		struct slot *slot = &slots[i];

		slot->field = (uint16_t)i;
		read_slot(r, slot);
		if (slot->kind == SLOT_NIL || !reader_ok(r))
			continue;
		message_digest(slot->hash, slot->instance, slot->path, digest);
		if (memcmp(
			digest, s->digests.data + i * HASH_BYTES, HASH_BYTES)) {
			why_set(why,
			    "the field '%.*s' is not what its sender signed",
			    SLICE_ARG(slot->path));
			return false;
		}
	}
	if (!reader_ok(r)) {
		reader_why(r, "the message", why);
		return false;
	}
	*ret = slots;
	return slots_unique(slots, s->count, why);
}

void slot_pack(const struct slot *slot, enum slot_kind as, struct buf *out)
{
	if (as == SLOT_NIL) {
		codec_nil(out);
	} else if (as == slot->kind && slot->raw.len) {
		buf_add_slice(out, slot->raw);
	} else if (as == SLOT_NAMED) {
		codec_array(out, 3);
		codec_str(out, slot->path);
		codec_uint(out, slot->instance);
		codec_bytes(out, slot->hash, HASH_BYTES);
	} else {
		codec_array(out, 4);
		codec_bin(out, slot->salt);
		codec_str(out, slot->path);
		codec_uint(out, slot->instance);
		buf_add_slice(out, slot->value);
	}
}

/* ---- envelopes ---------------------------------------------------------- */

bool envelope_open(struct slice bytes, struct envelope *ret, struct why *why)
{
	struct envelope e = { .bytes = bytes };
	struct reader r;
	uint32_t count;

	if (bytes.len > MESSAGE_BYTES_MAX) {
		why_set(why, "the message is longer than %u bytes",
		    MESSAGE_BYTES_MAX);
		return false;
	}
	reader_init(&r, bytes);
	count = reader_array(&r);
	if (count != 6 && count != 7)
		reader_fail(&r, "is not of the form of an envelope");
	if (!statement_read(&r, &e.statement, why))
		return false;
	e.rest = slice_of(r.at, reader_left(&r));
	e.forwards = count == 7;
	*ret = e;
	return true;
}

bool envelope_slots(struct envelope *e, struct arena *arena, struct why *why)
{
	struct origins_of of = { .count = e->statement.count };
	struct reader r;

	reader_init(&r, e->bytes);
	r.at = e->rest.data;
	if (!slots_read(&r, &e->statement, arena, &e->slots, why))
		return false;
	of.slots = e->slots;
	if (e->forwards &&
	    !origins_read(&r, of, arena, &e->origins, &e->origins_count, why))
		return false;
	if (e->forwards && e->origins_count == 0)
		reader_fail(&r, "has an empty list of origins");
	if (reader_end(&r))
		return true;
	reader_why(&r, "the message", why);
	return false;
}

const struct slot *envelope_find(
    const struct envelope *e, const char *path, uint16_t instance)
{
	for (size_t i = 0; i < e->statement.count; i++) {
		const struct slot *s = &e->slots[i];

		if (s->kind != SLOT_NIL && s->instance == instance &&
		    slice_is(s->path, path))
			return s;
	}
	return NULL;
}
