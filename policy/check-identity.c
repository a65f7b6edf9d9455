/*
 * Who the partners are. With files alone, the partners texts say it. In an
 * exchange the agreements do, each party vouching for all (design, promise 14):
 * what one agreement says of a partner no other may contradict. Only the
 * highest version of an agreement speaks, and one that all its parties have
 * signed before one that they have not: publishing a text that nobody signed
 * must not change who anybody is.
 */

#include <stdlib.h>

#include "policy/check.h"
#include "util/hash.h"
#include "util/map.h"
#include "wire/base64.h"
#include "wire/note.h"

/* ---- partners from identities ----------------------------------------- */

struct claim {
	const struct identity *identity;
	const struct agreement *agreement;
	bool signed_by_all;
};

struct claims {
	struct claim *items;
	size_t count, cap;
};

static bool signed_by_all(const struct agreement *a)
{
	for (size_t i = 0; i < a->parties.count; i++)
		if (!names_have(&a->signed_by, a->parties.items[i].text))
			return false;
	return true;
}

static void check_identity(
    struct policy *p, const struct agreement *a, const struct identity *claim)
{
	const char *name = claim->partner.text;
	struct vkey vkey;
	struct why why;

	if (!names_have(&a->parties, name))
		check_error(p, claim->partner.at, NULL,
		    "'%s' is no party to %s", name, a->cited);
	if (!vkey_parse(slice_str(claim->agree), &vkey, &why))
		check_error(p, claim->agree_at, NULL, "%s", why.text);
	else if (strcmp(vkey.name, name))
		check_error(p, claim->agree_at, NULL,
		    "this is the key of '%s', not of '%s'", vkey.name, name);
}

static void gather_claims(struct policy *p, const struct agreement *a,
    struct claims *claims, struct map *named)
{
	struct seen *seen = seen_new(p, "identity of");
	bool all = signed_by_all(a);

	map_deinit(named);
	for (size_t i = 0; i < a->identities_count; i++) {
		struct identity *identity = &a->identities[i];

		seen_add(seen, identity->partner.text, identity->partner.at);
		check_identity(p, a, identity);
		map_set_str(named, identity->partner.text, identity);
		*mem_push(claims->items, claims->count, claims->cap) =
		    (struct claim){ identity, a, all };
	}
	seen_free(seen);
	for (size_t i = 0; i < a->parties.count; i++)
		if (!map_get_str(named, a->parties.items[i].text))
			check_error(p, a->parties.items[i].at, NULL,
			    "%s has no 'identity %s': every party must be "
			    "vouched for",
			    a->cited, a->parties.items[i].text);
}

/* By partner; of one, the claims that count come first. Agreements are sorted
 * by name and rising version. */
static int by_weight(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int c = strcmp(a->identity->partner.text, b->identity->partner.text);

	if (c)
		return c;
	if (a->signed_by_all != b->signed_by_all)
		return a->signed_by_all ? -1 : 1;
	c = strcmp(a->agreement->id.name, b->agreement->id.name);
	if (c)
		return c;
	if (a->agreement->id.version != b->agreement->id.version)
		return a->agreement->id.version > b->agreement->id.version ? -1
									   : 1;
	return a->identity < b->identity ? -1 : a->identity > b->identity;
}

static void check_agrees(
    struct policy *p, const struct claim *first, const struct claim *other)
{
	const struct identity *a = first->identity, *b = other->identity;

	if (strcmp(a->kind.text, b->kind.text))
		check_error(p, b->kind.at, NULL,
		    "'%s' is of kind '%s' here, but of kind '%s' in %s",
		    b->partner.text, b->kind.text, a->kind.text,
		    first->agreement->cited);
	if (strcmp(a->clearance.text, b->clearance.text))
		check_error(p, b->clearance.at, NULL,
		    "'%s' has clearance '%s' here, but '%s' in %s",
		    b->partner.text, b->clearance.text, a->clearance.text,
		    first->agreement->cited);
	if (strcmp(a->agree, b->agree))
		check_error(p, b->agree_at, NULL,
		    "'%s' has another agree key here than in %s",
		    b->partner.text, first->agreement->cited);
}

/* The claims of one partner, from @first: what it is, and who says otherwise.
 * Returns how many there are. */
static size_t settle(struct policy *p, const struct claim *first, size_t left)
{
	const struct agreement *last = first->agreement;
	size_t n = 1;

	load_partner(
	    p, &(struct partner){ .name = first->identity->partner.text,
		   .kind = first->identity->kind,
		   .clearance = first->identity->clearance,
		   .at = first->identity->partner.at });
	for (; n < left; n++) {
		const struct claim *claim = &first[n];

		if (strcmp(claim->identity->partner.text,
			first->identity->partner.text))
			break;
		if (claim->signed_by_all == first->signed_by_all &&
		    strcmp(claim->agreement->id.name, last->id.name))
			check_agrees(p, first, claim);
		last = claim->agreement;
	}
	return n;
}

void check_identities(struct policy *p)
{
	struct claims claims = { 0 };
	struct map named = { 0 };

	for (size_t i = 0; i < p->agreements_count; i++)
		gather_claims(p, p->agreements[i], &claims, &named);
	map_deinit(&named);
	if (claims.count)
		mem_sort(claims.items, claims.count, sizeof(*claims.items),
		    by_weight);
	p->partners = NULL; /* partners texts do not count in an exchange */
	p->partners_count = 0;
	for (size_t i = 0; i < claims.count;)
		i += settle(p, &claims.items[i], claims.count - i);
	free(claims.items);
	policy_sort(p);
}

/* ---- kinds and clearances --------------------------------------------- */

/* Each once, whatever number of agreements ask. */
static void check_codes_in(struct policy *p, const struct vocabulary *v,
    const struct partner *partner, struct map *asked)
{
	_cleanup_free_ char *key = mem_format("%s %s", partner->name, v->cited);

	if (map_set_str(asked, key, p))
		return;
	check_code(p, v, v->kind, partner->kind);
	check_code(p, v, v->marking, partner->clearance);
}

static bool in_any(const struct policy *p, const struct name *name,
    const struct codes *(*list)(const struct vocabulary *v))
{
	for (size_t i = 0; i < p->vocabularies_count; i++) {
		const struct codes *codes = list(p->vocabularies[i]);

		if (codes && codes_find(codes, slice_str(name->text)) >= 0)
			return true;
	}
	return p->vocabularies_count == 0 || !name->text[0];
}

static const struct codes *kinds(const struct vocabulary *v)
{
	return v->kind;
}

static const struct codes *markings(const struct vocabulary *v)
{
	return v->marking;
}

/* A partner that is party to nothing is still somebody. */
static void check_idle(struct policy *p, const struct partner *partner)
{
	if (!in_any(p, &partner->kind, kinds))
		check_error(p, partner->kind.at, NULL,
		    "no kind '%s' in any vocabulary here", partner->kind.text);
	if (!in_any(p, &partner->clearance, markings))
		check_error(p, partner->clearance.at, NULL,
		    "no marking '%s' in any vocabulary here",
		    partner->clearance.text);
}

void check_partners(struct policy *p)
{
	struct seen *seen = seen_new(p, "partner");
	struct map asked = { 0 }, active = { 0 };

	for (size_t i = 0; i < p->agreements_count; i++) {
		const struct agreement *a = p->agreements[i];

		for (size_t j = 0; a->vocabulary && j < a->parties.count; j++) {
			const struct partner *partner = policy_partner(
			    p, slice_str(a->parties.items[j].text));

			if (!partner)
				continue;
			map_set_str(&active, partner->name, p);
			check_codes_in(p, a->vocabulary, partner, &asked);
		}
	}
	for (size_t i = 0; i < p->partners_count; i++) {
		seen_add(seen, p->partners[i].name, p->partners[i].at);
		if (!map_get_str(&active, p->partners[i].name))
			check_idle(p, &p->partners[i]);
	}
	map_deinit(&asked);
	map_deinit(&active);
	seen_free(seen);
}

/* ---- pins ------------------------------------------------------------- */

static const struct pin *find_pin(
    const struct agreement *a, const struct versioned *id)
{
	for (size_t i = 0; i < a->pins_count; i++)
		if (!strcmp(a->pins[i].id.name, id->name) &&
		    a->pins[i].id.version == id->version)
			return &a->pins[i];
	return NULL;
}

/* What an agreement stands on cannot be changed under its signatures. */
static void check_pin(struct policy *p, const struct agreement *a,
    const struct versioned *id, struct place at)
{
	const struct pin *pin = find_pin(a, id);
	const struct source *source = id->at.source;
	_cleanup_buf_ struct buf digest = { 0 };
	uint8_t hash[HASH_BYTES];

	hash_bytes(source->text.data, source->text.len, hash);
	base64_add(&digest, hash, sizeof(hash));
	if (!pin)
		check_error(p, at, NULL,
		    "%s does not pin %s/%u: pin %s/%u \"%.*s\"", a->cited,
		    id->name, id->version, id->name, id->version,
		    SLICE_ARG(buf_slice(&digest)));
	else if (!slice_is(buf_slice(&digest), pin->digest))
		check_error(p, pin->digest_at, NULL,
		    "the text of %s/%u is not the one pinned here: its SHA-256 "
		    "is \"%.*s\"",
		    id->name, id->version, SLICE_ARG(buf_slice(&digest)));
}

void check_pins(struct policy *p, const struct agreement *a)
{
	struct seen *seen = seen_new(p, "pin of");

	for (size_t i = 0; i < a->pins_count; i++)
		seen_add(seen,
		    arena_format(&p->arena, "%s/%u", a->pins[i].id.name,
			a->pins[i].id.version),
		    a->pins[i].id.at);
	seen_free(seen);
	if (a->vocabulary)
		check_pin(p, a, &a->vocabulary->id, a->uses.at);
	if (a->umbrella)
		check_pin(p, a, &a->umbrella->id, a->under.at);
	for (size_t i = 0; i < a->standing_count; i++)
		check_pin(p, a, &a->standing[i]->id, a->uses.at);
}
