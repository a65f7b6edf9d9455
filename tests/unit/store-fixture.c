#include "tests/unit/store-fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/file.h"
#include "util/mem.h"

static char root[64];
static pid_t owner;

static void remove_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		_cleanup_free_ char *p = mem_format("%s/%s", path, e->d_name);

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (e->d_type == DT_DIR)
			remove_dir(p);
		else
			unlink(p);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void remove_root(void)
{
	if (getpid() == owner)
		remove_dir(root);
}

const char *fixture_dir(void)
{
	static char path[128];
	static unsigned count;

	if (!root[0]) {
		snprintf(root, sizeof(root), "/tmp/caveat-store-XXXXXX");
		CHECK(mkdtemp(root) != NULL);
		owner = getpid();
		atexit(remove_root);
	}
	snprintf(path, sizeof(path), "%s/%u", root, count++);
	return path;
}

struct store *fixture_ledger(const char *dir, uint64_t map_bytes)
{
	const struct store_options options = { .map_bytes = map_bytes };
	struct store *s = NULL;
	struct why why = { 0 };
	int r = ledger_open(dir, &options, &s, &why);

	if (r)
		test_fail(__FILE__, __LINE__, "open: %d: %s", r, why.text);
	return s;
}

struct store *fixture_mailbox(const char *dir)
{
	const struct store_options options = { .map_bytes = SMALL_MAP };
	struct store *s = NULL;
	struct why why = { 0 };
	int r = mailbox_open(dir, &options, &s, &why);

	if (r)
		test_fail(__FILE__, __LINE__, "open: %d: %s", r, why.text);
	return s;
}

struct store_txn *fixture_write(struct store *s)
{
	struct store_txn *t;

	CHECK_INT(store_begin(s, &t), 0);
	return t;
}

struct store_txn *fixture_read(struct store *s)
{
	struct store_txn *t;

	CHECK_INT(store_read(s, &t), 0);
	return t;
}

void fixture_commit(struct store_txn *t)
{
	CHECK_INT(store_commit(t), 0);
}

struct slice fixture_bytes(uint64_t seed, size_t len)
{
	static uint8_t bytes[STORE_VALUE_MAX];

	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		bytes[i] = (uint8_t)(seed >> 56);
	}
	return slice_of(bytes, len);
}

void fixture_put_copy(
    struct store_txn *t, uint64_t number, uint8_t lane, uint64_t message)
{
	struct ledger_copy copy = { .number = number,
		.message = message,
		.policy = 3,
		.lane = lane,
		.decision = fixture_bytes(number, number % 500) };

	ledger_queue_put(t, "hmrc", &copy);
}

bool fixture_on_disk(const char *dir, struct slice needle)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	bool found = false;

	CHECK(d != NULL);
	while (!found && (e = readdir(d))) {
		_cleanup_free_ char *p = mem_format("%s/%s", dir, e->d_name);
		_cleanup_buf_ struct buf b = { 0 };
		struct why why;

		if (e->d_name[0] == '.' || file_read(p, 1 << 30, &b, &why) < 0)
			continue;
		found = memmem(b.data, b.len, needle.data, needle.len);
	}
	closedir(d);
	return found;
}

static int open_in(const char *dir, const char *file)
{
	_cleanup_free_ char *path = mem_format("%s/%s", dir, file);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

void fixture_poke(const char *dir, const char *file, uint64_t at,
    const void *bytes, size_t len)
{
	int fd = open_in(dir, file);
	ssize_t n = pwrite(fd, bytes, len, (off_t)at);

	close(fd);
	CHECK_INT(n, len);
}

void fixture_peek(
    const char *dir, const char *file, uint64_t at, void *ret, size_t len)
{
	int fd = open_in(dir, file);
	ssize_t n = pread(fd, ret, len, (off_t)at);

	close(fd);
	CHECK_INT(n, len);
}

uint64_t fixture_size(const char *dir, const char *file)
{
	_cleanup_free_ char *path = mem_format("%s/%s", dir, file);
	struct stat st;

	CHECK_INT(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

char fixture_problem[512];

static void note_problem(
    void *ctx, const char *table, const char *key, const char *what)
{
	snprintf(fixture_problem, sizeof(fixture_problem), "%s: %s: %s", table,
	    key, what);
}

static uint64_t checked(
    const char *dir, int (*fn)(const char *, store_problem_fn *, void *,
			 uint64_t *, struct why *))
{
	uint64_t problems = 0;
	struct why why = { 0 };

	fixture_problem[0] = 0;
	fflush(stdout);
	if (fn(dir, note_problem, NULL, &problems, &why))
		test_fail(__FILE__, __LINE__, "check: %s", why.text);
	return problems;
}

uint64_t fixture_check_ledger(const char *dir)
{
	return checked(dir, ledger_check);
}

uint64_t fixture_check_mailbox(const char *dir)
{
	return checked(dir, mailbox_check);
}

int fixture_child(int (*fn)(void *arg), void *arg)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(fn(arg));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 1000 + WTERMSIG(status);
}
