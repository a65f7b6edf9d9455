/* Printing conditions and rules. Parentheses stand only where reading needs
 * them: every other pair meant nothing. */

#include "policy/print.h"

/* ---- conditions ------------------------------------------------------- */

static const char *const compares[] = {
	[COMPARE_EQ] = "=",
	[COMPARE_NE] = "!=",
	[COMPARE_LT] = "<",
	[COMPARE_LE] = "<=",
	[COMPARE_GT] = ">",
	[COMPARE_GE] = ">=",
};

static void print_operand(struct buf *out, const struct operand *operand)
{
	const char *text = operand->written ? operand->written : operand->text;

	if (operand->age)
		buf_addf(out, "age(%s)", text);
	else if (operand->quoted)
		buf_addf(out, "\"%s\"", text);
	else
		buf_add_str(out, text);
}

static void print_comparison(struct buf *out, const struct cond *cond)
{
	print_operand(out, &cond->left);
	if (cond->kind == COND_PRESENT)
		buf_add_str(out, " is present");
	else if (cond->kind == COND_ABSENT)
		buf_add_str(out, " is absent");
	else if (cond->kind == COND_HAS_THIS)
		buf_add_str(out, " has this");
	else if (cond->kind == COND_HAS)
		buf_add_str(out, " has ");
	else if (cond->kind == COND_IN)
		buf_add_str(out, " in ");
	else
		buf_addf(out, " %s ", compares[cond->compare]);
	for (size_t i = 0; i < cond->right_count; i++) {
		buf_add_str(out, i ? ", " : "");
		print_operand(out, &cond->right[i]);
	}
}

/* Whether @kid must stand in parentheses below @parent (rule 14). */
static bool needs_parentheses(enum cond_kind parent, const struct cond *kid)
{
	if (kid->kind == COND_OR)
		return true;
	if (parent == COND_OR)
		return false;
	if (kid->kind == COND_AND)
		return true;
	return kid->kids_count && (parent == COND_ANY || parent == COND_EVERY);
}

static void print_kid(
    struct buf *out, enum cond_kind parent, const struct cond *kid)
{
	bool parentheses = needs_parentheses(parent, kid);

	buf_add_str(out, parentheses ? "(" : "");
	print_cond(out, kid);
	buf_add_str(out, parentheses ? ")" : "");
}

void print_cond(struct buf *out, const struct cond *cond)
{
	static const char *const prefixes[] = {
		[COND_NOT] = "not ",
		[COND_ANY] = "any ",
		[COND_EVERY] = "every ",
	};
	const char *between = cond->kind == COND_OR ? " or " : " and ";

	if (!cond->kids_count) {
		print_comparison(out, cond);
		return;
	}
	if (cond->kind == COND_NOT || cond->kind == COND_ANY ||
	    cond->kind == COND_EVERY)
		buf_add_str(out, prefixes[cond->kind]);
	for (size_t i = 0; i < cond->kids_count; i++) {
		buf_add_str(out, i ? between : "");
		print_kid(out, cond->kind, cond->kids[i]);
	}
}

/* ---- rules ------------------------------------------------------------ */

void print_title(struct buf *out, const char *title)
{
	if (title)
		buf_addf(out, " \"%s\"", title);
}

void print_names(struct buf *out, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		buf_addf(out, "%s%s", i ? ", " : "", names->items[i].text);
}

static void print_selector(struct buf *out, const struct selector *selector)
{
	if (selector->kind == SELECT_EVERY)
		buf_add_str(out, "*");
	else if (selector->kind == SELECT_ENTITY)
		buf_addf(out, "%s.*", selector->entity_name);
	else if (selector->kind == SELECT_FIELD)
		buf_addf(
		    out, "%s.%s", selector->entity_name, selector->field_name);
	else if (selector->entity_name)
		buf_addf(out, "all %s of %s", selector->class_name,
		    selector->entity_name);
	else
		buf_addf(out, "all %s", selector->class_name);
}

static void print_rule(struct buf *out, const struct rule *rule)
{
	static const char *const words[] = {
		[POLICY_CONCEAL] = "conceal",
		[POLICY_RELEASE] = "release",
		[POLICY_REDUCE] = "reduce",
		[POLICY_MASK] = "mask",
		[POLICY_REFER] = "refer",
		[POLICY_WITHHOLD] = "withhold",
		[POLICY_REFUSE] = "refuse",
	};

	buf_addf(out, "  %-9s", words[rule->action]);
	for (size_t i = 0; i < rule->selectors_count; i++) {
		buf_add_str(out, i ? ", " : " ");
		print_selector(out, &rule->selectors[i]);
	}
	if (rule->action == POLICY_REDUCE)
		buf_addf(out, " to %s", rule->reduction.name);
	if (rule->action == POLICY_MASK)
		buf_addf(out, " %s", rule->reduction.name);
	if (rule->target)
		buf_addf(out, " to %s", rule->target);
	if (rule->when) {
		buf_add_str(out, " when ");
		print_cond(out, rule->when);
	}
	buf_add_str(out, rule->openly ? " openly" : "");
	if (rule->because)
		buf_addf(out, " because \"%s\"", rule->because);
	buf_add_byte(out, '\n');
}

void print_rules(struct buf *out, const struct clause *clause)
{
	for (size_t i = 0; i < clause->rules_count; i++)
		print_rule(out, &clause->rules[i]);
}
