/*
 * What a recipient can still say of a copy that does not show everything, and
 * what a sender can leave at home: the two questions promise 6 of the design
 * adds to the decision itself.
 */

#include "policy/decide.h"

void policy_possible(const struct policy *p, const struct policy_message *m,
    const char *recipient, int64_t now, bool unseen, struct arena *arena,
    struct policy_decision *ret)
{
	struct decide_request q = { p, m, recipient, now, arena };
	struct deciding d = { .view = { .possible = true, .unseen = unseen } };

	if (decide_begin(&q, &d, ret))
		decide_end(&d, ret);
}

/* ---- what can stay at home -------------------------------------------- */

struct needs {
	const struct policy *p;
	const struct policy_message *m;
	struct arena *arena;
	const struct vocabulary *v;
	uint64_t *read;    /* field ids some condition reads */
	uint64_t *reduced; /* field ids some rule reduces */
};

static void need_clause(struct needs *n, const struct clause *c)
{
	size_t words = n->v->fields_count / 64 + 1;

	cond_mark(c->only_when, n->read);
	for (size_t i = 0; i < c->retains_count; i++)
		cond_mark(c->retains[i].when, n->read);
	for (size_t i = 0; i < c->rules_count; i++) {
		const struct rule *rule = &c->rules[i];

		cond_mark(rule->when, n->read);
		if (rule->action != POLICY_REDUCE &&
		    rule->action != POLICY_MASK)
			continue;
		for (size_t w = 0; w < words; w++)
			n->reduced[w] |= c->plan->rules[i].selects[w];
	}
}

static void need_agreement(
    struct needs *n, const struct agreement *a, const char *recipient)
{
	struct sending s = {
		.p = n->p,
		.type = n->m->type,
		.from = n->m->from,
		.to = recipient,
		.purpose = n->m->purpose,
		.ever = true,
	};
	const struct clause **fit;
	size_t count;

	for (size_t i = 0; i < a->standing_count; i++)
		for (size_t j = 0; j < a->standing[i]->rules_count; j++)
			need_clause(n, &a->standing[i]->rules[j]);
	for (; a; a = a->umbrella) {
		count = fit_clauses(a, &s, n->arena, &fit);
		for (size_t i = 0; i < count; i++)
			need_clause(n, fit[i]);
		for (size_t i = 0; i < a->retains_count; i++)
			cond_mark(a->retains[i].when, n->read);
	}
}

/* Whether a field is required, or not allowed, can depend on others. */
static void need_vocabulary(struct needs *n)
{
	for (size_t i = 0; i < n->v->fields_count; i++) {
		cond_mark(n->v->fields[i]->required_when, n->read);
		cond_mark(n->v->fields[i]->absent_when, n->read);
	}
}

static const struct agreement *agreement_cited(
    const struct policy *p, const char *cited)
{
	uint32_t version;
	size_t count;
	struct agreement *const *all =
	    agreement_versions(p, split_versioned(cited, &version), &count);

	for (size_t i = 0; i < count; i++)
		if (all[i]->id.version == version)
			return all[i];
	return NULL;
}

/* Nothing of it goes out, and nobody is to be asked for it. A withheld value
 * may have been one that cannot be reduced, and a withheld link is concealed if
 * it names what is not told: both must be seen to be decided alike. */
static bool is_shut(const struct needs *n, const struct policy_verdict *v,
    const struct field *f)
{
	if (v->action == POLICY_WITHHOLD)
		return !bit_is_set(n->reduced, f->id) && f->type != TYPE_LINK;
	return v->action == POLICY_CONCEAL || v->action == POLICY_REFUSE;
}

static void find_needs(
    struct needs *n, const struct policy_decision *decisions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct agreement *a =
		    decisions[i].agreement
			? agreement_cited(n->p, decisions[i].agreement)
			: NULL;

		if (!a)
			continue;
		if (!n->v) {
			size_t words = a->vocabulary->fields_count / 64 + 1;

			n->v = a->vocabulary;
			n->read = arena_array(n->arena, words, uint64_t);
			n->reduced = arena_array(n->arena, words, uint64_t);
			need_vocabulary(n);
		}
		need_agreement(n, a, decisions[i].recipient);
	}
}

void policy_minimise(const struct policy *p, const struct policy_message *m,
    const struct policy_decision *decisions, size_t count, bool *ret)
{
	struct arena arena = { 0 };
	struct needs n = { .p = p, .m = m, .arena = &arena };

	find_needs(&n, decisions, count);
	for (size_t i = 0; i < m->count; i++) {
		const struct field *f =
		    n.v ? paths_find(n.v, m->fields[i].path) : NULL;

		ret[i] = !f || !bit_is_set(n.read, f->id);
		for (size_t k = 0; f && k < count && ret[i]; k++)
			ret[i] = is_shut(&n, &decisions[k].verdicts[i], f);
	}
	arena_deinit(&arena);
}
