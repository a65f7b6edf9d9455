/*
 * Printing texts as the grammar would have them written: statements in the
 * page's order, one to a line, a blank line before each group, clause, entity
 * and record. Comments are not kept.
 */

#include "policy/print.h"

#include <stdlib.h>

#include "util/clock.h"

static void line(struct buf *out, const char *word)
{
	buf_addf(out, "  %-9s ", word);
}

static void print_list(
    struct buf *out, const char *word, const struct names *names)
{
	line(out, word);
	print_names(out, names);
	buf_add_byte(out, '\n');
}

static void print_day(struct buf *out, const char *word, int32_t day)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_day(day, text);
	line(out, word);
	buf_addf(out, "%s\n", text);
}

static void print_string(struct buf *out, const char *word, const char *text)
{
	if (!text)
		return;
	line(out, word);
	buf_addf(out, "\"%s\"\n", text);
}

static void print_id(
    struct buf *out, const char *word, const struct versioned *id)
{
	line(out, word);
	buf_addf(out, "%s/%u\n", id->name, id->version);
}

static void print_only_when(struct buf *out, const struct cond *when)
{
	if (!when)
		return;
	line(out, "only when");
	print_cond(out, when);
	buf_add_byte(out, '\n');
}

/* ---- vocabularies ----------------------------------------------------- */

static void print_codes(struct buf *out, const struct codes *codes)
{
	buf_addf(
	    out, "codes %s%s", codes->name, codes->ordered ? " ordered" : "");
	for (size_t i = 0; i < codes->count; i++) {
		buf_addf(out, "%s%s", i ? ", " : " ", codes->items[i].text);
		print_title(out, codes->items[i].title);
	}
	buf_add_byte(out, '\n');
}

static const char *const type_words[] = {
	[TYPE_TEXT] = "text",
	[TYPE_NARRATIVE] = "narrative",
	[TYPE_INTEGER] = "integer",
	[TYPE_DECIMAL] = "decimal",
	[TYPE_DATE] = "date",
	[TYPE_TIME] = "time",
	[TYPE_FLAG] = "flag",
	[TYPE_POSTCODE] = "postcode",
	[TYPE_PHONE] = "phone",
	[TYPE_PLATE] = "plate",
	[TYPE_REFERENCE] = "reference",
	[TYPE_PARTY] = "party",
	[TYPE_CODE] = "code",
	[TYPE_LINK] = "link",
};

static void print_field(struct buf *out, const struct field *field)
{
	line(out, field->name);
	buf_add_str(out, type_words[field->type]);
	if (field->type == TYPE_CODE)
		buf_addf(out, " %s", field->codes_name.text);
	if (field->type == TYPE_LINK) {
		buf_add_byte(out, ' ');
		print_names(out, &field->links);
	}
	buf_add_str(out, field->set ? " set" : "");
	for (size_t i = 0; i < field->class_names.count; i++)
		buf_addf(out, " %s", field->class_names.items[i].text);
	if (field->required || field->required_when)
		buf_add_str(out, " required");
	if (field->required_when) {
		buf_add_str(out, " when ");
		print_cond(out, field->required_when);
	}
	if (field->absent_when) {
		buf_add_str(out, " absent when ");
		print_cond(out, field->absent_when);
	}
	buf_add_byte(out, '\n');
}

static void print_entity(struct buf *out, const struct entity *entity)
{
	buf_addf(out, "\nentity %s", entity->name);
	print_title(out, entity->title);
	buf_add_byte(out, '\n');
	for (size_t i = 0; i < entity->count; i++)
		print_field(out, &entity->fields[i]);
}

static void print_record(struct buf *out, const struct record *record)
{
	buf_addf(out, "\nrecord %s", record->name);
	print_title(out, record->title);
	for (size_t i = 0; i < record->count; i++) {
		const struct part *part = &record->parts[i];

		if (i && part->many == record->parts[i - 1].many) {
			buf_addf(out, ", %s", part->name.text);
			continue;
		}
		buf_add_byte(out, '\n');
		line(out, part->many ? "many" : "one");
		buf_add_str(out, part->name.text);
	}
	buf_add_byte(out, '\n');
}

static void print_vocabulary(struct buf *out, const struct vocabulary *v)
{
	struct names classes = { v->classes, v->classes_count };

	buf_addf(out, "vocabulary %s", v->cited);
	print_title(out, v->title);
	buf_add_str(out, "\n\n");
	for (size_t i = 0; i < v->codes_count; i++)
		print_codes(out, v->codes[i]);
	if (classes.count) {
		buf_add_str(out, "classes ");
		print_names(out, &classes);
		buf_add_byte(out, '\n');
	}
	for (size_t i = 0; i < v->entities_count; i++)
		print_entity(out, v->entities[i]);
	for (size_t i = 0; i < v->records_count; i++)
		print_record(out, v->records[i]);
}

/* ---- agreements ------------------------------------------------------- */

static void print_retains(
    struct buf *out, const struct retain *retains, size_t count)
{
	static const char *const units[] = { "day", "week", "month", "year" };

	for (size_t i = 0; i < count; i++) {
		const struct retain *retain = &retains[i];

		line(out, "retain");
		buf_addf(out, "%u %s%s", retain->count, units[retain->unit],
		    retain->count == 1 ? "" : "s");
		if (retain->when) {
			buf_add_str(out, " when ");
			print_cond(out, retain->when);
		}
		buf_add_byte(out, '\n');
	}
}

static void print_onward(struct buf *out, const struct onward *onward)
{
	static const char *const words[] = {
		[ONWARD_REFER] = "refer to originator",
		[ONWARD_WITHHOLD] = "withhold",
		[ONWARD_RELEASE] = "release",
	};

	if (onward->kind == ONWARD_UNSAID)
		return;
	line(out, "onward");
	buf_add_str(out, words[onward->kind]);
	if (onward->to.count) {
		buf_add_str(out, " to ");
		print_names(out, &onward->to);
	}
	if (onward->purposes.count) {
		buf_add_str(out, " for ");
		print_names(out, &onward->purposes);
	}
	buf_add_byte(out, '\n');
}

static void print_clause(struct buf *out, const struct clause *clause)
{
	buf_addf(out, "\nclause %s", clause->label);
	print_title(out, clause->title);
	buf_add_byte(out, '\n');
	print_list(out, "share", &clause->share);
	print_list(out, "from", &clause->from);
	print_list(out, "to", &clause->to);
	print_list(out, "for", &clause->purposes);
	line(out, "by");
	buf_addf(out, "%s\n", clause->gateway.text);
	print_only_when(out, clause->only_when);
	print_retains(out, clause->retains, clause->retains_count);
	print_onward(out, &clause->onward);
	print_rules(out, clause);
}

static void print_group(struct buf *out, const struct group *group)
{
	buf_addf(out, "\ngroup %s", group->name);
	print_title(out, group->title);
	buf_add_byte(out, '\n');
	line(out, "chair");
	buf_addf(out, "%s\n", group->chair.text);
	print_list(out, "members", &group->members);
}

static void print_trust(struct buf *out, const struct agreement *a)
{
	for (size_t i = 0; i < a->identities_count; i++) {
		const struct identity *identity = &a->identities[i];

		line(out, "identity");
		buf_addf(out, "%s kind %s clearance %s agree \"%s\"\n",
		    identity->partner.text, identity->kind.text,
		    identity->clearance.text, identity->agree);
	}
	for (size_t i = 0; i < a->pins_count; i++) {
		line(out, "pin");
		buf_addf(out, "%s/%u \"%s\"\n", a->pins[i].id.name,
		    a->pins[i].id.version, a->pins[i].digest);
	}
}

static void print_head(struct buf *out, const struct agreement *a)
{
	buf_addf(out, "agreement %s", a->cited);
	print_title(out, a->title);
	buf_add_byte(out, '\n');
	print_id(out, "uses", &a->uses);
	if (a->under.name)
		print_id(out, "under", &a->under);
	print_list(out, "parties", &a->parties);
	print_list(out, "purposes", &a->purposes);
	print_string(out, "basis", a->basis);
	print_string(out, "contact", a->contact);
	print_day(out, "starts", a->starts);
	if (a->has_review)
		print_day(out, "review", a->review);
	print_day(out, "ends", a->ends);
	print_retains(out, a->retains, a->retains_count);
	print_trust(out, a);
}

/* Groups stand before clauses, whatever stood where: neither looks back. */
static void print_agreement(struct buf *out, const struct agreement *a)
{
	print_head(out, a);
	for (size_t i = 0; i < a->groups_count; i++)
		print_group(out, &a->groups[i]);
	for (size_t i = 0; i < a->clauses_count; i++)
		print_clause(out, &a->clauses[i]);
}

/* ---- standing rules --------------------------------------------------- */

static void print_standing(struct buf *out, const struct standing *s)
{
	buf_addf(out, "standing %s", s->cited);
	print_title(out, s->title);
	buf_add_byte(out, '\n');
	print_id(out, "uses", &s->uses);
	for (size_t i = 0; i < s->rules_count; i++) {
		const struct clause *rule = &s->rules[i];

		buf_addf(out, "\nrule %s", rule->label);
		print_title(out, rule->title);
		buf_add_byte(out, '\n');
		print_only_when(out, rule->only_when);
		print_rules(out, rule);
	}
}

/* ---- partners --------------------------------------------------------- */

static void print_partner(struct buf *out, const struct partner *partner)
{
	buf_addf(out, "partner %s", partner->name);
	print_title(out, partner->title);
	buf_addf(out, "\n  %-9s %s\n  %-9s %s\n", "kind", partner->kind.text,
	    "clearance", partner->clearance.text);
}

/* ---- by name ---------------------------------------------------------- */

/* "name" or "name/version"; version 0: the highest. */
static bool split(const char *text, struct slice *ret_name, uint32_t *ret)
{
	const char *slash = strchr(text, '/');
	unsigned long version;
	char *end;

	*ret_name =
	    slash ? slice_of(text, (size_t)(slash - text)) : slice_str(text);
	*ret = 0;
	if (!slash)
		return true;
	if (slash[1] < '1' || slash[1] > '9')
		return false;
	version = strtoul(slash + 1, &end, 10);
	*ret = (uint32_t)version;
	return *end == '\0' && version <= NUMBER_MAX;
}

bool policy_print(const struct policy *p, const char *name, struct buf *out)
{
	const struct agreement *a;
	const struct standing *s;
	const struct vocabulary *v;
	const struct partner *partner;
	struct slice wanted;
	uint32_t version;

	if (!split(name, &wanted, &version))
		return false;
	a = policy_find_agreement(p, wanted, version);
	s = policy_find_standing(p, wanted, version);
	v = policy_find_vocabulary(p, wanted, version);
	partner = version ? NULL : policy_partner(p, wanted);
	if (a)
		print_agreement(out, a);
	else if (s)
		print_standing(out, s);
	else if (v)
		print_vocabulary(out, v);
	else if (partner)
		print_partner(out, partner);
	return a || s || v || partner;
}
