/*
 * What the disk allows: the time of one fdatasync after overwriting 4 KiB of a
 * preallocated file, which no durable exchange can be faster than.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"

#define BLOCK 4096
#define BLOCKS 1024
#define ROUNDS 2000

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "/tmp";
	_cleanup_free_ char *path = mem_format("%s/caveat-floor-XXXXXX", dir);
	static char block[BLOCK];
	static int64_t us[ROUNDS];
	int fd = mkstemp(path);

	if (fd < 0) {
		perror(path);
		return 2;
	}
	unlink(path);
	memset(block, 1, sizeof(block));
	for (int i = 0; i < BLOCKS; i++)
		if (write(fd, block, BLOCK) != BLOCK)
			return 2;
	fsync(fd);
	for (int i = 0; i < ROUNDS; i++) {
		int64_t start = clock_monotonic_us();

		if (pwrite(fd, block, BLOCK, i % BLOCKS * BLOCK) != BLOCK ||
		    fdatasync(fd) < 0)
			return 2;
		us[i] = clock_monotonic_us() - start;
	}
	close(fd);
	qsort(us, ROUNDS, sizeof(us[0]), compare);
	printf("{\"bench\":\"floor\",\"fdatasync_p50_us\":%lld,"
	       "\"fdatasync_p99_us\":%lld}\n",
	    (long long)us[ROUNDS / 2], (long long)us[ROUNDS * 99 / 100]);
	return 0;
}
