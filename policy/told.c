/*
 * What the reader learns (rules 11, 21, 22). Grades pull their instance along;
 * a link that names something of which the reader is told nothing is concealed;
 * a withheld or referred field is told only if its reason gives nothing away.
 * Each of the three can only close, and each may let another close more: so
 * they are repeated until nothing changes.
 */

#include "policy/decide.h"

/* policy_closedness() of reduce and conceal. */
static const uint8_t reduced = 1, concealed = 4;

struct instance_state {
	uint8_t grade;  /* how closed its most closed grade is */
	uint32_t first; /* the first grade that closed */
	bool grades_told;
	bool told; /* something of it */
};

/* What was found of a value that is not there. */
struct supposed {
	uint32_t number;
	bool released;
	struct supposed *next;
};

struct telling {
	struct deciding *d;
	bool changed;
	struct instance_state *states; /* by instance */
	struct supposed **supposed;    /* by field id */
};

/* ---- links (rule 11) -------------------------------------------------- */

static bool is_told(const struct telling *t, const struct instance *instance)
{
	return instance && t->states[instance - t->d->view.instances].told;
}

static bool links_to(const struct field *link, const struct entity *entity)
{
	for (size_t i = 0; i < link->links.count; i++)
		if (link->link_to[i] == entity)
			return true;
	return false;
}

/* Whether all that a link names is told of. */
static bool names_told(
    const struct telling *t, const struct field *link, struct slice value)
{
	const struct view *view = &t->d->view;
	struct packed_list list;
	struct slice text, name;
	unsigned number;

	if (!packed_list(value, &list))
		return false;
	while (packed_next(&list, &text)) {
		bool told = false;

		if (!packed_link(text, &name, &number))
			return false;
		for (size_t i = 0; i < link->links.count && !told; i++)
			told = slice_is(name, link->link_to[i]->name) &&
			       is_told(t, view_instance(
					      view, link->link_to[i], number));
		if (!told)
			return false;
	}
	return true;
}

/* Whether a link of unknown value can only name what is told of. */
static bool may_name_told(const struct telling *t, const struct field *link)
{
	const struct view *view = &t->d->view;

	for (uint32_t i = 0; i < view->instances_count; i++)
		if (links_to(link, view->instances[i].entity) &&
		    !t->states[i].told)
			return false;
	return true;
}

static void look_at_link(struct telling *t, uint32_t position)
{
	const struct view *view = &t->d->view;
	const struct field *field = view->fields[position];
	struct ruling *r = &t->d->rulings[position];
	bool told;

	if (field->type != TYPE_LINK || r->closed >= concealed)
		return;
	if (view_state(view, position) == POLICY_KNOWN)
		told = view->unseen ||
		       names_told(t, field, view_value(view, position));
	else
		told = view->possible || may_name_told(t, field);
	if (told)
		return;
	r->closed = concealed;
	r->raised = r->told = false;
	r->label = r->to = NULL;
	r->reason = "it names something of which the reader is told nothing";
	t->changed = true;
}

/* ---- whether a reason gives nothing away (rule 21) -------------------- */

static bool would_be_released(
    struct telling *t, const struct field *field, uint32_t number)
{
	struct supposed *s = t->supposed[field->id];

	while (s && s->number != number)
		s = s->next;
	if (!s) {
		s = arena_new(t->d->arena, struct supposed);
		s->number = number;
		s->released = suppose_released(t->d, field, number);
		s->next = t->supposed[field->id];
		t->supposed[field->id] = s;
	}
	return s->released &&
	       (field->type != TYPE_LINK || may_name_told(t, field));
}

static bool may_know(
    void *arg, const struct field *field, const struct instance *instance)
{
	struct telling *t = arg;
	uint32_t position = view_find(&t->d->view, instance, field);

	if (position == NOWHERE)
		return would_be_released(t, field, instance->number);
	return t->d->rulings[position].closed == 0;
}

static bool is_harmless(
    struct telling *t, const struct bite *b, uint32_t position)
{
	const struct clause *c = b->bearing->clause;
	const struct deciding *d = t->d;
	struct scope scope = {
		.self = &d->view.instances[d->view.instance[position]],
	}, outside = { 0 };

	if (b->rule->openly)
		return true;
	if (b->rule->action == POLICY_REFER &&
	    !strcmp(b->rule->target, "originator"))
		return false;
	return cond_each_read(&d->view, &scope, b->rule->when, may_know, t) &&
	       cond_each_read(&d->view, &outside, c->only_when, may_know, t);
}

/* Of what cannot be reduced, the rules that would reduce it so count. */
static bool is_at_level(const struct ruling *r, const struct bite *b)
{
	int closed = policy_closedness(b->rule->action);

	if (closed == reduced && r->unreduced)
		return !r->reducer || reduction_covers(&b->rule->reduction,
					  &r->reducer->rule->reduction);
	return closed == r->closed;
}

static bool tell(struct telling *t, uint32_t position)
{
	struct deciding *d = t->d;
	const struct ruling *r = &d->rulings[position];
	uint32_t e = d->heads[d->view.fields[position]->id];
	const struct onward_bite *onward;

	if (r->raised)
		return t->states[d->view.instance[position]].grades_told;
	if (d->view.possible)
		return true;
	onward = onward_ask(d, position);
	if (onward && onward->closed == r->closed)
		return false;
	for (; e != NOWHERE; e = d->entries[e].next) {
		struct bite *b = &d->bites[d->entries[e].bite];

		if (is_at_level(r, b) &&
		    truth_closes(bite_ask(d, b, position)) &&
		    !is_harmless(t, b, position))
			return false;
	}
	return true;
}

static void untell(struct telling *t, uint32_t position)
{
	struct ruling *r = &t->d->rulings[position];

	if (!r->told || r->closed <= reduced)
		return;
	if (r->closed == concealed || !tell(t, position)) {
		r->told = false;
		t->changed = true;
	}
}

/* ---- grades (rule 11) ------------------------------------------------- */

/* Rule 12; what no rule closed comes last. */
static bool is_before(const struct ruling *a, const struct ruling *b)
{
	return a->closer && (!b->closer || a->closer < b->closer);
}

static void look_at_grade(struct telling *t, uint32_t position)
{
	const struct deciding *d = t->d;
	const struct ruling *r = &d->rulings[position];
	struct instance_state *s = &t->states[d->view.instance[position]];

	if (!(d->view.fields[position]->classes & CLASS_GRADE) ||
	    r->closed <= reduced || r->closed < s->grade)
		return;
	if (r->closed > s->grade) {
		s->grade = r->closed;
		s->first = position;
		s->grades_told = true;
	}
	if (is_before(r, &d->rulings[s->first]))
		s->first = position;
	s->grades_told = s->grades_told && r->told;
}

/* All that the most closed grades refer to: everyone must consent. */
static const char *grade_targets(struct telling *t, uint32_t instance)
{
	struct deciding *d = t->d;
	uint32_t first = d->view.instances[instance].first;
	struct targets targets;
	size_t fields = 0;

	for (uint32_t at = first; at != NOWHERE; at = d->view.next[at])
		fields++;
	targets_init(&targets, d, fields);
	for (uint32_t at = first; at != NOWHERE; at = d->view.next[at])
		if (d->view.fields[at]->classes & CLASS_GRADE &&
		    !d->rulings[at].raised &&
		    d->rulings[at].closed == t->states[instance].grade)
			targets_add(&targets, d, at);
	return targets_text(&targets, d->arena);
}

static void raise_field(struct telling *t, uint32_t position)
{
	struct deciding *d = t->d;
	uint32_t instance = d->view.instance[position];
	const struct instance_state *s = &t->states[instance];
	struct ruling *r = &d->rulings[position];
	const struct ruling *grade = &d->rulings[s->first];

	if (r->closed >= s->grade)
		return;
	*r = (struct ruling){
		.closed = s->grade,
		.raised = true,
		.told = true,
		.label = grade->label,
		.reason = grade->reason,
	};
	if (!r->reason)
		r->reason = arena_format(d->arena, "it goes with its grade %s",
		    d->view.fields[s->first]->path);
	if (s->grade == policy_closedness(POLICY_REFER))
		r->to = grade_targets(t, instance);
	t->changed = true;
}

/* ---- the fixpoint ----------------------------------------------------- */

static void look_at_all(struct telling *t)
{
	const struct view *view = &t->d->view;

	for (uint32_t i = 0; i < view->instances_count; i++)
		t->states[i] = (struct instance_state){ 0 };
	for (uint32_t i = 0; i < view->m->count; i++) {
		if (!view->fields[i])
			continue;
		look_at_grade(t, i);
		if (t->d->rulings[i].told)
			t->states[view->instance[i]].told = true;
	}
}

static void close_all(struct telling *t)
{
	const struct view *view = &t->d->view;

	for (uint32_t i = 0; i < view->m->count; i++) {
		if (!view->fields[i])
			continue;
		raise_field(t, i);
		look_at_link(t, i);
		untell(t, i);
	}
}

void told_settle(struct deciding *d)
{
	const struct view *view = &d->view;
	struct telling t = {
		.d = d,
		.states = arena_array(
		    d->arena, view->instances_count, struct instance_state),
		.supposed = arena_array(
		    d->arena, view->v->fields_count, struct supposed *),
	};

	for (uint32_t i = 0; i < view->m->count; i++)
		d->rulings[i].told = d->rulings[i].closed < concealed;
	do {
		t.changed = false;
		look_at_all(&t);
		close_all(&t);
	} while (t.changed);
}
