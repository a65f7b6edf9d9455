/*
 * Agreements and standing rules. An agreement's own statements come first, in
 * any order, then groups and clauses; a clause's parts come in one order only.
 */

#include <stdio.h>

#include "policy/parse.h"

/* What an agreement may say once. */
enum said {
	SAID_USES,
	SAID_UNDER,
	SAID_PARTIES,
	SAID_PURPOSES,
	SAID_BASIS,
	SAID_CONTACT,
	SAID_STARTS,
	SAID_REVIEW,
	SAID_ENDS,
	SAID_COUNT,
};

struct reading {
	struct agreement *agreement;
	struct place said[SAID_COUNT]; /* line 0: not yet */
};

/* ---- retain ----------------------------------------------------------- */

static const struct {
	const char *one, *many;
	enum retain_unit unit;
} units[] = {
	{ "day", "days", RETAIN_DAYS },
	{ "week", "weeks", RETAIN_WEEKS },
	{ "month", "months", RETAIN_MONTHS },
	{ "year", "years", RETAIN_YEARS },
};

static struct retain parse_retain(struct parser *p)
{
	static parse_words words = { "days", "weeks", "months", "years", NULL };
	struct retain retain = { .at = p->token.at };

	parse_expect(p, "retain");
	retain.count =
	    parse_number(p, "a whole number from 1 to 9999", PERIOD_MAX);
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!parse_accept(p, units[i].one) &&
		    !parse_accept(p, units[i].many))
			continue;
		retain.unit = units[i].unit;
		retain.when = parse_when(p);
		return retain;
	}
	parse_expected(p, "days, weeks, months or years", words);
	return retain;
}

/* ---- an agreement's statements ---------------------------------------- */

static void say_uses(struct parser *p, struct reading *r)
{
	r->agreement->uses = parse_versioned(
	    p, "a vocabulary's name and version, such as soc/1");
}

static void say_under(struct parser *p, struct reading *r)
{
	r->agreement->under = parse_versioned(
	    p, "an agreement's name and version, such as warwickshire-csp/2");
}

static void say_parties(struct parser *p, struct reading *r)
{
	r->agreement->parties = parse_names(p, "the name of a partner");
}

static void say_purposes(struct parser *p, struct reading *r)
{
	r->agreement->purposes = parse_names(p, "a purpose");
}

static void say_basis(struct parser *p, struct reading *r)
{
	r->agreement->basis = parse_string(p, "the legal basis, a string");
}

static void say_contact(struct parser *p, struct reading *r)
{
	r->agreement->contact = parse_string(p, "whom to ask, a string");
}

static void say_starts(struct parser *p, struct reading *r)
{
	r->agreement->starts = parse_date(p);
	r->agreement->has_starts = !p->failed;
}

static void say_review(struct parser *p, struct reading *r)
{
	r->agreement->review = parse_date(p);
	r->agreement->has_review = !p->failed;
}

static void say_ends(struct parser *p, struct reading *r)
{
	r->agreement->ends_at = p->token.at;
	r->agreement->ends = parse_date(p);
	r->agreement->has_ends = !p->failed;
}

static void say_identity(struct parser *p, struct agreement *a)
{
	struct identity identity = { .partner =
					 parse_name(p, "a partner's name") };

	parse_expect(p, "kind");
	identity.kind = parse_label(p, "the partner's kind");
	parse_expect(p, "clearance");
	identity.clearance = parse_label(p, "the partner's clearance");
	parse_expect(p, "agree");
	identity.agree_at = p->token.at;
	identity.agree = parse_string(p, "the partner's agree key, a string");
	if (!p->failed)
		*parse_push(p, a->identities, a->identities_count,
		    LIST_NAMES_MAX, "identities") = identity;
}

static void say_pin(struct parser *p, struct agreement *a)
{
	struct pin pin = {
		.id = parse_versioned(
		    p, "the name and version of a text, such as soc/1")
	};

	pin.digest_at = p->token.at;
	pin.digest = parse_string(p, "the text's SHA-256 in base64, a string");
	if (!p->failed)
		*parse_push(p, a->pins, a->pins_count, LIST_NAMES_MAX, "pins") =
		    pin;
}

static const struct {
	const char *word;
	void (*parse)(struct parser *p, struct reading *r);
} says[SAID_COUNT] = {
	[SAID_USES] = { "uses", say_uses },
	[SAID_UNDER] = { "under", say_under },
	[SAID_PARTIES] = { "parties", say_parties },
	[SAID_PURPOSES] = { "purposes", say_purposes },
	[SAID_BASIS] = { "basis", say_basis },
	[SAID_CONTACT] = { "contact", say_contact },
	[SAID_STARTS] = { "starts", say_starts },
	[SAID_REVIEW] = { "review", say_review },
	[SAID_ENDS] = { "ends", say_ends },
};

static parse_words say_words = { "uses", "under", "parties", "purposes",
	"basis", "contact", "starts", "review", "ends", "retain", "identity",
	"pin", NULL };

static parse_words part_words = { "group", "clause", NULL };

/* A statement that is said once. */
static bool parse_say(struct parser *p, struct reading *r)
{
	for (size_t i = 0; i < SAID_COUNT; i++) {
		if (!parse_at(p, says[i].word))
			continue;
		if (r->said[i].line)
			parse_error(p, p->token.at,
			    "'%s' is said already, in line %u", says[i].word,
			    r->said[i].line);
		else
			r->said[i] = p->token.at;
		parse_next(p);
		says[i].parse(p, r);
		return true;
	}
	return false;
}

static bool parse_says(struct parser *p, struct reading *r)
{
	struct agreement *a = r->agreement;

	if (parse_at(p, "retain")) {
		struct retain retain = parse_retain(p);

		/* Kept even with errors: it is not missing (rule 26). */
		*parse_push(p, a->retains, a->retains_count, RETAINS_MAX,
		    "'retain' statements") = retain;
		return true;
	}
	if (parse_accept(p, "identity"))
		say_identity(p, a);
	else if (parse_accept(p, "pin"))
		say_pin(p, a);
	else
		return parse_say(p, r);
	return true;
}

/* ---- groups and clauses ----------------------------------------------- */

static void parse_group(struct parser *p, struct agreement *a)
{
	struct group group = { 0 };
	struct name name;

	parse_expect(p, "group");
	name = parse_name(p, "the name of a group");
	group.name = name.text;
	group.at = name.at;
	group.title = parse_title(p);
	parse_expect(p, "chair");
	group.chair = parse_name(p, "the partner in the chair");
	parse_expect(p, "members");
	group.members = parse_names(p, "the name of a partner");
	if (name.text[0])
		*parse_push(p, a->groups, a->groups_count, GROUPS_MAX,
		    "groups") = group;
}

static void parse_onward(struct parser *p, struct onward *onward)
{
	static parse_words words = { "refer", "withhold", "release", NULL };

	onward->at = p->token.at;
	if (!parse_accept(p, "onward"))
		return;
	if (parse_accept(p, "refer")) {
		onward->kind = ONWARD_REFER;
		parse_expect(p, "to");
		parse_expect(p, "originator");
	} else if (parse_accept(p, "withhold")) {
		onward->kind = ONWARD_WITHHOLD;
	} else if (parse_accept(p, "release")) {
		onward->kind = ONWARD_RELEASE;
		if (parse_accept(p, "to"))
			onward->to = parse_names(p, "a partner or a group");
		if (parse_accept(p, "for"))
			onward->purposes = parse_names(p, "a purpose");
	} else {
		parse_expected(
		    p, "refer to originator, withhold or release", words);
	}
}

/* Where an error in a clause's head ends. */
static parse_words body_words = { "share", "from", "to", "for", "by", "only",
	"retain", "onward", "release", "reduce", "mask", "refer", "withhold",
	"conceal", "refuse", "group", "clause", NULL };

static parse_words head_words = { "share", "from", "to", "for", "by", NULL };

static void parse_head_part(
    struct parser *p, struct clause *clause, size_t part)
{
	parse_next(p);
	if (part == 0)
		clause->share = parse_names(p, "the name of a record");
	else if (part == 1)
		clause->from = parse_names(p, "a partner or a group");
	else if (part == 2)
		clause->to = parse_names(p, "a partner or a group");
	else if (part == 3)
		clause->purposes = parse_names(p, "a purpose");
	else
		clause->gateway = parse_label(p, "a gateway");
}

/* Which part of the head stands here; 5: none. */
static size_t head_part(const struct parser *p)
{
	size_t i = 0;

	while (head_words[i] && !parse_at(p, head_words[i]))
		i++;
	return i;
}

static void head_expected(struct parser *p, size_t part)
{
	char what[NAME_BYTES_MAX];

	snprintf(what, sizeof(what), "'%s'", head_words[part]);
	if (head_part(p) < 5)
		parse_error(p, p->token.at,
		    "expected %s, found '%.*s': a clause says share, from, to, "
		    "for and by, in this order",
		    what, SLICE_ARG(p->token.text));
	else
		parse_expected(p, what, head_words);
}

/* share, from, to, for, by, in this order. What was passed over because of an
 * error is not missed as well. */
static void parse_head(struct parser *p, struct clause *clause)
{
	size_t next = 0;
	bool lost = false;

	while (next < 5) {
		size_t part;

		if (p->failed)
			lost = parse_recover(p, body_words, NULL);
		part = head_part(p);
		if (part != next && !lost)
			head_expected(p, next);
		if (part == 5 && !p->failed)
			return; /* lost, and the head is over */
		if (part == 5 && !parse_recover(p, body_words, NULL))
			return; /* told, and the head is over */
		if (part == 5) {
			lost = true;
			continue;
		}
		parse_head_part(p, clause, part);
		next = part < next ? next : part + 1;
		lost = false;
	}
}

/* What may stand between a clause's head and its rules. */
static void parse_middle(struct parser *p, struct clause *clause)
{
	if (p->failed)
		parse_recover(p, body_words, NULL);
	clause->only_when = parse_only_when(p);
	if (p->failed)
		parse_recover(p, body_words, NULL);
	while (parse_at(p, "retain")) {
		struct retain retain = parse_retain(p);

		*parse_push(p, clause->retains, clause->retains_count,
		    RETAINS_MAX, "'retain' statements") = retain;
		if (p->failed)
			parse_recover(p, body_words, NULL);
	}
	parse_onward(p, &clause->onward);
}

static void parse_clause(struct parser *p, struct reading *r)
{
	struct agreement *a = r->agreement;
	struct clause clause = { 0 };
	struct name label;

	parse_expect(p, "clause");
	label = parse_label(p, "the clause's label, such as 4");
	clause.label = label.text;
	clause.at = label.at;
	clause.title = parse_title(p);
	parse_head(p, &clause);
	parse_middle(p, &clause);
	parse_rules(p, &clause, part_words);
	if (label.text[0])
		*parse_push(p, a->clauses, a->clauses_count, CLAUSES_MAX,
		    "clauses") = clause;
}

/* ---- an agreement ----------------------------------------------------- */

static void require(struct parser *p, const struct reading *r)
{
	static const enum said required[] = { SAID_USES, SAID_PARTIES,
		SAID_PURPOSES, SAID_STARTS, SAID_ENDS };
	static const enum said asked[] = { SAID_BASIS, SAID_CONTACT,
		SAID_REVIEW };
	const struct agreement *a = r->agreement;

	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (!r->said[required[i]].line)
			policy_report(p->policy, POLICY_ERROR, a->id.at, NULL,
			    "%s does not say '%s'", a->cited,
			    says[required[i]].word);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		if (!r->said[asked[i]].line)
			policy_report(p->policy, POLICY_WARNING, a->id.at, NULL,
			    "%s does not say '%s'; it should", a->cited,
			    says[asked[i]].word);
}

static void not_a_statement(struct parser *p, bool begun)
{
	if (parse_reserved(p))
		return;
	if (begun && parse_at_any(p, say_words)) {
		parse_fail(p, p->token.at,
		    "'%.*s' must stand before the first group or clause",
		    SLICE_ARG(p->token.text));
		parse_next(p); /* recovering would stop at it again */
	} else {
		parse_expected(p, "a statement, a group or a clause",
		    begun ? part_words : say_words);
	}
}

void parse_agreement(struct parser *p)
{
	struct agreement *a = arena_new(p->arena, struct agreement);
	struct reading r = { .agreement = a };

	a->source = p->lexer.source;
	a->id = parse_versioned(
	    p, "a name and version, such as warwickshire-socjag/4");
	if (!p->failed)
		load_agreement(p->policy, a);
	a->cited = arena_format(p->arena, "%s/%u", a->id.name, a->id.version);
	a->title = parse_title(p);
	while (p->token.kind != TOKEN_END && !parse_at_any(p, p->top)) {
		bool begun = a->groups_count || a->clauses_count;

		if (p->failed)
			parse_recover(p, say_words, part_words);
		else if (parse_at(p, "group"))
			parse_group(p, a);
		else if (parse_at(p, "clause"))
			parse_clause(p, &r);
		else if (begun || !parse_says(p, &r))
			not_a_statement(p, begun);
	}
	if (a->id.name[0])
		require(p, &r);
}

/* ---- standing rules --------------------------------------------------- */

static parse_words rule_word = { "rule", NULL };

static void parse_standing_rule(struct parser *p, struct standing *s)
{
	struct clause rule = { 0 };
	struct name label;

	parse_expect(p, "rule");
	label = parse_label(p, "the name of the rule");
	rule.label = label.text;
	rule.at = label.at;
	rule.title = parse_title(p);
	rule.only_when = parse_only_when(p);
	parse_rules(p, &rule, rule_word);
	if (label.text[0])
		*parse_push(p, s->rules, s->rules_count, CLAUSES_MAX,
		    "standing rules") = rule;
}

void parse_standing(struct parser *p)
{
	struct standing *s = arena_new(p->arena, struct standing);

	s->source = p->lexer.source;
	s->id = parse_versioned(p, "a name and version, such as uk-law/1");
	if (!p->failed)
		load_standing(p->policy, s);
	s->cited = arena_format(p->arena, "%s/%u", s->id.name, s->id.version);
	s->title = parse_title(p);
	parse_expect(p, "uses");
	s->uses = parse_versioned(
	    p, "a vocabulary's name and version, such as soc/1");
	while (p->token.kind != TOKEN_END && !parse_at_any(p, p->top)) {
		if (p->failed)
			parse_recover(p, rule_word, NULL);
		else if (parse_at(p, "rule"))
			parse_standing_rule(p, s);
		else
			parse_expected(p, "'rule'", rule_word);
	}
}
