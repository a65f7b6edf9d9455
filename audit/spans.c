/* Numbers come in order but for a few: the last span is looked at first. */

#include "audit/spans.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

void spans_deinit(struct spans *s)
{
	free(s->of);
	*s = (struct spans){ 0 };
}

/* The first span that ends at @n or after; @count when there is none. */
static size_t find(const struct spans *s, uint64_t n)
{
	size_t low = 0, high = s->count;

	if (s->count == 0 || s->of[s->count - 1].last < n)
		return s->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->of[middle].last < n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void move(struct spans *s, size_t to, size_t from)
{
	memmove(s->of + to, s->of + from, (s->count - from) * sizeof(*s->of));
	s->count += to - from;
}

bool spans_add(struct spans *s, uint64_t n)
{
	size_t i = find(s, n);
	bool joins_next, joins_before;

	if (i < s->count && s->of[i].first <= n)
		return false;
	joins_next = i < s->count && s->of[i].first == n + 1;
	joins_before = i > 0 && s->of[i - 1].last + 1 == n;
	if (joins_before && joins_next) {
		s->of[i - 1].last = s->of[i].last;
		move(s, i, i + 1);
	} else if (joins_before) {
		s->of[i - 1].last = n;
	} else if (joins_next) {
		s->of[i].first = n;
	} else {
		s->of = mem_grow(s->of, &s->cap, s->count + 1, sizeof(*s->of));
		move(s, i + 1, i);
		s->of[i] = (struct span){ n, n };
	}
	return true;
}
