/* The configuration table: what it reads, refuses and prints. */

#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "util/config.h"
#include "util/file.h"
#include "util/mem.h"

struct settings {
	char *name;
	uint64_t count;
	uint64_t size;
	unsigned level;
};

static const char *const levels[] = { "low", "high", NULL };

static const char *no_blank(const char *value)
{
	return strchr(value, ' ') ? "has a blank" : NULL;
}

static const struct config_option options[] = {
	{ "first", "name", CONFIG_TEXT, offsetof(struct settings, name),
	    .check = no_blank, .help = "What it is called" },
	{ "first", "count", CONFIG_NUMBER, offsetof(struct settings, count),
	    "7", 1, 9, .help = "How many" },
	{ "second", "size", CONFIG_BYTES, offsetof(struct settings, size),
	    "64 MiB", 4096, UINT64_C(1) << 40, .help = "How much" },
	{ "second", "level", CONFIG_CHOICE, offsetof(struct settings, level),
	    "high", .choices = levels, .help = "How high" },
};
static const struct config_schema schema = { options, ARRAY_LEN(options) };

/* Reads @text as the file "t.conf"; yields what was said of it. */
static const char *load(const char *text, struct settings *ret, int *ret_r)
{
	static char said[4096];
	_cleanup_buf_ struct buf problems = { 0 };
	char folder[] = "/tmp/caveat-config-XXXXXX", path[64];
	struct why why;

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/t.conf", folder);
	CHECK_INT(file_create(path, slice_str(text), 0600, &why), 0);
	*ret_r = config_load(&schema, path, ret, &problems);
	unlink(path);
	rmdir(folder);
	snprintf(said, sizeof(said), "%.*s", SLICE_ARG(buf_slice(&problems)));
	return said;
}

static void check_refused(const char *text, const char *complaint)
{
	struct settings s;
	const char *said;
	int r;

	said = load(text, &s, &r);
	config_deinit(&schema, &s);
	CHECK_INT(r, -EINVAL);
	if (!strstr(said, complaint))
		test_fail(
		    __FILE__, __LINE__, "want '%s' in: %s", complaint, said);
}

TEST(config, reads_values_and_defaults)
{
	struct settings s;
	int r;

	load("# it\n[first]\nname = a-b\n[second]\nsize = 3 GiB\n", &s, &r);
	CHECK_INT(r, 0);
	CHECK_STR(s.name, "a-b");
	CHECK_INT(s.count, 7);
	CHECK_INT(s.size, UINT64_C(3) << 30);
	CHECK_INT(s.level, 1);
	config_deinit(&schema, &s);
	CHECK(!s.name);
}

TEST(config, reports_all_problems_with_their_lines)
{
	struct settings s;
	const char *said;
	int r;

	said = load("[first]\nname = a b\ncount = 10\nnane = x\n"
		    "[second]\nsize = 1 KB\nlevel = medium\nsize = 4096\n",
	    &s, &r);
	config_deinit(&schema, &s);
	CHECK_INT(r, -EINVAL);
	CHECK(strstr(said, "t.conf:2: error: 'a b' has a blank, in 'name'"));
	CHECK(strstr(said, ":3: error: 'count' must be from 1 to 9, not 10"));
	CHECK(strstr(said,
	    ":4: error: no option 'nane' in [first]; did you mean 'name'?"));
	CHECK(strstr(said, ":6: error: '1 KB' is not a size"));
	CHECK(strstr(
	    said, ":7: error: 'level' must be one of low, high, not 'medium'"));
	CHECK(strstr(said, ":8: error: 'size' is given twice"));
}

TEST(config, refuses_what_is_not_in_the_table)
{
	check_refused("[first]\ncount = 1\n", "'name' in [first] is missing");
	check_refused("name = a\n", "no option 'name' in []");
	check_refused("[first]\nname = a\nrubbish\n", "expected [section]");
	check_refused("[first]\nname = a\ncount = -1\n", "not a whole number");
	check_refused("[first]\nname = a\ncount = 99999999999999999999\n",
	    "not a whole number");
	check_refused(
	    "[first]\nname = a\n[second]\nsize = 99999999 TiB\n", "not a size");
	/* A continued line would change the value before it. */
	check_refused("[first]\nname = a\n  b\n", "given twice");
}

TEST(config, limits_lines)
{
	char text[512] = "[first]\nname = ";
	struct settings s;
	size_t start = strlen(text), fit = CONFIG_LINE_MAX - 8;
	int r;

	memset(text + start, 'x', fit);
	strcpy(text + start + fit, "\n");
	load(text, &s, &r);
	CHECK_INT(r, 0);
	CHECK_INT(strlen(s.name), fit);
	config_deinit(&schema, &s);
	memset(text + start, 'x', fit + 1);
	strcpy(text + start + fit + 1, "\n");
	check_refused(text, "more than 190 bytes");
}

TEST(config, template_reads_back)
{
	const struct config_value values[] = { { "first", "name", "z" } };
	_cleanup_buf_ struct buf text = { 0 };
	_cleanup_free_ char *s = NULL;
	struct settings got;
	int r;

	config_template(&schema, values, 1, &text);
	s = buf_steal_str(&text);
	load(s, &got, &r);
	CHECK_INT(r, 0);
	CHECK_STR(got.name, "z");
	CHECK_INT(got.size, UINT64_C(64) << 20);
	config_deinit(&schema, &got);
}

int main(void)
{
	return test_main();
}
