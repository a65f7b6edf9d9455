/*
 * What must hold of every agreement and every message, tried on random ones:
 * closing rules never open, order never matters, absent values never open,
 * standing rules never open, a recipient's check never accuses an honest
 * exchange, and a value left at home changes nothing.
 *
 * Links are left out where only actions are compared: rule 11 conceals a link
 * to what is not told, and a rule that closes more may be told more.
 */

#include "policy/decide.h"
#include "tests/unit/scene.h"
#include "tests/unit/test.h"

#define CASES 400
#define DRAFT_LINES 64
#define DRAFT_RULES 12

#define PICK(array) ((array)[test_below(ARRAY_LEN(array))])

static const char vocabulary[] =
    "vocabulary soc/1 codes kind police, council, hmrc "
    "codes purpose prevent codes gateway g1, g2 "
    "codes marking ordered OFFICIAL, SECRET "
    "codes role suspect, victim, witness codes letter P, C "
    "codes risk ordered low, medium, high classes identifying "
    "entity report title text risk code risk source reference sensitive "
    "entity item text text source code letter grade "
    "handling code letter grade sanitised flag about link subject, vehicle "
    "entity subject name text identifying born date identifying "
    "role code role postcode postcode identifying income integer "
    "health text sensitive flags code role set "
    "entity vehicle plate plate colour text keeper link subject "
    "record report one report many item, subject, vehicle";

static const char partners[] = "partner police kind police clearance SECRET "
			       "partner council kind council clearance SECRET "
			       "partner hmrc kind hmrc clearance OFFICIAL";

/* ---- random agreements ------------------------------------------------ */

static const char *const anywhere[] = { "report.risk = high",
	"report.risk > low", "any subject.role = victim",
	"every subject.role = suspect",
	"any (item.handling = C and item.source = C)",
	"not any vehicle.colour = \"red\"", "recipient.kind = council",
	"any subject.income > 10", "every (subject.income < 20)",
	"marking = OFFICIAL", "any vehicle.colour in \"red\", \"blue\"",
	"any subject.flags has witness" };

static const char *const of_subject[] = { "subject.role = victim",
	"subject.income >= 5", "any item.about has this",
	"age(subject.born) < 18", "subject.flags has witness",
	"not subject.role in suspect, witness",
	"any (item.about has this and item.handling = C)" };

static const char *const of_item[] = { "item.handling = C",
	"item.about.role = victim", "item.sanitised = true",
	"item.source != item.handling", "item.about.income > 3" };

static const char *const of_vehicle[] = { "vehicle.colour = \"red\"",
	"vehicle.keeper.role = suspect", "any item.about has this" };

static const char *const of_report[] = { "report.risk <= medium",
	"report.title = \"x\"" };

static const char *const presence[] = { "report.risk is absent",
	"any subject.role is present", "not any item.about is absent" };

struct about {
	const char *const *atoms;
	size_t count;
	const char *selectors[6];
};

static const struct about abouts[] = {
	{ of_subject, ARRAY_LEN(of_subject),
	    { "subject.*", "subject.name", "subject.born, subject.role",
		"all identifying of subject", "subject.health",
		"subject.income" } },
	{ of_item, ARRAY_LEN(of_item),
	    { "item.*", "item.text", "item.source", "item.about",
		"item.handling", "all grade of item" } },
	{ of_vehicle, ARRAY_LEN(of_vehicle),
	    { "vehicle.*", "vehicle.plate", "vehicle.keeper", "vehicle.colour",
		"vehicle.*", "vehicle.plate" } },
	{ of_report, ARRAY_LEN(of_report),
	    { "report.*", "report.title", "report.source", "report.risk",
		"report.*", "all sensitive of report" } },
	{ NULL, 0,
	    { "*", "all sensitive", "all identifying", "all grade",
		"report.*, subject.*", "*" } },
};

static const char *const reductions[] = { "reduce subject.born to year",
	"reduce subject.born to month", "reduce subject.born to age-band",
	"reduce subject.postcode to area", "reduce subject.postcode to sector",
	"reduce subject.income to band 10", "reduce subject.income to band 15",
	"reduce subject.income to band 30", "mask subject.name keep last 1",
	"mask subject.name keep first 1", "reduce subject.name to initials" };

/* Those of a standing rule: not band 30, which rule 9 lets settle what band 10
 * and band 15 leave unsettled, and so withheld. */
static const char *const lawful[] = { "reduce subject.born to year",
	"reduce subject.born to month", "reduce subject.born to age-band",
	"reduce subject.postcode to area", "reduce subject.income to band 15",
	"mask subject.name keep last 1", "reduce subject.name to initials" };

static bool with_presence;

static const char *atom(const struct about *about)
{
	if (with_presence && test_below(6) == 0)
		return PICK(presence);
	if (!about->count || test_below(3) == 0)
		return PICK(anywhere);
	return about->atoms[test_below(about->count)];
}

static const char *when(const struct about *about)
{
	const char *a = atom(about), *b = atom(about);

	switch (test_below(5)) {
	case 0:
		return arena_format(&scene_arena, "when %s", a);
	case 1:
		return arena_format(&scene_arena, "when not (%s)", a);
	case 2:
		return arena_format(&scene_arena, "when %s and %s", a, b);
	case 3:
		return arena_format(&scene_arena, "when %s or not (%s)", a, b);
	default:
		return "";
	}
}

static const char *closing_rule(void)
{
	const struct about *about = &PICK(abouts);
	const char *selector = PICK(about->selectors);
	const char *closer;

	if (test_below(12) == 0)
		return arena_format(
		    &scene_arena, "refuse when %s", PICK(anywhere));
	switch (test_below(4)) {
	case 0:
		closer =
		    arena_format(&scene_arena, "refer %s to hmrc", selector);
		break;
	case 1:
		closer = arena_format(
		    &scene_arena, "refer %s to originator", selector);
		break;
	case 2:
		closer = arena_format(&scene_arena, "withhold %s", selector);
		break;
	default:
		closer = arena_format(&scene_arena, "conceal %s", selector);
	}
	return arena_format(&scene_arena, "%s %s%s", closer, when(about),
	    test_below(3) ? "" : " openly");
}

static const char *any_rule(void)
{
	const struct about *about = &PICK(abouts);

	switch (test_below(5)) {
	case 0:
	case 1:
		return arena_format(&scene_arena, "release %s %s",
		    PICK(about->selectors), when(about));
	case 2:
		return arena_format(
		    &scene_arena, "%s %s", PICK(reductions), when(&abouts[0]));
	default:
		return closing_rule();
	}
}

struct draft {
	const char *only[3]; /* a clause's `only when`, or "" */
	const char *rules[3][DRAFT_RULES];
	size_t counts[3];
	size_t clauses;
	const char *standing; /* "" */
};

static void draft_random(struct draft *d)
{
	*d = (struct draft){ .clauses = 1 + test_below(3), .standing = "" };
	for (size_t c = 0; c < d->clauses; c++) {
		d->only[c] = test_below(3)
				 ? ""
				 : arena_format(&scene_arena, "only when %s",
				       atom(&abouts[4]));
		d->counts[c] = 1 + test_below(DRAFT_RULES - 2);
		d->rules[c][0] = "release *, all sensitive";
		for (size_t i = 1; i < d->counts[c]; i++)
			d->rules[c][i] = any_rule();
	}
}

static const char *standing_random(void)
{
	const char *text = "standing law/1 uses soc/1 rule r ";

	for (size_t i = 0; i < 3; i++) {
		text = arena_format(&scene_arena, "%s %s ", text,
		    test_below(2) ? closing_rule()
				  : arena_format(&scene_arena, "%s %s",
					PICK(lawful), when(&abouts[0])));
	}
	return text;
}

static const char *draft_text(const struct draft *d)
{
	const char *text =
	    "agreement a/1 uses soc/1 parties police, council, hmrc "
	    "purposes prevent starts 2026-01-01 ends 2026-12-31 "
	    "retain 2 months ";

	for (size_t c = 0; c < d->clauses; c++) {
		text = arena_format(&scene_arena,
		    "%s clause %zu share report from police "
		    "to council, hmrc for prevent by g%zu %s "
		    "retain %zu weeks ",
		    text, c + 1, 1 + c % 2, d->only[c], 2 + c);
		for (size_t i = 0; i < d->counts[c]; i++)
			text = arena_format(
			    &scene_arena, "%s %s", text, d->rules[c][i]);
	}
	return text;
}

/* The texts are the scene's own, whose arena goes with the next load. */
static void load(const struct draft *d)
{
	_cleanup_free_ char *agreement = mem_str(draft_text(d));
	_cleanup_free_ char *standing = mem_str(d->standing);
	struct arena kept = scene_arena;

	scene_arena = (struct arena){ 0 };
	scene_life = (struct scene_life){ 0 };
	if (*standing)
		scene_load(vocabulary, partners, agreement, standing);
	else
		scene_load(vocabulary, partners, agreement);
	arena_deinit(&scene_arena);
	scene_arena = kept;
}

/* ---- random messages -------------------------------------------------- */

struct lines {
	const char *key[DRAFT_LINES];
	const char *value[DRAFT_LINES]; /* NULL: left out */
	size_t count;
};

static void add_line(struct lines *l, const char *entity, size_t n,
    const char *field, const char *value)
{
	l->key[l->count] =
	    arena_format(&scene_arena, "%s[%zu].%s", entity, n, field);
	l->value[l->count++] = value;
}

static const char *link_to(size_t subjects, size_t vehicles)
{
	if (vehicles && test_below(3) == 0)
		return arena_format(
		    &scene_arena, "vehicle/%d", (int)test_below(vehicles));
	return arena_format(
	    &scene_arena, "subject/%d", (int)test_below(subjects));
}

static void add_subject(struct lines *l, size_t n)
{
	static const char *const roles[] = { "suspect", "victim", "witness" };
	static const char *const names[] = { "Bob", "Ann Lee", "J" };
	static const char *const born[] = { "1990-02-03", "2010-06-07",
		"2027-01-01" };

	add_line(l, "subject", n, "name", PICK(names));
	if (test_below(3))
		add_line(l, "subject", n, "role", PICK(roles));
	if (test_below(3))
		add_line(l, "subject", n, "born", PICK(born));
	if (test_below(2))
		add_line(l, "subject", n, "postcode", "CV21 3AB");
	if (test_below(2))
		add_line(l, "subject", n, "income",
		    arena_format(&scene_arena, "%d", (int)test_below(25)));
	if (test_below(3) == 0)
		add_line(l, "subject", n, "health", "ill");
	if (test_below(3) == 0)
		add_line(l, "subject", n, "flags", PICK(roles));
}

static void add_item(
    struct lines *l, size_t n, size_t subjects, size_t vehicles)
{
	static const char *const letters[] = { "P", "C" };

	add_line(l, "item", n, "text", "It");
	if (test_below(3))
		add_line(l, "item", n, "source", PICK(letters));
	if (test_below(3))
		add_line(l, "item", n, "handling", PICK(letters));
	if (test_below(3) == 0)
		add_line(l, "item", n, "sanitised", "true");
	if (test_below(3))
		add_line(l, "item", n, "about", link_to(subjects, vehicles));
}

static void message_random(struct lines *l)
{
	static const char *const risks[] = { "low", "medium", "high" };
	static const char *const colours[] = { "red", "blue" };
	size_t subjects = 1 + test_below(3), vehicles = test_below(3);
	size_t items = test_below(4);

	l->count = 0;
	add_line(l, "report", 0, "title", "x");
	if (test_below(3))
		add_line(l, "report", 0, "risk", PICK(risks));
	if (test_below(2))
		add_line(l, "report", 0, "source", "S/1");
	for (size_t i = 0; i < subjects; i++)
		add_subject(l, i);
	for (size_t i = 0; i < vehicles; i++) {
		add_line(l, "vehicle", i, "plate", "AB12CDE");
		if (test_below(2))
			add_line(l, "vehicle", i, "colour", PICK(colours));
		if (test_below(2))
			add_line(
			    l, "vehicle", i, "keeper", link_to(subjects, 0));
	}
	for (size_t i = 0; i < items; i++)
		add_item(l, i, subjects, vehicles);
	for (size_t i = 0; i < l->count; i++)
		if (test_below(10) == 0)
			l->value[i] = arena_format(
			    &scene_arena, "%s < hmrc", l->value[i]);
}

static const char *message_text(const struct lines *l)
{
	const char *text = "";

	for (size_t i = 0; i < l->count; i++)
		if (l->value[i])
			text = arena_format(&scene_arena, "%s%s %s\n", text,
			    l->key[i], l->value[i]);
	return text;
}

static const char *recipient(void)
{
	return test_below(2) ? "council" : "hmrc";
}

/* ---- comparing -------------------------------------------------------- */

/* One decision of each line: verdicts by line, those left out zeroed. It
 * outlives the set it was made by. */
struct decided {
	struct policy_decision decision;
	struct policy_verdict verdicts[DRAFT_LINES];
};

static void spread(const struct lines *l, struct decided *ret)
{
	size_t at = 0;

	*ret = (struct decided){ .decision = scene_decision };
	for (size_t i = 0; i < l->count; i++) {
		struct policy_verdict *v = &ret->verdicts[i];

		if (!l->value[i])
			continue;
		*v = scene_decision.verdicts[at++];
		v->to = arena_str(&scene_arena, v->to);
		v->clause = arena_str(&scene_arena, v->clause);
	}
}

static void decide(const struct lines *l, const char *to, struct decided *ret)
{
	scene_decide(message_text(l), to);
	spread(l, ret);
}

static bool is_link(const struct lines *l, size_t i)
{
	return strstr(l->key[i], ".about") || strstr(l->key[i], ".keeper");
}

static bool is_grade(const struct lines *l, size_t i)
{
	return strstr(l->key[i], ".source") || strstr(l->key[i], ".handling");
}

static void show(
    const struct draft *d, const struct lines *l, size_t i, const char *what)
{
	test_fail(__FILE__, __LINE__, "%s of %s\n# %s\n# %s\n# %s", what,
	    l->key[i], draft_text(d), d->standing, message_text(l));
}

static void never_opens(const struct draft *d, const struct lines *l,
    const struct decided *before, const struct decided *after)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->value[i] && !is_link(l, i) &&
		    policy_closedness(after->verdicts[i].action) <
			policy_closedness(before->verdicts[i].action))
			show(d, l, i, "opened");
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* ---- the promises ----------------------------------------------------- */

/* Run one promise on many cases, each with a memory of its own. */
static void many(bool presence_too, void (*promise)(void))
{
	with_presence = presence_too;
	for (int i = 0; i < CASES; i++) {
		arena_deinit(&scene_arena);
		promise();
	}
}

static void closing_rule_closes(void)
{
	struct decided before, after;
	struct draft d;
	struct lines l;
	const char *to = recipient();
	size_t c;

	draft_random(&d);
	message_random(&l);
	load(&d);
	decide(&l, to, &before);
	c = test_below(d.clauses);
	d.rules[c][d.counts[c]++] = closing_rule();
	load(&d);
	decide(&l, to, &after);
	never_opens(&d, &l, &before, &after);
}

TEST(promises, adding_a_closing_rule_never_opens)
{
	many(true, closing_rule_closes);
}

static void standing_rule_closes(void)
{
	struct decided before, after;
	struct draft d;
	struct lines l;
	const char *to = recipient();

	draft_random(&d);
	message_random(&l);
	load(&d);
	decide(&l, to, &before);
	d.standing = standing_random();
	load(&d);
	decide(&l, to, &after);
	never_opens(&d, &l, &before, &after);
}

TEST(promises, standing_rules_never_open)
{
	many(true, standing_rule_closes);
}

static void swap(const char **a, const char **b)
{
	const char *kept = *a;

	*a = *b;
	*b = kept;
}

static void order_is_nothing(void)
{
	struct decided before, after;
	struct draft d;
	struct lines l;
	const char *to = recipient();

	draft_random(&d);
	message_random(&l);
	d.standing = test_below(2) ? standing_random() : "";
	load(&d);
	decide(&l, to, &before);
	for (size_t c = 0; c < d.clauses; c++)
		for (size_t i = d.counts[c]; i-- > 1;)
			swap(&d.rules[c][i], &d.rules[c][test_below(i + 1)]);
	load(&d);
	decide(&l, to, &after);
	for (size_t i = 0; i < l.count; i++) {
		const struct policy_verdict *a = &before.verdicts[i];
		const struct policy_verdict *b = &after.verdicts[i];

		if (a->action != b->action || a->told != b->told ||
		    !same_text(a->to, b->to) || !slice_eq(a->value, b->value))
			show(&d, &l, i, "changed by order: the verdict");
	}
	CHECK_INT(before.decision.destroy_by, after.decision.destroy_by);
}

TEST(promises, order_never_matters)
{
	many(true, order_is_nothing);
}

/* Where the entity still has the instance, so that `any` and `every` still look
 * at it; what a grade closes with it is its purpose. */
static bool may_go(const struct lines *l, size_t i)
{
	const char *dot = strchr(l->key[i], '.');
	size_t others = 0;

	for (size_t k = 0; k < l->count; k++)
		others += k != i && !strncmp(l->key[k], l->key[i],
					(size_t)(dot - l->key[i]) + 1);
	return others && !is_grade(l, i) && !is_link(l, i);
}

static void absence_closes(void)
{
	struct decided before, after;
	struct draft d;
	struct lines l;
	const char *to = recipient();
	size_t gone;

	draft_random(&d);
	message_random(&l);
	d.standing = test_below(2) ? standing_random() : "";
	load(&d);
	decide(&l, to, &before);
	gone = test_below(l.count);
	if (!may_go(&l, gone))
		return;
	l.value[gone] = NULL;
	decide(&l, to, &after);
	never_opens(&d, &l, &before, &after);
	if (after.decision.outcome == POLICY_ACCEPTED)
		CHECK(after.decision.destroy_by <= before.decision.destroy_by);
}

TEST(promises, an_absent_value_never_opens_unless_a_rule_asks_for_absence)
{
	many(false, absence_closes);
}

static void check_is_fair(void)
{
	struct decided full, possible;
	struct draft d;
	struct lines l;
	const char *to = recipient();
	bool unseen = test_below(2);

	draft_random(&d);
	message_random(&l);
	d.standing = test_below(2) ? standing_random() : "";
	load(&d);
	decide(&l, to, &full);
	for (size_t i = 0; i < l.count; i++)
		if (unseen && test_below(4) == 0)
			l.value[i] = NULL;
		else if (test_below(3) == 0)
			l.value[i] = "?";
	scene_possible(message_text(&l), to, unseen);
	spread(&l, &possible);
	if (full.decision.outcome == POLICY_REFUSED)
		return;
	CHECK_INT(possible.decision.outcome, POLICY_ACCEPTED);
	CHECK(possible.decision.destroy_by >= full.decision.destroy_by);
	for (size_t i = 0; i < l.count; i++) {
		const struct policy_verdict *v = &full.verdicts[i];

		if (l.value[i] && v->told &&
		    !policy_allows(&possible.verdicts[i], v->action, v->to))
			show(&d, &l, i, "accused wrongly: the copy");
		if (l.value[i] &&
		    policy_closedness(possible.verdicts[i].action) >
			policy_closedness(v->action))
			show(&d, &l, i, "more closed than possible: the check");
	}
}

TEST(promises, the_recipients_check_never_accuses_an_honest_copy)
{
	many(true, check_is_fair);
}

static void home_is_nothing(void)
{
	static const char *const to[] = { "council", "hmrc" };
	struct policy_decision decisions[2];
	struct decided before[2], after;
	bool home[DRAFT_LINES];
	struct draft d;
	struct lines l;

	draft_random(&d);
	message_random(&l);
	d.standing = test_below(2) ? standing_random() : "";
	load(&d);
	for (size_t k = 0; k < 2; k++) {
		decide(&l, to[k], &before[k]);
		decisions[k] = scene_decision;
	}
	policy_minimise(
	    scene, scene_message(message_text(&l)), decisions, 2, home);
	for (size_t i = 0; i < l.count; i++)
		if (home[i] && strstr(l.value[i], " < "))
			l.value[i] = "? < hmrc";
		else if (home[i])
			l.value[i] = "?";
	for (size_t k = 0; k < 2; k++) {
		decide(&l, to[k], &after);
		CHECK_INT(after.decision.outcome, before[k].decision.outcome);
		CHECK_INT(
		    after.decision.destroy_by, before[k].decision.destroy_by);
		for (size_t i = 0; i < l.count; i++) {
			const struct policy_verdict *a = &before[k].verdicts[i];
			const struct policy_verdict *b = &after.verdicts[i];

			if (a->action != b->action || a->told != b->told ||
			    !same_text(a->to, b->to) ||
			    !same_text(a->clause, b->clause) ||
			    !slice_eq(a->value, b->value))
				show(&d, &l, i, "changed at home: the verdict");
		}
	}
}

TEST(promises, a_value_left_at_home_changes_no_decision)
{
	many(true, home_is_nothing);
}

int main(void)
{
	return test_main();
}
