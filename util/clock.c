/*
 * Days are counted with the civil-from-days arithmetic of the proleptic
 * Gregorian calendar: years start in March, so that the leap day is the last
 * day of a year and every 400 years are alike.
 */

#include "util/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS 86400000LL
#define HOUR_MS 3600000LL
#define FIRST_MS (-62135596800000LL) /* 0001-01-01T00:00:00Z */
#define LAST_MS 253402300799999LL    /* the end of year 9999 */

static int64_t read_clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_monotonic(void)
{
	return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int32_t clock_day_of(int year, int month, int day)
{
	int y = year - (month <= 2);
	int era = (int)floor_div(y, 400);
	int of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

void clock_civil(int32_t day, int *ret_year, int *ret_month, int *ret_day)
{
	int z = day + 719468;
	int era = (int)floor_div(z, 146097);
	int doe = z - era * 146097;
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;

	*ret_day = doy - (153 * mp + 2) / 5 + 1;
	*ret_month = mp + (mp < 10 ? 3 : -9);
	*ret_year = yoe + era * 400 + (*ret_month <= 2);
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* 01:00 UTC on the last Sunday of @month, in ms. */
static int64_t last_sunday(int year, int month)
{
	int32_t last = clock_day_of(year, month, days_in_month(year, month));
	int weekday = (int)((last + 4) % 7); /* 1970-01-01 was a Thursday */

	if (weekday < 0)
		weekday += 7;
	return (last - weekday) * DAY_MS + HOUR_MS;
}

int32_t clock_london_day(int64_t ms)
{
	int32_t utc_day = (int32_t)floor_div(ms, DAY_MS);
	int year, month, day;

	clock_civil(utc_day, &year, &month, &day);
	if (ms >= last_sunday(year, 3) && ms < last_sunday(year, 10))
		ms += HOUR_MS;
	return (int32_t)floor_div(ms, DAY_MS);
}

int clock_age(int32_t born, int32_t on)
{
	int by, bm, bd, y, m, d;

	clock_civil(born, &by, &bm, &bd);
	clock_civil(on, &y, &m, &d);
	if (bd > days_in_month(y, bm))
		bd = days_in_month(y, bm);
	return y - by - (m < bm || (m == bm && d < bd));
}

int32_t clock_day_plus(int32_t day, unsigned n, char unit)
{
	int64_t months;
	int y, m, d;

	if (n > 120000) /* ten thousand years of months: beyond any date */
		n = 120000;
	if (unit == 'd')
		return day + (int32_t)n;
	if (unit == 'w')
		return day + (int32_t)n * 7;
	clock_civil(day, &y, &m, &d);
	months =
	    (int64_t)y * 12 + (m - 1) + (int64_t)n * (unit == 'y' ? 12 : 1);
	y = (int)(months / 12);
	m = (int)(months % 12) + 1;
	if (d > days_in_month(y, m))
		d = days_in_month(y, m);
	return clock_day_of(y, m, d);
}

/* Exactly @n digits at @s. */
static bool digits(const char *s, int n, int *ret)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		value = value * 10 + (s[i] - '0');
	}
	*ret = value;
	return true;
}

bool clock_parse_day(const char *s, size_t len, int32_t *ret_day)
{
	int y, m, d;

	if (len != 10 || s[4] != '-' || s[7] != '-')
		return false;
	if (!digits(s, 4, &y) || !digits(s + 5, 2, &m) || !digits(s + 8, 2, &d))
		return false;
	if (y < 1 || m < 1 || m > 12 || d < 1 || d > days_in_month(y, m))
		return false;
	*ret_day = clock_day_of(y, m, d);
	return true;
}

void clock_format_day(int32_t day, char ret[CLOCK_TEXT_MAX])
{
	int y, m, d;

	clock_civil(day, &y, &m, &d);
	snprintf(ret, CLOCK_TEXT_MAX, "%04d-%02d-%02d", y, m, d);
}

/* ".123456": up to milliseconds count, the rest is dropped. */
static bool parse_fraction(const char **s, const char *end, int64_t *ret_ms)
{
	int64_t scale = 100;

	*ret_ms = 0;
	if (*s == end || **s != '.')
		return true;
	if (++*s == end || **s < '0' || **s > '9')
		return false;
	for (; *s < end && **s >= '0' && **s <= '9'; ++*s) {
		*ret_ms += (**s - '0') * scale;
		scale /= 10;
	}
	return true;
}

/* "Z" or "+01:00"; what remains must be exactly that. */
static bool parse_offset(const char *s, const char *end, int64_t *ret_ms)
{
	int h, m;

	*ret_ms = 0;
	if (end - s == 1 && (*s == 'Z' || *s == 'z'))
		return true;
	if (end - s != 6 || (*s != '+' && *s != '-') || s[3] != ':')
		return false;
	if (!digits(s + 1, 2, &h) || !digits(s + 4, 2, &m) || h > 23 || m > 59)
		return false;
	*ret_ms = (h * 60 + m) * (*s == '-' ? -60000LL : 60000LL);
	return true;
}

bool clock_parse(const char *s, size_t len, int64_t *ret_ms)
{
	int64_t fraction, offset, ms;
	const char *end, *rest;
	int h, m, sec;
	int32_t day;

	if (len < 20 || !clock_parse_day(s, 10, &day))
		return false;
	end = s + len;
	rest = s + 19;
	if ((s[10] != 'T' && s[10] != 't') || s[13] != ':' || s[16] != ':')
		return false;
	if (!digits(s + 11, 2, &h) || !digits(s + 14, 2, &m) ||
	    !digits(s + 17, 2, &sec) || h > 23 || m > 59 || sec > 60)
		return false;
	if (!parse_fraction(&rest, end, &fraction) ||
	    !parse_offset(rest, end, &offset))
		return false;
	ms = day * DAY_MS + ((h * 60 + m) * 60 + sec) * 1000LL + fraction -
	     offset;
	if (ms < FIRST_MS || ms > LAST_MS)
		return false; /* its offset leads out of the years */
	*ret_ms = ms;
	return true;
}

void clock_format(int64_t ms, char ret[CLOCK_TEXT_MAX])
{
	int64_t day = floor_div(ms, DAY_MS);
	unsigned sec = (unsigned)((ms - day * DAY_MS) / 1000);
	int y, m, d;

	clock_civil((int32_t)day, &y, &m, &d);
	snprintf(ret, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02u:%02u:%02uZ", y, m, d,
	    sec / 3600 % 24, sec / 60 % 60, sec % 60);
}
