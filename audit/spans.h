#ifndef AUDIT_SPANS_H
#define AUDIT_SPANS_H

/*
 * A set of numbers that mostly follow one another, kept as the spans between
 * its gaps: memory grows with the gaps. Zero-initialise, then spans_deinit().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	uint64_t first, last;
};

struct spans {
	struct span *of; /* ascending; between two a number is missing */
	size_t count, cap;
};

void spans_deinit(struct spans *s);

/* False: @n was in the set. */
bool spans_add(struct spans *s, uint64_t n);

#endif
