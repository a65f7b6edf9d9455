#ifndef STORE_TXN_H
#define STORE_TXN_H

/* The insides of a store and of its transactions, for store.c, rows.c and
 * check.c alone. */

#include <pthread.h>
#include <stdatomic.h>

#include "store/rows.h"
#include "util/hash.h"

struct store {
	const struct store_schema *schema;
	char *dir;
	bool read_only;
	bool fresh; /* being made: what is missing is not damage */
	atomic_bool dead;
	struct keyring *keyring;
	uint8_t tag_key[HASH_BYTES]; /* made from the store's key */
	struct slots *slots;
	struct kv *kv;
	pthread_mutex_t writer; /* held from store_begin() to the end */
	atomic_uint fill;
	atomic_uint_fast64_t used_bytes;
	pthread_mutex_t fault_lock;
	char *fault; /* set once */
	/* of a check: is told each damaged row */
	void (*on_damage)(
	    void *ctx, unsigned table, struct slice key, const char *what);
	void *on_damage_ctx;
};

/* The keys of the holders used last: a message's rows come together, and in
 * between come details. */
#define HOLDER_CACHE 4

struct cached_key {
	struct row_key holder; /* len 0: none */
	uint8_t key[SEAL_KEY_BYTES];
};

struct store_txn {
	struct store *store;
	struct kv_txn *kv;
	bool write;
	bool counted; /* a counter was set */
	uint64_t counters[STORE_COUNTERS];
	struct buf bind, sealed, room; /* scratch */
	struct cached_key cache[HOLDER_CACHE];
	unsigned cache_next;
};

/* Remember what is wrong, the first time; and, for damage, in the folder. */
void store_set_fault(struct store *s, bool damage, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
