/*
 * Allocation that ends the process instead of failing; mem.h says why.
 */

#include "util/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_BYTES (32 << 20) /* freed memory kept by each thread's heap */
#define KEEP_STEP (1 << 20)   /* taken from the system at once */

static void *checked(void *p, size_t size)
{
	if (p)
		return p;
	fprintf(stderr, "caveat: out of memory asking for %zu bytes\n", size);
	abort();
}

void *mem_alloc(size_t size)
{
	size = size ? size : 1;
	return checked(calloc(1, size), size);
}

void *mem_array(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		checked(NULL, SIZE_MAX);
	return mem_alloc(bytes);
}

void *mem_resize(void *p, size_t size)
{
	size = size ? size : 1;
	return checked(realloc(p, size), size);
}

void *mem_copy(const void *p, size_t size)
{
	void *copy = mem_alloc(size);

	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *mem_str(const char *s)
{
	return s ? mem_copy(s, strlen(s) + 1) : NULL;
}

char *mem_strn(const char *s, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (len)
		memcpy(copy, s, len);
	return copy;
}

char *mem_format(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	return checked(len < 0 ? NULL : text, 1);
}

void *mem_grow(void *array, size_t *cap, size_t need, size_t size)
{
	size_t cap_new = *cap ? *cap : 8;
	size_t bytes;

	if (need <= *cap)
		return array;
	while (cap_new < need)
		if (__builtin_mul_overflow(cap_new, 2, &cap_new))
			checked(NULL, SIZE_MAX);
	if (__builtin_mul_overflow(cap_new, size, &bytes))
		checked(NULL, SIZE_MAX);
	array = mem_resize(array, bytes);
	memset((char *)array + *cap * size, 0, (cap_new - *cap) * size);
	*cap = cap_new;
	return array;
}

void mem_sort(void *array, size_t count, size_t size,
    int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(array, count, size, compare);
}

void mem_keep(void)
{
	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	mallopt(M_TOP_PAD, KEEP_STEP);
}

void mem_wipe(void *p, size_t size)
{
	if (p)
		explicit_bzero(p, size);
}
