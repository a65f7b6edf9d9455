/* Whole files, complete or not there. */

#include "util/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int fail(struct why *why, const char *verb, const char *path)
{
	int error = errno ? errno : EIO;

	why_set(why, "cannot %s '%s': %s", verb, path, strerror(error));
	return -error;
}

static int read_all(int fd, size_t max, struct buf *out)
{
	size_t start = out->len;

	for (;;) {
		ssize_t n = read(fd, buf_room(out, 65536), 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		out->len += (size_t)n;
		if (out->len - start > max)
			return -EFBIG;
	}
}

int file_read(const char *path, size_t max, struct buf *out, struct why *why)
{
	_cleanup_(close_fd) int fd = -1;
	size_t start = out->len;
	struct stat st;
	int r;

	fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(why, "read", path);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return fail(why, "read", path);
	}
	r = read_all(fd, max, out);
	if (r == 0)
		return 0;
	out->len = start;
	if (r == -EFBIG) {
		why_set(why,
		    "'%s' is larger than %zu bytes, the limit for this kind of"
		    " file",
		    path, max);
		return r;
	}
	errno = -r;
	return fail(why, "read", path);
}

static int write_all(int fd, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.data, data.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data.data += n;
		data.len -= (size_t)n;
	}
	return 0;
}

int file_sync_dir(const char *path)
{
	_cleanup_(close_fd) int fd =
	    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int sync_parent(const char *path)
{
	_cleanup_free_ char *copy = mem_str(path);

	return file_sync_dir(dirname(copy));
}

static int write_via(const char *path, struct slice data, mode_t mode,
    bool replace, struct why *why)
{
	_cleanup_free_ char *temp = mem_format("%s.%d.tmp", path, getpid());
	_cleanup_(close_fd) int fd = -1;
	int r;

	fd = open(
	    temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return fail(why, "write", temp);
	r = write_all(fd, data);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	if (r == 0 && (replace ? rename(temp, path) : link(temp, path)) < 0)
		r = -errno;
	if (r < 0 || !replace)
		unlink(temp);
	if (r == 0)
		r = sync_parent(path);
	if (r < 0) {
		errno = -r;
		return fail(why, replace ? "write" : "create", path);
	}
	return 0;
}

int file_write(
    const char *path, struct slice data, mode_t mode, struct why *why)
{
	return write_via(path, data, mode, true, why);
}

int file_create(
    const char *path, struct slice data, mode_t mode, struct why *why)
{
	return write_via(path, data, mode, false, why);
}

int file_mkdir(const char *path, mode_t mode, struct why *why)
{
	struct stat st;

	int r = 0;

	if (mkdir(path, mode) == 0)
		r = sync_parent(path);
	else if (errno != EEXIST || stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		r = -errno;
	if (r == 0)
		return 0;
	errno = -r;
	return fail(why, "create folder", path);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

int file_check_private(const char *path, struct why *why)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(why, "open folder", path);
	if (!S_ISDIR(st.st_mode)) {
		why_set(why, "'%s' is not a folder", path);
		return -ENOTDIR;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		why_set(why,
		    "'%s' holds keys but others can reach it;"
		    " it must belong to the user who runs this and be closed"
		    " to others: chmod 700 '%s'",
		    path, path);
		return -EPERM;
	}
	return 0;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), s = strlen(suffix);

	return n > s && !strcmp(name + n - s, suffix);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int file_list(const char *path, const char *suffix, char ***ret_names,
    size_t *ret_count, struct why *why)
{
	char **names = NULL;
	size_t count = 0, cap = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		return fail(why, "open folder", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    has_suffix(entry->d_name, suffix))
			*mem_push(names, count, cap) = mem_str(entry->d_name);
	closedir(dir);
	if (count)
		mem_sort(names, count, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

void file_list_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
