/*
 * Open addressing with linear probing, at most half full. Removal re-inserts
 * the rest of the run, so there are no tombstones to clean up. Keys come from
 * peers and from logs to be verified, so the hash is one that is made for that.
 */

#include "util/map.h"

#include <pthread.h>
#include <stdlib.h>

#include "util/hash.h"
#include "util/mem.h"
#include "util/sip.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint64_t seed[2];

static void draw_seed(void)
{
	hash_random(seed, sizeof(seed));
}

static uint64_t hash_key(struct slice key)
{
	pthread_once(&once, draw_seed);
	return sip_hash(seed, key);
}

void map_deinit(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		free(m->entries[i].key);
	free(m->entries);
	*m = (struct map){ 0 };
}

/* The entry of @key, or the free one where it would go. */
static struct map_entry *find(
    const struct map *m, struct slice key, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);

	for (;; i = (i + 1) & (m->cap - 1)) {
		struct map_entry *e = &m->entries[i];

		if (!e->key)
			return e;
		if (e->hash == hash && slice_eq(slice_of(e->key, e->len), key))
			return e;
	}
}

static void resize(struct map *m, size_t cap)
{
	struct map old = *m;

	m->entries = mem_array(cap, sizeof(*m->entries));
	m->cap = cap;
	for (size_t i = 0; i < old.cap; i++) {
		struct map_entry *e = &old.entries[i];

		if (e->key)
			*find(m, slice_of(e->key, e->len), e->hash) = *e;
	}
	free(old.entries);
}

void *map_get(const struct map *m, struct slice key)
{
	return m->cap ? find(m, key, hash_key(key))->value : NULL;
}

void *map_get_str(const struct map *m, const char *key)
{
	return map_get(m, slice_str(key));
}

void *map_set(struct map *m, struct slice key, void *value)
{
	uint64_t hash = hash_key(key);
	struct map_entry *e;
	void *old;

	if ((m->count + 1) * 2 > m->cap)
		resize(m, m->cap ? m->cap * 2 : 16);
	e = find(m, key, hash);
	old = e->value;
	if (!e->key) {
		e->key = (uint8_t *)mem_strn((const char *)key.data, key.len);
		e->len = key.len;
		e->hash = hash;
		m->count++;
	}
	e->value = value;
	return old;
}

void *map_set_str(struct map *m, const char *key, void *value)
{
	return map_set(m, slice_str(key), value);
}

void *map_remove(struct map *m, struct slice key)
{
	struct map_entry *e;
	void *old;
	size_t i;

	if (!m->cap)
		return NULL;
	e = find(m, key, hash_key(key));
	if (!e->key)
		return NULL;
	old = e->value;
	free(e->key);
	*e = (struct map_entry){ 0 };
	m->count--;
	for (i = (size_t)(e - m->entries);;) {
		struct map_entry moved;

		i = (i + 1) & (m->cap - 1);
		if (!m->entries[i].key)
			return old;
		moved = m->entries[i];
		m->entries[i] = (struct map_entry){ 0 };
		*find(m, slice_of(moved.key, moved.len), moved.hash) = moved;
	}
}

struct map_entry *map_next(const struct map *m, size_t *pos)
{
	while (*pos < m->cap) {
		struct map_entry *e = &m->entries[(*pos)++];

		if (e->key)
			return e;
	}
	return NULL;
}
