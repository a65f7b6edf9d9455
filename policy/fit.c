/*
 * Which clauses fit a sending (rule 1). An agreement may have ten thousand, of
 * which a message meets a handful: so each agreement keeps, for every record
 * type, purpose, sender and recipient, the set of clauses that
 * list it, as bits. Those that fit are what four sets have in common. Who is in
 * a group may change by the day: the sets hold everyone who ever was, and where
 * a roster can matter the members of the day are looked up.
 */

#include "policy/decide.h"

bool agreement_has_party(const struct agreement *a, const char *name)
{
	return names_have(&a->parties, name);
}

/* A roster counts for every group of that name in that partner's chair. */
static bool is_roster_of(const struct notice *n, const struct group *group)
{
	return n->kind == NOTICE_ROSTER &&
	       !strcmp(n->group.text, group->name) &&
	       !strcmp(n->by.text, group->chair.text);
}

bool group_has(const struct policy *p, const struct group *group,
    const char *partner, int32_t day)
{
	bool in = names_have(&group->members, partner);
	int32_t since = INT32_MIN;

	for (size_t i = 0; i < p->notices_count; i++) {
		const struct notice *n = &p->notices[i];

		if (!is_roster_of(n, group) || n->on > day || n->on < since ||
		    !names_have(&n->members, partner))
			continue;
		/* On one day remove beats add (rule 28). */
		in = n->add && (n->on > since || in);
		since = n->on;
	}
	return in;
}

/* ---- the sets --------------------------------------------------------- */

static bool selects(const struct selector *s, const struct field *f)
{
	switch (s->kind) {
	case SELECT_FIELD:
		return f == s->field;
	case SELECT_ENTITY:
		return f->entity == s->entity;
	case SELECT_EVERY:
		return true;
	case SELECT_CLASS:
		return f->classes & s->class_bit &&
		       (!s->entity || f->entity == s->entity);
	}
	return false;
}

/* Rule 8: only its name, or `all sensitive`, grants a sensitive field. */
static bool names_sensitive(const struct selector *s)
{
	return s->kind == SELECT_FIELD ||
	       (s->kind == SELECT_CLASS && s->class_bit == CLASS_SENSITIVE);
}

static bool is_grant(const struct rule *rule)
{
	return rule->action == POLICY_RELEASE ||
	       rule->action == POLICY_REDUCE || rule->action == POLICY_MASK;
}

static void plan_rule(struct rule_plan *plan, const struct rule *rule,
    const struct vocabulary *v, struct arena *arena)
{
	size_t words = v->fields_count / 64 + 1;
	uint64_t *selected = arena_array(arena, words, uint64_t);
	uint64_t *granted = arena_array(arena, words, uint64_t);

	for (size_t i = 0; i < rule->selectors_count; i++) {
		const struct selector *s = &rule->selectors[i];

		for (uint32_t id = 0; id < v->fields_count; id++) {
			const struct field *f = v->fields[id];

			if (!selects(s, f))
				continue;
			bit_set(selected, id);
			if (is_grant(rule) &&
			    (names_sensitive(s) ||
				!(f->classes & CLASS_SENSITIVE)))
				bit_set(granted, id);
		}
	}
	plan->selects = selected;
	plan->grants = granted;
	plan->reads = cond_reads(rule->when);
}

static void plan_clause(
    struct clause *c, const struct vocabulary *v, struct arena *arena)
{
	struct clause_plan *plan = arena_new(arena, struct clause_plan);
	struct rule_plan *rules =
	    arena_array(arena, c->rules_count, struct rule_plan);

	for (size_t i = 0; i < c->rules_count; i++)
		plan_rule(&rules[i], &c->rules[i], v, arena);
	plan->rules = rules;
	plan->reads = cond_reads(c->only_when);
	plan->words = v->fields_count / 64 + 1;
	c->plan = plan;
}

static bool has_rosters(const struct policy *p, const struct agreement *a)
{
	for (size_t i = 0; i < p->notices_count; i++)
		for (size_t j = 0; j < a->groups_count; j++)
			if (is_roster_of(&p->notices[i], &a->groups[j]))
				return true;
	return false;
}

/* The sets of one agreement while they are made. */
struct marking {
	const struct policy *p;
	const struct agreement *a;
	uint64_t *sets; /* one a partner */
	size_t words;
	size_t clause;
};

static void mark_partner(const struct marking *m, const char *name)
{
	const struct partner *who = policy_partner(m->p, slice_str(name));

	if (who)
		bit_set(m->sets + (size_t)(who - m->p->partners) * m->words,
		    m->clause);
}

static void mark_names(const struct marking *m, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		mark_partner(m, names->items[i].text);
}

/* All that ever were in a group the list names, and the partners it names. */
static void mark_list(const struct marking *m, const struct names *names)
{
	mark_names(m, names);
	for (size_t i = 0; i < names->count; i++) {
		const struct group *group =
		    agreement_group(m->a, slice_str(names->items[i].text));

		if (!group)
			continue;
		mark_names(m, &group->members);
		for (size_t j = 0; j < m->p->notices_count; j++)
			if (is_roster_of(&m->p->notices[j], group))
				mark_names(m, &m->p->notices[j].members);
	}
}

static void mark_clause(
    struct marking *m, const struct plan *plan, uint64_t *sets)
{
	const struct clause *c = &m->a->clauses[m->clause];
	const struct vocabulary *v = m->a->vocabulary;

	for (size_t i = 0; i < v->records_count; i++, sets += plan->words)
		if (names_have(&c->share, v->records[i]->name))
			bit_set(sets, m->clause);
	for (size_t i = 0; i < m->a->purposes.count; i++, sets += plan->words)
		if (names_have(&c->purposes, m->a->purposes.items[i].text))
			bit_set(sets, m->clause);
	m->sets = sets;
	mark_list(m, &c->from);
	m->sets = sets + m->p->partners_count * plan->words;
	mark_list(m, &c->to);
}

static void plan_agreement(struct policy *p, struct agreement *a)
{
	struct plan *plan = arena_new(&p->arena, struct plan);
	size_t words = a->clauses_count / 64 + 1;
	size_t types = a->vocabulary->records_count;
	size_t purposes = a->purposes.count, partners = p->partners_count;
	uint64_t *sets = arena_array(
	    &p->arena, (types + purposes + 2 * partners) * words, uint64_t);
	struct marking marking = { .p = p, .a = a, .words = words };

	plan->words = words;
	plan->rosters = has_rosters(p, a);
	plan->by_type = sets;
	plan->by_purpose = sets + types * words;
	plan->by_from = sets + (types + purposes) * words;
	plan->by_to = sets + (types + purposes + partners) * words;
	for (size_t c = 0; c < a->clauses_count; c++) {
		marking.clause = c;
		mark_clause(&marking, plan, sets);
	}
	a->plan = plan;
}

void fit_prepare(struct policy *p)
{
	for (size_t i = 0; i < p->vocabularies_count; i++) {
		struct vocabulary *v = p->vocabularies[i];

		v->paths = paths_new(v, &p->arena);
	}
	for (size_t i = 0; i < p->agreements_count; i++) {
		struct agreement *a = p->agreements[i];

		for (size_t j = 0; j < a->clauses_count; j++)
			plan_clause(&a->clauses[j], a->vocabulary, &p->arena);
		plan_agreement(p, a);
	}
	for (size_t i = 0; i < p->standings_count; i++) {
		struct standing *s = p->standings[i];

		for (size_t j = 0; j < s->rules_count; j++)
			plan_clause(&s->rules[j], s->vocabulary, &p->arena);
	}
}

/* ---- what fits -------------------------------------------------------- */

/* The set of clauses that list name @at of its kind. */
static const uint64_t *set_of(
    const uint64_t *sets, const struct plan *plan, size_t at)
{
	return sets + at * plan->words;
}

static size_t place_of(const struct names *names, const char *name)
{
	size_t i = 0;

	while (i < names->count && strcmp(names->items[i].text, name))
		i++;
	return i;
}

static size_t place_of_type(const struct vocabulary *v, const char *type)
{
	size_t i = 0;

	while (i < v->records_count && strcmp(v->records[i]->name, type))
		i++;
	return i;
}

/* The four sets of a sending; NULL for a name the agreement does not know. */
enum side { SIDE_TYPE, SIDE_FROM, SIDE_TO, SIDE_PURPOSE, SIDES };

/* The set of those who name this partner on one side. */
static const uint64_t *set_of_partner(const struct policy *p,
    const struct plan *plan, const uint64_t *sets, const char *name)
{
	const struct partner *who = policy_partner(p, slice_str(name));

	return who ? set_of(sets, plan, (size_t)(who - p->partners)) : NULL;
}

static void find_sets(const struct agreement *a, const struct sending *s,
    const uint64_t *ret[SIDES])
{
	const struct plan *plan = a->plan;
	size_t type = place_of_type(a->vocabulary, s->type);
	size_t purpose =
	    s->purpose ? place_of(&a->purposes, s->purpose) : a->purposes.count;

	ret[SIDE_TYPE] = type < a->vocabulary->records_count
			     ? set_of(plan->by_type, plan, type)
			     : NULL;
	ret[SIDE_FROM] = set_of_partner(s->p, plan, plan->by_from, s->from);
	ret[SIDE_TO] = set_of_partner(s->p, plan, plan->by_to, s->to);
	ret[SIDE_PURPOSE] = purpose < a->purposes.count
				? set_of(plan->by_purpose, plan, purpose)
				: NULL;
}

/* A list of partners and groups, on the day; a group in `to` is less the
 * sender. */
static bool lists(const struct agreement *a, const struct names *names,
    const struct sending *s, bool to)
{
	const char *who = to ? s->to : s->from;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i].text;
		const struct group *group = agreement_group(a, slice_str(name));

		if (!group && !strcmp(name, who))
			return true;
		if (group && !(to && !strcmp(s->from, s->to)) &&
		    group_has(s->p, group, who, s->day))
			return true;
	}
	return false;
}

bool fit_clause(
    const struct agreement *a, const struct clause *c, const struct sending *s)
{
	return names_have(&c->share, s->type) &&
	       (!s->purpose || names_have(&c->purposes, s->purpose)) &&
	       lists(a, &c->from, s, false) && lists(a, &c->to, s, true);
}

size_t fit_clauses(const struct agreement *a, const struct sending *s,
    struct arena *arena, const struct clause ***ret)
{
	bool look_again =
	    !s->ever && (a->plan->rosters || !strcmp(s->from, s->to));
	const uint64_t *sets[SIDES];
	size_t count = 0;
	uint64_t *fit;

	*ret = NULL;
	find_sets(a, s, sets);
	if (!s->purpose)
		sets[SIDE_PURPOSE] = sets[SIDE_TYPE];
	for (size_t i = 0; i < SIDES; i++)
		if (!sets[i])
			return 0;
	fit = arena_array(arena, a->plan->words, uint64_t);
	for (size_t w = 0; w < a->plan->words; w++) {
		fit[w] = sets[0][w] & sets[1][w] & sets[2][w] & sets[3][w];
		count += (size_t)__builtin_popcountll(fit[w]);
	}
	*ret = arena_array(arena, count, const struct clause *);
	count = 0;
	for (size_t w = 0; w < a->plan->words; w++)
		for (uint64_t left = fit[w]; left; left &= left - 1) {
			const struct clause *c =
			    &a->clauses[w * 64 + (size_t)__builtin_ctzll(left)];

			if (!look_again || fit_clause(a, c, s))
				(*ret)[count++] = c;
		}
	return count;
}

/* ---- what nearly fits ------------------------------------------------- */

static const char *list_text(const struct names *names, struct arena *arena)
{
	const char *text = "";

	for (size_t i = 0; i < names->count; i++)
		text = arena_format(
		    arena, "%s%s%s", text, i ? ", " : "", names->items[i].text);
	return text;
}

/* "which is for prevent, protect and not to hmrc" */
static const char *unfit_text(
    const struct clause *c, const bool fits[SIDES], struct arena *arena)
{
	static const char *const words[SIDES] = { "which shares",
		"which is from", "which is to", "which is for" };
	const struct names *names[SIDES] = { &c->share, &c->from, &c->to,
		&c->purposes };
	const char *text = NULL;

	for (size_t i = 0; i < SIDES; i++) {
		if (fits[i])
			continue;
		text = arena_format(arena, "%s%s%s %s", text ? text : "",
		    text ? " and " : "", words[i], list_text(names[i], arena));
	}
	return text;
}

const struct clause *fit_nearest(const struct agreement *a,
    const struct sending *s, struct arena *arena, const char **ret_unfit)
{
	/* The clause a person has in mind is between these two, and about
	 * this. */
	static const unsigned weight[SIDES] = { 4, 3, 3, 2 };
	const uint64_t *sets[SIDES];
	size_t nearest = 0;
	unsigned most = 0;
	bool fits[SIDES];

	find_sets(a, s, sets);
	for (size_t c = 0; c < a->clauses_count; c++) {
		unsigned score = 1;

		for (size_t i = 0; i < SIDES; i++)
			if (sets[i] && bit_is_set(sets[i], c))
				score += weight[i];
		if (score > most) {
			most = score;
			nearest = c;
		}
	}
	if (!most)
		return NULL;
	fits[SIDE_TYPE] = names_have(&a->clauses[nearest].share, s->type);
	fits[SIDE_FROM] = lists(a, &a->clauses[nearest].from, s, false);
	fits[SIDE_TO] = lists(a, &a->clauses[nearest].to, s, true);
	fits[SIDE_PURPOSE] =
	    names_have(&a->clauses[nearest].purposes, s->purpose);
	*ret_unfit = unfit_text(&a->clauses[nearest], fits, arena);
	return &a->clauses[nearest];
}
