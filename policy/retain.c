/*
 * How long a copy may be held (rule 26): the shortest of the periods that hold,
 * and no longer than the agreement and its umbrellas last.
 */

#include "policy/decide.h"

#include "util/clock.h"

static int32_t until(const struct deciding *d, const struct retain *r)
{
	static const char units[] = {
		[RETAIN_DAYS] = 'd',
		[RETAIN_WEEKS] = 'w',
		[RETAIN_MONTHS] = 'm',
		[RETAIN_YEARS] = 'y',
	};

	return clock_day_plus(d->sending.day, r->count, units[r->unit]);
}

static void hold(const struct deciding *d, const struct retain *r,
    unsigned truths, int32_t *day)
{
	int32_t last = until(d, r);

	if (truth_closes(truths) && last < *day)
		*day = last;
}

/* Asked for the gateways of the agreement's own clauses (rule 15). */
static unsigned ask_level(
    const struct deciding *d, const struct retain *r, uint8_t level)
{
	unsigned any = TRUTH_NO;

	if (!r->when)
		return TRUTH_YES;
	for (size_t i = 0; i < d->gateways_count; i++) {
		struct scope scope = { .gateway = d->gateways[i].name };

		if (d->gateways[i].level == level)
			any =
			    truth_or(any, cond_ask(&d->view, &scope, r->when));
	}
	return any;
}

int32_t retain_until(const struct deciding *d)
{
	int32_t day = INT32_MAX;

	for (uint8_t l = 0; l < d->levels; l++) {
		const struct agreement *a = d->chain[l];

		if (a->ends < day)
			day = a->ends;
		for (size_t i = 0; i < a->retains_count; i++)
			hold(d, &a->retains[i], ask_level(d, &a->retains[i], l),
			    &day);
	}
	for (size_t i = 0; i < d->bearings_count; i++) {
		const struct bearing *b = &d->bearings[i];
		struct scope scope = { 0 };

		for (size_t j = 0; j < b->clause->retains_count; j++) {
			const struct retain *r = &b->clause->retains[j];
			struct question q = { b, r->when, 0 };

			hold(d, r, bear_ask(d, &q, &scope), &day);
		}
	}
	return day;
}
