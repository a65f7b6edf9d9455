/* Notices: of what there is, by somebody who may give them (rule 28). */

#include <stdio.h>

#include "policy/check.h"

static const char *agreement_cited(const void *from, size_t i)
{
	const struct policy *p = from;

	return p->agreements[i]->cited;
}

static void check_act(struct policy *p, const struct notice *notice)
{
	const struct versioned *id = &notice->agreement;
	const struct agreement *a =
	    policy_find_agreement(p, slice_str(id->name), id->version);
	char cited[NAME_BYTES_MAX + 16];

	snprintf(cited, sizeof(cited), "%s/%u", id->name, id->version);
	if (!a)
		check_error(p, id->at,
		    check_nearest(
			p, cited, p->agreements_count, agreement_cited, p),
		    "no agreement '%s'", cited);
	if (check_partner_name(p, notice->by) && a &&
	    !names_have(&a->parties, notice->by.text))
		check_error(p, notice->by.at, NULL,
		    "'%s' is no party to %s: only a party gives a notice",
		    notice->by.text, cited);
}

static void check_roster(struct policy *p, const struct notice *notice)
{
	const char *name = notice->group.text, *by = notice->by.text;
	const struct map *groups = &p->loading->groups;
	_cleanup_free_ char *chaired = mem_format("%s %s", name, by);
	bool known = map_get_str(groups, name);

	if (!known)
		check_error(p, notice->group.at, NULL,
		    "no agreement has a group '%s'", name);
	if (check_partner_name(p, notice->by) && known &&
	    !map_get_str(groups, chaired))
		check_error(p, notice->by.at, NULL,
		    "'%s' chairs no group '%s': only its chair keeps its "
		    "roster",
		    by, name);
	check_duplicates(p, &notice->members, "member");
	for (size_t i = 0; i < notice->members.count; i++)
		check_partner_name(p, notice->members.items[i]);
}

void check_notice(struct policy *p, const struct notice *notice)
{
	if (notice->kind == NOTICE_ROSTER)
		check_roster(p, notice);
	else
		check_act(p, notice);
}
