/*
 * Which rules bear on a message: those of the clauses that fit, in the
 * agreement and in every umbrella above it, and the standing rules. They stand
 * in one list, in the order in which rule 12 names them.
 *
 * A rule whose condition is the same for every field is asked once; one that
 * cannot hold is left out. The rest are listed per field, so that a field meets
 * only the rules that select it.
 */

#include "policy/decide.h"

static void add_bearing(
    struct deciding *d, const struct clause *c, uint8_t level)
{
	d->bearings[d->bearings_count++] = (struct bearing){
		.clause = c,
		.label = level == 0 ? c->label : c->cited,
		.level = level,
	};
}

void bear_find(struct deciding *d)
{
	const struct clause **fit[1 + POLICY_UMBRELLAS_MAX];
	size_t fit_count[1 + POLICY_UMBRELLAS_MAX], count = 0;
	const struct agreement *a = d->chain[0];

	for (size_t l = 0; l < d->levels; l++) {
		fit_count[l] =
		    fit_clauses(d->chain[l], &d->sending, d->arena, &fit[l]);
		count += fit_count[l];
	}
	d->gateways = arena_array(d->arena, count, struct gateway);
	for (size_t i = 0; i < a->standing_count; i++)
		count += a->standing[i]->rules_count;
	d->bearings = arena_array(d->arena, count, struct bearing);
	d->bearings_count = 0;
	for (size_t l = 0; l < d->levels; l++)
		for (size_t i = 0; i < fit_count[l]; i++)
			add_bearing(d, fit[l][i], (uint8_t)l);
	for (size_t i = 0; i < a->standing_count; i++)
		for (size_t j = 0; j < a->standing[i]->rules_count; j++)
			add_bearing(d, &a->standing[i]->rules[j], STANDING);
}

static unsigned ask_only_when(const struct deciding *d, const struct bearing *b)
{
	const struct clause *c = b->clause;
	struct scope scope = { .gateway = c->gateway.text };

	if (!c->only_when)
		return TRUTH_YES;
	if (b->level == STANDING && c->plan->reads & READS_GATEWAY)
		return 0;
	return cond_ask(&d->view, &scope, c->only_when);
}

static bool may_apply(const struct bearing *b, size_t level)
{
	return b->level == level && truth_grants(b->applies);
}

/*
 * The gateways rules are asked for (rule 15): those of the clauses that hold,
 * be it only to close. A level's only clause that may apply holds, too: without
 * it the message would be refused.
 */
static void find_gateways(struct deciding *d, uint8_t level)
{
	size_t may = 0;

	for (size_t i = 0; i < d->bearings_count; i++)
		may += may_apply(&d->bearings[i], level);
	for (size_t i = 0; i < d->bearings_count; i++) {
		const struct bearing *b = &d->bearings[i];

		if (b->level == level &&
		    (truth_closes(b->applies) ||
			(may == 1 && truth_grants(b->applies))))
			d->gateways[d->gateways_count++] = (struct gateway){
				.name = b->clause->gateway.text,
				.level = level,
			};
	}
}

void bear_apply(struct deciding *d)
{
	for (size_t i = 0; i < d->bearings_count; i++)
		d->bearings[i].applies =
		    (uint8_t)ask_only_when(d, &d->bearings[i]);
	d->gateways_count = 0;
	for (size_t l = 0; l < d->levels; l++)
		find_gateways(d, (uint8_t)l);
}

size_t bear_ungranted(const struct deciding *d)
{
	for (size_t l = 0; l < d->levels; l++) {
		bool granted = false;

		for (size_t i = 0; i < d->bearings_count && !granted; i++)
			granted = may_apply(&d->bearings[i], l);
		if (!granted)
			return l;
	}
	return d->levels;
}

/* ---- asking ----------------------------------------------------------- */

static unsigned ask_both(const struct deciding *d, const struct question *q,
    const struct scope *scope)
{
	const struct clause *c = q->bearing->clause;
	unsigned applies = q->bearing->applies;
	struct scope outside = { .gateway = scope->gateway };

	if (!applies)
		applies = cond_ask(&d->view, &outside, c->only_when);
	if (applies == TRUTH_NO || !q->when)
		return applies;
	return truth_and(applies, cond_ask(&d->view, scope, q->when));
}

/* A standing rule is asked for the gateway of each applying clause, and the
 * closing answer counts (rule 15). */
unsigned bear_ask(const struct deciding *d, const struct question *q,
    const struct scope *scope)
{
	struct scope inner = *scope;
	unsigned any = TRUTH_NO;

	if (q->bearing->level != STANDING) {
		inner.gateway = q->bearing->clause->gateway.text;
		return ask_both(d, q, &inner);
	}
	if (!(q->reads & READS_GATEWAY))
		return ask_both(d, q, scope);
	for (size_t i = 0; i < d->gateways_count; i++) {
		inner.gateway = d->gateways[i].name;
		any = truth_or(any, ask_both(d, q, &inner));
	}
	return any;
}

/* For a field whose originator the copy does not show. */
static const char unknown_originator[] = "";

static const char *originator_of(const struct deciding *d, uint32_t position)
{
	const char *name = view_originator(&d->view, position);

	if (!name && d->view.possible &&
	    view_state(&d->view, position) == POLICY_HIDDEN)
		return unknown_originator;
	return name;
}

unsigned bite_ask(
    const struct deciding *d, struct bite *bite, uint32_t position)
{
	const struct instance *self =
	    &d->view.instances[d->view.instance[position]];
	struct question q = { bite->bearing, bite->rule->when, bite->reads };
	struct scope scope = { .self = self };
	const char *originator;

	if (bite->truths &&
	    !(bite->reads & (READS_INSTANCE | READS_ORIGINATOR)))
		return bite->truths;
	originator = originator_of(d, position);
	if (bite->truths &&
	    (!(bite->reads & READS_INSTANCE) || bite->asked == self) &&
	    (!(bite->reads & READS_ORIGINATOR) ||
		bite->asked_originator == originator))
		return bite->truths;
	scope.originator_unknown = originator == unknown_originator;
	scope.originator = scope.originator_unknown ? NULL : originator;
	bite->asked = self;
	bite->asked_originator = originator;
	bite->truths = (uint8_t)bear_ask(d, &q, &scope);
	return bite->truths;
}

const struct rule *bear_refused(
    const struct deciding *d, const struct bearing **ret)
{
	struct scope scope = { 0 };

	for (size_t i = 0; i < d->bearings_count; i++) {
		const struct bearing *b = &d->bearings[i];
		const struct clause *c = b->clause;

		for (size_t j = 0; j < c->rules_count; j++) {
			const struct rule *rule = &c->rules[j];
			struct question q = { b, rule->when,
				c->plan->reads | c->plan->rules[j].reads };

			if (rule->action != POLICY_REFUSE ||
			    !truth_closes(bear_ask(d, &q, &scope)))
				continue;
			*ret = b;
			return rule;
		}
	}
	return NULL;
}

/* ---- listing ---------------------------------------------------------- */

/* The field ids of the message, as bits. */
static const uint64_t *find_present(struct deciding *d)
{
	const struct view *view = &d->view;
	uint64_t *bits =
	    arena_array(d->arena, view->v->fields_count / 64 + 1, uint64_t);

	d->forwarded = false;
	for (uint32_t i = 0; i <= view->m->count; i++) {
		if (!view->fields[i])
			continue;
		bit_set(bits, view->fields[i]->id);
		d->forwarded = d->forwarded || originator_of(d, i);
	}
	return bits;
}

static size_t count_common(const uint64_t *a, const uint64_t *b, size_t words)
{
	size_t count = 0;

	for (size_t i = 0; i < words; i++)
		count += (size_t)__builtin_popcountll(a[i] & b[i]);
	return count;
}

/* False when the rule surely has no effect. */
static bool make_bite(const struct deciding *d, const struct bearing *b,
    size_t rule, struct bite *ret)
{
	const struct clause *c = b->clause;
	unsigned reads = c->plan->reads | c->plan->rules[rule].reads;
	struct scope scope = { 0 };

	if (!d->forwarded)
		reads &= ~(unsigned)READS_ORIGINATOR;
	*ret = (struct bite){
		.rule = &c->rules[rule],
		.plan = &c->plan->rules[rule],
		.bearing = b,
		.reads = (uint8_t)reads,
	};
	if (!(reads & (READS_INSTANCE | READS_ORIGINATOR))) {
		struct question q = { b, ret->rule->when, reads };

		ret->truths = (uint8_t)bear_ask(d, &q, &scope);
	}
	return ret->truths != TRUTH_NO;
}

static size_t find_bites(struct deciding *d, const uint64_t *present)
{
	size_t rules = 0, entries = 0;

	for (size_t i = 0; i < d->bearings_count; i++)
		rules += d->bearings[i].clause->rules_count;
	d->bites = arena_array(d->arena, rules, struct bite);
	d->bites_count = 0;
	for (size_t i = 0; i < d->bearings_count; i++) {
		const struct bearing *b = &d->bearings[i];
		const struct clause_plan *plan = b->clause->plan;

		if (b->applies == TRUTH_NO)
			continue;
		for (size_t j = 0; j < b->clause->rules_count; j++) {
			size_t common = count_common(
			    plan->rules[j].selects, present, plan->words);

			if (common &&
			    make_bite(d, b, j, &d->bites[d->bites_count])) {
				d->bites_count++;
				entries += common;
			}
		}
	}
	return entries;
}

void bear_list(struct deciding *d)
{
	size_t fields = d->view.v->fields_count;
	const uint64_t *present = find_present(d);
	size_t left = find_bites(d, present);

	d->reducing_room = d->bites_count + ARRAY_LEN(d->chain);
	d->reducing =
	    arena_array(d->arena, d->reducing_room, const struct bite *);
	d->settled = arena_array(d->arena, fields, const struct ruling *);
	d->heads = arena_array(d->arena, fields, uint32_t);
	d->entries = arena_array(d->arena, left, struct entry);
	for (size_t i = 0; i < fields; i++)
		d->heads[i] = NOWHERE;
	/* Backwards, so that each list is in the order of rule 12. */
	for (uint32_t b = (uint32_t)d->bites_count; b-- > 0;) {
		const uint64_t *selects = d->bites[b].plan->selects;

		for (size_t w = 0; w < fields / 64 + 1; w++)
			for (uint64_t bits = selects[w] & present[w]; bits;
			     bits &= bits - 1) {
				size_t id =
				    w * 64 + (size_t)__builtin_ctzll(bits);

				d->entries[--left] = (struct entry){
					.bite = b,
					.next = d->heads[id],
				};
				d->heads[id] = (uint32_t)left;
			}
	}
}
