/*
 * Agreements and standing rules: what they stand on (vocabulary, umbrella,
 * standing rules), who and what they are between, and their clauses.
 */

#include <stdio.h>

#include "policy/check.h"

/* ---- vocabularies ----------------------------------------------------- */

static const char *vocabulary_cited(const void *from, size_t i)
{
	const struct policy *p = from;

	return p->vocabularies[i]->cited;
}

static const struct vocabulary *check_uses(
    struct policy *p, struct versioned uses)
{
	const struct vocabulary *v;
	char cited[NAME_BYTES_MAX + 16];

	if (!uses.name || !uses.name[0])
		return NULL;
	v = policy_find_vocabulary(p, slice_str(uses.name), uses.version);
	snprintf(cited, sizeof(cited), "%s/%u", uses.name, uses.version);
	if (!v)
		check_error(p, uses.at,
		    check_nearest(
			p, cited, p->vocabularies_count, vocabulary_cited, p),
		    "no vocabulary '%s'", cited);
	return v;
}

/* ---- standing rules --------------------------------------------------- */

void check_standing(struct policy *p, struct standing *s)
{
	struct seen *seen = seen_new(p, "rule");

	s->vocabulary = check_uses(p, s->uses);
	for (size_t i = 0; i < s->rules_count; i++) {
		struct clause *rule = &s->rules[i];

		seen_add(seen, rule->label, rule->at);
		rule->cited =
		    arena_format(&p->arena, "%s %s", s->cited, rule->label);
		if (s->vocabulary)
			check_rules(p, s->vocabulary, rule, true);
	}
	seen_free(seen);
}

static bool is_id(const struct versioned *a, const struct versioned *b)
{
	return !strcmp(a->name, b->name) && a->version == b->version;
}

/* Rule 5. Standing rules are sorted by name, then version. */
static void bind_standing(struct policy *p, struct agreement *a)
{
	const struct standing **binding = NULL;
	size_t next;

	for (size_t i = 0; i < p->standings_count; i = next) {
		const struct standing *first = p->standings[i], *best = NULL;
		const struct standing *other = NULL;

		for (next = i; next < p->standings_count; next++) {
			const struct standing *s = p->standings[next];

			if (strcmp(s->id.name, first->id.name))
				break;
			if (!s->uses.name || strcmp(s->uses.name, a->uses.name))
				continue;
			if (is_id(&s->uses, &a->uses))
				best = s;
			else
				other = s;
		}
		if (best) {
			binding = load_grow(&p->arena, binding,
			    a->standing_count, sizeof(*binding));
			binding[a->standing_count++] = best;
		} else if (other) {
			check_error(p, a->uses.at, NULL,
			    "the standing rules '%s' are for %s/%u and have no "
			    "version for %s/%u: law does not fall away with a "
			    "new vocabulary",
			    first->id.name, other->uses.name,
			    other->uses.version, a->uses.name, a->uses.version);
		}
	}
	a->standing = binding;
}

/* ---- umbrellas -------------------------------------------------------- */

static const char *agreement_cited(const void *from, size_t i)
{
	const struct policy *p = from;

	return p->agreements[i]->cited;
}

static void resolve_umbrella(struct policy *p, struct agreement *a)
{
	char cited[NAME_BYTES_MAX + 16];

	if (!a->under.name || !a->under.name[0])
		return;
	a->umbrella = policy_find_agreement(
	    p, slice_str(a->under.name), a->under.version);
	snprintf(
	    cited, sizeof(cited), "%s/%u", a->under.name, a->under.version);
	if (!a->umbrella)
		check_error(p, a->under.at,
		    check_nearest(
			p, cited, p->agreements_count, agreement_cited, p),
		    "no agreement '%s'", cited);
	else if (a->uses.name && a->umbrella->uses.name &&
		 !is_id(&a->uses, &a->umbrella->uses))
		check_error(p, a->under.at, NULL,
		    "%s uses %s/%u, its umbrella %s uses %s/%u: both must use "
		    "one vocabulary",
		    a->cited, a->uses.name, a->uses.version, cited,
		    a->umbrella->uses.name, a->umbrella->uses.version);
}

void check_umbrellas(struct policy *p)
{
	for (size_t i = 0; i < p->agreements_count; i++)
		resolve_umbrella(p, p->agreements[i]);
	for (size_t i = 0; i < p->agreements_count; i++) {
		struct agreement *a = p->agreements[i];
		const struct agreement *up = a->umbrella;
		unsigned above = 0;

		while (up && up != a && above <= POLICY_UMBRELLAS_MAX) {
			above++;
			up = up->umbrella;
		}
		if (up == a)
			check_error(p, a->under.at, NULL,
			    "%s stands under itself", a->cited);
		else if (above > POLICY_UMBRELLAS_MAX)
			check_error(p, a->under.at, NULL,
			    "more than %u umbrellas above %s",
			    POLICY_UMBRELLAS_MAX, a->cited);
	}
}

/* ---- parties, purposes, groups ---------------------------------------- */

static const char *party_name(const void *from, size_t i)
{
	const struct agreement *a = from;

	return i < a->parties.count ? a->parties.items[i].text
				    : a->groups[i - a->parties.count].name;
}

static void not_party(struct policy *p, const struct agreement *a,
    struct name name, bool or_group)
{
	size_t count = a->parties.count + (or_group ? a->groups_count : 0);

	check_error(p, name.at,
	    check_nearest(p, name.text, count, party_name, a),
	    "'%s' is no party to %s%s", name.text, a->cited,
	    or_group ? " and no group in it" : "");
}

static void check_group(
    struct policy *p, const struct agreement *a, const struct group *group)
{
	const struct name *chair = &group->chair;

	if (policy_partner(p, slice_str(group->name)))
		check_error(p, group->at, NULL,
		    "a group cannot be called '%s', which is a partner",
		    group->name);
	if (chair->text[0] && !names_have(&a->parties, chair->text))
		not_party(p, a, *chair, false);
	check_duplicates(p, &group->members, "member");
	for (size_t i = 0; i < group->members.count; i++) {
		struct name member = group->members.items[i];

		if (check_partner_name(p, member) &&
		    !names_have(&a->parties, member.text))
			check_warn(p, member.at,
			    "'%s' is no party to %s, so nothing goes to it "
			    "under this agreement",
			    member.text, a->cited);
	}
}

static void check_head(struct policy *p, const struct agreement *a)
{
	struct seen *seen = seen_new(p, "group");

	check_duplicates(p, &a->parties, "party");
	/* In an exchange a party without an identity has been told of. */
	for (size_t i = 0;
	     !p->loading->input->identities && i < a->parties.count; i++)
		check_partner_name(p, a->parties.items[i]);
	for (size_t i = 0; i < a->groups_count; i++) {
		seen_add(seen, a->groups[i].name, a->groups[i].at);
		check_group(p, a, &a->groups[i]);
	}
	seen_free(seen);
	if (a->has_starts && a->has_ends && a->ends < a->starts)
		check_error(
		    p, a->ends_at, NULL, "%s ends before it starts", a->cited);
}

/* ---- clauses ---------------------------------------------------------- */

static void check_members(struct policy *p, const struct agreement *a,
    const struct names *names, const char *what)
{
	check_duplicates(p, names, what);
	for (size_t i = 0; i < names->count; i++)
		if (!names_have(&a->parties, names->items[i].text) &&
		    !agreement_group(a, slice_str(names->items[i].text)))
			not_party(p, a, names->items[i], true);
}

static const char *record_name(const void *from, size_t i)
{
	const struct vocabulary *v = from;

	return v->records[i]->name;
}

static void check_share(
    struct policy *p, const struct vocabulary *v, const struct names *share)
{
	check_duplicates(p, share, "record");
	for (size_t i = 0; i < share->count; i++) {
		struct name name = share->items[i];

		if (!vocabulary_record(v, slice_str(name.text)))
			check_error(p, name.at,
			    check_nearest(
				p, name.text, v->records_count, record_name, v),
			    "no record '%s' in %s", name.text, v->cited);
	}
}

static const char *purpose_name(const void *from, size_t i)
{
	const struct agreement *a = from;

	return a->purposes.items[i].text;
}

static void check_for(
    struct policy *p, const struct agreement *a, const struct names *purposes)
{
	check_duplicates(p, purposes, "purpose");
	for (size_t i = 0; i < purposes->count; i++) {
		struct name name = purposes->items[i];

		if (check_code(
			p, a->vocabulary, a->vocabulary->purpose, name) &&
		    a->purposes.count && !names_have(&a->purposes, name.text))
			check_error(p, name.at,
			    check_nearest(p, name.text, a->purposes.count,
				purpose_name, a),
			    "'%s' is not among the purposes of %s", name.text,
			    a->cited);
	}
}

/* `onward ... to` names partners, or groups of the agreement a copy is passed
 * on under (rule 29), which may be any. */
static void check_onward(
    struct policy *p, const struct agreement *a, const struct onward *onward)
{
	check_duplicates(p, &onward->to, "recipient");
	for (size_t i = 0; i < onward->to.count; i++) {
		struct name name = onward->to.items[i];

		if (!map_get_str(&p->loading->groups, name.text))
			check_partner_name(p, name);
	}
	check_duplicates(p, &onward->purposes, "purpose");
	for (size_t i = 0; i < onward->purposes.count; i++)
		check_code(p, a->vocabulary, a->vocabulary->purpose,
		    onward->purposes.items[i]);
}

static void check_clause(
    struct policy *p, const struct agreement *a, struct clause *clause)
{
	const struct vocabulary *v = a->vocabulary;

	check_members(p, a, &clause->from, "sender");
	check_members(p, a, &clause->to, "recipient");
	if (!v)
		return;
	check_share(p, v, &clause->share);
	check_for(p, a, &clause->purposes);
	if (clause->gateway.text)
		check_code(p, v, v->gateway, clause->gateway);
	check_onward(p, a, &clause->onward);
	check_rules(p, v, clause, false);
}

/* Rule 12: the agreement's own clauses are cited by their label alone; those of
 * an umbrella with its name, which the decision puts before it. */
static void check_clauses(struct policy *p, struct agreement *a)
{
	struct seen *seen = seen_new(p, "clause");

	for (size_t i = 0; i < a->clauses_count; i++) {
		struct clause *clause = &a->clauses[i];

		seen_add(seen, clause->label, clause->at);
		clause->cited =
		    arena_format(&p->arena, "%s %s", a->cited, clause->label);
		check_clause(p, a, clause);
	}
	seen_free(seen);
}

/* Who is who with files alone is for partners texts to say; what an agreement
 * says of it must still be possible. */
static void check_said_identities(struct policy *p, const struct agreement *a)
{
	struct seen *seen = seen_new(p, "identity of");

	for (size_t i = 0; i < a->identities_count; i++) {
		const struct identity *identity = &a->identities[i];

		seen_add(seen, identity->partner.text, identity->partner.at);
		check_partner_name(p, identity->partner);
		check_code(
		    p, a->vocabulary, a->vocabulary->kind, identity->kind);
		check_code(p, a->vocabulary, a->vocabulary->marking,
		    identity->clearance);
	}
	seen_free(seen);
}

/* ---- the whole -------------------------------------------------------- */

void check_agreement(struct policy *p, struct agreement *a)
{
	struct scope scope = { .policy = p, .kind = SCOPE_CLAUSE };

	a->vocabulary = check_uses(p, a->uses);
	scope.vocabulary = a->vocabulary;
	check_head(p, a);
	check_duplicates(p, &a->purposes, "purpose");
	if (a->vocabulary) {
		bind_standing(p, a);
		for (size_t i = 0; i < a->purposes.count; i++)
			check_code(p, a->vocabulary, a->vocabulary->purpose,
			    a->purposes.items[i]);
		for (size_t i = 0; i < a->retains_count; i++)
			check_cond(&scope, a->retains[i].when);
	}
	check_clauses(p, a);
	if (a->vocabulary) {
		check_grants(p, a);
		check_retains(p, a);
	}
	if (p->loading->input->identities)
		check_pins(p, a);
	else if (a->vocabulary)
		check_said_identities(p, a);
}
