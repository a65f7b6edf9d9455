#ifndef UTIL_FILE_H
#define UTIL_FILE_H

/*
 * Whole files. Everything written here is complete or not there: a temporary
 * file beside the target, fsync, rename, fsync of the folder.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/why.h"

/* Append the file's bytes to @out, which is as it was when that fails. Refuses
 * (-EFBIG) more than @max bytes; "-" is standard input. */
int file_read(const char *path, size_t max, struct buf *out, struct why *why);

/* Replace or create @path. */
int file_write(
    const char *path, struct slice data, mode_t mode, struct why *why);

/* Create @path, which must not exist (-EEXIST). */
int file_create(
    const char *path, struct slice data, mode_t mode, struct why *why);

int file_mkdir(const char *path, mode_t mode, struct why *why); /* may exist */
bool file_exists(const char *path);

/* A folder must be there, ours, and closed to others (0700): keys live in it.
 */
int file_check_private(const char *path, struct why *why);

/* The names in @path that end in @suffix, sorted; free each and the array. */
int file_list(const char *path, const char *suffix, char ***ret_names,
    size_t *ret_count, struct why *why);
void file_list_free(char **names, size_t count);

int file_sync_dir(const char *path); /* fsync a folder: 0 or -errno */

#endif
