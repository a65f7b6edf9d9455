#ifndef STORE_SLOTS_H
#define STORE_SLOTS_H

/*
 * The file `slots`: one key in each slot, so that a message can be destroyed
 * although its rows' bytes stay in data.mdb and its backups. A slot is 64
 * bytes:
 *
 *     epoch u32 BE || the key sealed under that epoch's key, bound to epoch and
 *     slot number             (epoch 0, all zero: free)
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
 * slots_key() may be called by any thread; all else by the one writer.
 */

#include <stdbool.h>
#include <stdint.h>

#include "store/keyring.h"

struct slots;

enum slots_outcome {
	SLOTS_FULL = 1, /* the disk is full: nothing happened */
	SLOTS_NONE,     /* no key in that slot */
};

int slots_open(const char *dir, bool read_only, struct keyring *keyring,
    struct slots **ret, struct why *why);
void slots_free(struct slots *s);

/* After opening, for each row: its slot is needed. False: there is no key in
 * it, or two rows claim it. Then destroy all slots that nobody claimed. */
bool slots_claim(struct slots *s, uint64_t slot);
int slots_sweep(struct slots *s);

uint64_t slots_allot(struct slots *s, uint8_t ret_key[SEAL_KEY_BYTES]);
void slots_release(struct slots *s, uint64_t slot);

int slots_prepare(struct slots *s); /* 0, SLOTS_FULL, -errno */
int slots_commit(struct slots *s);
int slots_rollback(struct slots *s);

/* The key in a slot: 0, SLOTS_NONE, -EBADMSG (damaged), -errno. Sees allotted
 * slots from slots_allot() on. */
int slots_key(struct slots *s, uint64_t slot, uint8_t ret_key[SEAL_KEY_BYTES]);

uint64_t slots_used(struct slots *s);

/* One bounded step of renewal: begins when the epoch key is @age_ms old at
 * @now; wraps some thousand keys again; in the last step overwrites the old
 * epoch's key. Not inside a transaction. */
int slots_renew(struct slots *s, int64_t now, int64_t age_ms, bool *ret_more);

#endif
