/* The unit tests' harness; test.h says how to use it. */

#include "tests/unit/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include "util/mem.h"

struct test {
	const char *name;
	void (*fn)(void);
};

static struct test *tests;
static size_t tests_count, tests_cap;
static jmp_buf failed;
static uint64_t seed, state;

void test_register(const char *name, void (*fn)(void))
{
	*mem_push(tests, tests_count, tests_cap) = (struct test){ name, fn };
}

void test_fail(const char *file, int line, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	printf("# %s:%d: ", file, line);
	for (int i = 0; i < len; i++) {
		putchar(text[i]);
		if (text[i] == '\n')
			fputs("# ", stdout); /* TAP: every line a comment */
	}
	printf(" (SEED=%llu)\n", (unsigned long long)seed);
	free(mem_steal(&text)); /* longjmp() runs no cleanup */
	longjmp(failed, 1);
}

uint64_t test_random(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t test_below(uint64_t n)
{
	return n ? test_random() % n : 0;
}

const char *test_data(const char *name)
{
	static char path[4096];
	const char *root = getenv("CAVEAT_SOURCE");

	snprintf(
	    path, sizeof(path), "%s/tests/data/%s", root ? root : ".", name);
	return path;
}

int test_main(void)
{
	const char *given = getenv("SEED");
	volatile size_t failures = 0;

	if (given)
		seed = strtoull(given, NULL, 10);
	else if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = 1;
	printf("1..%zu\n", tests_count);
	for (volatile size_t i = 0; i < tests_count; i++) {
		state = seed;
		if (setjmp(failed) == 0) {
			tests[i].fn();
			printf("ok %zu - %s\n", i + 1, tests[i].name);
		} else {
			printf("not ok %zu - %s\n", i + 1, tests[i].name);
			failures++;
		}
		fflush(stdout);
	}
	free(tests);
	return failures ? 1 : 0;
}
