/*
 * Rules: an action, what it is done to, and when. Rules do not know what stands
 * around them; a clause and a named standing rule hold them alike.
 */

#include "policy/parse.h"

static const struct {
	const char *word;
	enum reducer kind;
} reducers[] = {
	{ "month", REDUCE_MONTH },
	{ "year", REDUCE_YEAR },
	{ "age-band", REDUCE_AGE_BAND },
	{ "sector", REDUCE_SECTOR },
	{ "district", REDUCE_DISTRICT },
	{ "area", REDUCE_AREA },
	{ "initials", REDUCE_INITIALS },
	{ "band", REDUCE_BAND },
};

static parse_words reducer_words = { "month", "year", "age-band", "sector",
	"district", "area", "initials", "band", NULL };

/* ---- selectors -------------------------------------------------------- */

static void select_class(struct parser *p, struct selector *selector)
{
	selector->kind = SELECT_CLASS;
	selector->class_name = parse_name(p, "a class of fields").text;
	if (parse_accept(p, "of"))
		selector->entity_name =
		    parse_name(p, "the name of an entity").text;
}

static const char *const select_what =
    "fields: subject.name, subject.*, * or all CLASS";

static void select_path(struct parser *p, struct selector *selector)
{
	struct slice text = p->token.text;
	const uint8_t *dot = memchr(text.data, '.', text.len);
	size_t len = dot ? (size_t)(dot - text.data) : 0;
	struct slice rest = { 0 };

	if (dot)
		rest = slice_of(dot + 1, text.len - len - 1);
	if (!dot || rest.len == 0 || memchr(rest.data, '.', rest.len) ||
	    memchr(text.data, '/', text.len)) {
		parse_expected(p, select_what, NULL);
		return;
	}
	if (text.len > POLICY_PATH_MAX) {
		parse_fail(p, p->token.at, "a path has at most %u bytes",
		    POLICY_PATH_MAX);
		return;
	}
	selector->entity_name = arena_strn(p->arena, text.data, len);
	selector->kind = slice_is(rest, "*") ? SELECT_ENTITY : SELECT_FIELD;
	if (selector->kind == SELECT_FIELD)
		selector->field_name =
		    arena_strn(p->arena, rest.data, rest.len);
	parse_next(p);
}

static void parse_selector(struct parser *p, struct selector *selector)
{
	selector->at = p->token.at;
	if (p->token.kind != TOKEN_WORD)
		parse_expected(p, select_what, NULL);
	else if (parse_accept(p, "*"))
		selector->kind = SELECT_EVERY;
	else if (parse_accept(p, "all"))
		select_class(p, selector);
	else
		select_path(p, selector);
}

static void parse_selectors(struct parser *p, struct rule *rule)
{
	do {
		struct selector selector = { 0 };

		parse_limit(
		    p, p->selectors++, SELECTORS_MAX, "selectors in one text");
		parse_selector(p, &selector);
		if (!p->failed)
			*parse_push(p, rule->selectors, rule->selectors_count,
			    SELECTORS_MAX, "selectors") = selector;
	} while (parse_accept_mark(p, TOKEN_COMMA));
}

/* ---- actions ---------------------------------------------------------- */

static void act_select(struct parser *p, struct rule *rule)
{
	parse_selectors(p, rule);
}

static void act_reduce(struct parser *p, struct rule *rule)
{
	struct reduction *reduction = &rule->reduction;

	parse_selectors(p, rule);
	parse_expect(p, "to");
	for (size_t i = 0; i < ARRAY_LEN(reducers); i++)
		if (parse_at(p, reducers[i].word)) {
			reduction->kind = reducers[i].kind;
			reduction->name = reducers[i].word;
		}
	if (reduction->kind == REDUCE_NONE) {
		parse_expected(p,
		    "a reducer: month, year, age-band, sector, district, area, "
		    "initials or band N",
		    reducer_words);
		return;
	}
	parse_next(p);
	if (reduction->kind == REDUCE_BAND) {
		reduction->n = parse_number(p,
		    "the width of the band, a whole number from 1 to 999999999",
		    NUMBER_MAX);
		reduction->name =
		    arena_format(p->arena, "band %u", reduction->n);
	} else if (p->token.kind == TOKEN_WORD &&
		   p->token.text.data[0] >= '0' &&
		   p->token.text.data[0] <= '9') {
		parse_fail(
		    p, p->token.at, "'to %s' takes no number", reduction->name);
	}
}

static void act_mask(struct parser *p, struct rule *rule)
{
	static parse_words words = { "first", "last", NULL };
	struct reduction *reduction = &rule->reduction;
	const char *end = "first";

	parse_selectors(p, rule);
	parse_expect(p, "keep");
	reduction->kind = MASK_FIRST;
	if (parse_accept(p, "last")) {
		reduction->kind = MASK_LAST;
		end = "last";
	} else if (!parse_accept(p, "first")) {
		parse_expected(p, "'first' or 'last'", words);
	}
	reduction->n = parse_number(p,
	    "how many letters and digits are kept, a whole number from 1 to "
	    "999999999",
	    NUMBER_MAX);
	reduction->name =
	    arena_format(p->arena, "keep %s %u", end, reduction->n);
}

static void act_refer(struct parser *p, struct rule *rule)
{
	struct name target;

	parse_selectors(p, rule);
	parse_expect(p, "to");
	target = parse_name(p, "a partner or 'originator'");
	rule->target = target.text;
	rule->target_at = target.at;
}

static void act_refuse(struct parser *p, struct rule *rule)
{
}

static const struct {
	const char *word;
	enum policy_action action;
	void (*parse)(struct parser *p, struct rule *rule);
} actions[] = {
	{ "release", POLICY_RELEASE, act_select },
	{ "reduce", POLICY_REDUCE, act_reduce },
	{ "mask", POLICY_MASK, act_mask },
	{ "refer", POLICY_REFER, act_refer },
	{ "withhold", POLICY_WITHHOLD, act_select },
	{ "conceal", POLICY_CONCEAL, act_select },
	{ "refuse", POLICY_REFUSE, act_refuse },
};

static parse_words action_words = { "release", "reduce", "mask", "refer",
	"withhold", "conceal", "refuse", NULL };

bool parse_at_rule(const struct parser *p)
{
	return parse_at_any(p, action_words);
}

static void parse_rule(struct parser *p, struct rule *rule)
{
	rule->at = p->token.at;
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (!parse_accept(p, actions[i].word))
			continue;
		rule->action = actions[i].action;
		actions[i].parse(p, rule);
		break;
	}
	rule->when = parse_when(p);
	rule->openly = parse_accept(p, "openly");
	if (parse_accept(p, "because"))
		rule->because = parse_string(p, "the reason, a string");
}

static void not_a_rule(struct parser *p)
{
	static parse_words head = { "share", "from", "to", "for", "by", "only",
		"retain", "onward", NULL };
	static parse_words statements = { "uses", "under", "parties",
		"purposes", "basis", "contact", "starts", "review", "ends",
		"identity", "pin", NULL };

	if (parse_reserved(p))
		return;
	if (parse_at_any(p, head))
		parse_fail(p, p->token.at,
		    "'%.*s' is out of place: a clause says share, from, to, "
		    "for, by, only when, retain, onward, and then its rules",
		    SLICE_ARG(p->token.text));
	else if (parse_at_any(p, statements))
		parse_fail(p, p->token.at,
		    "'%.*s' must stand before the first group or clause",
		    SLICE_ARG(p->token.text));
	else
		parse_expected(p,
		    "a rule: release, reduce, mask, refer, withhold, conceal "
		    "or refuse",
		    action_words);
}

void parse_rules(
    struct parser *p, struct clause *clause, const char *const *outer)
{
	struct rule *rule;

	for (;;) {
		if (parse_at_rule(p)) {
			parse_limit(
			    p, p->rules, RULES_MAX, "rules in one text");
			rule = parse_push(p, clause->rules, clause->rules_count,
			    RULES_MAX, "rules");
			rule->order = p->rules++;
			parse_rule(p, rule);
		} else if (p->failed) {
			parse_recover(p, action_words, outer);
		} else if (p->token.kind == TOKEN_END ||
			   parse_at_any(p, outer) || parse_at_any(p, p->top)) {
			return;
		} else {
			not_a_rule(p);
		}
	}
}
