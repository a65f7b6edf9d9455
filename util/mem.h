#ifndef UTIL_MEM_H
#define UTIL_MEM_H

/*
 * Allocation that cannot fail.
 *
 * Every function here returns memory or ends the process: a daemon that has
 * promised durability must not limp on half-allocated, and the store makes a
 * sudden end harmless. The rule that makes this safe: a size that came from
 * outside is compared with a named limit before it reaches any of these.
 */

#include <stddef.h>
#include <stdlib.h>

void *mem_alloc(size_t size);               /* zeroed; free with free() */
void *mem_array(size_t count, size_t size); /* zeroed, overflow checked */
void *mem_resize(void *p, size_t size);     /* new bytes are not zeroed */
void *mem_copy(const void *p, size_t size);
char *mem_str(const char *s);              /* NULL stays NULL */
char *mem_strn(const char *s, size_t len); /* always NUL-terminated */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Grow an array to hold at least @need elements of @size bytes, doubling.
 * Returns the (moved) array and updates *@cap. New elements are zeroed.
 */
void *mem_grow(void *array, size_t *cap, size_t need, size_t size);

/* Append one zeroed element to @array (with @count and @cap); yields a pointer
 * to it, valid until the array grows again. */
#define mem_push(array, count, cap)                                            \
	((array) = mem_grow((array), &(cap), (count) + 1, sizeof(*(array))),   \
	    &(array)[(count)++])

/* qsort() for an array that may be empty, and then NULL. */
void mem_sort(void *array, size_t count, size_t size,
    int (*compare)(const void *, const void *));

/* For a daemon, once, before its threads: keep freed memory for the next frame
 * instead of giving it back to the system and taking it again, a page fault
 * each 4 KiB. */
void mem_keep(void);

/* Overwrite a secret so that the compiler may not leave it out. */
void mem_wipe(void *p, size_t size);

static inline void mem_cleanup_free(void *p)
{
	free(*(void **)p);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(mem_cleanup_free)

/* Take the value out of a cleaned-up local, to hand its ownership on. */
#define mem_steal(p)                                                           \
	__extension__({                                                        \
		__typeof__(*(p)) stolen_ = *(p);                               \
		*(p) = NULL;                                                   \
		stolen_;                                                       \
	})

/* Define cleanup_NAME() for `_cleanup_(cleanup_NAME) struct NAME *x`. */
#define DEFINE_CLEANUP(type, free_fn)                                          \
	static inline void cleanup_##type(struct type **p)                     \
	{                                                                      \
		free_fn(*p);                                                   \
	}

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
