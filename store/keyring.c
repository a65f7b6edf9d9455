/*
 * The file is three cells, each in a block of its own so that a write that a
 * power cut tore touches one cell only: the store's key, and two epochs' keys.
 *
 *     magic[16] || epoch u32 || made i64 || key[32] || check[16]
 *
 * big-endian; the check is the start of the SHA-256 of what stands before it.
 * The store's key has epoch 0. A cell that does not check is empty: a torn one
 * held a key that nothing was wrapped under yet, or that nothing is any more.
 */

#include "store/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/mem.h"

#define BLOCK 4096
#define MAGIC "caveat key 1\n\0\0"
#define CHECK_BYTES 16

struct cell_bytes {
	char magic[16];
	uint8_t epoch[4];
	uint8_t made[8];
	uint8_t key[SEAL_KEY_BYTES];
	uint8_t check[CHECK_BYTES];
};

struct cell {
	bool valid;
	uint32_t epoch;
	int64_t made;
	uint8_t key[SEAL_KEY_BYTES];
};

enum {
	CELL_STORE,
	CELL_EPOCHS, /* this and the next */
	CELL_COUNT = 3,
};

struct keyring {
	int fd;
	bool read_only;
	pthread_mutex_t lock; /* guards the cells of epochs */
	struct cell cells[CELL_COUNT];
};

static uint64_t get_be(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static void put_be(uint8_t *p, size_t len, uint64_t v)
{
	for (size_t i = len; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

static void cell_check(const struct cell_bytes *bytes, uint8_t ret[CHECK_BYTES])
{
	uint8_t hash[HASH_BYTES];

	hash_bytes(bytes, offsetof(struct cell_bytes, check), hash);
	memcpy(ret, hash, CHECK_BYTES);
	mem_wipe(hash, sizeof(hash));
}

static int read_cell(struct keyring *k, int which, struct cell *ret)
{
	struct cell_bytes bytes;
	uint8_t check[CHECK_BYTES];
	ssize_t n;

	do
		n = pread(k->fd, &bytes, sizeof(bytes), (off_t)which * BLOCK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret = (struct cell){ 0 };
	if (n == sizeof(bytes) && !memcmp(bytes.magic, MAGIC, 16)) {
		cell_check(&bytes, check);
		ret->valid = !memcmp(check, bytes.check, CHECK_BYTES);
	}
	if (ret->valid) {
		ret->epoch = (uint32_t)get_be(bytes.epoch, 4);
		ret->made = (int64_t)get_be(bytes.made, 8);
		memcpy(ret->key, bytes.key, SEAL_KEY_BYTES);
	}
	mem_wipe(&bytes, sizeof(bytes));
	return 0;
}

/* An invalid @cell is written as zeros, over the whole block. */
static int write_cell(struct keyring *k, int which, const struct cell *cell)
{
	uint8_t block[BLOCK] = { 0 };
	struct cell_bytes bytes = { .magic = MAGIC };
	size_t written = 0;

	if (cell->valid) {
		put_be(bytes.epoch, 4, cell->epoch);
		put_be(bytes.made, 8, (uint64_t)cell->made);
		memcpy(bytes.key, cell->key, SEAL_KEY_BYTES);
		cell_check(&bytes, bytes.check);
		memcpy(block, &bytes, sizeof(bytes));
		mem_wipe(&bytes, sizeof(bytes));
	}
	while (written < BLOCK) {
		ssize_t n = pwrite(k->fd, block + written, BLOCK - written,
		    (off_t)which * BLOCK + (off_t)written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		written += (size_t)n;
	}
	mem_wipe(block, sizeof(block));
	if (written < BLOCK || fsync(k->fd) < 0)
		return -errno;
	return 0;
}

static int make_cell(struct keyring *k, int which, uint32_t epoch, int64_t now)
{
	struct cell cell = { .valid = true, .epoch = epoch, .made = now };
	int r;

	hash_random(cell.key, sizeof(cell.key));
	r = write_cell(k, which, &cell);
	if (r == 0)
		k->cells[which] = cell;
	mem_wipe(&cell, sizeof(cell));
	return r;
}

static int newest(const struct keyring *k)
{
	const struct cell *a = &k->cells[CELL_EPOCHS];

	return a[1].valid && (!a[0].valid || a[1].epoch > a[0].epoch)
		   ? CELL_EPOCHS + 1
		   : CELL_EPOCHS;
}

static int older(const struct keyring *k)
{
	return newest(k) == CELL_EPOCHS ? CELL_EPOCHS + 1 : CELL_EPOCHS;
}

static int read_cells(struct keyring *k)
{
	int r = 0;

	for (int i = 0; r == 0 && i < CELL_COUNT; i++)
		r = read_cell(k, i, &k->cells[i]);
	return r;
}

int keyring_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int open_file(struct keyring *k, const char *path, struct why *why)
{
	struct stat st;
	int flags = k->read_only ? O_RDONLY : O_RDWR | O_CREAT;

	k->fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->fd < 0 || fstat(k->fd, &st) < 0) {
		int error = errno;

		why_set(why, "cannot open '%s': %s", path, strerror(error));
		return -error;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		why_set(why,
		    "'%s' holds the store's keys but others can read it;"
		    " it must belong to the user who runs this: chmod 600 '%s'",
		    path, path);
		return -EPERM;
	}
	if (!k->read_only && flock(k->fd, LOCK_EX | LOCK_NB) < 0) {
		why_set(why,
		    "another process has this store open ('%s' is locked);"
		    " stop it first",
		    path);
		return errno == EWOULDBLOCK ? STORE_LOCKED : -errno;
	}
	return 0;
}

static int complete(
    struct keyring *k, bool fresh, const char *dir, struct why *why)
{
	struct cell *store = &k->cells[CELL_STORE];
	int r = read_cells(k);

	if (r == 0 && fresh && !store->valid)
		r = make_cell(k, CELL_STORE, 0, clock_now());
	if (r == 0 && fresh && !k->cells[newest(k)].valid)
		r = make_cell(k, CELL_EPOCHS, 1, clock_now());
	/* the other cell takes its room now: a full disk must not stop the
	 * renewal of keys */
	if (r == 0 && fresh && !k->cells[older(k)].valid)
		r = write_cell(k, older(k), &k->cells[older(k)]);
	if (r == 0 && fresh)
		r = file_sync_dir(dir);
	if (r < 0) {
		why_set(
		    why, "cannot read or make '%s/key': %s", dir, strerror(-r));
		return r;
	}
	if (store->valid && store->epoch == 0 && k->cells[newest(k)].valid)
		return 0;
	why_set(why,
	    "'%s/key' is damaged: %s cannot be read, so nothing that is"
	    " sealed can be; restore the file from a backup",
	    dir, store->valid ? "the epoch's key" : "the store's key");
	return STORE_DAMAGED;
}

int keyring_open(const char *dir, bool read_only, bool fresh,
    struct keyring **ret, struct why *why)
{
	struct keyring *k = mem_alloc(sizeof(*k));
	_cleanup_free_ char *path = mem_format("%s/key", dir);
	int r;

	k->fd = -1;
	k->read_only = read_only;
	pthread_mutex_init(&k->lock, NULL);
	r = open_file(k, path, why);
	if (r == 0)
		r = complete(k, fresh && !read_only, dir, why);
	if (r) {
		keyring_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	if (k->fd >= 0)
		close(k->fd);
	pthread_mutex_destroy(&k->lock);
	mem_wipe(k, sizeof(*k));
	free(k);
}

const uint8_t *keyring_store_key(const struct keyring *k)
{
	return k->cells[CELL_STORE].key;
}

uint32_t keyring_epoch(struct keyring *k, int64_t *ret_made)
{
	uint32_t epoch;

	pthread_mutex_lock(&k->lock);
	epoch = k->cells[newest(k)].epoch;
	if (ret_made)
		*ret_made = k->cells[newest(k)].made;
	pthread_mutex_unlock(&k->lock);
	return epoch;
}

bool keyring_has_old(struct keyring *k)
{
	bool has;

	pthread_mutex_lock(&k->lock);
	has = k->cells[older(k)].valid;
	pthread_mutex_unlock(&k->lock);
	return has;
}

static bool find(
    const struct keyring *k, uint32_t epoch, uint8_t ret[SEAL_KEY_BYTES])
{
	for (int i = CELL_EPOCHS; i < CELL_COUNT; i++) {
		if (!k->cells[i].valid || k->cells[i].epoch != epoch)
			continue;
		memcpy(ret, k->cells[i].key, SEAL_KEY_BYTES);
		return true;
	}
	return false;
}

bool keyring_key(struct keyring *k, uint32_t epoch, uint8_t ret[SEAL_KEY_BYTES])
{
	bool found;

	pthread_mutex_lock(&k->lock);
	found = find(k, epoch, ret);
	if (!found && k->read_only && read_cells(k) == 0)
		found = find(k, epoch, ret);
	pthread_mutex_unlock(&k->lock);
	return found;
}

int keyring_renew(struct keyring *k, int64_t now)
{
	int r;

	pthread_mutex_lock(&k->lock);
	r = make_cell(k, older(k), k->cells[newest(k)].epoch + 1, now);
	pthread_mutex_unlock(&k->lock);
	return r;
}

int keyring_destroy_old(struct keyring *k)
{
	const struct cell empty = { 0 };
	int which, r;

	pthread_mutex_lock(&k->lock);
	which = older(k);
	r = write_cell(k, which, &empty);
	if (r == 0)
		mem_wipe(&k->cells[which], sizeof(k->cells[which]));
	pthread_mutex_unlock(&k->lock);
	return r;
}
