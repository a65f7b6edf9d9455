/*
 * A kind is a list of keys, a key a place in struct entry and a way to write
 * and read it: one table serves both directions, so that they cannot differ.
 */

#include "audit/entry.h"

#include <assert.h>
#include <string.h>

#include "util/mem.h"
#include "wire/codec.h"
#include "wire/merkle.h"
#include "wire/message.h"
#include "wire/reader.h"

#define KEYS_MAX 8

enum value {
	VALUE_NONE,  /* ends a kind's list */
	VALUE_STR,   /* struct slice; optional: left out when empty */
	VALUE_BIN,   /* struct slice */
	VALUE_HASH,  /* HASH_BYTES; optional: see has */
	VALUE_KEY,   /* 8 bytes */
	VALUE_UINT,  /* uint64_t */
	VALUE_COUNT, /* uint32_t */
	VALUE_DAY,   /* int32_t; optional: left out when INT32_MAX */
	VALUE_SIGNERS,
};

struct key_def {
	const char *name;
	enum value value;
	size_t offset;
	bool optional;
	size_t has; /* offset of a bool, for an optional hash */
};

#define KEY(name, value, member)                                               \
	{                                                                      \
		name, value, offsetof(struct entry, member)                    \
	}
#define KEY_OPTIONAL(name, value, member)                                      \
	{                                                                      \
		name, value, offsetof(struct entry, member), true              \
	}
#define KEY_OPTIONAL_HASH(name, member)                                        \
	{                                                                      \
		name, VALUE_HASH, offsetof(struct entry, member), true,        \
		    offsetof(struct entry, has_##member)                       \
	}

static const struct {
	const char *name;
	struct key_def keys[KEYS_MAX + 1];
} kinds[ENTRY_KINDS] = {
	[ENTRY_RECEIVED] = { "received",
	    { KEY("id", VALUE_STR, id), KEY("statement", VALUE_HASH, statement),
		KEY("key", VALUE_KEY, key), KEY("policy", VALUE_UINT, policy),
		KEY("recipients", VALUE_COUNT, recipients) } },
	[ENTRY_DECIDED] = { "decided",
	    { KEY("to", VALUE_STR, to), KEY("copy", VALUE_UINT, copy),
		KEY("id", VALUE_STR, id),
		KEY("statement", VALUE_HASH, statement),
		KEY("body", VALUE_HASH, body),
		KEY("policy", VALUE_UINT, policy),
		KEY_OPTIONAL("destroy-by", VALUE_DAY, destroy_by),
		KEY_OPTIONAL_HASH("detail", detail) } },
	[ENTRY_REFUSED] = { "refused",
	    { KEY_OPTIONAL("from", VALUE_STR, from),
		KEY_OPTIONAL("id", VALUE_STR, id),
		KEY_OPTIONAL("to", VALUE_STR, to),
		KEY_OPTIONAL_HASH("statement", statement),
		KEY("policy", VALUE_UINT, policy),
		KEY_OPTIONAL_HASH("detail", detail) } },
	[ENTRY_DELIVERED] = { "delivered",
	    { KEY("to", VALUE_STR, to), KEY("receipt", VALUE_BIN, receipt),
		KEY("signature", VALUE_BIN, signature) } },
	[ENTRY_PARTNER] = { "partner",
	    { KEY("name", VALUE_STR, name), KEY("what", VALUE_STR, what),
		KEY_OPTIONAL_HASH("text", text) } },
	[ENTRY_AGREEMENT] = { "agreement",
	    { KEY("name", VALUE_STR, name), KEY("text", VALUE_HASH, text),
		KEY("signers", VALUE_SIGNERS, signers),
		KEY("policy", VALUE_UINT, policy) } },
	[ENTRY_NOTICE] = { "notice",
	    { KEY("name", VALUE_STR, name), KEY("text", VALUE_HASH, text),
		KEY("policy", VALUE_UINT, policy) } },
};

const char *entry_kind_name(enum entry_kind kind)
{
	return kinds[kind].name;
}

/* ---- writing ---------------------------------------------------------- */

static const void *at(const struct entry *e, size_t offset)
{
	return (const char *)e + offset;
}

static bool is_there(const struct entry *e, const struct key_def *key)
{
	if (!key->optional)
		return true;
	if (key->has)
		return *(const bool *)at(e, key->has);
	if (key->value == VALUE_DAY)
		return *(const int32_t *)at(e, key->offset) != INT32_MAX;
	return ((const struct slice *)at(e, key->offset))->len > 0;
}

static void write_value(
    const struct entry *e, const struct key_def *key, struct buf *out)
{
	const void *p = at(e, key->offset);

	switch (key->value) {
	case VALUE_STR:
		codec_str(out, *(const struct slice *)p);
		break;
	case VALUE_BIN:
		codec_bin(out, *(const struct slice *)p);
		break;
	case VALUE_HASH:
		codec_bytes(out, p, HASH_BYTES);
		break;
	case VALUE_KEY:
		codec_bytes(out, p, sizeof(e->key));
		break;
	case VALUE_UINT:
		codec_uint(out, *(const uint64_t *)p);
		break;
	case VALUE_COUNT:
		codec_uint(out, *(const uint32_t *)p);
		break;
	case VALUE_DAY:
		codec_int(out, *(const int32_t *)p);
		break;
	case VALUE_SIGNERS:
		codec_array(out, (uint32_t)e->signers_count);
		for (size_t i = 0; i < e->signers_count; i++)
			codec_str(out, e->signers[i]);
		break;
	case VALUE_NONE:
		break;
	}
}

void entry_encode(const struct entry *e, struct buf *out)
{
	const struct key_def *keys = kinds[e->kind].keys;
	size_t start = out->len;
	uint32_t pairs = 4;

	for (size_t i = 0; keys[i].name; i++)
		pairs += is_there(e, &keys[i]);
	codec_map(out, pairs);
	codec_text(out, "v");
	codec_uint(out, 1);
	codec_text(out, "kind");
	codec_text(out, kinds[e->kind].name);
	codec_text(out, "salt");
	codec_bytes(out, e->salt, sizeof(e->salt));
	codec_text(out, "at");
	codec_int(out, e->at);
	for (size_t i = 0; keys[i].name; i++) {
		if (!is_there(e, &keys[i]))
			continue;
		codec_text(out, keys[i].name);
		write_value(e, &keys[i], out);
	}
	assert(out->len - start <= ENTRY_BYTES_MAX);
}

/* ---- reading ---------------------------------------------------------- */

static void read_signers(struct reader *r, struct entry *e)
{
	uint32_t n = reader_array(r);

	if (n > ENTRY_SIGNERS_MAX) {
		reader_fail(r, "too many signers");
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		e->signers[i] = reader_str_max(r, 64);
	e->signers_count = n;
}

static void read_value(
    struct reader *r, struct entry *e, const struct key_def *key)
{
	void *p = (char *)e + key->offset;

	switch (key->value) {
	case VALUE_STR:
		*(struct slice *)p = reader_str_max(r, 128);
		break;
	case VALUE_BIN:
		*(struct slice *)p = reader_bin(r);
		break;
	case VALUE_HASH:
		reader_copy(r, p, HASH_BYTES);
		if (key->has)
			*(bool *)((char *)e + key->has) = true;
		break;
	case VALUE_KEY:
		reader_copy(r, p, sizeof(e->key));
		break;
	case VALUE_UINT:
		*(uint64_t *)p = reader_uint(r, INT64_MAX);
		break;
	case VALUE_COUNT:
		*(uint32_t *)p = (uint32_t)reader_uint(r, UINT32_MAX);
		break;
	case VALUE_DAY:
		*(int32_t *)p = (int32_t)reader_uint(r, INT32_MAX - 1);
		break;
	case VALUE_SIGNERS:
		read_signers(r, e);
		break;
	case VALUE_NONE:
		break;
	}
}

static bool read_kind(struct reader *r, struct entry *e)
{
	struct slice name = reader_str(r);

	for (int i = 0; i < ENTRY_KINDS; i++) {
		if (slice_is(name, kinds[i].name)) {
			e->kind = (enum entry_kind)i;
			return true;
		}
	}
	reader_fail(r, "an unknown kind of entry");
	return false;
}

const char *entry_decode(struct slice bytes, struct entry *ret)
{
	const struct key_def *keys;
	struct reader r;
	uint32_t left;

	*ret = (struct entry){ .destroy_by = INT32_MAX };
	if (bytes.len > ENTRY_BYTES_MAX)
		return "larger than an entry may be";
	reader_init(&r, bytes);
	left = reader_map(&r);
	reader_key(&r, &left, "v");
	if (reader_uint(&r, 1) != 1)
		reader_fail(&r, "an unknown version of entry");
	reader_key(&r, &left, "kind");
	if (!read_kind(&r, ret))
		return r.fault;
	reader_key(&r, &left, "salt");
	reader_copy(&r, ret->salt, sizeof(ret->salt));
	reader_key(&r, &left, "at");
	ret->at = (int64_t)reader_uint(&r, MESSAGE_TIME_MAX);
	keys = kinds[ret->kind].keys;
	for (size_t i = 0; keys[i].name; i++) {
		if (!keys[i].optional)
			reader_key(&r, &left, keys[i].name);
		else if (!reader_try_key(&r, &left, keys[i].name))
			continue;
		read_value(&r, ret, &keys[i]);
	}
	reader_map_end(&r, left);
	return reader_end(&r) ? NULL : r.fault;
}

void entry_leaf(struct slice bytes, uint8_t ret[HASH_BYTES])
{
	struct merkle_hash leaf = merkle_leaf(bytes);

	memcpy(ret, leaf.bytes, HASH_BYTES);
}

/* ---- detail ----------------------------------------------------------- */

static void text_or_nil(struct buf *out, const char *s)
{
	if (s)
		codec_text(out, s);
	else
		codec_nil(out);
}

void detail_encode(const char *clause, const char *reason,
    const struct detail_field *fields, size_t count, struct buf *out)
{
	uint8_t salt[ENTRY_SALT_BYTES];

	hash_random(salt, sizeof(salt));
	codec_array(out, 4);
	codec_bytes(out, salt, sizeof(salt));
	text_or_nil(out, clause);
	text_or_nil(out, reason);
	codec_array(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		codec_array(out, 7);
		codec_str(out, fields[i].path);
		codec_uint(out, fields[i].instance);
		codec_text(out, fields[i].action);
		codec_bool(out, fields[i].told);
		text_or_nil(out, fields[i].to);
		text_or_nil(out, fields[i].clause);
		text_or_nil(out, fields[i].reason);
	}
}
