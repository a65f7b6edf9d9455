/*
 * Whom a message is for, and which vocabulary it is read with (rules 1, 3, 30).
 * A group is what the version decided under says it is, and that version is
 * found per pair: so everyone who might be a member is asked for on its own.
 */

#include "policy/decide.h"

#include "util/clock.h"
#include "util/text.h"

/* The version decided under, else the one the message is read under. */
static const struct agreement *version_between(
    const struct expansion *e, const char *recipient)
{
	struct sending s = {
		.p = e->p,
		.from = e->from,
		.to = recipient,
		.day = e->day,
	};
	struct version version;

	life_resolve(e->p, e->agreement, &s, &version);
	return version.agreement;
}

static void add_once(struct expansion *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (!strcmp(e->names[i], name))
			return;
	if (e->count <= POLICY_RECIPIENTS_MAX)
		e->names[e->count++] = name;
}

static void add_member(
    struct expansion *e, struct slice group_name, const char *member)
{
	const struct agreement *a = version_between(e, member);
	const struct group *group = a ? agreement_group(a, group_name) : NULL;

	if (group && strcmp(member, e->from) &&
	    group_has(e->p, group, member, e->day))
		add_once(e, member);
}

static void add_group(struct expansion *e, const struct group *group)
{
	struct slice name = slice_str(group->name);

	for (size_t i = 0; i < group->members.count; i++)
		add_member(e, name, group->members.items[i].text);
	for (size_t i = 0; i < e->p->notices_count; i++) {
		const struct notice *n = &e->p->notices[i];

		if (n->kind != NOTICE_ROSTER || !n->add ||
		    strcmp(n->group.text, group->name))
			continue;
		for (size_t j = 0; j < n->members.count; j++)
			add_member(e, name, n->members.items[j].text);
	}
}

static bool unknown(struct why *why, const char *recipient, const char *near)
{
	why_set(why, "to: there is no recipient '%s'%s%s%s", recipient,
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

/* Whether some pair's message is read under @a (rule 1): a group of another
 * version is none. */
static bool is_read(const struct expansion *e, const struct agreement *a)
{
	for (size_t i = 0; i < e->p->partners_count; i++)
		if (strcmp(e->p->partners[i].name, e->from) &&
		    version_between(e, e->p->partners[i].name) == a)
			return true;
	return false;
}

static bool expand_group(
    struct expansion *e, const char *recipient, struct why *why)
{
	const char *names[64], *near;
	size_t versions, count = 0;
	struct agreement *const *all;
	bool known = false;
	uint32_t version;

	all = agreement_versions(
	    e->p, split_versioned(e->agreement, &version), &versions);
	while (versions-- > 0) {
		const struct agreement *a = all[versions];

		if (!is_read(e, a))
			continue;
		for (size_t i = 0; i < a->groups_count; i++) {
			if (!strcmp(a->groups[i].name, recipient + 1)) {
				known = true;
				add_group(e, &a->groups[i]);
			}
			if (count < ARRAY_LEN(names))
				names[count++] = a->groups[i].name;
		}
	}
	if (known)
		return true;
	near = text_nearest(slice_str(recipient + 1), names, count);
	return unknown(
	    why, recipient, near ? arena_format(e->arena, "@%s", near) : NULL);
}

bool expand_recipient(
    struct expansion *e, const char *recipient, struct why *why)
{
	const struct partner *partner;

	if (!e->names)
		e->names = arena_array(
		    e->arena, POLICY_RECIPIENTS_MAX + 1, const char *);
	if (recipient[0] == '@')
		return expand_group(e, recipient, why);
	partner = policy_partner(e->p, slice_str(recipient));
	if (!partner)
		return unknown(why, recipient,
		    policy_nearest_partner(e->p, slice_str(recipient)));
	if (!strcmp(partner->name, e->from)) {
		why_set(why, "to: %s is the sender itself", partner->name);
		return false;
	}
	add_once(e, partner->name);
	return true;
}

bool expand_all(struct expansion *e, const char *const *recipients,
    size_t count, struct why *why)
{
	for (size_t i = 0; i < count; i++)
		if (!expand_recipient(e, recipients[i], why))
			return false;
	if (e->count == 0) {
		why_set(why, "to: nobody is left to send to");
		return false;
	}
	if (e->count > POLICY_RECIPIENTS_MAX) {
		why_set(why, "to: these are more than %u partners",
		    POLICY_RECIPIENTS_MAX);
		return false;
	}
	return true;
}

const struct agreement *expand_agreement(
    const struct expansion *e, struct why *why)
{
	const struct agreement *all = NULL, *a;

	for (size_t i = 0; i < e->count; i++) {
		a = version_between(e, e->names[i]);
		if (a && all && a->vocabulary != all->vocabulary) {
			why_set(why,
			    "to: %s would be read with %s, %s with %s; send "
			    "to them apart",
			    e->names[0], all->vocabulary->cited, e->names[i],
			    a->vocabulary->cited);
			return NULL;
		}
		if (!all)
			all = a;
	}
	return all ? all : version_between(e, e->from);
}

bool policy_recipients(const struct policy *p, const struct policy_message *m,
    const char *const *recipients, size_t count, int64_t now,
    struct arena *arena, const char *const **ret, size_t *ret_count,
    struct why *why)
{
	struct expansion e = {
		.p = p,
		.from = m->from,
		.agreement = m->agreement,
		.day = clock_london_day(now),
		.arena = arena,
	};

	if (!expand_all(&e, recipients, count, why))
		return false;
	*ret = e.names;
	*ret_count = e.count;
	return true;
}

const char *policy_resolve_vocabulary(const struct policy *p, const char *from,
    const char *agreement, const char *const *recipients, size_t count,
    int64_t now, struct why *why)
{
	struct arena arena = { 0 };
	struct expansion e = {
		.p = p,
		.from = from,
		.agreement = agreement,
		.day = clock_london_day(now),
		.arena = &arena,
	};
	const struct agreement *a;
	struct version none = { 0 };
	struct why problem;

	/* Who is not known is for policy_valid() to say. */
	for (size_t i = 0; i < count; i++)
		expand_recipient(&e, recipients[i], &problem);
	problem.text[0] = '\0';
	a = expand_agreement(&e, &problem);
	if (!a && problem.text[0])
		*why = problem;
	else if (!a)
		why_set(why, "%s", life_reason(p, &none, agreement, &arena));
	arena_deinit(&arena);
	return a ? a->vocabulary->cited : NULL;
}
