/* Finding things by name, inside policy/ and for its callers. What a decision
 * or a check looks up often is sorted; the rest is short. */

#include <assert.h>
#include <stdlib.h>

#include "policy/model.h"
#include "util/text.h"

/* ---- codes ------------------------------------------------------------ */

static struct code priority_items[] = { { .text = "routine" },
	{ .text = "urgent" }, { .text = "threat-to-life" } };
static const struct code *const priority_sorted[] = { &priority_items[0],
	&priority_items[2], &priority_items[1] };

const struct codes codes_priority = {
	.name = "priority",
	.items = priority_items,
	.count = ARRAY_LEN(priority_items),
	.sorted = priority_sorted,
};

int codes_find(const struct codes *codes, struct slice text)
{
	size_t low = 0, high = codes->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct code *code = codes->sorted[middle];
		int c = slice_cmp(text, slice_str(code->text));

		if (c == 0)
			return (int)(code - codes->items);
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/* ---- vocabularies ----------------------------------------------------- */

const struct field *vocabulary_field(
    const struct vocabulary *v, struct slice path)
{
	size_t low = 0, high = v->fields_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct field *field = v->by_path[middle];
		int c = slice_cmp(path, slice_str(field->path));

		if (c == 0)
			return field;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct entity *vocabulary_entity(
    const struct vocabulary *v, struct slice name)
{
	for (size_t i = 0; i < v->entities_count; i++)
		if (slice_is(name, v->entities[i]->name))
			return v->entities[i];
	return NULL;
}

const struct record *vocabulary_record(
    const struct vocabulary *v, struct slice name)
{
	for (size_t i = 0; i < v->records_count; i++)
		if (slice_is(name, v->records[i]->name))
			return v->records[i];
	return NULL;
}

const struct codes *vocabulary_codes(
    const struct vocabulary *v, const char *name)
{
	for (size_t i = 0; i < v->codes_count; i++)
		if (!strcmp(v->codes[i]->name, name))
			return v->codes[i];
	return NULL;
}

uint64_t vocabulary_class(const struct vocabulary *v, const char *name)
{
	if (!strcmp(name, "sensitive"))
		return CLASS_SENSITIVE;
	if (!strcmp(name, "grade"))
		return CLASS_GRADE;
	for (size_t i = 0; i < v->classes_count && i + 2 < CLASSES_MAX; i++)
		if (!strcmp(v->classes[i].text, name))
			return UINT64_C(1) << (i + 2);
	return 0;
}

/* ---- the set ---------------------------------------------------------- */

bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->items[i].text, name))
			return true;
	return false;
}

const struct group *agreement_group(
    const struct agreement *a, struct slice name)
{
	for (size_t i = 0; i < a->groups_count; i++)
		if (slice_is(name, a->groups[i].name))
			return &a->groups[i];
	return NULL;
}

const struct partner *policy_partner(const struct policy *p, struct slice name)
{
	size_t low = 0, high = p->partners_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct partner *partner = &p->partners[middle];
		int c = slice_cmp(name, slice_str(partner->name));

		if (c == 0)
			return partner;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/*
 * Each of the three begins with its id, and their arrays are sorted by name and
 * rising version: the last at or before what is asked for is the one. Returns
 * @count when there is none.
 */
static size_t find_id(
    void *const *items, size_t count, struct slice name, uint32_t version)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct versioned *id = items[middle];
		int c = slice_cmp(slice_str(id->name), name);

		if (c < 0 ||
		    (c == 0 && (version == 0 || id->version <= version)))
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0) {
		const struct versioned *id = items[low - 1];

		if (slice_is(name, id->name) &&
		    (version == 0 || id->version == version))
			return low - 1;
	}
	return count;
}

#define DEFINE_FIND(kind, plural)                                              \
	const struct kind *policy_find_##kind(                                 \
	    const struct policy *p, struct slice name, uint32_t version)       \
	{                                                                      \
		static_assert(                                                 \
		    offsetof(struct kind, id) == 0, "id comes first");         \
		size_t i = find_id((void *const *)p->plural,                   \
		    p->plural##_count, name, version);                         \
                                                                               \
		return i < p->plural##_count ? p->plural[i] : NULL;            \
	}
DEFINE_FIND(vocabulary, vocabularies)
DEFINE_FIND(agreement, agreements)
DEFINE_FIND(standing, standings)

/* ---- for callers of policy/ ------------------------------------------- */

static const struct vocabulary *cited(
    const struct policy *p, const char *vocabulary)
{
	for (size_t i = 0; i < p->vocabularies_count; i++)
		if (!strcmp(p->vocabularies[i]->cited, vocabulary))
			return p->vocabularies[i];
	return NULL;
}

bool policy_has_type(
    const struct policy *p, const char *vocabulary, const char *type)
{
	const struct vocabulary *v = cited(p, vocabulary);

	return v && vocabulary_record(v, slice_str(type));
}

enum policy_entity_kind policy_entity_kind(const struct policy *p,
    const char *vocabulary, const char *type, struct slice entity)
{
	const struct vocabulary *v = cited(p, vocabulary);
	const struct record *record =
	    v ? vocabulary_record(v, slice_str(type)) : NULL;

	for (size_t i = 0; record && i < record->count; i++)
		if (slice_is(entity, record->parts[i].name.text))
			return record->parts[i].many ? POLICY_ENTITY_MANY
						     : POLICY_ENTITY_ONE;
	return POLICY_ENTITY_NONE;
}

enum policy_value_kind policy_value_kind(
    const struct policy *p, const char *vocabulary, struct slice path)
{
	const struct vocabulary *v = cited(p, vocabulary);
	const struct field *field = v ? vocabulary_field(v, path) : NULL;

	if (!field)
		return POLICY_VALUE_NONE;
	if (field->set)
		return POLICY_VALUE_SET;
	if (field->type == TYPE_INTEGER)
		return POLICY_VALUE_INTEGER;
	if (field->type == TYPE_FLAG)
		return POLICY_VALUE_FLAG;
	if (field->type == TYPE_CODE)
		return POLICY_VALUE_CODE;
	if (field->type == TYPE_LINK)
		return POLICY_VALUE_LINK;
	return POLICY_VALUE_TEXT;
}

/* ---- near names ------------------------------------------------------- */

const char *policy_nearest_partner(const struct policy *p, struct slice name)
{
	_cleanup_free_ const char **names =
	    mem_array(p->partners_count + 1, sizeof(*names));

	for (size_t i = 0; i < p->partners_count; i++)
		names[i] = p->partners[i].name;
	return text_nearest(name, names, p->partners_count);
}

const char *policy_nearest_type(
    const struct policy *p, const char *vocabulary, struct slice type)
{
	const struct vocabulary *v = cited(p, vocabulary);
	size_t count = v ? v->records_count : 0;
	_cleanup_free_ const char **names =
	    mem_array(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = v->records[i]->name;
	return text_nearest(type, names, count);
}

const char *policy_nearest_entity(const struct policy *p,
    const char *vocabulary, const char *type, struct slice entity)
{
	const struct vocabulary *v = cited(p, vocabulary);
	const struct record *record =
	    v ? vocabulary_record(v, slice_str(type)) : NULL;
	size_t count = record ? record->count : 0;
	_cleanup_free_ const char **names =
	    mem_array(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = record->parts[i].name.text;
	return text_nearest(entity, names, count);
}

const char *policy_nearest_field(
    const struct policy *p, const char *vocabulary, struct slice path)
{
	const struct vocabulary *v = cited(p, vocabulary);
	size_t count = v ? v->fields_count : 0;
	_cleanup_free_ const char **names =
	    mem_array(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = v->fields[i]->path;
	return text_nearest(path, names, count);
}

const char *policy_partner_title(const struct policy *p, struct slice name)
{
	const struct partner *partner = policy_partner(p, name);

	if (!partner)
		return NULL;
	return partner->title ? partner->title : partner->name;
}

/* ---- agreements to be shown ------------------------------------------- */

size_t policy_agreements(const struct policy *p)
{
	return p->agreements_count;
}

static const char *id_text(struct arena *arena, const struct versioned *id)
{
	if (!id->name)
		return NULL;
	return arena_format(arena, "%s/%u", id->name, id->version);
}

void policy_agreement(const struct policy *p, size_t i, struct arena *arena,
    struct policy_agreement_info *ret)
{
	const struct agreement *a = p->agreements[i];
	const char **parties =
	    arena_array(arena, a->parties.count, const char *);

	for (size_t j = 0; j < a->parties.count; j++)
		parties[j] = a->parties.items[j].text;
	*ret = (struct policy_agreement_info){
		.name = a->id.name,
		.version = a->id.version,
		.title = a->title,
		.under = id_text(arena, &a->under),
		.uses = id_text(arena, &a->uses),
		.contact = a->contact,
		.file = a->source->name,
		.parties = parties,
		.parties_count = a->parties.count,
		.starts = a->starts,
		.ends = a->ends,
		.review = a->has_review ? a->review : 0,
		.clauses = a->clauses_count,
	};
}

size_t policy_identities(const struct policy *p, size_t agreement,
    struct arena *arena, struct policy_identity **ret)
{
	const struct agreement *a = p->agreements[agreement];

	*ret = arena_array(arena, a->identities_count, struct policy_identity);
	for (size_t i = 0; i < a->identities_count; i++)
		(*ret)[i] = (struct policy_identity){
			.partner = a->identities[i].partner.text,
			.kind = a->identities[i].kind.text,
			.clearance = a->identities[i].clearance.text,
			.agree = a->identities[i].agree,
		};
	return a->identities_count;
}
