/* Values as comparisons use them: one reading for what agreements say and for
 * what messages hold. */

#include "policy/model.h"
#include "util/clock.h"

#define DIGITS_MAX 18 /* any such number fits an int64_t */

struct digits {
	struct slice text;
	size_t at;
	uint64_t number;
	size_t count;
};

static size_t take_digits(struct digits *d)
{
	size_t start = d->at;

	while (d->at < d->text.len && d->text.data[d->at] >= '0' &&
	       d->text.data[d->at] <= '9' && d->count < DIGITS_MAX) {
		d->number =
		    d->number * 10 + (uint64_t)(d->text.data[d->at] - '0');
		d->count++;
		d->at++;
	}
	return d->at - start;
}

/* Without trailing zeros after the point, so that equal numbers read alike. */
static void shorten(struct literal *literal)
{
	while (literal->scale > 0 && literal->number % 10 == 0) {
		literal->number /= 10;
		literal->scale--;
	}
}

static bool parse_number(struct slice text, bool fraction, struct literal *ret)
{
	struct digits d = { .text = text };
	bool minus = text.len > 0 && text.data[0] == '-';

	*ret = (struct literal){ 0 };
	d.at = minus;
	if (take_digits(&d) == 0)
		return false;
	if (fraction && d.at < text.len && text.data[d.at] == '.') {
		d.at++;
		ret->scale = (int32_t)take_digits(&d);
		if (ret->scale == 0)
			return false;
	}
	if (d.at != text.len)
		return false;
	ret->number = minus ? -(int64_t)d.number : (int64_t)d.number;
	shorten(ret);
	return true;
}

bool literal_parse(enum domain domain, const struct codes *codes,
    struct slice text, struct literal *ret)
{
	const char *s = (const char *)text.data;
	int32_t day;
	int place;

	switch (domain) {
	case DOMAIN_NUMBER:
		return parse_number(text, false, ret);
	case DOMAIN_DECIMAL:
		return parse_number(text, true, ret);
	case DOMAIN_DAY:
		if (!clock_parse_day(s, text.len, &day))
			return false;
		*ret = (struct literal){ .number = day };
		return true;
	case DOMAIN_TIME:
		*ret = (struct literal){ 0 };
		return clock_parse(s, text.len, &ret->number);
	case DOMAIN_CODE:
		place = codes_find(codes, text);
		*ret = (struct literal){ .number = place };
		return place >= 0;
	case DOMAIN_TEXT:
	default:
		*ret = (struct literal){ 0 };
		return true;
	}
}
