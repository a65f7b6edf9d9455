/*
 * A reason must not give away that a value is absent which the reader would not
 * have been shown either (rule 21). So the absent value is put into the
 * message, unknown, and the decision about it is made again: clauses, refusals,
 * rules and the grades of its instance. Only its own name, as a link, is left
 * to told.c, which knows what is told.
 */

#include "policy/decide.h"

/* Whether the grades of the instance would pull it along (rule 11). */
static bool grades_leave_it(struct deciding *d, uint32_t position)
{
	const struct view *view = &d->view;
	uint32_t at = view->instances[view->instance[position]].first;

	for (; at != NOWHERE; at = view->next[at]) {
		if (!(view->fields[at]->classes & CLASS_GRADE))
			continue;
		settle_field(d, at);
		if (d->rulings[at].closed > policy_closedness(POLICY_REDUCE))
			return false;
	}
	return true;
}

static bool decide_again(struct deciding *d, uint32_t position)
{
	const struct bearing *refused;

	bear_apply(d);
	if (bear_ungranted(d) < d->levels || bear_refused(d, &refused))
		return false;
	bear_list(d);
	d->rulings = arena_array(d->arena, d->view.m->count + 1, struct ruling);
	settle_field(d, position);
	return d->rulings[position].closed == 0 && grades_leave_it(d, position);
}

bool suppose_released(
    const struct deciding *d, const struct field *field, uint32_t number)
{
	struct arena arena = { 0 };
	struct deciding again = *d;
	struct supposition supposition;
	bool released;

	again.arena = &arena;
	again.onward = NULL;
	again.bearings = arena_copy(
	    &arena, d->bearings, d->bearings_count * sizeof(*d->bearings));
	again.gateways = arena_array(&arena, d->bearings_count, struct gateway);
	view_suppose(&again.view, field, number, &supposition);
	released = decide_again(&again, (uint32_t)d->view.m->count);
	view_withdraw(&again.view, &supposition);
	arena_deinit(&arena);
	return released;
}
