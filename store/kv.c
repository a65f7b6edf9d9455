/*
 * LMDB, behind one door. What must hold here, whatever the caller does:
 *
 *  1. The map's size is set before the file is opened and never again:
 *     mdb_env_set_mapsize() succeeds while readers are open, and unmaps the
 *     pages under them.
 *  2. Default sync, so that a commit that returned 0 survives a power cut. No
 *     WRITEMAP: on a full disk it is a SIGBUS.
 *  3. A transaction is ended exactly once. A failed mdb_txn_commit() has freed
 *     it: aborting it then is a double free.
 *  4. The first failure in a transaction makes it do nothing more, and its
 *     commit an abort.
 *  5. A commit that failed for want of room changed nothing, and that is
 *     checked; after any other failure of a commit nothing is known, and the
 *     environment is dead: no transaction begins again.
 *  6. A slice of the map is handed out only until the next write in its
 *     transaction, which may move the page.
 *  7. Cursors end before their transaction.
 *  8. The file is never shorter than its last page after a commit, so that a
 *     shorter one is damage (and reading it would be a SIGBUS); and the disk
 *     holds a reserve after the last page, since deletes need pages as well.
 *  9. Each reader is in a list with its birth, so that a long one can be seen:
 *     no page freed after its birth is used again while it lives.
 */

#include "store/kv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/readers.h"
#include "util/mem.h"

#define LOCK_FILE_BYTES 16384 /* room for some 250 readers */

struct kv {
	MDB_env *env;
	char *dir;
	MDB_dbi dbi[KV_TABLES_MAX];
	size_t table_count;
	const struct kv_table *tables;
	uint64_t map_bytes;
	uint64_t reserve_bytes;
	uint64_t page_bytes;
	bool read_only;
	bool dead;
	atomic_uint_fast64_t file_bytes;
	atomic_bool has_reserve;
	struct readers readers;
};

struct kv_txn {
	struct kv *kv;
	MDB_txn *txn;
	MDB_cursor *cursors[KV_TABLES_MAX]; /* opened when first needed */
	bool write;
	int error;
	struct reader reader; /* in the list unless @write */
};

/* LMDB's codes become ours here and nowhere else. */
static int translate(int r)
{
	switch (r) {
	case MDB_SUCCESS:
		return 0;
	case MDB_NOTFOUND:
		return STORE_NONE;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG: /* the limit of a file's size is a full disk to us */
		return STORE_FULL;
	case MDB_KEYEXIST:
		return -EEXIST;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
		return -EBADMSG;
	case MDB_VERSION_MISMATCH:
		return -EPROTO;
	case MDB_TXN_FULL:
		return -E2BIG;
	case MDB_READERS_FULL:
		return -EBUSY;
	case MDB_BAD_VALSIZE:
	case MDB_BAD_TXN:
	case MDB_BAD_DBI:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_RSLOT:
		return -EINVAL;
	default:
		return r > 0 ? -r : -EIO;
	}
}

static uint64_t last_page_end(struct kv *kv)
{
	MDB_envinfo info;

	mdb_env_info(kv->env, &info);
	return ((uint64_t)info.me_last_pgno + 1) * kv->page_bytes;
}

static int data_fd(struct kv *kv)
{
	mdb_filehandle_t fd = -1;

	mdb_env_get_fd(kv->env, &fd);
	return fd;
}

static int stat_file(struct kv *kv)
{
	struct stat st;

	if (fstat(data_fd(kv), &st) < 0)
		return -errno;
	atomic_store(&kv->file_bytes, (uint64_t)st.st_size);
	return 0;
}

/* Invariant 8. The reserve is renewed when half of it is used, so that the file
 * seldom changes its size. */
void kv_reserve(struct kv *kv)
{
	uint64_t end = last_page_end(kv);
	uint64_t size = atomic_load(&kv->file_bytes);
	bool has = true;
	int r;

	if (end + kv->reserve_bytes / 2 > size ||
	    !atomic_load(&kv->has_reserve)) {
		do
			r = fallocate(data_fd(kv), 0, 0,
			    (off_t)(end + kv->reserve_bytes));
		while (r < 0 && errno == EINTR);
		/* a file system without fallocate() promises nothing */
		has = r == 0 ||
		      (errno != ENOSPC && errno != EDQUOT && errno != EFBIG);
		if (r < 0 && end > size)
			r = ftruncate(data_fd(kv), (off_t)end);
		stat_file(kv);
	}
	atomic_store(&kv->has_reserve, has);
}

static int open_tables(struct kv *kv)
{
	MDB_txn *txn;
	int r =
	    mdb_txn_begin(kv->env, NULL, kv->read_only ? MDB_RDONLY : 0, &txn);

	for (size_t i = 0; !r && i < kv->table_count; i++) {
		r = mdb_dbi_open(txn, kv->tables[i].name,
		    kv->read_only ? 0 : MDB_CREATE, &kv->dbi[i]);
		if (r)
			mdb_txn_abort(txn);
	}
	return r ? r : mdb_txn_commit(txn);
}

/* LMDB maps lock.mdb and leaves it sparse: on a full disk a new reader could be
 * a SIGBUS. It takes the size that it finds. Not once it is open: to close a
 * second descriptor would undo LMDB's locks. */
static int make_lock_file(struct kv *kv)
{
	_cleanup_free_ char *path = mem_format("%s/lock.mdb", kv->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return errno;
	if (fallocate(fd, 0, 0, LOCK_FILE_BYTES) < 0 && errno != EOPNOTSUPP)
		r = errno;
	close(fd);
	return r;
}

static int open_env(struct kv *kv, uint64_t map_bytes)
{
	unsigned flags = MDB_NOTLS | (kv->read_only ? MDB_RDONLY : 0);
	MDB_envinfo info;
	MDB_stat stat;
	int r = mdb_env_create(&kv->env);

	if (!r)
		r = mdb_env_set_maxdbs(kv->env, (MDB_dbi)kv->table_count);
	if (!r && map_bytes) /* else the size that the file says */
		r = mdb_env_set_mapsize(kv->env, map_bytes);
	if (!r && !kv->read_only)
		r = make_lock_file(kv);
	if (!r)
		r = mdb_env_open(kv->env, kv->dir, flags, 0600);
	if (!r)
		r = mdb_env_stat(kv->env, &stat);
	if (r)
		return r;
	mdb_env_info(kv->env, &info);
	kv->page_bytes = stat.ms_psize;
	kv->map_bytes = info.me_mapsize;
	return 0;
}

static int open_failed(struct kv *kv, int r, struct why *why)
{
	int error = translate(r);

	if (error == -EBADMSG || error == STORE_NONE) {
		why_set(why,
		    "'%s/data.mdb' is damaged: it does not hold a store"
		    " (%s); restore it from a backup",
		    kv->dir, mdb_strerror(r));
		return STORE_DAMAGED;
	}
	if (error == -ENOMEM)
		why_set(why,
		    "cannot map '%s/data.mdb': not enough address space for"
		    " the configured size; configure a smaller map",
		    kv->dir);
	else
		why_set(why, "cannot open '%s/data.mdb': %s", kv->dir,
		    mdb_strerror(r));
	return error == STORE_FULL ? -ENOSPC : error;
}

int kv_open(const struct kv_config *config, struct kv **ret, struct why *why)
{
	struct kv *kv = mem_alloc(sizeof(*kv));
	int r;

	assert(config->table_count <= KV_TABLES_MAX);
	kv->dir = mem_str(config->dir);
	kv->tables = config->tables;
	kv->table_count = config->table_count;
	kv->reserve_bytes = config->reserve_bytes;
	kv->read_only = config->read_only;
	readers_init(&kv->readers);
	r = open_env(kv, config->map_bytes);
	if (r) {
		r = open_failed(kv, r, why);
		kv_free(kv);
		return r;
	}
	r = stat_file(kv);
	if (r == 0 && last_page_end(kv) > atomic_load(&kv->file_bytes)) {
		why_set(why,
		    "'%s/data.mdb' is damaged: it was cut short, from %llu"
		    " bytes or more to %llu; restore it from a backup",
		    kv->dir, (unsigned long long)last_page_end(kv),
		    (unsigned long long)atomic_load(&kv->file_bytes));
		kv_free(kv);
		return STORE_DAMAGED;
	}
	if (!kv->read_only) {
		mdb_reader_check(kv->env, NULL);
		atomic_store(&kv->has_reserve, true);
		kv_reserve(kv);
	}
	r = open_tables(kv);
	if (r) {
		r = open_failed(kv, r, why);
		kv_free(kv);
		return r;
	}
	*ret = kv;
	return 0;
}

void kv_free(struct kv *kv)
{
	if (!kv)
		return;
	if (kv->env)
		mdb_env_close(kv->env);
	readers_deinit(&kv->readers);
	free(kv->dir);
	free(kv);
}

int kv_begin(struct kv *kv, bool write, struct kv_txn **ret)
{
	struct kv_txn *txn;
	MDB_txn *inner;
	int r;

	assert(!write || !kv->read_only);
	if (kv->dead)
		return -EIO;
	r = mdb_txn_begin(kv->env, NULL, write ? 0 : MDB_RDONLY, &inner);
	if (r) {
		r = translate(r);
		if (write && r != -ENOMEM)
			kv->dead = true;
		return r > 0 ? -EIO : r;
	}
	txn = mem_alloc(sizeof(*txn));
	txn->kv = kv;
	txn->txn = inner;
	txn->write = write;
	if (!write)
		readers_add(&kv->readers, &txn->reader);
	*ret = txn;
	return 0;
}

static void close_cursors(struct kv_txn *txn)
{
	for (size_t i = 0; i < txn->kv->table_count; i++)
		if (txn->cursors[i])
			mdb_cursor_close(txn->cursors[i]);
}

static void free_txn(struct kv_txn *txn)
{
	if (!txn->write)
		readers_remove(&txn->kv->readers, &txn->reader);
	free(txn);
}

void kv_end(struct kv_txn *txn)
{
	if (!txn)
		return;
	close_cursors(txn);
	mdb_txn_abort(txn->txn);
	free_txn(txn);
}

/* Invariant 5. LMDB says EIO for a write that the disk had room for only in
 * part. */
static int commit_failed(struct kv *kv, int r, size_t id)
{
	MDB_envinfo info;
	MDB_txn *probe;
	int error = translate(r);

	if (r == EIO) {
		atomic_store(&kv->has_reserve, false);
		kv_reserve(kv);
		if (!atomic_load(&kv->has_reserve))
			error = STORE_FULL;
	}
	if (error == STORE_FULL &&
	    mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &probe) == 0) {
		mdb_txn_abort(probe);
		mdb_env_info(kv->env, &info);
		if (info.me_last_txnid < id)
			return STORE_FULL;
	}
	kv->dead = true;
	return error < 0 ? error : -EIO;
}

int kv_commit(struct kv_txn *txn)
{
	struct kv *kv = txn->kv;
	int r = txn->error;
	size_t id;

	assert(txn->write);
	if (r) {
		kv_end(txn);
		return r;
	}
	close_cursors(txn);
	id = mdb_txn_id(txn->txn);
	r = mdb_txn_commit(txn->txn);
	free_txn(txn);
	if (r)
		return commit_failed(kv, r, id);
	kv_reserve(kv);
	return 0;
}

void kv_forgive(struct kv_txn *txn)
{
	assert(!txn->write);
	txn->error = 0;
}

int kv_error(const struct kv_txn *txn)
{
	return txn->error;
}

int kv_fail(struct kv_txn *txn, int error)
{
	if (!txn->error && (error < 0 || error == STORE_FULL))
		txn->error = error;
	return txn->error;
}

/* What a call returns after LMDB said @r: outcomes of a lookup pass, failures
 * stay. */
static int done(struct kv_txn *txn, int r)
{
	int error = translate(r);

	if (error == 0 || error == STORE_NONE)
		return error;
	return kv_fail(txn, error);
}

static MDB_val to_val(struct slice s)
{
	return (MDB_val){ s.len, (void *)(uintptr_t)s.data };
}

static struct slice from_val(const MDB_val *v)
{
	return slice_of(v->mv_data, v->mv_size);
}

int kv_get(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice *ret)
{
	MDB_val k = to_val(key), v;
	int r = txn->error;

	if (r == 0)
		r = done(txn, mdb_get(txn->txn, txn->kv->dbi[table], &k, &v));
	if (r == 0)
		*ret = from_val(&v);
	return r;
}

static int put(struct kv_txn *txn, unsigned table, const struct kv_row *row,
    unsigned flags)
{
	MDB_val k = to_val(row->key), v = to_val(row->value);

	assert(txn->write && row->key.len > 0 && row->key.len <= KV_KEY_MAX);
	return mdb_put(txn->txn, txn->kv->dbi[table], &k, &v, flags);
}

int kv_put(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice value)
{
	const struct kv_row row = { key, value };

	return txn->error ? txn->error : done(txn, put(txn, table, &row, 0));
}

int kv_put_last(
    struct kv_txn *txn, unsigned table, struct slice key, struct slice value)
{
	const struct kv_row row = { key, value };
	int r;

	if (txn->error)
		return txn->error;
	if (!txn->kv->tables[table].append)
		return STORE_THERE;
	r = put(txn, table, &row, MDB_APPEND);
	return r == MDB_KEYEXIST ? STORE_THERE : done(txn, r);
}

int kv_delete(struct kv_txn *txn, unsigned table, struct slice key)
{
	MDB_val k = to_val(key);

	assert(txn->write);
	if (txn->error)
		return txn->error;
	return done(txn, mdb_del(txn->txn, txn->kv->dbi[table], &k, NULL));
}

static int move(
    struct kv_txn *txn, unsigned table, struct kv_row *row, MDB_cursor_op op)
{
	MDB_cursor **c = &txn->cursors[table];
	MDB_val k = to_val(row->key), v;
	int r = 0;

	if (!*c)
		r = mdb_cursor_open(txn->txn, txn->kv->dbi[table], c);
	if (!r)
		r = mdb_cursor_get(*c, &k, &v, op);
	if (!r) {
		row->key = from_val(&k);
		row->value = from_val(&v);
	}
	return r;
}

int kv_seek(
    struct kv_txn *txn, unsigned table, struct slice from, struct kv_row *ret)
{
	struct kv_row row = { .key = from };
	int r = txn->error;

	if (r == 0)
		r = done(txn, move(txn, table, &row, MDB_SET_RANGE));
	if (r == 0)
		*ret = row;
	return r;
}

int kv_seek_back(
    struct kv_txn *txn, unsigned table, struct slice before, struct kv_row *ret)
{
	struct kv_row row = { .key = before };
	int r = txn->error;

	if (r)
		return r;
	r = move(txn, table, &row, MDB_SET_RANGE);
	if (!r)
		r = move(txn, table, &row, MDB_PREV);
	else if (r == MDB_NOTFOUND)
		r = move(txn, table, &row, MDB_LAST);
	r = done(txn, r);
	if (r == 0)
		*ret = row;
	return r;
}

static uint64_t pages(struct kv_txn *txn, MDB_dbi dbi, uint64_t *ret_entries)
{
	MDB_stat s;
	int r = mdb_stat(txn->txn, dbi, &s);

	if (r) {
		kv_fail(txn, translate(r) < 0 ? translate(r) : -EBADMSG);
		return 0;
	}
	if (ret_entries)
		*ret_entries = s.ms_entries;
	return (uint64_t)s.ms_branch_pages + s.ms_leaf_pages +
	       s.ms_overflow_pages;
}

uint64_t kv_count(struct kv_txn *txn, unsigned table)
{
	uint64_t count = 0;

	pages(txn, txn->kv->dbi[table], &count);
	return count;
}

unsigned kv_fill(struct kv_txn *txn, uint64_t *ret_used_bytes)
{
	struct kv *kv = txn->kv;
	uint64_t room = kv->map_bytes;
	/* two meta pages, the list of free pages (0), the list of tables (1) */
	uint64_t used = 2 + pages(txn, 0, NULL) + pages(txn, 1, NULL);

	for (size_t i = 0; i < kv->table_count; i++)
		used += pages(txn, kv->dbi[i], NULL);
	used *= kv->page_bytes;
	if (ret_used_bytes)
		*ret_used_bytes = used;
	if (!kv->read_only && !atomic_load(&kv->has_reserve))
		room = atomic_load(&kv->file_bytes);
	return (unsigned)(used * 100 / room);
}

uint64_t kv_map_bytes(const struct kv *kv)
{
	return kv->map_bytes;
}

uint64_t kv_file_bytes(const struct kv *kv)
{
	return atomic_load(&kv->file_bytes);
}

uint64_t kv_oldest_read_ms(struct kv *kv)
{
	return readers_oldest_ms(&kv->readers);
}

int kv_clear_readers(struct kv *kv)
{
	return translate(mdb_reader_check(kv->env, NULL));
}
