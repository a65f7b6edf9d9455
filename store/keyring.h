#ifndef STORE_KEYRING_H
#define STORE_KEYRING_H

/*
 * The file `key`: the store's own key, and the epoch keys under which the slots
 * are wrapped; at most two epochs at a time, while survivors move from the old
 * to the new. Overwritten in place, never renamed, so that an old key is gone
 * from its block. The writer's lock on the store is a lock on this file.
 *
 * Thread-safe where said. Keys are copied out; the caller wipes them.
 */

#include "store/store.h"
#include "util/seal.h"

struct keyring;

/* Open @dir/key. A writer locks it (STORE_LOCKED) and, when @fresh (there are
 * no rows yet that need a key), makes what is missing. STORE_DAMAGED; -ENOENT.
 */
int keyring_open(const char *dir, bool read_only, bool fresh,
    struct keyring **ret, struct why *why);
void keyring_free(struct keyring *k); /* wipes, unlocks; NULL is fine */

/* Take only the writer's lock, on the file @path: a descriptor to close, or -1.
 */
int keyring_lock(const char *path);

const uint8_t *keyring_store_key(const struct keyring *k);

/* The newest epoch, from 1, and when its key was made (ms). Any thread. */
uint32_t keyring_epoch(struct keyring *k, int64_t *ret_made);
bool keyring_has_old(struct keyring *k); /* two epochs live */

/* Copy an epoch's key; false when there is none such. Any thread. A reader
 * beside a writing process reads the file again when the epoch is new to it. */
bool keyring_key(
    struct keyring *k, uint32_t epoch, uint8_t ret[SEAL_KEY_BYTES]);

/* Make the next epoch's key, durably. None may be old. */
int keyring_renew(struct keyring *k, int64_t now);

/* Overwrite the older epoch's key, durably. */
int keyring_destroy_old(struct keyring *k);

#endif
