/*
 * What the rules make of a field (rules 7 to 10): every level must grant it,
 * the reducers and masks that close it are combined, and the most closed of all
 * that is said wins. The order of rules decides only who is named.
 */

#include "policy/decide.h"

enum closedness {
	RELEASED,
	REDUCED,
	REFERRED,
	WITHHELD,
	CONCEALED,
	LEVELS,
};

int policy_closedness(enum policy_action action)
{
	static const int closedness[] = {
		[POLICY_RELEASE] = RELEASED,
		[POLICY_REDUCE] = REDUCED,
		[POLICY_MASK] = REDUCED,
		[POLICY_REFER] = REFERRED,
		[POLICY_WITHHOLD] = WITHHELD,
		[POLICY_CONCEAL] = CONCEALED,
		[POLICY_REFUSE] = LEVELS,
	};

	return closedness[action];
}

const char *policy_action_name(enum policy_action action)
{
	static const char *const names[] = {
		[POLICY_CONCEAL] = "conceal",
		[POLICY_RELEASE] = "release",
		[POLICY_REDUCE] = "reduce",
		[POLICY_MASK] = "mask",
		[POLICY_REFER] = "refer",
		[POLICY_WITHHOLD] = "withhold",
		[POLICY_REFUSE] = "refuse",
	};

	return names[action];
}

/* All that is said about one field. */
struct tally {
	unsigned granted; /* levels that grant it, as bits */
	unsigned whole;   /* levels that may release it */
	unsigned unsure;  /* levels that only reduce it, in several ways */
	const struct bite *first[LEVELS];
	const struct bite *shrinks[1 + POLICY_UMBRELLAS_MAX];
	size_t
	    reducing; /* how many of d->reducing are in use, from its start */
	size_t may;   /* and from its end: those that may reduce it */
	bool general; /* true of every instance */
};

static void note_grant(struct tally *t, const struct bite *b)
{
	unsigned level = b->bearing->level, bit = 1u << level;
	const struct bite *other = t->shrinks[level];

	t->granted |= bit;
	if (b->rule->action == POLICY_RELEASE) {
		t->whole |= bit;
		if (!t->first[RELEASED])
			t->first[RELEASED] = b;
		return;
	}
	if (!other)
		t->shrinks[level] = b;
	else if (!reduction_covers(
		     &other->rule->reduction, &b->rule->reduction) ||
		 !reduction_covers(
		     &b->rule->reduction, &other->rule->reduction))
		t->unsure |= bit;
}

static void add(
    struct deciding *d, struct tally *t, struct bite *b, uint32_t position)
{
	unsigned truths = bite_ask(d, b, position);
	int closed = policy_closedness(b->rule->action);
	uint32_t id = d->view.fields[position]->id;

	if (b->reads & (READS_INSTANCE | READS_ORIGINATOR))
		t->general = false;
	if (closed <= REDUCED && b->bearing->level != STANDING &&
	    truth_grants(truths) && bit_is_set(b->plan->grants, id))
		note_grant(t, b);
	if (closed == REDUCED && !truth_closes(truths) && truths != TRUTH_NO)
		d->reducing[d->reducing_room - ++t->may] = b;
	if (closed == RELEASED || !truth_closes(truths))
		return;
	if (closed == REDUCED)
		d->reducing[t->reducing++] = b;
	else if (!t->first[closed])
		t->first[closed] = b;
}

/* What is granted only as reduced is no less than that: known so far only for
 * rules that surely hold, which policy_possible() may not be sure of. */
static void add_shrinks(struct deciding *d, struct tally *t)
{
	for (size_t l = 0; l < d->levels; l++)
		if (!((t->whole | t->unsure) >> l & 1) && t->shrinks[l])
			d->reducing[t->reducing++] = t->shrinks[l];
}

/* The reducer that is at least as coarse as all the others (rule 9); NULL:
 * there is none. */
static const struct bite *coarsest(
    const struct deciding *d, const struct tally *t)
{
	const struct bite *most = d->reducing[0];

	for (size_t i = 1; i < t->reducing; i++)
		if (!reduction_covers(&most->rule->reduction,
			&d->reducing[i]->rule->reduction))
			most = d->reducing[i];
	for (size_t i = 0; i < t->reducing; i++)
		if (!reduction_covers(&most->rule->reduction,
			&d->reducing[i]->rule->reduction))
			return NULL;
	return most;
}

/* Whether one that only may reduce it would settle what the others leave
 * unsettled: then policy_possible() cannot say that it is withheld. */
static bool may_settle(const struct deciding *d, const struct tally *t)
{
	for (size_t i = 1; i <= t->may; i++) {
		const struct bite *b = d->reducing[d->reducing_room - i];
		bool covers = true;

		for (size_t k = 0; k < t->reducing && covers; k++)
			covers = reduction_covers(&b->rule->reduction,
			    &d->reducing[k]->rule->reduction);
		if (covers)
			return true;
	}
	return false;
}

static void combine(
    const struct deciding *d, const struct tally *t, struct ruling *r)
{
	if (t->reducing) {
		r->reducer = coarsest(d, t);
		r->unreduced = !r->reducer && !may_settle(d, t);
		r->closed = r->unreduced ? WITHHELD : REDUCED;
		r->closer = r->reducer ? r->reducer : d->reducing[0];
	} else if (t->unsure & ~t->whole) {
		r->closed = REDUCED;
	} else {
		r->closer = t->first[RELEASED];
	}
	for (uint8_t c = CONCEALED; c >= REFERRED; c--) {
		if (!t->first[c])
			continue;
		if (c > r->closed ||
		    (c == r->closed && t->first[c] < r->closer)) {
			r->closed = c;
			r->closer = t->first[c];
		}
		return;
	}
}

/* The rules alone, whatever the value and where it came from. */
static bool settle_rules(
    struct deciding *d, uint32_t position, struct ruling *r)
{
	struct tally t = { .general = true };
	uint32_t e = d->heads[d->view.fields[position]->id];

	for (; e != NOWHERE; e = d->entries[e].next)
		add(d, &t, &d->bites[d->entries[e].bite], position);
	*r = (struct ruling){ 0 };
	if (t.granted == (1u << d->levels) - 1) {
		if (d->view.possible)
			add_shrinks(d, &t);
		combine(d, &t, r);
	} else {
		r->closed = CONCEALED;
		r->closer = t.first[CONCEALED];
		if (!r->closer)
			r->reason = "no rule grants it";
	}
	return t.general;
}

/* Rules 23 and 24: what cannot be reduced is withheld. */
static void settle_value(
    struct deciding *d, uint32_t position, struct ruling *r)
{
	struct reducing what = {
		.field = d->view.fields[position],
		.value = view_value(&d->view, position),
		.sent_day = d->view.sent_day,
	};
	/* policy_possible() does not know by which of them. */
	bool unknown =
	    view_state(&d->view, position) == POLICY_HIDDEN || d->view.possible;

	if (r->closed == RELEASED)
		r->value = what.value;
	if (!r->reducer || r->closed > WITHHELD)
		return;
	what.reduction = &r->reducer->rule->reduction;
	if (unknown ? reduction_suits(what.reduction, what.field)
		    : reduction_apply(&what, d->arena, &r->value))
		return;
	r->unreduced = true;
	if (r->closed < WITHHELD || r->reducer < r->closer)
		r->closer = r->reducer;
	r->closed = WITHHELD;
}

static const char *unreduced_reason(
    const struct deciding *d, const struct ruling *r)
{
	const struct reduction *reduction;

	if (!r->reducer)
		return "none of its reductions is as coarse as the others";
	reduction = &r->reducer->rule->reduction;
	if (reduction->kind == MASK_FIRST || reduction->kind == MASK_LAST)
		return arena_format(d->arena,
		    "to %s would show more than half of it", reduction->name);
	return arena_format(
	    d->arena, "it cannot be reduced to %s", reduction->name);
}

static const char *because(const struct deciding *d, const struct ruling *r)
{
	const struct rule *rule = r->closer->rule;

	if (rule->because || r->closed < REFERRED)
		return rule->because;
	if (r->unreduced && policy_closedness(rule->action) == REDUCED)
		return unreduced_reason(d, r);
	return r->closer->bearing->clause->title;
}

static void settle_onward(
    struct deciding *d, uint32_t position, struct ruling *r)
{
	const struct onward_bite *onward = onward_ask(d, position);

	if (!onward || onward->closed <= r->closed)
		return;
	r->closed = onward->closed;
	r->closer = NULL;
	r->label = onward->label;
	r->reason = onward->reason;
}

void settle_field(struct deciding *d, uint32_t position)
{
	struct ruling *r = &d->rulings[position];
	const struct field *field = d->view.fields[position];

	if (!field) {
		*r = (struct ruling){ .closed = CONCEALED,
			.reason = "there is no such field" };
		return;
	}
	if (d->settled[field->id]) {
		*r = *d->settled[field->id];
	} else if (settle_rules(d, position, r)) {
		struct ruling *general = arena_new(d->arena, struct ruling);

		*general = *r;
		d->settled[field->id] = general;
	}
	settle_value(d, position, r);
	if (r->closer) {
		r->label = r->closer->bearing->label;
		r->reason = because(d, r);
	}
	if (d->forwarded)
		settle_onward(d, position, r);
}

void settle_fields(struct deciding *d)
{
	d->rulings = arena_array(d->arena, d->view.m->count + 1, struct ruling);
	for (uint32_t i = 0; i < d->view.m->count; i++)
		settle_field(d, i);
}

/* ---- whose consent (rule 10) ------------------------------------------ */

void targets_init(struct targets *t, const struct deciding *d, size_t fields)
{
	*t = (struct targets){
		.names = arena_array(
		    d->arena, fields * (d->bites_count + 1), const char *),
	};
}

/* Kept sorted, each once. */
static void add_target(struct targets *t, const char *name)
{
	size_t i = 0;

	while (i < t->count && strcmp(t->names[i], name) < 0)
		i++;
	if (i < t->count && !strcmp(t->names[i], name))
		return;
	memmove(
	    t->names + i + 1, t->names + i, (t->count - i) * sizeof(*t->names));
	t->names[i] = name;
	t->count++;
}

void targets_add(struct targets *t, struct deciding *d, uint32_t position)
{
	const struct onward_bite *onward = onward_ask(d, position);
	const char *originator = view_originator(&d->view, position);
	uint32_t e = d->heads[d->view.fields[position]->id];

	if (!originator)
		originator = d->sending.from;
	for (; e != NOWHERE; e = d->entries[e].next) {
		struct bite *b = &d->bites[d->entries[e].bite];

		if (b->rule->action == POLICY_REFER &&
		    truth_closes(bite_ask(d, b, position)))
			add_target(t, !strcmp(b->rule->target, "originator")
					  ? originator
					  : b->rule->target);
	}
	if (onward && onward->closed == REFERRED)
		add_target(t, originator);
}

const char *targets_text(const struct targets *t, struct arena *arena)
{
	const char *text = t->names[0];

	for (size_t i = 1; i < t->count; i++)
		text = arena_format(arena, "%s, %s", text, t->names[i]);
	return text;
}
