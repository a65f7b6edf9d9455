/* The leaves: clock, text, map, buf, seal, file. */

#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/seal.h"
#include "util/sip.h"
#include "util/text.h"

static int32_t day(const char *text)
{
	int32_t d;

	CHECK(clock_parse_day(text, strlen(text), &d));
	return d;
}

TEST(clock, london_day_agrees_with_libc)
{
	setenv("TZ", "GMT0BST,M3.5.0/1,M10.5.0/2", 1);
	tzset();
	for (int i = 0; i < 200000; i++) {
		int64_t ms = (int64_t)test_below(4102444800000ULL);
		time_t t = (time_t)(ms / 1000);
		struct tm tm;

		localtime_r(&t, &tm);
		CHECK_INT(clock_london_day(ms),
		    clock_day_of(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday));
	}
}

TEST(clock, civil_round_trip)
{
	for (int32_t d = day("0001-01-01"); d < day("9999-12-31"); d += 13) {
		char text[CLOCK_TEXT_MAX];
		int32_t back;

		clock_format_day(d, text);
		CHECK(clock_parse_day(text, 10, &back));
		CHECK_INT(back, d);
	}
}

TEST(clock, rule_20_age_and_leap_days)
{
	CHECK_INT(clock_age(day("2000-02-29"), day("2018-02-27")), 17);
	CHECK_INT(clock_age(day("2000-02-29"), day("2018-02-28")), 18);
	CHECK_INT(clock_age(day("2000-02-29"), day("2020-02-28")), 19);
	CHECK_INT(clock_age(day("2000-02-29"), day("2020-02-29")), 20);
	CHECK_INT(clock_age(day("1990-12-31"), day("2026-01-01")), 35);
}

TEST(clock, periods_end_on_real_days)
{
	CHECK_INT(clock_day_plus(day("2024-02-29"), 1, 'y'), day("2025-02-28"));
	CHECK_INT(clock_day_plus(day("2026-01-31"), 1, 'm'), day("2026-02-28"));
	CHECK_INT(clock_day_plus(day("2026-11-30"), 3, 'm'), day("2027-02-28"));
	CHECK_INT(clock_day_plus(day("2026-11-30"), 4, 'w'), day("2026-12-28"));
}

TEST(clock, rfc3339)
{
	static const char *const bad[] = { "2026-02-30T10:00:00Z",
		"2026-11-22 10:00:00Z", "2026-11-22T10:00:00",
		"2026-11-22T24:00:00Z", "2026-11-22T10:00:00+1",
		"2026-11-22T10:00:00.Z", "", "2026-11-22T10:00:00Zx",
		"0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
		"9999-12-31T23:59:60Z" };
	char text[CLOCK_TEXT_MAX];
	int64_t ms;

	CHECK(clock_parse("2026-06-01T00:30:00+01:00", 25, &ms));
	clock_format(ms, text);
	CHECK_STR(text, "2026-05-31T23:30:00Z");
	CHECK_INT(clock_london_day(ms), day("2026-06-01"));
	CHECK(clock_parse("2026-11-22T10:00:00.123456Z", 27, &ms));
	CHECK_INT(ms % 1000, 123);
	CHECK(clock_parse("0001-01-01T00:00:00Z", 20, &ms));
	CHECK(clock_parse("9999-12-31T23:59:59.999Z", 24, &ms));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!clock_parse(bad[i], strlen(bad[i]), &ms));
}

TEST(text, rules)
{
	CHECK(!text_fault(slice_str("Ren\xc3\xa9 O'Neill\nsecond line")));
	CHECK(text_fault(slice_str("Rene\xcc\x81"))); /* not composed */
	CHECK(text_fault(slice_str("a\tb")));
	CHECK(text_fault(slice_str("a\xe2\x80\x8b"
				   "b"))); /* zero width space */
	CHECK(text_fault(slice_str("a\xe2\x80\xae"
				   "b"))); /* right to left */
	CHECK(text_fault(slice_str("\xff")));
	CHECK(text_fault(slice_str("\xed\xa0\x80"))); /* surrogate */
	CHECK(text_fault(slice_of("a\0b", 3)));
}

TEST(text, compose_makes_what_the_rules_want)
{
	_cleanup_buf_ struct buf out = { 0 };

	text_compose(slice_str("Rene\xcc\x81"), &out);
	CHECK(slice_is(buf_slice(&out), "Ren\xc3\xa9"));
	CHECK(!text_fault(buf_slice(&out)));
	buf_reset(&out);
	text_compose(slice_str("\xff"), &out);
	CHECK(slice_is(buf_slice(&out), "\xff"));
}

TEST(text, show_is_one_line_that_drives_no_terminal)
{
	static const char *const cases[][2] = {
		{ "rugby-council", "rugby-council" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "a\x1b[2Jb\n", "a?[2Jb?" },
		{ "\xc2\x9b", "?" },     /* CSI in one character */
		{ "\xe2\x80\xae", "?" }, /* right-to-left override */
		{ "\xe2\x80\xa8", "?" }, /* line separator */
		{ "\xff\xc3", "??" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_buf_ struct buf out = { 0 };

		text_show(slice_str(cases[i][0]), &out);
		CHECK(slice_is(buf_slice(&out), cases[i][1]));
	}
}

TEST(text, nearest)
{
	static const char *const names[] = { "subject.born", "subject.name",
		"vehicle.mark" };

	CHECK_STR(
	    text_nearest(slice_str("subject.bron"), names, 3), "subject.born");
	CHECK(!text_nearest(slice_str("finance.total"), names, 3));
}

TEST(map, behaves_like_a_list)
{
	struct map m = { 0 };
	static char there[4096];
	size_t live = 0;

	memset(there, 0, sizeof(there));
	for (int i = 0; i < 100000; i++) {
		uint32_t k = (uint32_t)test_below(sizeof(there));
		struct slice key = slice_of(&k, sizeof(k));

		if (test_below(3) == 0) {
			CHECK((map_remove(&m, key) != NULL) == there[k]);
			live -= (size_t)there[k];
			there[k] = 0;
		} else {
			CHECK(
			    (map_set(&m, key, &there[k]) != NULL) == there[k]);
			live += !there[k];
			there[k] = 1;
		}
		CHECK((map_get(&m, key) != NULL) == there[k]);
		CHECK_INT(m.count, live);
	}
	map_deinit(&m);
}

/* The paper's appendix A, and its authors' first vector. */
TEST(sip, known_answers)
{
	const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint8_t data[15];

	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	CHECK(sip_hash(key, slice_of(data, 15)) == 0xa129ca6149be45e5);
	CHECK(sip_hash(key, slice_of(NULL, 0)) == 0x726fdb47dd0e0e31);
}

TEST(hash, known_answer)
{
	static const uint8_t want[] = { 0xba, 0x78, 0x16, 0xbf };
	uint8_t got[HASH_BYTES];

	hash_bytes("abc", 3, got);
	CHECK(!memcmp(got, want, sizeof(want)));
}

TEST(seal, opens_only_what_was_sealed)
{
	uint8_t key[SEAL_KEY_BYTES];
	_cleanup_buf_ struct buf sealed = { 0 }, open = { 0 };
	struct slice bind = slice_str("table/7");

	hash_random(key, sizeof(key));
	seal_add(&sealed, key, bind, slice_str("secret"));
	CHECK_INT(sealed.len, 6 + SEAL_OVERHEAD);
	CHECK(seal_open(&open, key, bind, buf_slice(&sealed)));
	CHECK(slice_is(buf_slice(&open), "secret"));
	buf_reset(&open);
	CHECK(!seal_open(&open, key, slice_str("table/8"), buf_slice(&sealed)));
	for (size_t i = 0; i < sealed.len * 8; i++) {
		sealed.data[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!seal_open(&open, key, bind, buf_slice(&sealed)));
		sealed.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK_INT(open.len, 0);
	for (size_t n = 0; n < sealed.len; n++)
		CHECK(!seal_open(&open, key, bind, slice_of(sealed.data, n)));
}

TEST(file, whole_or_not_there)
{
	char dir[] = "/tmp/caveat-test-XXXXXX";
	_cleanup_buf_ struct buf b = { 0 };
	_cleanup_free_ char *path = NULL;
	char **names;
	size_t count;
	struct why why;

	CHECK(mkdtemp(dir));
	path = mem_format("%s/a.txt", dir);
	CHECK_INT(file_create(path, slice_str("one"), 0600, &why), 0);
	CHECK(file_create(path, slice_str("two"), 0600, &why) < 0);
	CHECK_INT(file_write(path, slice_str("three"), 0600, &why), 0);
	CHECK_INT(file_read(path, 5, &b, &why), 0);
	CHECK(slice_is(buf_slice(&b), "three"));
	CHECK(file_read(path, 4, &b, &why) < 0);
	CHECK(file_read(dir, 4, &b, &why) < 0);
	CHECK(slice_is(buf_slice(&b), "three"));
	why_set(&why, "nothing said");
	CHECK_INT(file_mkdir(path, 0700, &why), -EEXIST);
	CHECK(strstr(why.text, path));
	CHECK_INT(file_mkdir(dir, 0700, &why), 0);
	CHECK_INT(file_list(dir, ".txt", &names, &count, &why), 0);
	CHECK_INT(count, 1);
	file_list_free(names, count);
	CHECK_INT(file_list(dir, "", &names, &count, &why), 0);
	CHECK_INT(count, 1); /* no temporary file is left */
	file_list_free(names, count);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(rmdir(dir), 0);
}

int main(void)
{
	return test_main();
}
