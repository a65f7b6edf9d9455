/*
 * The checker: everything that can be known to be wrong before a message comes
 * is an error here, never a rule that quietly never fires. It resolves names on
 * the way. This file has the order of things and what all its parts use.
 *
 * A text that names something which is missing is reported where it names it;
 * what depends on the missing thing is then passed over in silence.
 */

#include "policy/check.h"

#include <stdlib.h>

#include "util/map.h"

const char *check_nearest(struct policy *p, const char *wanted, size_t count,
    const char *(*name)(const void *from, size_t i), const void *from)
{
	_cleanup_free_ const char **names =
	    mem_array(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = name(from, i);
	return policy_nearest(p, slice_str(wanted), names, count);
}

/* ---- said twice ------------------------------------------------------- */

struct seen {
	struct policy *policy;
	const char *what;
	struct map map; /* name to struct place in the policy's arena */
};

struct seen *seen_new(struct policy *p, const char *what)
{
	struct seen *seen = mem_alloc(sizeof(*seen));

	seen->policy = p;
	seen->what = what;
	return seen;
}

void seen_add(struct seen *seen, const char *name, struct place at)
{
	struct place *before = map_get_str(&seen->map, name);

	if (!before) {
		before = arena_new(&seen->policy->arena, struct place);
		*before = at;
		map_set_str(&seen->map, name, before);
	} else if (before->source == at.source) {
		check_error(seen->policy, at, NULL,
		    "the %s '%s' is there already, in line %u", seen->what,
		    name, before->line);
	} else {
		check_error(seen->policy, at, NULL,
		    "the %s '%s' is there already, in %s:%u", seen->what, name,
		    before->source->name, before->line);
	}
}

struct seen *seen_free(struct seen *seen)
{
	map_deinit(&seen->map);
	free(seen);
	return NULL;
}

void check_duplicates(
    struct policy *p, const struct names *names, const char *what)
{
	struct seen *seen = seen_new(p, what);

	for (size_t i = 0; i < names->count; i++)
		seen_add(seen, names->items[i].text, names->items[i].at);
	seen_free(seen);
}

/* ---- names that many texts use ---------------------------------------- */

static const char *code_name(const void *from, size_t i)
{
	const struct codes *codes = from;

	return codes->items[i].text;
}

bool check_code(struct policy *p, const struct vocabulary *v,
    const struct codes *codes, struct name name)
{
	if (!codes || !name.text[0])
		return false;
	if (codes_find(codes, slice_str(name.text)) >= 0)
		return true;
	check_error(p, name.at,
	    check_nearest(p, name.text, codes->count, code_name, codes),
	    "no %s '%s' in %s", codes->name, name.text, v->cited);
	return false;
}

static const char *partner_name(const void *from, size_t i)
{
	const struct policy *p = from;

	return p->partners[i].name;
}

bool check_partner_name(struct policy *p, struct name name)
{
	if (!name.text[0])
		return false;
	if (policy_partner(p, slice_str(name.text)))
		return true;
	check_error(p, name.at,
	    check_nearest(p, name.text, p->partners_count, partner_name, p),
	    "no partner '%s'", name.text);
	return false;
}

/* Rule 15, in the order of enum header_key. */
static const char *const header_keys[] = {
	[HEADER_TYPE] = "type",
	[HEADER_AGREEMENT] = "agreement",
	[HEADER_PURPOSE] = "purpose",
	[HEADER_MARKING] = "marking",
	[HEADER_SENT] = "sent",
	[HEADER_PRIORITY] = "priority",
	[HEADER_HANDLING_INSTRUCTION] = "handling-instruction",
	[HEADER_EMBARGO_UNTIL] = "embargo-until",
	[HEADER_EXPIRES] = "expires",
	[HEADER_GATEWAY] = "gateway",
};

const char *check_header_key(size_t i)
{
	return i < ARRAY_LEN(header_keys) ? header_keys[i] : NULL;
}

int check_find_header_key(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(header_keys); i++)
		if (!strcmp(header_keys[i], text))
			return (int)i;
	return -1;
}

/* ---- ids -------------------------------------------------------------- */

static void check_ids(struct policy *p)
{
	struct seen *vocabularies = seen_new(p, "vocabulary");
	struct seen *agreements = seen_new(p, "agreement");
	struct seen *standings = seen_new(p, "set of standing rules");

	for (size_t i = 0; i < p->vocabularies_count; i++)
		seen_add(vocabularies, p->vocabularies[i]->cited,
		    p->vocabularies[i]->id.at);
	for (size_t i = 0; i < p->agreements_count; i++)
		seen_add(agreements, p->agreements[i]->cited,
		    p->agreements[i]->id.at);
	for (size_t i = 0; i < p->standings_count; i++)
		seen_add(
		    standings, p->standings[i]->cited, p->standings[i]->id.at);
	seen_free(vocabularies);
	seen_free(agreements);
	seen_free(standings);
}

static void gather_groups(struct policy *p)
{
	for (size_t i = 0; i < p->agreements_count; i++) {
		struct agreement *a = p->agreements[i];

		for (size_t j = 0; j < a->groups_count; j++) {
			struct group *group = &a->groups[j];
			_cleanup_free_ char *chaired =
			    mem_format("%s %s", group->name, group->chair.text);

			map_set_str(&p->loading->groups, group->name, group);
			map_set_str(&p->loading->groups, chaired, group);
		}
	}
}

void check_policy(struct policy *p)
{
	check_ids(p);
	gather_groups(p);
	if (p->loading->input->identities)
		check_identities(p);
	for (size_t i = 0; i < p->vocabularies_count; i++)
		check_vocabulary(p, p->vocabularies[i]);
	for (size_t i = 0; i < p->standings_count; i++)
		check_standing(p, p->standings[i]);
	check_umbrellas(p);
	for (size_t i = 0; i < p->agreements_count; i++)
		check_agreement(p, p->agreements[i]);
	check_partners(p);
	for (size_t i = 0; i < p->notices_count; i++)
		check_notice(p, &p->notices[i]);
}
