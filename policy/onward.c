/*
 * What a field brings with it when it is forwarded (rule 29): the `onward` of
 * the clauses it may have come under, in any agreement known, acts as a rule on
 * it. Where it came from is known here only as a partner, so every clause from
 * that partner to the sender, for this type, is taken to be the one.
 */

#include "policy/decide.h"

static bool lists_recipient(
    const struct deciding *d, const struct agreement *a, const struct names *to)
{
	for (size_t i = 0; i < to->count; i++) {
		const char *name = to->items[i].text;
		const struct group *group = agreement_group(a, slice_str(name));

		if (group ? group_has(
				d->view.p, group, d->sending.to, d->sending.day)
			  : !strcmp(name, d->sending.to))
			return true;
	}
	return to->count == 0;
}

static int closedness(const struct deciding *d, const struct agreement *a,
    const struct onward *onward)
{
	switch (onward->kind) {
	case ONWARD_RELEASE:
		if (lists_recipient(d, a, &onward->to) &&
		    (onward->purposes.count == 0 ||
			names_have(&onward->purposes, d->sending.purpose)))
			return policy_closedness(POLICY_RELEASE);
		return policy_closedness(POLICY_REFER);
	case ONWARD_WITHHOLD:
		return policy_closedness(POLICY_WITHHOLD);
	case ONWARD_UNSAID:
	case ONWARD_REFER:
		return policy_closedness(POLICY_REFER);
	}
	return policy_closedness(POLICY_CONCEAL);
}

static void ask_agreement(struct deciding *d, const struct agreement *a,
    const struct sending *received, struct onward_bite *o, bool *any)
{
	const struct clause **fit;
	size_t count = fit_clauses(a, received, d->arena, &fit);

	for (size_t i = 0; i < count; i++) {
		int closed = closedness(d, a, &fit[i]->onward);

		if (*any && closed <= o->closed)
			continue;
		*any = true;
		o->closed = (uint8_t)closed;
		o->label = a == d->chain[0] ? fit[i]->label : fit[i]->cited;
		o->reason = closed == policy_closedness(POLICY_WITHHOLD)
				? "it was received not to be passed on"
				: "it was received to be passed on only with "
				  "its originator's consent";
	}
}

static struct onward_bite *ask(struct deciding *d, const char *originator)
{
	struct onward_bite *o = arena_new(d->arena, struct onward_bite);
	struct sending received = {
		.p = d->view.p,
		.type = d->view.m->type,
		.from = originator,
		.to = d->sending.from,
		.day = d->sending.day,
	};
	bool any = false;

	o->originator = originator;
	if (!strcmp(originator, d->sending.to)) /* going back: not onward */
		return o;
	for (size_t i = 0; i < d->view.p->agreements_count; i++)
		ask_agreement(d, d->view.p->agreements[i], &received, o, &any);
	if (!any) {
		o->closed = (uint8_t)policy_closedness(POLICY_REFER);
		o->reason = "no clause is known under which it was received";
	}
	return o;
}

const struct onward_bite *onward_ask(struct deciding *d, uint32_t position)
{
	const char *originator = view_originator(&d->view, position);
	struct onward_bite *o = d->onward;

	if (!originator)
		return NULL;
	while (o && strcmp(o->originator, originator))
		o = o->next;
	if (!o) {
		o = ask(d, originator);
		o->next = d->onward;
		d->onward = o;
	}
	return o;
}
