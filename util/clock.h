#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

/*
 * Time. An instant is milliseconds since 1970-01-01T00:00:00Z (int64_t). A day
 * is a count of days since 1970-01-01 (int32_t), in the proleptic Gregorian
 * calendar. The language speaks of London days: clock_london_day() follows the
 * Summer Time Order 2002 (BST from 01:00 UTC on the last Sunday of March to
 * 01:00 UTC on the last Sunday of October) for every year, without reading a
 * file, so that a decision stays a pure function.
 *
 * Years 0001 to 9999 are accepted; anything else is refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_MAX 48 /* room for any text these functions write */

int64_t clock_now(void);       /* wall clock, ms */
int64_t clock_monotonic(void); /* ms, for intervals only */
int64_t clock_monotonic_us(void);

int32_t clock_day_of(int year, int month, int day);
void clock_civil(int32_t day, int *ret_year, int *ret_month, int *ret_day);
int32_t clock_london_day(int64_t ms);

/* Whole years from day @born to day @on; 29 February counts as 28 February in
 * other years (rule 20). Negative when @on is before @born. */
int clock_age(int32_t born, int32_t on);

/* @day plus @n of 'd'ays, 'w'eeks, 'm'onths or 'y'ears; a day of the month
 * that does not exist becomes the month's last (rule 20). */
int32_t clock_day_plus(int32_t day, unsigned n, char unit);

/* "1990-02-03", exactly; false for any other text or an impossible date. */
bool clock_parse_day(const char *s, size_t len, int32_t *ret_day);
void clock_format_day(int32_t day, char ret[CLOCK_TEXT_MAX]);

/* RFC 3339 date-time, "Z" or a numeric offset, fraction ignored past ms. */
bool clock_parse(const char *s, size_t len, int64_t *ret_ms);
void clock_format(int64_t ms, char ret[CLOCK_TEXT_MAX]); /* "...T10:00:00Z" */

#endif
