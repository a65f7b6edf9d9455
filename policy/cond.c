/*
 * Conditions (rules 13 to 20). An answer is a set of truth values, see
 * decide.h. A comparison whose path follows a link is answered once for every
 * instance the link names, and can be told only if all answers are the same.
 */

#include "policy/decide.h"

/* All that may be the one answer of both; nothing was answered yet when @a is
 * empty. */
static unsigned agree(unsigned a, unsigned b)
{
	bool surely = a == b && !(a & (a - 1));

	if (!a)
		return b;
	return (a & b) | (surely ? 0 : TRUTH_CANNOT);
}

/* The instances that a link names, one by one; once NULL if it names none. In a
 * copy that does not show everything it may name one of which nothing is seen:
 * then whatever is asked of it cannot be known here. */
struct walk {
	const struct view *view;
	const struct field *link;
	struct packed_list list;
	bool nowhere;
	bool unseen;
};

/* False: what it names is not known. */
static bool walk_begin(const struct view *view, const struct scope *scope,
    const struct field *link, struct walk *ret)
{
	const struct instance *from = scope_instance(view, scope, link->entity);
	struct datum d = datum_field(view, from, link);

	*ret = (struct walk){ .view = view, .link = link };
	ret->nowhere = d.kind == DATUM_ABSENT;
	return ret->nowhere ||
	       (d.kind == DATUM_LIST && packed_list(d.text, &ret->list));
}

static bool walk_next(struct walk *walk, const struct instance **ret)
{
	struct slice text, name;
	unsigned number;

	*ret = NULL;
	if (walk->nowhere) {
		walk->nowhere = false;
		return true;
	}
	if (!packed_next(&walk->list, &text))
		return false;
	if (!packed_link(text, &name, &number))
		return true;
	for (size_t i = 0; i < walk->link->links.count; i++)
		if (slice_is(name, walk->link->link_to[i]->name))
			*ret = view_instance(
			    walk->view, walk->link->link_to[i], number);
	walk->unseen |= !*ret && walk->view->unseen;
	return true;
}

static unsigned unknown_link(const struct view *view)
{
	return view->possible ? TRUTH_ANY : TRUTH_CANNOT;
}

static unsigned ask_pair(const struct view *view, const struct scope *scope,
    const struct cond *c, size_t right)
{
	struct datum sides[2] = {
		datum_operand(view, scope, &c->left),
		datum_operand(view, scope, &c->right[right]),
	};

	if (c->kind == COND_HAS)
		return datum_has(view, sides);
	return datum_compare(
	    view, c, c->kind == COND_IN ? COMPARE_EQ : c->compare, sides);
}

static unsigned ask_right(const struct view *view, const struct scope *scope,
    const struct cond *c, size_t right)
{
	const struct field *link = c->right[right].link;
	struct scope inner = *scope;
	struct walk walk;
	unsigned all = 0;

	if (!link || link == c->left.link)
		return ask_pair(view, scope, c, right);
	if (!walk_begin(view, scope, link, &walk))
		return unknown_link(view);
	inner.bound[1].link = link;
	while (walk_next(&walk, &inner.bound[1].to))
		all = agree(all, ask_pair(view, &inner, c, right));
	return walk.unseen ? unknown_link(view) : all;
}

static unsigned ask_present(
    const struct view *view, const struct scope *scope, const struct cond *c)
{
	switch (datum_operand(view, scope, &c->left).kind) {
	case DATUM_ABSENT:
		return TRUTH_NO;
	case DATUM_MAYBE:
		return TRUTH_YES | TRUTH_NO;
	case DATUM_HIDDEN:
	case DATUM_TEXT:
	case DATUM_NUMBER:
	case DATUM_DAY:
	case DATUM_INSTANT:
	case DATUM_LIST:
	case DATUM_LITERAL:
		return TRUTH_YES;
	}
	return TRUTH_CANNOT;
}

/* Rule 19: whether the link names the instance decided. */
static unsigned ask_has_this(
    const struct view *view, const struct scope *scope, const struct cond *c)
{
	struct datum link = datum_operand(view, scope, &c->left);
	struct datum known = { .kind = DATUM_TEXT };
	unsigned unsure = datum_unsure(view, &link, &known), number;
	struct slice text, name;
	struct packed_list list;

	if (unsure)
		return unsure;
	if (!scope->self || link.kind != DATUM_LIST ||
	    !packed_list(link.text, &list))
		return TRUTH_CANNOT;
	while (packed_next(&list, &text))
		if (packed_link(text, &name, &number) &&
		    number == scope->self->number &&
		    slice_is(name, scope->self->entity->name))
			return TRUTH_YES;
	return TRUTH_NO;
}

/* A primitive whose left side's link, if any, is bound. */
static unsigned ask_bound(
    const struct view *view, const struct scope *scope, const struct cond *c)
{
	unsigned any = TRUTH_NO;

	if (c->kind == COND_PRESENT)
		return ask_present(view, scope, c);
	if (c->kind == COND_ABSENT)
		return truth_not(ask_present(view, scope, c));
	if (c->kind == COND_HAS_THIS)
		return ask_has_this(view, scope, c);
	for (size_t i = 0; i < c->right_count; i++)
		any = truth_or(any, ask_right(view, scope, c, i));
	return any;
}

static unsigned ask_primitive(
    const struct view *view, const struct scope *scope, const struct cond *c)
{
	struct scope inner = *scope;
	struct walk walk;
	unsigned all = 0;

	if (!c->left.link)
		return ask_bound(view, scope, c);
	if (!walk_begin(view, scope, c->left.link, &walk))
		return unknown_link(view);
	inner.bound[0].link = c->left.link;
	while (walk_next(&walk, &inner.bound[0].to))
		all = agree(all, ask_bound(view, &inner, c));
	return walk.unseen ? unknown_link(view) : all;
}

/* Rule 18: of an entity that has one instance it changes nothing. What is
 * unseen may be one more instance. */
static unsigned ask_quantified(
    const struct view *view, const struct scope *scope, const struct cond *c)
{
	bool any = c->kind == COND_ANY;
	unsigned all = any ? TRUTH_NO : TRUTH_YES;
	uint32_t i = view->first[c->over->id];
	struct scope inner = *scope;

	if (!c->over->many)
		return cond_ask(view, scope, c->kids[0]);
	if (i == NOWHERE && !any)
		all = TRUTH_CANNOT;
	for (; i != NOWHERE; i = view->instances[i].next) {
		unsigned one;

		inner.over = &view->instances[i];
		one = cond_ask(view, &inner, c->kids[0]);
		all = any ? truth_or(all, one) : truth_and(all, one);
	}
	if (view->unseen)
		all |=
		    any ? truth_or(all, TRUTH_ANY) : truth_and(all, TRUTH_ANY);
	return all;
}

unsigned cond_ask(
    const struct view *view, const struct scope *scope, const struct cond *c)
{
	unsigned all;

	switch (c->kind) {
	case COND_OR:
		all = TRUTH_NO;
		for (size_t i = 0; i < c->kids_count && all != TRUTH_YES; i++)
			all = truth_or(all, cond_ask(view, scope, c->kids[i]));
		return all;
	case COND_AND:
		all = TRUTH_YES;
		for (size_t i = 0; i < c->kids_count && all != TRUTH_NO; i++)
			all = truth_and(all, cond_ask(view, scope, c->kids[i]));
		return all;
	case COND_NOT:
		return truth_not(cond_ask(view, scope, c->kids[0]));
	case COND_ANY:
	case COND_EVERY:
		return ask_quantified(view, scope, c);
	case COND_COMPARE:
	case COND_IN:
	case COND_PRESENT:
	case COND_ABSENT:
	case COND_HAS:
	case COND_HAS_THIS:
		return ask_primitive(view, scope, c);
	}
	return TRUTH_CANNOT;
}
