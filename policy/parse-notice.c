/* Notices and partners: what changes around agreements, never in them. */

#include "policy/parse.h"

/* ---- notices ---------------------------------------------------------- */

static void parse_by(struct parser *p, struct notice *notice)
{
	parse_expect(p, "by");
	notice->by = parse_name(p, "the partner who gives the notice");
}

static void parse_roster(struct parser *p, struct notice *notice)
{
	static parse_words words = { "add", "remove", NULL };

	notice->group = parse_name(p, "the name of a group");
	parse_by(p, notice);
	notice->add = parse_at(p, "add");
	if (!parse_accept(p, "add") && !parse_accept(p, "remove"))
		parse_expected(p, "'add' or 'remove'", words);
	notice->members = parse_names(p, "the name of a partner");
}

static const struct {
	const char *word;
	enum notice_kind kind;
} kinds[] = {
	{ "withdraw", NOTICE_WITHDRAW },
	{ "suspend", NOTICE_SUSPEND },
	{ "resume", NOTICE_RESUME },
	{ "roster", NOTICE_ROSTER },
};

void parse_notice(struct parser *p)
{
	static parse_words words = { "withdraw", "suspend", "resume", "roster",
		NULL };
	struct notice notice = { .at = p->before.at };
	size_t i = 0;

	while (i < ARRAY_LEN(kinds) && !parse_accept(p, kinds[i].word))
		i++;
	if (i == ARRAY_LEN(kinds)) {
		parse_expected(p, "withdraw, suspend, resume or roster", words);
		return;
	}
	notice.kind = kinds[i].kind;
	if (notice.kind == NOTICE_ROSTER) {
		parse_roster(p, &notice);
	} else {
		notice.agreement = parse_versioned(p,
		    "an agreement's name and version, such as "
		    "warwickshire-socjag/4");
		parse_by(p, &notice);
	}
	parse_expect(p, "on");
	notice.on = parse_date(p);
	if (!p->failed)
		load_notice(p->policy, &notice);
}

/* ---- partners --------------------------------------------------------- */

void parse_partner(struct parser *p)
{
	struct partner partner = { 0 };
	struct name name = parse_name(p, "the name of a partner");

	partner.name = name.text;
	partner.at = name.at;
	partner.title = parse_title(p);
	parse_expect(p, "kind");
	partner.kind = parse_label(p, "the partner's kind");
	parse_expect(p, "clearance");
	partner.clearance = parse_label(p, "the partner's clearance");
	if (name.text[0])
		load_partner(p->policy, &partner);
}
