/*
 * What a condition reads: to know whether its answer is the same for every
 * field (so that it is asked once), whether a reader may know all of it
 * (rule 21), and which values a sender cannot leave at home.
 */

#include "policy/decide.h"

/* Every operand of a condition with the quantifier it stands under: called
 * until it answers false. */
typedef bool each_fn(
    void *arg, const struct operand *o, const struct entity *over);

static bool each_operand(
    const struct cond *c, const struct entity *over, each_fn *each, void *arg)
{
	if (c->kind == COND_ANY || c->kind == COND_EVERY)
		over = c->over;
	for (size_t i = 0; i < c->kids_count; i++)
		if (!each_operand(c->kids[i], over, each, arg))
			return false;
	if (c->kids_count)
		return true;
	if (!each(arg, &c->left, over))
		return false;
	for (size_t i = 0; i < c->right_count; i++)
		if (!each(arg, &c->right[i], over))
			return false;
	return true;
}

static bool is_path(const struct operand *o)
{
	return o->kind == OPERAND_FIELD || o->kind == OPERAND_AGE;
}

static bool note_reads(
    void *arg, const struct operand *o, const struct entity *over)
{
	unsigned *reads = arg;
	const struct entity *of;

	if (o->kind == OPERAND_HEADER && o->header == HEADER_GATEWAY)
		*reads |= READS_GATEWAY;
	if (o->kind == OPERAND_PARTY && o->party == PARTY_ORIGINATOR)
		*reads |= READS_ORIGINATOR;
	if (o->kind == OPERAND_PARTY && o->party == PARTY_RECIPIENT)
		*reads |= READS_RECIPIENT;
	if (is_path(o)) {
		of = o->link ? o->link->entity : o->field->entity;
		if (of->many && of != over)
			*reads |= READS_INSTANCE;
	}
	return true;
}

static bool has_this(const struct cond *c)
{
	for (size_t i = 0; i < c->kids_count; i++)
		if (has_this(c->kids[i]))
			return true;
	return c->kind == COND_HAS_THIS;
}

unsigned cond_reads(const struct cond *c)
{
	unsigned reads = 0;

	if (!c)
		return 0;
	each_operand(c, NULL, note_reads, &reads);
	return reads | (has_this(c) ? READS_INSTANCE : 0);
}

static bool mark(void *arg, const struct operand *o, const struct entity *over)
{
	uint64_t *bits = arg;

	if (!is_path(o))
		return true;
	bit_set(bits, o->field->id);
	for (size_t i = 0; o->link && i < o->link->links.count; i++) {
		const struct field *f = field_at(o->field, o->link->link_to[i]);

		if (f)
			bit_set(bits, f->id);
	}
	if (o->link)
		bit_set(bits, o->link->id);
	return true;
}

void cond_mark(const struct cond *c, uint64_t *bits)
{
	if (c)
		each_operand(c, NULL, mark, bits);
}

struct visiting {
	const struct view *view;
	struct scope scope;
	cond_visit *fn;
	void *arg;
};

static bool visit(const struct visiting *v, const struct field *field,
    const struct instance *instance)
{
	struct instance none = { .entity = field->entity, .first = NOWHERE };

	return v->fn(v->arg, field, instance ? instance : &none);
}

/* The values a path reads where its link leads. */
static bool visit_linked(const struct visiting *v, const struct operand *o,
    const struct instance *from)
{
	struct datum link = datum_field(v->view, from, o->link);
	struct packed_list list;
	struct slice text, name;
	unsigned number;

	if (link.kind == DATUM_ABSENT)
		return true;
	if (link.kind != DATUM_LIST || !packed_list(link.text, &list))
		return false;
	while (packed_next(&list, &text)) {
		if (!packed_link(text, &name, &number))
			return false;
		for (size_t i = 0; i < o->link->links.count; i++) {
			const struct entity *to = o->link->link_to[i];
			const struct field *f = field_at(o->field, to);

			if (f && slice_is(name, to->name) &&
			    !visit(v, f, view_instance(v->view, to, number)))
				return false;
		}
	}
	return true;
}

static bool visit_operand(
    void *arg, const struct operand *o, const struct entity *over)
{
	const struct visiting *v = arg;
	const struct instance *from;
	const struct field *first;

	if (o->kind == OPERAND_PARTY)
		return o->party != PARTY_ORIGINATOR;
	if (!is_path(o))
		return true;
	first = o->link ? o->link : o->field;
	from = scope_instance(v->view, &v->scope, first->entity);
	return visit(v, first, from) && (!o->link || visit_linked(v, o, from));
}

/* Over none, nothing is read. */
static bool visit_quantified(struct visiting *v, const struct cond *c)
{
	uint32_t i = v->view->first[c->over->id];
	bool all = true;

	if (!c->over->many)
		return each_operand(c->kids[0], c->over, visit_operand, v);
	for (; all && i != NOWHERE; i = v->view->instances[i].next) {
		v->scope.over = &v->view->instances[i];
		all = each_operand(c->kids[0], c->over, visit_operand, v);
	}
	v->scope.over = NULL;
	return all;
}

static bool visit_cond(struct visiting *v, const struct cond *c)
{
	if (c->kind == COND_ANY || c->kind == COND_EVERY)
		return visit_quantified(v, c);
	for (size_t i = 0; i < c->kids_count; i++)
		if (!visit_cond(v, c->kids[i]))
			return false;
	return c->kids_count || each_operand(c, NULL, visit_operand, v);
}

bool cond_each_read(const struct view *view, const struct scope *scope,
    const struct cond *cond, cond_visit *fn, void *arg)
{
	struct visiting v = {
		.view = view,
		.scope = *scope,
		.fn = fn,
		.arg = arg,
	};

	return !cond || visit_cond(&v, cond);
}
