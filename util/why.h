#ifndef UTIL_WHY_H
#define UTIL_WHY_H

/*
 * The sentence a person reads when something did not work: what happened, to
 * which thing, why, and what to do next. A function that can refuse takes a
 * `struct why *` (never NULL), fills it when it fails, and leaves it alone when
 * it succeeds. Longer texts are cut at WHY_MAX - 1 bytes, never mid-character.
 */

#define WHY_MAX 1024

struct why {
	char text[WHY_MAX];
};

void why_set(struct why *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "context: " in front of what is there. */
void why_prefix(struct why *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
