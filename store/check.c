/*
 * The child opens the store read-only, walks it, and writes what it finds into
 * a pipe, three NUL-terminated texts a finding: table, key, what. A finding
 * with an empty `what` says which table is read now, so that the parent can say
 * where a child that died was.
 */

#include "store/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/txn.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/mem.h"

struct check {
	struct store *store;
	struct store_txn *t;
	bool alone;
	int64_t began; /* of @t, monotonic ms */
	FILE *out;
};

static void say(
    struct check *c, const char *table, const char *key, const char *what)
{
	fputs(table, c->out);
	fputc(0, c->out);
	fputs(key, c->out);
	fputc(0, c->out);
	fputs(what, c->out);
	fputc(0, c->out);
}

static const char *table_name(const struct check *c, unsigned table)
{
	return c->store->schema->tables[table].name;
}

static void on_damage(
    void *ctx, unsigned table, struct slice key, const char *what)
{
	struct check *c = ctx;
	_cleanup_buf_ struct buf text = { 0 };

	key_text(key, &text);
	buf_add_byte(&text, 0);
	say(c, table_name(c, table), (const char *)text.data, what);
}

struct store_txn *check_txn(struct check *c)
{
	return c->t;
}

bool check_is_alone(const struct check *c)
{
	return c->alone;
}

void check_problem(struct check *c, unsigned table, const struct row_key *key,
    const char *what)
{
	on_damage(c, table, slice_of(key->bytes, key->len), what);
}

/* Go on after damage; and beside a running process let go of old pages. */
static bool refresh(struct check *c)
{
	int64_t now = clock_monotonic();

	if (c->alone || now - c->began < STORE_READ_MS) {
		kv_forgive(c->t->kv);
		return true;
	}
	store_end(c->t);
	c->t = NULL;
	c->began = now;
	return store_read(c->store, &c->t) == 0;
}

bool check_next(struct check *c, struct check_walk *walk)
{
	struct row_place place = { .from = &walk->from,
		.clear_len = walk->clear_len };
	int r;

	if (walk->from.len == 0) {
		key_number(&walk->from, 0, 1);
		say(c, table_name(c, walk->table), "", "");
		fflush(c->out);
	}
	walk->view.table = walk->table;
	for (;;) {
		if (!c->t || !refresh(c))
			return false;
		walk->view.key.len = 0;
		r = row_next(c->t, &place, &walk->view);
		if (walk->view.key.len) {
			walk->from = walk->view.key;
			key_after(&walk->from);
		}
		if (r == 0)
			return true;
		/* a row too short to be one was reported: go past it */
		if (r == STORE_NONE || !walk->view.key.len)
			return false;
	}
}

bool check_open(struct check *c, const struct row_view *view,
    const struct row_key *holder, struct buf *out)
{
	int r = row_open(c->t, view, holder, out);

	if (r == STORE_NONE && c->alone)
		check_problem(c, view->table, &view->key,
		    "the key that it is sealed under is not there");
	if (r)
		kv_forgive(c->t->kv);
	return r == 0;
}

static void check_common(struct check *c)
{
	struct check_walk meta = { .table = TABLE_META };
	struct check_walk notes = { .table = TABLE_NOTE };
	struct check_walk holders = { .table = TABLE_HOLDER,
		.clear_len = HOLDER_CLEAR };

	while (check_next(c, &meta))
		check_open(c, &meta.view, NULL, NULL);
	while (check_next(c, &notes))
		check_open(c, &notes.view, NULL, NULL);
	while (check_next(c, &holders)) {
		if (holder_check(c->t, &holders.view.key))
			kv_forgive(c->t->kv);
	}
}

static void walk_store(
    struct check *c, const char *dir, const struct store_schema *schema)
{
	const struct store_options options = { .read_only = true };
	struct why why = { 0 };
	int r = store_open(dir, &options, schema, &c->store, &why);

	if (r) {
		say(c, "store", dir, why.text);
		return;
	}
	c->store->on_damage = on_damage;
	c->store->on_damage_ctx = c;
	c->began = clock_monotonic();
	if (store_read(c->store, &c->t) < 0) {
		say(c, "store", dir, "it cannot be read");
		return;
	}
	check_common(c);
	schema->check(c);
	store_end(c->t);
	store_free(c->store);
}

/* The child: it holds keys and may crash, so it leaves no core. */
static _Noreturn void child(
    int fd, const char *dir, const struct store_schema *schema, bool alone)
{
	const struct rlimit no_core = { 0 };
	struct check c = { .alone = alone };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	setrlimit(RLIMIT_CORE, &no_core);
	dup2(null, STDERR_FILENO); /* LMDB's last words are no finding */
	c.out = fdopen(fd, "w");
	if (!c.out)
		_exit(2);
	walk_store(&c, dir, schema);
	_exit(fclose(c.out) == 0 ? 0 : 2);
}

struct texts {
	char *table, *key, *what;
	char *last_table;
	size_t table_cap, key_cap, what_cap;
};

static bool read_finding(FILE *in, struct texts *s)
{
	return getdelim(&s->table, &s->table_cap, 0, in) > 0 &&
	       getdelim(&s->key, &s->key_cap, 0, in) > 0 &&
	       getdelim(&s->what, &s->what_cap, 0, in) > 0;
}

static void report_all(int fd, struct check_report *report, struct texts *s)
{
	FILE *in = fdopen(fd, "r");

	if (!in) {
		close(fd);
		return;
	}
	while (read_finding(in, s)) {
		if (s->what[0]) {
			report->count++;
			report->problem(report->ctx, s->table, s->key, s->what);
			continue;
		}
		free(s->last_table);
		s->last_table = mem_str(s->table);
	}
	fclose(in);
}

static void report_death(
    struct check_report *report, const struct texts *s, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	report->count++;
	report->problem(report->ctx, s->last_table ? s->last_table : "store",
	    "",
	    "reading it ended the check: the structure of data.mdb is damaged"
	    " here, and what comes after was not looked at");
}

/* The lock of a writer, or -1 when another has it. */
static int lock_alone(const char *dir)
{
	_cleanup_free_ char *path = mem_format("%s/key", dir);

	return keyring_lock(path);
}

static int run_child(const char *dir, const struct store_schema *schema,
    struct check_report *report, bool alone)
{
	struct texts s = { 0 };
	int pipe_fds[2], status = 0;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		child(pipe_fds[1], dir, schema, alone);
	close(pipe_fds[1]);
	if (pid < 0) {
		close(pipe_fds[0]);
		return -errno;
	}
	report_all(pipe_fds[0], report, &s);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	report_death(report, &s, status);
	free(s.table);
	free(s.key);
	free(s.what);
	free(s.last_table);
	return 0;
}

int store_check(const char *dir, const struct store_schema *schema,
    struct check_report *report, struct why *why)
{
	_cleanup_free_ char *marker = mem_format("%s/damaged", dir);
	int lock, r;

	if (!file_exists(dir)) {
		why_set(why, "there is no store in '%s'", dir);
		return -ENOENT;
	}
	lock = lock_alone(dir);
	r = run_child(dir, schema, report, lock >= 0);
	if (r < 0)
		why_set(why, "cannot start a process to check '%s': %s", dir,
		    strerror(-r));
	if (r == 0 && report->count == 0 && lock >= 0 && unlink(marker) == 0)
		file_sync_dir(dir);
	if (lock >= 0)
		close(lock);
	return r;
}
