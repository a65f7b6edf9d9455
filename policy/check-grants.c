/*
 * Rule 7: a grant is release, reduce or mask. What nothing grants is concealed,
 * so a refer or withhold of it never shows; its author should know.
 */

#include <stdlib.h>

#include "policy/check.h"

static bool is_grant(enum policy_action action)
{
	return action == POLICY_RELEASE || action == POLICY_REDUCE ||
	       action == POLICY_MASK;
}

/* Rule 8: a wildcard or class does not grant what is sensitive. */
static bool grants(const struct selector *selector, const struct field *field)
{
	if (!check_selects(selector, field))
		return false;
	return !(field->classes & CLASS_SENSITIVE) ||
	       selector->kind == SELECT_FIELD ||
	       selector->class_bit == CLASS_SENSITIVE;
}

static void mark(
    const struct vocabulary *v, const struct rule *rule, bool *granted)
{
	for (size_t i = 0; i < rule->selectors_count; i++)
		for (size_t j = 0; j < v->fields_count; j++)
			granted[j] |= grants(&rule->selectors[i], v->fields[j]);
}

/* Whether @selector selects something and none of it is granted. */
static const struct field *ungranted(const struct vocabulary *v,
    const struct selector *selector, const bool *granted)
{
	const struct field *first = NULL;

	for (size_t i = 0; i < v->fields_count; i++) {
		if (!check_selects(selector, v->fields[i]))
			continue;
		if (granted[i])
			return NULL;
		if (!first)
			first = v->fields[i];
	}
	return first;
}

static void warn(struct policy *p, const struct agreement *a,
    const struct rule *rule, const bool *granted)
{
	const char *verb =
	    rule->action == POLICY_REFER ? "referred" : "withheld";

	for (size_t i = 0; i < rule->selectors_count; i++) {
		const struct selector *selector = &rule->selectors[i];
		const struct field *field =
		    ungranted(a->vocabulary, selector, granted);

		if (field)
			check_warn(p, selector->at,
			    "nothing in %s releases, reduces or masks '%s', so "
			    "it is concealed and never %s",
			    a->cited, field->path, verb);
	}
}

void check_grants(struct policy *p, const struct agreement *a)
{
	const struct vocabulary *v = a->vocabulary;
	_cleanup_free_ bool *granted =
	    mem_array(v->fields_count + 1, sizeof(*granted));

	if (p->loading->broken[a->source - p->sources])
		return; /* a grant that could not be read is no missing one */
	for (size_t i = 0; i < a->clauses_count; i++)
		for (size_t j = 0; j < a->clauses[i].rules_count; j++)
			if (is_grant(a->clauses[i].rules[j].action))
				mark(v, &a->clauses[i].rules[j], granted);
	for (size_t i = 0; i < a->clauses_count; i++)
		for (size_t j = 0; j < a->clauses[i].rules_count; j++) {
			const struct rule *rule = &a->clauses[i].rules[j];

			if (rule->action == POLICY_REFER ||
			    rule->action == POLICY_WITHHOLD)
				warn(p, a, rule, granted);
		}
}
