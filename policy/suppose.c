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

static bool suppose_from(const struct deciding *d, const struct field *field,
    uint32_t number, const char *originator)
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
	again.view.supposed_originator = originator;
	view_suppose(&again.view, field, number, &supposition);
	released = decide_again(&again, (uint32_t)d->view.m->count);
	view_withdraw(&again.view, &supposition);
	arena_deinit(&arena);
	return released;
}

/* Whether a field of the entity, or of any when NULL, is there, and whether
 * one of them is the sender's own. */
static bool are_there(
    const struct view *view, const struct entity *entity, bool *ret_own)
{
	bool there = false;

	*ret_own = false;
	for (uint32_t i = 0; i < view->m->count; i++) {
		if (!view->fields[i] ||
		    (entity && view->fields[i]->entity != entity))
			continue;
		there = true;
		*ret_own = *ret_own || !view_originator(view, i);
	}
	return there;
}

/* Whoever gave the rest of its entity or, where there is nothing of that, the
 * rest of the message; of several, each. */
static bool suppose_from_givers(
    const struct deciding *d, const struct field *field, uint32_t number)
{
	const struct view *view = &d->view;
	const struct entity *entity = field->entity;
	const char *last = NULL;
	bool own;

	if (!are_there(view, entity, &own)) {
		entity = NULL;
		own = !are_there(view, NULL, &own) || own;
	}
	if (own)
		return suppose_from(d, field, number, NULL);
	for (uint32_t i = 0; i < view->m->count; i++) {
		const char *from = view_originator(view, i);

		if (!view->fields[i] ||
		    (entity && view->fields[i]->entity != entity) ||
		    (last && !strcmp(from, last)))
			continue;
		if (!suppose_from(d, field, number, from))
			return false;
		last = from;
	}
	return true;
}

bool suppose_released(
    const struct deciding *d, const struct field *field, uint32_t number)
{
	const struct policy_message *m = d->view.m;

	if (!m->origins_count)
		return suppose_from_givers(d, field, number);
	return suppose_from(
	    d, field, number, policy_origin(m, slice_str(field->path)));
}
