#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

/*
 * The unit tests' harness: a test program is a list of named functions; it
 * prints one TAP line a test and exits 1 if any failed. A failed check says
 * where and what, and ends that test only.
 *
 *     TEST(clock, age_on_the_day_before) { CHECK_INT(clock_age(a, b), 35); }
 *     int main(void) { return test_main(); }
 *
 * Random cases: test_seed() is printed and can be set with SEED=n.
 */

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void test_register(const char *name, void (*fn)(void));
int test_main(void);
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A small generator (splitmix64) whose seed is printed when a test fails. */
uint64_t test_random(void);
uint64_t test_below(uint64_t n);

/* Where tests/data is. */
const char *test_data(const char *name);

#define TEST(group, name)                                                      \
	static void test_##group##_##name(void);                               \
	__attribute__((constructor)) static void reg_##group##_##name(void)    \
	{                                                                      \
		test_register(#group " " #name, test_##group##_##name);        \
	}                                                                      \
	static void test_##group##_##name(void)

#define CHECK(x)                                                               \
	do {                                                                   \
		if (!(x))                                                      \
			test_fail(__FILE__, __LINE__, "not true: %s", #x);     \
	} while (0)

#define CHECK_INT(got, want)                                                   \
	do {                                                                   \
		long long g_ = (long long)(got), w_ = (long long)(want);       \
		if (g_ != w_)                                                  \
			test_fail(__FILE__, __LINE__,                          \
			    "%s: got %lld, want %lld", #got, g_, w_);          \
	} while (0)

#define CHECK_STR(got, want)                                                   \
	do {                                                                   \
		const char *g_ = (got), *w_ = (want);                          \
		if (!g_ || strcmp(g_, w_))                                     \
			test_fail(__FILE__, __LINE__,                          \
			    "%s: got \"%s\", want \"%s\"", #got,               \
			    g_ ? g_ : "(null)", w_);                           \
	} while (0)

#endif
