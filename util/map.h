#ifndef UTIL_MAP_H
#define UTIL_MAP_H

/*
 * A hash map from byte strings to pointers. Keys are copied; values belong to
 * the caller. Zero-initialise, then map_deinit(). The hash is keyed per
 * process, so that a peer cannot choose keys that collide.
 */

#include <stddef.h>

#include "util/slice.h"

struct map_entry {
	uint8_t *key; /* NULL: free */
	size_t len;
	uint64_t hash;
	void *value;
};

struct map {
	struct map_entry *entries;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

void map_deinit(struct map *m);
void *map_get(const struct map *m, struct slice key); /* NULL: not there */
void *map_get_str(const struct map *m, const char *key);

/* Set or replace; @value must not be NULL. Returns the value replaced, or NULL.
 */
void *map_set(struct map *m, struct slice key, void *value);
void *map_set_str(struct map *m, const char *key, void *value);
void *map_remove(struct map *m, struct slice key); /* what was there */

/* Walk all entries in no order: start with *@pos = 0; NULL at the end. The map
 * must not change meanwhile. */
struct map_entry *map_next(const struct map *m, size_t *pos);

#endif
