/*
 * Which instance a path means (rules 16 to 18). Under a quantifier it is the
 * one looked at; in a rule about fields, and in a vocabulary, a path of the
 * entity decided is the instance decided; everywhere else an entity that can
 * have many instances needs a quantifier. A rule that selects several entities
 * is checked as a rule of each.
 */

#include "policy/check.h"

#include <stdarg.h>
#include <stdio.h>

/* Walking one condition for one of the entities decided. */
struct walk {
	const struct scope *scope;
	const struct entity *own; /* NULL: no instance is decided */
	const struct cond *quantifier;
	const char *also; /* which of several entities is asked; "": one */
	bool failed;      /* one error a condition and entity is enough */
};

static void __attribute__((format(printf, 3, 4)))
walk_error(struct walk *walk, struct place at, const char *format, ...)
{
	char text[WHY_MAX];
	va_list args;

	if (walk->failed)
		return;
	walk->failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	check_error(walk->scope->policy, at, NULL, "%s%s", text, walk->also);
}

/* ---- quantifiers ------------------------------------------------------ */

/* The entity whose instance the operand reads, NULL: none. */
static const struct entity *entity_of(const struct operand *operand)
{
	if (operand->kind != OPERAND_FIELD && operand->kind != OPERAND_AGE)
		return NULL;
	return operand->link ? operand->link->entity : operand->field->entity;
}

struct entities {
	const struct entity *many, *one; /* the first of each */
	const struct operand *second_many, *second_one;
	bool unknown; /* something could not be resolved */
};

static void gather_operand(
    const struct operand *operand, struct entities *found)
{
	const struct entity *entity = entity_of(operand);

	found->unknown |= operand->kind == OPERAND_UNKNOWN;
	if (!entity)
		return;
	if (entity->many && !found->many)
		found->many = entity;
	else if (entity->many && entity != found->many && !found->second_many)
		found->second_many = operand;
	if (!entity->many && !found->one)
		found->one = entity;
	else if (!entity->many && entity != found->one && !found->second_one)
		found->second_one = operand;
}

static void gather(const struct cond *cond, struct entities *found)
{
	for (size_t i = 0; i < cond->kids_count; i++)
		gather(cond->kids[i], found);
	if (cond->kids_count)
		return;
	gather_operand(&cond->left, found);
	for (size_t i = 0; i < cond->right_count; i++)
		gather_operand(&cond->right[i], found);
}

static const char *word(const struct cond *quantifier)
{
	return quantifier->kind == COND_ANY ? "any" : "every";
}

/* Rule 18: one entity per quantifier. Those that have one instance at most need
 * none and may be read beside it. */
static void resolve_over(const struct scope *scope, struct cond *cond)
{
	struct entities found = { 0 };

	gather(cond, &found);
	cond->over = found.many ? found.many : found.one;
	if (found.second_many)
		check_error(scope->policy, found.second_many->at, NULL,
		    "'%s' is about one entity, here %s: '%s' needs a "
		    "quantifier of its own",
		    word(cond), found.many->name, found.second_many->text);
	else if (!found.many && found.second_one)
		check_error(scope->policy, found.second_one->at, NULL,
		    "'%s' is about one entity, here %s, not also about '%s'",
		    word(cond), found.one->name, found.second_one->text);
	else if (!cond->over && !found.unknown)
		check_error(scope->policy, cond->at, NULL,
		    "'%s' needs a field to range over", word(cond));
}

/* ---- paths ------------------------------------------------------------ */

static void walk_operand(struct walk *walk, const struct operand *operand)
{
	const struct entity *entity = entity_of(operand);

	if (!entity)
		return;
	if (operand->link && (walk->quantifier || entity != walk->own)) {
		walk_error(walk, operand->at,
		    "'%s' follows a link, which is possible only from the "
		    "%s decided and outside 'any' and 'every'",
		    operand->text, entity->name);
		return;
	}
	if (walk->quantifier || entity == walk->own || !entity->many)
		return;
	walk_error(walk, operand->at,
	    "a message can hold more than one %s: say 'any' or 'every' before "
	    "the condition on '%s'",
	    entity->name, operand->text);
}

static bool links_to(const struct field *link, const struct entity *entity)
{
	for (size_t i = 0; i < link->links.count; i++)
		if (link->link_to[i] == entity)
			return true;
	return false;
}

static void walk_this(struct walk *walk, const struct cond *cond)
{
	const struct operand *left = &cond->left;

	if (left->kind == OPERAND_FIELD && left->field->type == TYPE_LINK &&
	    walk->own && !links_to(left->field, walk->own))
		walk_error(walk, left->at,
		    "'%s' never names a %s, so it cannot have this", left->text,
		    walk->own->name);
}

static void walk_cond(struct walk *walk, const struct cond *cond)
{
	bool quantifier = cond->kind == COND_ANY || cond->kind == COND_EVERY;

	if (quantifier && walk->quantifier) {
		walk_error(walk, cond->at, "'%s' cannot stand inside '%s'",
		    word(cond), word(walk->quantifier));
		return;
	}
	if (quantifier)
		walk->quantifier = cond;
	for (size_t i = 0; i < cond->kids_count; i++)
		walk_cond(walk, cond->kids[i]);
	if (quantifier)
		walk->quantifier = NULL;
	if (cond->kids_count)
		return;
	walk_operand(walk, &cond->left);
	for (size_t i = 0; i < cond->right_count; i++)
		walk_operand(walk, &cond->right[i]);
	if (cond->kind == COND_HAS_THIS)
		walk_this(walk, cond);
}

void check_scope(const struct scope *scope, struct cond *cond)
{
	struct walk walk = { .scope = scope, .also = "" };

	/* A rule whose selectors are unknown has been reported for them. */
	if (!scope->own_count && scope->kind != SCOPE_RULE)
		walk_cond(&walk, cond);
	for (size_t i = 0; i < scope->own_count && !walk.failed; i++) {
		walk.own = scope->own[i];
		if (scope->own_count > 1)
			walk.also = arena_format(&scope->policy->arena,
			    " (this rule selects %s too, and each must be able "
			    "to answer)",
			    walk.own->name);
		walk_cond(&walk, cond);
	}
}

/* ---- the whole -------------------------------------------------------- */

static void resolve(const struct scope *scope, struct cond *cond)
{
	for (size_t i = 0; i < cond->kids_count; i++)
		resolve(scope, cond->kids[i]);
	if (cond->kind == COND_ANY || cond->kind == COND_EVERY)
		resolve_over(scope, cond);
	else if (!cond->kids_count)
		check_compare(scope, cond);
}

void check_cond(const struct scope *scope, struct cond *cond)
{
	if (!cond)
		return;
	resolve(scope, cond);
	check_scope(scope, cond);
}
