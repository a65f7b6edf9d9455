/*
 * What must hold:
 *
 *  1. A slot is 64 bytes at a multiple of 64, so within one sector: a power cut
 *     leaves the old or the new, never half of each.
 *  2. A slot is on disk, synced, before a row that needs it is committed; it
 *     is overwritten only after the commit that removed its last row. (A
 *     failed commit of unknown outcome overwrites nothing.)
 *  3. A bit in `used` says that the slot is not free for allotting: it has a
 *     row, or this transaction allotted it, or released it and has not
 *     committed.
 *  4. Slots are overwritten or wrapped again under the write lock, and read
 *     under the read lock, so that no thread sees half of one. (Another process
 *     may; it looks twice.)
 *  5. An epoch's key is destroyed only when a pass over all slots has left
 *     none under it; new slots are always wrapped under the newest epoch.
 *
 * Deleting through the file system would not do: what was in a freed block, or
 * in a copy taken yesterday, stays readable. Whoever kept yesterday's slots
 * needs yesterday's epoch key, and that is overwritten daily in one place.
 */

#include "store/slots.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "util/hash.h"
#include "util/mem.h"

#define EXTENT 16384    /* slots by which the file grows: 1 MiB */
#define RENEW_STEP 4096 /* slots looked at in one step of renewal */
#define DRAWN 64
#define BIND_PREFIX "slot"
#define BIND_BYTES 16

struct pending {
	uint64_t slot;
	uint8_t key[SEAL_KEY_BYTES];
};

struct slots {
	int fd;
	bool read_only;
	struct keyring *keyring;
	pthread_rwlock_t lock; /* the file's old slots */
	uint64_t *used;        /* a bit each, see invariant 3 */
	uint64_t capacity;     /* slots that have a bit; a multiple of EXTENT */
	uint64_t file_slots;   /* slots the file has room for */
	uint64_t cursor;       /* where to look for the next free one */
	atomic_uint_fast64_t used_count;
	struct pending *pending; /* allotted in this transaction */
	size_t pending_count, pending_cap;
	uint64_t *released;
	size_t released_count, released_cap;
	bool prepared; /* slots_prepare() may have written some of them */
	uint8_t drawn[DRAWN][SEAL_KEY_BYTES]; /* keys to come */
	size_t drawn_count;
	struct buf scratch;
	uint64_t renewed; /* slots before this one are under the newest epoch */
};

static bool is_used(const struct slots *s, uint64_t slot)
{
	return s->used[slot / 64] >> (slot % 64) & 1;
}

static void mark(struct slots *s, uint64_t slot, bool used)
{
	uint64_t bit = 1ULL << (slot % 64);

	assert(is_used(s, slot) != used);
	s->used[slot / 64] ^= bit;
	if (used)
		atomic_fetch_add(&s->used_count, 1);
	else
		atomic_fetch_sub(&s->used_count, 1);
}

static void set_capacity(struct slots *s, uint64_t capacity)
{
	size_t old = s->capacity / 64, words = capacity / 64;

	s->used = mem_resize(s->used, words * sizeof(*s->used));
	memset(s->used + old, 0, (words - old) * sizeof(*s->used));
	if (old == 0)
		s->used[0] = 1; /* there is no slot 0 */
	s->capacity = capacity;
}

static int read_at(int fd, uint8_t *p, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) { /* past the end: nothing was ever there */
			memset(p, 0, len);
			return 0;
		}
		p += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_at(int fd, const uint8_t *p, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static bool is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
}

static struct slice binding(
    uint32_t epoch, uint64_t slot, uint8_t ret[BIND_BYTES])
{
	memcpy(ret, BIND_PREFIX, 4);
	for (int i = 0; i < 4; i++)
		ret[4 + i] = (uint8_t)(epoch >> (24 - 8 * i));
	for (int i = 0; i < 8; i++)
		ret[8 + i] = (uint8_t)(slot >> (56 - 8 * i));
	return slice_of(ret, BIND_BYTES);
}

static uint32_t record_epoch(const uint8_t *record)
{
	return (uint32_t)record[0] << 24 | (uint32_t)record[1] << 16 |
	       (uint32_t)record[2] << 8 | record[3];
}

/* Append the record of @key in @slot to @out. */
static void wrap(struct slots *s, uint64_t slot,
    const uint8_t key[SEAL_KEY_BYTES], struct buf *out)
{
	uint8_t epoch_key[SEAL_KEY_BYTES], bind[BIND_BYTES];
	uint32_t epoch = keyring_epoch(s->keyring, NULL);
	bool found = keyring_key(s->keyring, epoch, epoch_key);

	assert(found);
	buf_add_be32(out, epoch);
	seal_add(out, epoch_key, binding(epoch, slot, bind),
	    slice_of(key, SEAL_KEY_BYTES));
	mem_wipe(epoch_key, sizeof(epoch_key));
}

static bool unwrap(struct slots *s, uint64_t slot, const uint8_t *record,
    uint8_t ret_key[SEAL_KEY_BYTES])
{
	uint8_t epoch_key[SEAL_KEY_BYTES], bind[BIND_BYTES];
	uint32_t epoch = record_epoch(record);
	struct buf out = { 0 };
	bool ok = keyring_key(s->keyring, epoch, epoch_key) &&
		  seal_open(&out, epoch_key, binding(epoch, slot, bind),
		      slice_of(record + 4, SLOT_BYTES - 4));

	if (ok)
		memcpy(ret_key, out.data, SEAL_KEY_BYTES);
	mem_wipe(epoch_key, sizeof(epoch_key));
	if (out.cap)
		mem_wipe(out.data, out.cap);
	buf_deinit(&out);
	return ok;
}

int slots_open(const char *dir, bool read_only, struct keyring *keyring,
    struct slots **ret, struct why *why)
{
	struct slots *s = mem_alloc(sizeof(*s));
	_cleanup_free_ char *path = mem_format("%s/slots", dir);
	struct stat st;
	int r;

	static_assert(SLOT_BYTES == 4 + SEAL_KEY_BYTES + SEAL_OVERHEAD,
	    "a slot is an epoch and a sealed key");
	s->read_only = read_only;
	s->keyring = keyring;
	pthread_rwlock_init(&s->lock, NULL);
	s->fd = open(path,
	    (read_only ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (s->fd < 0 || fstat(s->fd, &st) < 0) {
		r = -errno;
		why_set(why, "cannot open '%s': %s", path, strerror(-r));
		slots_free(s);
		return r;
	}
	r = read_only ? 0 : file_sync_dir(dir);
	if (r < 0) {
		why_set(why, "cannot sync '%s': %s", dir, strerror(-r));
		slots_free(s);
		return r;
	}
	s->file_slots = (uint64_t)st.st_size / SLOT_BYTES;
	set_capacity(s, (s->file_slots / EXTENT + 1) * EXTENT);
	s->cursor = 1;
	*ret = s;
	return 0;
}

void slots_free(struct slots *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	if (s->pending)
		mem_wipe(s->pending, s->pending_cap * sizeof(*s->pending));
	mem_wipe(s->drawn, sizeof(s->drawn));
	pthread_rwlock_destroy(&s->lock);
	buf_deinit(&s->scratch);
	free(s->pending);
	free(s->released);
	free(s->used);
	free(s);
}

bool slots_claim(struct slots *s, uint64_t slot)
{
	uint8_t record[SLOT_BYTES];

	if (slot == 0 || slot >= s->file_slots || is_used(s, slot))
		return false;
	if (read_at(s->fd, record, SLOT_BYTES, slot * SLOT_BYTES) < 0 ||
	    record_epoch(record) == 0)
		return false;
	mark(s, slot, true);
	return true;
}

static bool is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

int slots_sweep(struct slots *s, uint64_t *ret_count)
{
	_cleanup_free_ uint8_t *block = mem_alloc(RENEW_STEP * SLOT_BYTES);
	const uint8_t zeros[SLOT_BYTES] = { 0 };
	uint64_t count = 0;
	int r = 0;

	for (uint64_t first = 0; first < s->file_slots; first += RENEW_STEP) {
		r = read_at(
		    s->fd, block, RENEW_STEP * SLOT_BYTES, first * SLOT_BYTES);
		for (uint64_t i = 0; r == 0 && i < RENEW_STEP; i++) {
			uint64_t slot = first + i;

			if (is_zero(block + i * SLOT_BYTES, SLOT_BYTES) ||
			    (slot && is_used(s, slot)))
				continue;
			count++;
			if (!s->read_only)
				r = write_at(s->fd, zeros, SLOT_BYTES,
				    slot * SLOT_BYTES);
		}
		if (r < 0)
			return r;
	}
	if (count && !s->read_only && fdatasync(s->fd) < 0)
		return -errno;
	*ret_count = count;
	return 0;
}

/* Look on from where the last one was found, so that what comes together lies
 * together; begin again at the front when less than half is used. */
static uint64_t find_free(struct slots *s)
{
	for (uint64_t i = s->cursor; i < s->capacity; i++) {
		if (i % 64 == 0 && s->used[i / 64] == UINT64_MAX)
			i += 63;
		else if (!is_used(s, i))
			return i;
	}
	if (atomic_load(&s->used_count) >= s->capacity / 2) {
		uint64_t first = s->capacity;

		set_capacity(s, s->capacity + EXTENT);
		return first;
	}
	s->cursor = 1;
	return find_free(s);
}

/* One call to the kernel serves many keys. */
static void draw_key(struct slots *s, uint8_t ret[SEAL_KEY_BYTES])
{
	if (s->drawn_count == 0) {
		hash_random(s->drawn, sizeof(s->drawn));
		s->drawn_count = DRAWN;
	}
	s->drawn_count--;
	memcpy(ret, s->drawn[s->drawn_count], SEAL_KEY_BYTES);
	mem_wipe(s->drawn[s->drawn_count], SEAL_KEY_BYTES);
}

uint64_t slots_allot(struct slots *s, uint8_t ret_key[SEAL_KEY_BYTES])
{
	uint64_t slot = find_free(s);
	struct pending *p;

	mark(s, slot, true);
	s->cursor = slot + 1;
	p = mem_push(s->pending, s->pending_count, s->pending_cap);
	p->slot = slot;
	draw_key(s, p->key);
	memcpy(ret_key, p->key, SEAL_KEY_BYTES);
	return slot;
}

static struct pending *find_pending(struct slots *s, uint64_t slot)
{
	for (size_t i = s->pending_count; i-- > 0;)
		if (s->pending[i].slot == slot)
			return &s->pending[i];
	return NULL;
}

bool slots_new_key(
    struct slots *s, uint64_t slot, uint8_t ret_key[SEAL_KEY_BYTES])
{
	const struct pending *p = find_pending(s, slot);

	if (p)
		memcpy(ret_key, p->key, SEAL_KEY_BYTES);
	return p != NULL;
}

void slots_release(struct slots *s, uint64_t slot)
{
	struct pending *p = find_pending(s, slot);

	if (p) {
		*p = s->pending[--s->pending_count];
		mem_wipe(&s->pending[s->pending_count], sizeof(*p));
		mark(s, slot, false);
		return;
	}
	*mem_push(s->released, s->released_count, s->released_cap) = slot;
}

static int grow_file(struct slots *s)
{
	int r;

	if (s->file_slots >= s->capacity)
		return 0;
	do
		r = fallocate(s->fd, 0, 0, (off_t)(s->capacity * SLOT_BYTES));
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EOPNOTSUPP)
		r = ftruncate(s->fd, (off_t)(s->capacity * SLOT_BYTES));
	if (r < 0)
		return -errno;
	s->file_slots = s->capacity;
	return 0;
}

static int by_slot(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	return (x->slot > y->slot) - (x->slot < y->slot);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void add_zeros(struct buf *b, size_t len)
{
	memset(buf_room(b, len), 0, len);
	b->len += len;
}

/* Write the allotted slots, neighbours in one go: wrapped, or as zeros. */
static int write_pending(struct slots *s, bool zero)
{
	int r = 0;

	if (s->pending_count)
		mem_sort(
		    s->pending, s->pending_count, sizeof(*s->pending), by_slot);
	for (size_t i = 0, n; r == 0 && i < s->pending_count; i += n) {
		const struct pending *p = &s->pending[i];

		buf_reset(&s->scratch);
		for (n = 0;
		     i + n < s->pending_count && p[n].slot == p->slot + n; n++)
			if (zero)
				add_zeros(&s->scratch, SLOT_BYTES);
			else
				wrap(s, p[n].slot, p[n].key, &s->scratch);
		r = write_at(s->fd, s->scratch.data, s->scratch.len,
		    p->slot * SLOT_BYTES);
	}
	return r;
}

int slots_prepare(struct slots *s)
{
	int r;

	if (!s->pending_count)
		return 0;
	r = grow_file(s);
	s->prepared = r == 0;
	if (r == 0)
		r = write_pending(s, false);
	if (r == 0 && fdatasync(s->fd) < 0)
		r = -errno;
	return is_full(r) ? STORE_FULL : r;
}

static void forget(struct slots *s)
{
	if (s->pending)
		mem_wipe(s->pending, s->pending_count * sizeof(*s->pending));
	s->pending_count = 0;
	s->released_count = 0;
	s->prepared = false;
}

static int overwrite_released(struct slots *s)
{
	size_t count = s->released_count;
	int r = 0;

	mem_sort(s->released, count, sizeof(*s->released), by_number);
	for (size_t i = 0, n; r == 0 && i < count; i += n) {
		const uint64_t *slot = &s->released[i];

		for (n = 1; i + n < count && slot[n] == *slot + n;)
			n++;
		buf_reset(&s->scratch);
		add_zeros(&s->scratch, n * SLOT_BYTES);
		r = write_at(
		    s->fd, s->scratch.data, s->scratch.len, *slot * SLOT_BYTES);
	}
	return r;
}

int slots_commit(struct slots *s)
{
	int r = 0;

	if (s->released_count) {
		pthread_rwlock_wrlock(&s->lock);
		r = overwrite_released(s);
		pthread_rwlock_unlock(&s->lock);
		if (r == 0 && fdatasync(s->fd) < 0)
			r = -errno;
	}
	for (size_t i = 0; r == 0 && i < s->released_count; i++)
		mark(s, s->released[i], false);
	forget(s);
	return r;
}

/* What cannot be overwritten now is a key without a row: see slots_sweep(). */
void slots_rollback(struct slots *s)
{
	if (s->prepared)
		write_pending(s, true);
	for (size_t i = 0; i < s->pending_count; i++)
		mark(s, s->pending[i].slot, false);
	forget(s);
}

int slots_key(struct slots *s, uint64_t slot, uint8_t ret_key[SEAL_KEY_BYTES])
{
	uint8_t record[SLOT_BYTES];
	int tries = s->read_only ? 3 : 1; /* invariant 4 */
	int r = -EBADMSG;

	while (r == -EBADMSG && tries-- > 0) {
		pthread_rwlock_rdlock(&s->lock);
		r = read_at(s->fd, record, SLOT_BYTES, slot * SLOT_BYTES);
		pthread_rwlock_unlock(&s->lock);
		if (r == 0 && is_zero(record, SLOT_BYTES))
			r = STORE_NONE;
		else if (r == 0 && !unwrap(s, slot, record, ret_key))
			r = -EBADMSG;
	}
	return r;
}

uint64_t slots_used(struct slots *s)
{
	return atomic_load(&s->used_count);
}

/* Wrap the used slots in [first, first + RENEW_STEP) again. */
static int rewrap(struct slots *s, uint64_t first, uint32_t epoch)
{
	_cleanup_free_ uint8_t *block = mem_alloc(RENEW_STEP * SLOT_BYTES);
	uint8_t key[SEAL_KEY_BYTES];
	int r;

	r = read_at(s->fd, block, RENEW_STEP * SLOT_BYTES, first * SLOT_BYTES);
	for (uint64_t i = 0; r == 0 && i < RENEW_STEP; i++) {
		uint8_t *record = block + i * SLOT_BYTES;
		uint64_t slot = first + i;

		if (slot == 0 || !is_used(s, slot) ||
		    record_epoch(record) == epoch)
			continue;
		if (!unwrap(s, slot, record, key))
			return -EBADMSG;
		buf_reset(&s->scratch);
		wrap(s, slot, key, &s->scratch);
		pthread_rwlock_wrlock(&s->lock);
		r = write_at(
		    s->fd, s->scratch.data, SLOT_BYTES, slot * SLOT_BYTES);
		pthread_rwlock_unlock(&s->lock);
	}
	mem_wipe(key, sizeof(key));
	if (r == 0 && fdatasync(s->fd) < 0)
		r = -errno;
	return r;
}

static int renew(struct slots *s, int64_t now, int64_t age_ms, bool *ret_more)
{
	int64_t made;
	uint32_t epoch = keyring_epoch(s->keyring, &made);
	int r = 0;

	assert(!s->pending_count && !s->released_count);
	*ret_more = false;
	if (!keyring_has_old(s->keyring)) {
		if (now >= made && now - made < age_ms)
			return 0;
		s->renewed = 0;
		*ret_more = true;
		return keyring_renew(s->keyring, now);
	}
	if (s->renewed < s->file_slots) {
		r = rewrap(s, s->renewed, epoch);
		if (r == 0)
			s->renewed += RENEW_STEP;
		*ret_more = true;
		return r;
	}
	return keyring_destroy_old(s->keyring);
}

/* Each step overwrites what is there, and can be done again. */
int slots_renew(struct slots *s, int64_t now, int64_t age_ms, bool *ret_more)
{
	int r = renew(s, now, age_ms, ret_more);

	return is_full(r) ? STORE_FULL : r;
}
