#ifndef STORE_ROWS_H
#define STORE_ROWS_H

/*
 * What ledger.c, mailbox.c and check.c are built from: rows that are sealed and
 * bound to their table and key. Only store/ uses it.
 *
 * A row's value is its clear part (a fixed number of bytes for each table,
 * often none) with a tag, and a sealed part. Both are bound to table and key,
 * the sealed one to the clear one as well. A *bare* row has no sealed part. A
 * row is sealed under the store's own key, or under that of a *holder*: a named
 * key with a slot and a count, which is destroyed when nobody holds it any
 * more, and with it all that was sealed under it.
 */

#include "store/chunk.h"
#include "store/slots.h"
#include "store/store.h"

/* Tables that every store has; a schema's own begin at TABLE_OWN. */
enum {
	TABLE_META,   /* "format", "counters" */
	TABLE_NOTE,   /* name */
	TABLE_HOLDER, /* kind, number; clear: slot u64, count u32 */
	TABLE_OWN,
};

#define HOLDER_CLEAR 12

struct check;

struct store_schema {
	const char *format; /* "caveat ledger 1": what and which version */
	const struct kv_table *tables;
	size_t table_count;
	void (*check)(struct check *c); /* looks at the own tables */
};

/* The first rows of each schema's tables. */
#define COMMON_TABLES                                                          \
	{ .name = "meta" }, { .name = "note" },                                \
	{                                                                      \
		.name = "holder"                                               \
	}

int store_open(const char *dir, const struct store_options *options,
    const struct store_schema *schema, struct store **ret, struct why *why);

struct store *store_of(const struct store_txn *t);
bool store_is_writer(const struct store_txn *t);
int store_fail(struct store_txn *t, int error); /* record it; store_error() */

/* Make @t STORE_FULL when the store is too full for a new message. */
void store_need_room(struct store_txn *t);

/* ---- keys ---- */

struct row_key {
	uint8_t bytes[CHUNK_KEY_MAX];
	size_t len;
};

/* Append a name and its NUL (at most STORE_NAME_MAX bytes, asserted); a number,
 * big-endian in @bytes bytes; bytes. */
void key_name(struct row_key *k, const char *name);
void key_number(struct row_key *k, uint64_t v, size_t bytes);
void key_bytes(struct row_key *k, const void *data, size_t len);

struct row_key name_row(const char *name);
struct row_key number_row(uint64_t number);
struct row_key holder_row(char kind, uint64_t number);

/* Make @k the least key after all that begin with it. */
void key_after(struct row_key *k);

/* Copy the name at @at in @k, and say where what follows it begins; 0 when
 * there is no name. */
size_t key_get_name(
    const struct row_key *k, size_t at, char ret[STORE_NAME_MAX + 1]);
uint64_t key_get_number(const struct row_key *k, size_t at, size_t bytes);

/* Key bytes as text for a person: what is printable as it is, the rest in hex.
 */
void key_text(struct slice key, struct buf *out);

uint64_t be_get(const uint8_t *p, size_t bytes);
void be_put(uint8_t *p, uint64_t v, size_t bytes);

/* ---- rows ---- */

struct row {
	struct slice clear, plain;
	const struct row_key *holder; /* NULL: the store's own key */
	bool bare;                    /* no plain part; must have a clear one */
};

void row_put(struct store_txn *t, unsigned table, const struct row_key *key,
    const struct row *row);
void row_delete(struct store_txn *t, unsigned table, const struct row_key *key);

/* A row as it is kept, its clear part authentic. @clear and @sealed live until
 * the next write in @t, or the next row that is longer than a page. */
struct row_view {
	unsigned table;
	struct row_key key;
	struct slice clear, sealed;
};

/* @ret->table says where and @clear_len how long its clear part is. 0 or
 * STORE_NONE; -EBADMSG when the clear part is not authentic. */
int row_get(struct store_txn *t, const struct row_key *key, size_t clear_len,
    struct row_view *ret);

/* The first row from @from on, or the last one before it; STORE_NONE also when
 * its key differs from @from in the first @prefix bytes. */
struct row_place {
	const struct row_key *from;
	size_t prefix;
	size_t clear_len;
};

int row_next(
    struct store_txn *t, const struct row_place *place, struct row_view *ret);
int row_prev(
    struct store_txn *t, const struct row_place *place, struct row_view *ret);

/*
 * Append what was sealed to @out (NULL: authenticate only). 0; -EBADMSG,
 * recorded as damage; STORE_NONE in a reader for which it is too late, because
 * the holder let go or was given a new key since it began.
 */
int row_open(struct store_txn *t, const struct row_view *view,
    const struct row_key *holder, struct buf *out);

/* A row without a clear part, under the store's own key. */
void row_store(struct store_txn *t, unsigned table, struct row_key key,
    struct slice plain);
int row_load(
    struct store_txn *t, unsigned table, struct row_key key, struct buf *out);

uint64_t row_count(struct store_txn *t, unsigned table); /* if none is long */

/* Record damage in @t and in the store; returns -EBADMSG. */
int row_damaged(
    struct store_txn *t, unsigned table, struct slice key, const char *what);

/* ---- holders ---- */

/* A new key, held @count times; replaces the old of that name, if any, which is
 * destroyed. */
void holder_new(
    struct store_txn *t, const struct row_key *holder, uint32_t count);

/* Change the count by @change. At zero the key is destroyed; then, and only
 * then, true. A count that would pass its limits is -EOVERFLOW, our bug. */
bool holder_hold(struct store_txn *t, const struct row_key *holder, int change);

/* Make one, held once, if there is none. */
void holder_need(struct store_txn *t, const struct row_key *holder);

/* Whether its key is there and opens; damage if not. */
int holder_check(struct store_txn *t, const struct row_key *holder);

/* 0 or STORE_NONE. */
int holder_slot(struct store_txn *t, const struct row_key *holder,
    uint64_t *ret_slot, uint32_t *ret_count);

#endif
