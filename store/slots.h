#ifndef STORE_SLOTS_H
#define STORE_SLOTS_H

/*
 * The file `slots`: one key in each slot, so that a message can be destroyed
 * although its rows' bytes stay in data.mdb and its backups. A slot is 64
 * bytes:
 *
 *     epoch u32 BE || the key, sealed under that epoch's key and bound to epoch
 *     and slot number         (epoch 0, all zero: free)
 *
 * Numbers start at 1. Allotting and releasing take part in the one write
 * transaction of the store, in this order:
 *
 *     slots_allot, slots_release ...   in memory
 *     slots_prepare                    the new slots are on disk
 *     (the rows are committed)
 *     slots_commit                     the released slots are overwritten
 *
 * or slots_rollback instead of what follows. So a committed row always has its
 * key; a crash leaves at most keys without a row, which slots_sweep() destroys.
 *
 * slots_key() and slots_used() may be called by any thread, all else by the one
 * writer.
 */

#include "store/keyring.h"

#define SLOT_BYTES 64

struct slots;

/* @keyring stays the caller's and must outlive the slots. */
int slots_open(const char *dir, bool read_only, struct keyring *keyring,
    struct slots **ret, struct why *why);
void slots_free(struct slots *s);

/* After opening, for each row: its slot is needed. False: there is no key in
 * it, or another row claimed it. Then destroy all slots that nobody claimed;
 * ret_count says how many there were (a reader only counts them). */
bool slots_claim(struct slots *s, uint64_t slot);
int slots_sweep(struct slots *s, uint64_t *ret_count);

uint64_t slots_allot(struct slots *s, uint8_t ret_key[SEAL_KEY_BYTES]);
void slots_release(struct slots *s, uint64_t slot);

int slots_prepare(struct slots *s); /* 0, STORE_FULL, -errno */
int slots_commit(struct slots *s);
void slots_rollback(struct slots *s);

/* The key in a slot: 0, STORE_NONE (free), -EBADMSG (damaged), -errno. What the
 * transaction allotted is seen by slots_new_key() only. */
int slots_key(struct slots *s, uint64_t slot, uint8_t ret_key[SEAL_KEY_BYTES]);
bool slots_new_key(
    struct slots *s, uint64_t slot, uint8_t ret_key[SEAL_KEY_BYTES]);

uint64_t slots_used(struct slots *s);

/* One bounded step of renewal: begins once the epoch's key is @age_ms old at
 * @now; wraps some thousand keys again; the last step overwrites the old
 * epoch's key. STORE_FULL: the disk has no room for it now. Not inside a
 * transaction. */
int slots_renew(struct slots *s, int64_t now, int64_t age_ms, bool *ret_more);

#endif
