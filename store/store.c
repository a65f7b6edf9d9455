/*
 * Opening, transactions and housekeeping: rows in LMDB, keys in slots, and the
 * order between the two. What must hold:
 *
 *  1. A commit is: new slots to disk, rows committed, released slots
 *     overwritten. So a row that is there has its key, and a key whose row is
 *     gone is destroyed: at once, or after a crash by the next opening.
 *  2. Only who holds the lock on `key` writes, and there is one write
 *     transaction at a time.
 *  3. After a failure that leaves the disk unknown the store is dead: whoever
 *     went on might acknowledge what is not there.
 *  4. A store is made once: while the file `new` is there; later a file or a
 *     first row that is missing is damage, never a reason to begin again.
 *  5. Damage once met is remembered in the file `damaged`, so that a restart
 *     does not run into it again: until a check is clean it opens read-only.
 */

#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/txn.h"
#include "util/file.h"
#include "util/mem.h"

#define RESERVE_BYTES (8ULL << 20)
#define RESERVE_PART 16 /* but at most this part of the map */
#define DAMAGED_MAX 4096
#define COUNTERS_BYTES (STORE_COUNTERS * 8)

void store_set_fault(struct store *s, bool damage, const char *format, ...)
{
	struct why why;
	va_list args;
	bool first;
	char text[WHY_MAX];

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&s->fault_lock);
	first = !s->fault;
	if (first)
		s->fault = mem_str(text);
	pthread_mutex_unlock(&s->fault_lock);
	if (first && damage && !s->read_only) {
		_cleanup_free_ char *path = mem_format("%s/damaged", s->dir);

		/* when it cannot be written, the next start meets it again */
		file_write(path, slice_str(text), 0600, &why);
	}
}

const char *store_fault(struct store *s)
{
	const char *fault;

	pthread_mutex_lock(&s->fault_lock);
	fault = s->fault;
	pthread_mutex_unlock(&s->fault_lock);
	return fault;
}

/* ---- opening ---- */

static int check_marker(struct store *s, struct why *why)
{
	_cleanup_free_ char *path = mem_format("%s/damaged", s->dir);
	_cleanup_buf_ struct buf text = { 0 };

	if (s->read_only || !file_exists(path))
		return 0;
	if (file_read(path, DAMAGED_MAX, &text, why) < 0)
		buf_add_str(&text, "it met damage before");
	why_set(why,
	    "the store '%s' is damaged: %.*s; it opens read-only until a"
	    " check finds nothing",
	    s->dir, SLICE_ARG(buf_slice(&text)));
	return STORE_DAMAGED;
}

/* Invariant 4. */
static int check_new(struct store *s, struct why *why)
{
	_cleanup_free_ char *new = mem_format("%s/new", s->dir);
	_cleanup_free_ char *key = mem_format("%s/key", s->dir);

	if (s->read_only)
		return 0;
	s->fresh = !file_exists(key) || file_exists(new);
	if (!s->fresh || file_exists(new))
		return 0;
	return file_write(new, slice_of(NULL, 0), 0600, why);
}

static int made(struct store *s)
{
	_cleanup_free_ char *new = mem_format("%s/new", s->dir);

	if (!s->fresh)
		return 0;
	s->fresh = false;
	if (unlink(new) < 0 && errno != ENOENT)
		return -errno;
	return file_sync_dir(s->dir);
}

static int check_file(struct store *s, const char *name, struct why *why)
{
	_cleanup_free_ char *path = mem_format("%s/%s", s->dir, name);
	struct stat st;

	if (s->fresh || (stat(path, &st) == 0 && st.st_size > 0))
		return 0;
	why_set(why,
	    "the store is damaged: its file '%s' is missing or empty; restore"
	    " it from a backup",
	    path);
	return STORE_DAMAGED;
}

static void make_tag_key(struct store *s)
{
	const struct slice parts[] = { slice_str("caveat row tag\n"),
		slice_of(keyring_store_key(s->keyring), SEAL_KEY_BYTES) };

	hash_parts(parts, ARRAY_LEN(parts), s->tag_key);
}

static int open_parts(
    struct store *s, const struct store_options *options, struct why *why)
{
	struct kv_config config = {
		.dir = s->dir,
		.tables = s->schema->tables,
		.table_count = s->schema->table_count,
		.map_bytes = options->map_bytes,
		.read_only = s->read_only,
	};
	int r;

	if (!config.map_bytes && !s->read_only)
		config.map_bytes = STORE_MAP_DEFAULT;
	config.reserve_bytes = config.map_bytes / RESERVE_PART;
	if (config.reserve_bytes > RESERVE_BYTES)
		config.reserve_bytes = RESERVE_BYTES;
	r = check_file(s, "key", why);
	if (r == 0)
		r = check_file(s, "data.mdb", why);
	if (r == 0)
		r = keyring_open(
		    s->dir, s->read_only, s->fresh, &s->keyring, why);
	if (r == 0)
		make_tag_key(s);
	if (r == 0)
		r = slots_open(
		    s->dir, s->read_only, s->keyring, &s->slots, why);
	if (r == 0)
		r = kv_open(&config, &s->kv, why);
	return r;
}

static void format_key(struct row_key *k)
{
	key_bytes(k, "format", 6);
}

/* The first row of all: it says what the store is, and that `key` fits. */
static int check_format(struct store_txn *t, struct why *why)
{
	const char *format = t->store->schema->format;
	struct row_view view = { .table = TABLE_META };
	_cleanup_buf_ struct buf found = { 0 };
	struct row_key k = { 0 };
	int r;

	format_key(&k);
	r = row_get(t, &k, 0, &view);
	if (r == STORE_NONE && t->store->fresh) {
		struct row row = { .plain = slice_str(format) };

		row_put(t, TABLE_META, &k, &row);
		t->counted = true;
		return store_error(t);
	}
	if (r == 0)
		r = row_open(t, &view, NULL, &found);
	if (r == 0 && slice_is(buf_slice(&found), format))
		return 0;
	if (r == 0) {
		why_set(why,
		    "'%s' is not a store of this program and version: it"
		    " holds '%.*s', not '%s'",
		    t->store->dir, SLICE_ARG(buf_slice(&found)), format);
		return -EPROTO;
	}
	why_set(why,
	    "the store '%s' is damaged: its first row is missing or does not"
	    " open, so 'key' or 'data.mdb' was changed or is another store's",
	    t->store->dir);
	return STORE_DAMAGED;
}

static int claim_slots(struct store_txn *t)
{
	struct row_view view = { .table = TABLE_HOLDER };
	struct row_key from = { 0 };
	struct row_place place = { .from = &from, .clear_len = HOLDER_CLEAR };
	int r;

	key_number(&from, 0, 1);
	while ((r = row_next(t, &place, &view)) == 0) {
		if (!slots_claim(t->store->slots, be_get(view.clear.data, 8)))
			return row_damaged(t, TABLE_HOLDER,
			    slice_of(view.key.bytes, view.key.len),
			    "its key is missing from the file 'slots'");
		from = view.key;
		key_after(&from);
	}
	return r == STORE_NONE ? 0 : r;
}

static void measure(struct store *s, struct store_txn *t)
{
	uint64_t used;

	atomic_store(&s->fill, kv_fill(t->kv, &used));
	atomic_store(&s->used_bytes, used);
}

static int load_counters(struct store_txn *t);

static int start(struct store *s, struct why *why)
{
	struct store_txn *t;
	uint64_t swept;
	int r = s->read_only ? store_read(s, &t) : store_begin(s, &t);

	if (r == -EBADMSG) {
		why_set(why, "%s", store_fault(s));
		return STORE_DAMAGED;
	}
	if (r < 0) {
		why_set(why, "cannot begin to read the store '%s': %s", s->dir,
		    strerror(-r));
		return r;
	}
	r = check_format(t, why);
	if (r == 0 && t->write)
		r = claim_slots(t);
	if (r == -EBADMSG) {
		why_set(why, "%s", store_fault(s));
		r = STORE_DAMAGED;
	}
	if (r || !t->write) {
		store_end(t);
		return r;
	}
	r = store_commit(t);
	if (r == 0)
		r = slots_sweep(s->slots, &swept);
	if (r == 0)
		r = made(s);
	if (r)
		why_set(why, "cannot write the store '%s': %s", s->dir,
		    strerror(r < 0 ? -r : ENOSPC));
	return r == STORE_FULL ? -ENOSPC : r;
}

int store_open(const char *dir, const struct store_options *options,
    const struct store_schema *schema, struct store **ret, struct why *why)
{
	struct store *s = mem_alloc(sizeof(*s));
	int r = 0;

	s->schema = schema;
	s->dir = mem_str(dir);
	s->read_only = options->read_only;
	pthread_mutex_init(&s->writer, NULL);
	pthread_mutex_init(&s->fault_lock, NULL);
	if (!s->read_only)
		r = file_mkdir(dir, 0700, why);
	if (r == 0)
		r = file_check_private(dir, why);
	if (r == 0)
		r = check_marker(s, why);
	if (r == 0)
		r = check_new(s, why);
	if (r == 0)
		r = open_parts(s, options, why);
	if (r == 0)
		r = start(s, why);
	if (r) {
		store_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	kv_free(s->kv);
	slots_free(s->slots);
	keyring_free(s->keyring); /* last: it holds the lock */
	pthread_mutex_destroy(&s->writer);
	pthread_mutex_destroy(&s->fault_lock);
	free(s->fault);
	free(s->dir);
	mem_wipe(s->tag_key, sizeof(s->tag_key));
	free(s);
}

/* ---- transactions ---- */

static void counters_key(struct row_key *k)
{
	key_bytes(k, "counters", 8);
}

static int load_counters(struct store_txn *t)
{
	struct row_view view = { .table = TABLE_META };
	_cleanup_buf_ struct buf plain = { 0 };
	struct row_key k = { 0 };
	int r;

	counters_key(&k);
	r = row_get(t, &k, 0, &view);
	if (r == STORE_NONE && t->store->fresh)
		return 0;
	if (r == 0)
		r = row_open(t, &view, NULL, &plain);
	if (r == STORE_NONE || (r == 0 && plain.len != COUNTERS_BYTES))
		r = row_damaged(t, TABLE_META, slice_of(k.bytes, k.len),
		    "it is missing or has a wrong length");
	for (size_t i = 0; r == 0 && i < STORE_COUNTERS; i++)
		t->counters[i] = be_get(plain.data + i * 8, 8);
	return r;
}

static void save_counters(struct store_txn *t)
{
	uint8_t plain[COUNTERS_BYTES] = { 0 };
	struct row row = { .plain = slice_of(plain, sizeof(plain)) };
	struct row_key k = { 0 };

	counters_key(&k);
	for (size_t i = 0; i < STORE_COUNTERS; i++)
		be_put(plain + i * 8, t->counters[i], 8);
	row_put(t, TABLE_META, &k, &row);
}

static int begin(struct store *s, bool write, struct store_txn **ret)
{
	struct store_txn *t;
	struct kv_txn *kv;
	int r = atomic_load(&s->dead) ? -EIO : kv_begin(s->kv, write, &kv);

	if (r < 0)
		return r;
	t = mem_alloc(sizeof(*t));
	t->store = s;
	t->kv = kv;
	t->write = write;
	*ret = t;
	return 0;
}

int store_begin(struct store *s, struct store_txn **ret)
{
	struct store_txn *t;
	int r;

	assert(!s->read_only);
	pthread_mutex_lock(&s->writer);
	r = begin(s, true, &t);
	if (r < 0) {
		pthread_mutex_unlock(&s->writer);
		return r;
	}
	load_counters(t); /* what fails is remembered in the transaction */
	*ret = t;
	return 0;
}

int store_read(struct store *s, struct store_txn **ret)
{
	struct store_txn *t;
	int r = begin(s, false, &t);

	*ret = NULL;
	if (r < 0)
		return r;
	r = load_counters(t);
	if (r < 0) {
		store_end(t);
		return r;
	}
	*ret = t;
	return 0;
}

static void free_txn(struct store_txn *t)
{
	if (t->sealed.cap)
		mem_wipe(t->sealed.data, t->sealed.cap);
	buf_deinit(&t->sealed);
	buf_deinit(&t->bind);
	buf_deinit(&t->room);
	mem_wipe(t->cache, sizeof(t->cache));
	free(t);
}

void store_end(struct store_txn *t)
{
	struct store *s;

	if (!t)
		return;
	s = t->store;
	kv_end(t->kv);
	if (t->write) {
		slots_rollback(s->slots);
		pthread_mutex_unlock(&s->writer);
	}
	free_txn(t);
}

static int die(struct store *s, int error, const char *verb)
{
	atomic_store(&s->dead, true);
	store_set_fault(s, false, "cannot %s the store '%s': %s", verb, s->dir,
	    strerror(-error));
	return error;
}

/* Invariant 1, in this order. */
static int commit(struct store *s, struct store_txn *t)
{
	int r = store_error(t);

	if (r == 0)
		measure(s, t);
	if (r == 0)
		r = slots_prepare(s->slots);
	if (r) {
		kv_end(t->kv);
		slots_rollback(s->slots);
		return r;
	}
	r = kv_commit(t->kv);
	if (r == 0)
		return slots_commit(s->slots);
	if (r == STORE_FULL)
		slots_rollback(s->slots);
	return r;
}

int store_commit(struct store_txn *t)
{
	struct store *s = t->store;
	int r;

	assert(t->write);
	if (t->counted)
		save_counters(t);
	r = commit(s, t);
	if (r < 0)
		die(s, r, "write");
	if (r == STORE_FULL && atomic_load(&s->fill) < STORE_FILL_REFUSE)
		atomic_store(&s->fill, STORE_FILL_REFUSE);
	pthread_mutex_unlock(&s->writer);
	free_txn(t);
	return r;
}

int store_error(const struct store_txn *t)
{
	return kv_error(t->kv);
}

int store_fail(struct store_txn *t, int error)
{
	return kv_fail(t->kv, error);
}

struct store *store_of(const struct store_txn *t)
{
	return t->store;
}

bool store_is_writer(const struct store_txn *t)
{
	return t->write;
}

void store_need_room(struct store_txn *t)
{
	if (kv_fill(t->kv, NULL) >= STORE_FILL_REFUSE)
		kv_fail(t->kv, STORE_FULL);
}

uint64_t store_counter(const struct store_txn *t, unsigned which)
{
	assert(which < STORE_COUNTERS);
	return t->counters[which];
}

void store_counter_set(struct store_txn *t, unsigned which, uint64_t value)
{
	assert(t->write && which < STORE_COUNTERS);
	t->counters[which] = value;
	t->counted = true;
}

/* ---- notes ---- */

void store_note_put(struct store_txn *t, const char *name, struct slice value)
{
	row_store(t, TABLE_NOTE, name_row(name), value);
}

int store_note(struct store_txn *t, const char *name, struct buf *out)
{
	return row_load(t, TABLE_NOTE, name_row(name), out);
}

/* ---- housekeeping ---- */

unsigned store_fill(const struct store *s)
{
	return atomic_load(&s->fill);
}

int store_upkeep(struct store *s, int64_t now, bool *ret_more)
{
	struct store_txn *t;
	int r, renewed;

	assert(!s->read_only);
	*ret_more = false;
	pthread_mutex_lock(&s->writer);
	renewed = atomic_load(&s->dead)
		      ? -EIO
		      : slots_renew(s->slots, now, STORE_EPOCH_MS, ret_more);
	if (renewed < 0) {
		die(s, renewed, "renew the keys of");
		pthread_mutex_unlock(&s->writer);
		return renewed;
	}
	kv_clear_readers(s->kv);
	kv_reserve(s->kv);
	r = begin(s, false, &t);
	if (r == 0) {
		measure(s, t);
		store_end(t);
	}
	pthread_mutex_unlock(&s->writer);
	return r ? r : renewed;
}

void store_stats(struct store *s, struct store_stats *ret)
{
	*ret = (struct store_stats){
		.map_bytes = kv_map_bytes(s->kv),
		.used_bytes = atomic_load(&s->used_bytes),
		.file_bytes = kv_file_bytes(s->kv),
		.keys = slots_used(s->slots),
		.oldest_read_ms = kv_oldest_read_ms(s->kv),
		.fill = store_fill(s),
	};
}
