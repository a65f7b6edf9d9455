/*
 * One decision: a message, a recipient, a moment. First what concerns the whole
 * message, from the agreement down to the rules that refuse; each look may end
 * it with a sentence that says what is wrong and whom to ask. Then field by
 * field.
 */

#include "policy/decide.h"

#include "util/clock.h"

struct look {
	const struct decide_request *q;
	struct deciding *d;
	struct policy_decision *ret;
};

/* ---- looks at the whole message --------------------------------------- */

static bool look_at_agreement(struct look *l)
{
	struct version version;
	const struct agreement *a;

	life_resolve(l->q->p, l->q->m->agreement, &l->d->sending, &version);
	if (!version.in_force) {
		l->ret->reason = life_reason(
		    l->q->p, &version, l->q->m->agreement, l->q->arena);
		return false;
	}
	l->ret->agreement = version.agreement->cited;
	for (a = version.agreement; a && l->d->levels < ARRAY_LEN(l->d->chain);
	     a = a->umbrella)
		l->d->chain[l->d->levels++] = a;
	return true;
}

static bool look_at_partners(struct look *l)
{
	const struct partner *sender, *recipient;

	sender = policy_partner(l->q->p, slice_str(l->q->m->from));
	recipient = policy_partner(l->q->p, slice_str(l->q->recipient));
	l->d->view.sender = sender;
	l->d->view.recipient = recipient;
	if (sender && recipient && !recipient->suspended)
		return true;
	if (sender && recipient)
		l->ret->reason = arena_format(l->q->arena,
		    "%s is suspended from this exchange; ask its operator",
		    recipient->name);
	else
		l->ret->reason = arena_format(l->q->arena,
		    "nothing is known of a partner '%s'",
		    sender ? l->q->recipient : l->q->m->from);
	return false;
}

static const char *purposes_text(const struct agreement *a, struct arena *arena)
{
	const char *text = "";

	for (size_t i = 0; i < a->purposes.count; i++)
		text = arena_format(arena, "%s%s%s", text, i ? ", " : "",
		    a->purposes.items[i].text);
	return text;
}

static bool look_at_purpose(struct look *l)
{
	const struct agreement *a = l->d->chain[0];

	if (names_have(&a->purposes, l->q->m->purpose))
		return true;
	l->ret->reason = arena_format(l->q->arena,
	    "%s does not cover the purpose %s, only %s%s", a->cited,
	    l->q->m->purpose, purposes_text(a, l->q->arena),
	    whom_to_ask(a, l->q->arena));
	return false;
}

/* Rule 6. A clearance that this vocabulary does not know clears nothing. */
static bool look_at_marking(struct look *l)
{
	const struct codes *markings = l->d->chain[0]->vocabulary->marking;
	const char *clearance = l->d->view.recipient->clearance.text;
	int marked, cleared;

	marked = codes_find(markings, slice_str(l->q->m->marking));
	cleared = codes_find(markings, slice_str(clearance));
	if (marked >= 0 && marked <= cleared)
		return true;
	l->ret->reason = arena_format(l->q->arena,
	    "the message is marked %s, above %s, the clearance of %s%s",
	    l->q->m->marking, clearance, l->q->recipient,
	    whom_to_ask(l->d->chain[0], l->q->arena));
	return false;
}

/* A clause that fits, but whose `only when` is not met. */
static const struct bearing *nearly_applies(
    const struct deciding *d, size_t level)
{
	const struct bearing *near = NULL;

	for (size_t i = 0; i < d->bearings_count; i++) {
		const struct bearing *b = &d->bearings[i];

		if (b->level == level && (!near || b->applies > near->applies))
			near = b;
	}
	return near;
}

static void refuse_unfit(struct look *l, size_t level)
{
	const struct agreement *a = l->d->chain[level];
	const char *unfit = NULL, *near;
	const struct clause *c;

	c = fit_nearest(a, &l->d->sending, l->q->arena, &unfit);
	near = c ? arena_format(l->q->arena, "; the nearest is clause %s%s%s",
		       c->label, unfit ? ", " : "", unfit ? unfit : "")
		 : "";
	l->ret->reason = arena_format(l->q->arena,
	    "no clause of %s lets %s send %s to %s for %s%s%s", a->cited,
	    l->q->m->from, l->q->m->type, l->q->recipient, l->q->m->purpose,
	    near, whom_to_ask(l->d->chain[0], l->q->arena));
}

static bool look_at_clauses(struct look *l)
{
	const struct bearing *near;
	size_t level;

	bear_find(l->d);
	bear_apply(l->d);
	level = bear_ungranted(l->d);
	if (level == l->d->levels)
		return true;
	near = nearly_applies(l->d, level);
	if (!near) {
		refuse_unfit(l, level);
		return false;
	}
	l->ret->reason = arena_format(l->q->arena,
	    "clause %s of %s would let %s send this, but its condition "
	    "(%s:%u) %s%s",
	    near->clause->label, l->d->chain[level]->cited, l->q->m->from,
	    near->clause->only_when->at.source->name,
	    near->clause->only_when->at.line,
	    near->applies & TRUTH_CANNOT ? "cannot be told, for want of a value"
					 : "is not met",
	    whom_to_ask(l->d->chain[0], l->q->arena));
	return false;
}

static bool look_at_refusals(struct look *l)
{
	const struct bearing *b;
	const struct rule *rule = bear_refused(l->d, &b);
	const char *title;

	if (!rule)
		return true;
	l->ret->clause = b->label;
	l->ret->reason = rule->because;
	if (rule->because)
		return false;
	title = b->clause->title;
	l->ret->reason = arena_format(l->q->arena, "refused by %s%s%s%s",
	    b->clause->cited, title ? ": " : "", title ? title : "",
	    whom_to_ask(l->d->chain[0], l->q->arena));
	return false;
}

/* In the order in which a person would want to hear of them. */
static bool (*const looks[])(struct look *) = {
	look_at_agreement,
	look_at_partners,
	look_at_purpose,
	look_at_marking,
	look_at_clauses,
	look_at_refusals,
};

static void index_message(struct deciding *d)
{
	if (d->view.v)
		return;
	d->view.agreement = d->chain[0];
	d->view.v = d->chain[0]->vocabulary;
	view_build(&d->view, d->arena);
}

bool decide_begin(const struct decide_request *q, struct deciding *d,
    struct policy_decision *ret)
{
	struct look l = { q, d, ret };

	*ret = (struct policy_decision){
		.recipient = q->recipient,
		.destroy_by = INT32_MAX,
		.verdicts =
		    arena_array(q->arena, q->m->count, struct policy_verdict),
	};
	for (size_t i = 0; i < q->m->count; i++)
		ret->verdicts[i].action = POLICY_REFUSE;
	d->arena = q->arena;
	d->view.p = q->p;
	d->view.m = q->m;
	d->view.sent_day = clock_london_day(q->m->sent);
	d->sending = (struct sending){
		.p = q->p,
		.type = q->m->type,
		.from = q->m->from,
		.to = q->recipient,
		.purpose = q->m->purpose,
		.day = clock_london_day(q->now),
	};
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		if (!looks[i](&l))
			return false;
		index_message(d);
	}
	ret->outcome = POLICY_ACCEPTED;
	ret->destroy_by = retain_until(d);
	bear_list(d);
	settle_fields(d);
	told_settle(d);
	return true;
}

/* ---- verdicts --------------------------------------------------------- */

static enum policy_action action_of(const struct ruling *r)
{
	static const enum policy_action actions[] = { POLICY_RELEASE,
		POLICY_REDUCE, POLICY_REFER, POLICY_WITHHOLD, POLICY_CONCEAL };
	enum reducer kind = REDUCE_NONE;

	if (r->reducer)
		kind = r->reducer->rule->reduction.kind;
	if (actions[r->closed] == POLICY_REDUCE &&
	    (kind == MASK_FIRST || kind == MASK_LAST))
		return POLICY_MASK;
	return actions[r->closed];
}

static const char *targets_of(struct deciding *d, uint32_t position)
{
	struct targets targets;

	targets_init(&targets, d, 1);
	targets_add(&targets, d, position);
	return targets_text(&targets, d->arena);
}

void decide_end(struct deciding *d, struct policy_decision *ret)
{
	for (uint32_t i = 0; i < d->view.m->count; i++) {
		const struct ruling *r = &d->rulings[i];
		struct policy_verdict *v = &ret->verdicts[i];

		*v = (struct policy_verdict){
			.action = action_of(r),
			.told = r->told,
			.clause = r->label,
			.reason = r->reason,
			.to = r->to,
		};
		if (r->closed <= policy_closedness(POLICY_REDUCE))
			v->value = r->value;
		if (v->action == POLICY_REFER && !r->raised)
			v->to = targets_of(d, i);
		if (r->closed == policy_closedness(POLICY_REDUCE) && r->reducer)
			v->to = r->reducer->rule->reduction.name;
	}
}

void policy_decide(const struct policy *p, const struct policy_message *m,
    const char *recipient, int64_t now, struct arena *arena,
    struct policy_decision *ret)
{
	struct decide_request q = { p, m, recipient, now, arena };
	struct deciding d = { 0 };

	if (decide_begin(&q, &d, ret))
		decide_end(&d, ret);
}

void decide_prepare(struct policy *p)
{
	fit_prepare(p);
}
