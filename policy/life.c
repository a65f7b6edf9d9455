/*
 * The life of agreements (rules 3, 4, 27, 28): which version is in force
 * between two partners on a day, and if none, why. Notices close for everyone
 * from their day on; a version that has started ends all earlier ones for good.
 */

#include "policy/decide.h"

#include "util/clock.h"
#include "util/text.h"

struct slice split_versioned(const char *text, uint32_t *ret_version)
{
	const char *slash = strrchr(text, '/');
	uint64_t n = 0;

	*ret_version = 0;
	if (!slash || slash[1] < '1' || slash[1] > '9')
		return slice_str(text);
	for (const char *s = slash + 1; *s; s++) {
		if (*s < '0' || *s > '9')
			return slice_str(text);
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > UINT32_MAX)
			return slice_str(text);
	}
	*ret_version = (uint32_t)n;
	return slice_of(text, (size_t)(slash - text));
}

struct agreement *const *agreement_versions(
    const struct policy *p, struct slice name, size_t *ret_count)
{
	size_t low = 0, high = p->agreements_count, end;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (slice_cmp(slice_str(p->agreements[middle]->id.name), name) <
		    0)
			low = middle + 1;
		else
			high = middle;
	}
	end = low;
	while (end < p->agreements_count &&
	       slice_is(name, p->agreements[end]->id.name))
		end++;
	*ret_count = end - low;
	return p->agreements + low;
}

/* ---- one version ------------------------------------------------------ */

static bool has_signed(const struct agreement *a, const char *party)
{
	return a->all_signed || names_have(&a->signed_by, party);
}

/* Between at least two partners: until then nothing has begun that could take
 * the place of something. */
static bool has_started(const struct agreement *a, int32_t day)
{
	size_t signers = 0;

	for (size_t i = 0; i < a->parties.count; i++)
		signers += has_signed(a, a->parties.items[i].text);
	return a->starts <= day && signers >= 2;
}

static const struct agreement *superseded_by(
    const struct policy *p, const struct agreement *a, int32_t day)
{
	size_t count;
	struct agreement *const *all =
	    agreement_versions(p, slice_str(a->id.name), &count);

	while (count-- && all[count]->id.version > a->id.version)
		if (has_started(all[count], day))
			return all[count];
	return NULL;
}

/* Only a party gives one, and it counts from its day on (rule 28). */
static bool is_notice_on(
    const struct notice *n, const struct agreement *a, int32_t day)
{
	return n->kind != NOTICE_ROSTER && n->on <= day &&
	       n->agreement.version == a->id.version &&
	       !strcmp(n->agreement.name, a->id.name) &&
	       agreement_has_party(a, n->by.text);
}

static const struct notice *withdrawn_by(
    const struct policy *p, const struct agreement *a, int32_t day)
{
	for (size_t i = 0; i < p->notices_count; i++)
		if (p->notices[i].kind == NOTICE_WITHDRAW &&
		    is_notice_on(&p->notices[i], a, day))
			return &p->notices[i];
	return NULL;
}

/* The suspension that holds: one whose giver did not resume on a later day. */
static const struct notice *suspended_by(
    const struct policy *p, const struct agreement *a, int32_t day)
{
	for (size_t i = 0; i < p->notices_count; i++) {
		const struct notice *n = &p->notices[i];
		bool lifted = false;

		if (n->kind != NOTICE_SUSPEND || !is_notice_on(n, a, day))
			continue;
		for (size_t j = 0; j < p->notices_count; j++) {
			const struct notice *r = &p->notices[j];

			if (r->kind == NOTICE_RESUME && r->on > n->on &&
			    is_notice_on(r, a, day) &&
			    !strcmp(r->by.text, n->by.text))
				lifted = true;
		}
		if (!lifted)
			return n;
	}
	return NULL;
}

static const char *not_signed_by(
    const struct agreement *a, const struct sending *s)
{
	if (s->from) {
		if (!has_signed(a, s->from))
			return s->from;
		return has_signed(a, s->to) ? NULL : s->to;
	}
	for (size_t i = 0; i < a->parties.count; i++)
		if (!has_signed(a, a->parties.items[i].text))
			return a->parties.items[i].text;
	return NULL;
}

static const char *stranger_to(
    const struct agreement *a, const struct sending *s)
{
	if (!s->from ||
	    (agreement_has_party(a, s->from) && agreement_has_party(a, s->to)))
		return NULL;
	return agreement_has_party(a, s->from) ? s->to : s->from;
}

static enum policy_force noticed(
    struct life *life, const struct notice *n, enum policy_force force)
{
	life->who = n->by.text;
	life->on = n->on;
	return force;
}

/* This version alone, whatever is above it. */
static enum policy_force own_force(const struct policy *p,
    const struct agreement *a, const struct sending *s, struct life *ret)
{
	const struct notice *n;

	*ret = (struct life){ .of = a };
	n = withdrawn_by(p, a, s->day);
	if (n)
		return noticed(ret, n, POLICY_WITHDRAWN);
	ret->newer = superseded_by(p, a, s->day);
	if (ret->newer)
		return POLICY_SUPERSEDED;
	if (s->day < a->starts)
		return POLICY_NOT_STARTED;
	if (s->day > a->ends)
		return POLICY_ENDED;
	n = suspended_by(p, a, s->day);
	if (n)
		return noticed(ret, n, POLICY_SUSPENDED);
	ret->stranger = stranger_to(a, s);
	if (ret->stranger)
		return POLICY_NOT_SIGNED;
	ret->who = not_signed_by(a, s);
	return ret->who ? POLICY_NOT_SIGNED : POLICY_IN_FORCE;
}

void life_of(const struct policy *p, const struct agreement *a,
    const struct sending *s, struct life *ret)
{
	ret->force = own_force(p, a, s, ret);
	for (size_t up = 0; ret->force == POLICY_IN_FORCE && a->umbrella &&
			    up < POLICY_UMBRELLAS_MAX;
	     up++) {
		a = a->umbrella;
		ret->force = own_force(p, a, s, ret);
		ret->umbrella = true;
	}
}

/* ---- the version between two ------------------------------------------ */

static const struct agreement *version_numbered(
    struct agreement *const *all, size_t count, uint32_t version)
{
	for (size_t i = 0; i < count; i++)
		if (all[i]->id.version == version)
			return all[i];
	return NULL;
}

/* The last that has started, as it ended all others; else the next to. */
static const struct agreement *version_of_day(
    struct agreement *const *all, size_t count, int32_t day)
{
	for (size_t i = count; i-- > 0;)
		if (has_started(all[i], day))
			return all[i];
	return all[count - 1];
}

void life_resolve(const struct policy *p, const char *agreement,
    const struct sending *s, struct version *ret)
{
	struct agreement *const *all;
	const struct agreement *now;
	struct life life;
	uint32_t version;
	size_t count;

	*ret = (struct version){ 0 };
	all =
	    agreement_versions(p, split_versioned(agreement, &version), &count);
	if (count == 0)
		return;
	now = version_of_day(all, count, s->day);
	ret->agreement = own_force(p, now, s, &life) == POLICY_IN_FORCE
			     ? now
			     : all[count - 1];
	ret->meant = version ? version_numbered(all, count, version) : now;
	if (!ret->meant)
		return;
	life_of(p, ret->meant, s, &ret->life);
	ret->in_force = ret->life.force == POLICY_IN_FORCE;
}

/* ---- in words --------------------------------------------------------- */

const char *whom_to_ask(const struct agreement *a, struct arena *arena)
{
	return a && a->contact ? arena_format(arena, "; ask %s", a->contact)
			       : "";
}

static const char *unknown_agreement(const struct policy *p,
    const struct version *v, const char *agreement, struct arena *arena)
{
	const char **names =
	    arena_array(arena, p->agreements_count, const char *);
	const char *near;

	if (v->agreement)
		return arena_format(arena,
		    "there is no agreement '%s'; the highest version is %s",
		    agreement, v->agreement->cited);
	for (size_t i = 0; i < p->agreements_count; i++)
		names[i] = p->agreements[i]->id.name;
	near = text_nearest(slice_str(agreement), names, p->agreements_count);
	return arena_format(arena, "there is no agreement '%s'%s%s%s",
	    agreement, near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
}

static const char *force_text(const struct life *life, struct arena *arena)
{
	const struct agreement *a = life->of;
	char day[CLOCK_TEXT_MAX];

	if (life->stranger)
		return arena_format(
		    arena, "%s is not a party to %s", life->stranger, a->cited);
	switch (life->force) {
	case POLICY_NOT_SIGNED:
		return arena_format(
		    arena, "%s has not signed %s", life->who, a->cited);
	case POLICY_NOT_STARTED:
		clock_format_day(a->starts, day);
		return arena_format(
		    arena, "%s does not start before %s", a->cited, day);
	case POLICY_ENDED:
		clock_format_day(a->ends, day);
		return arena_format(arena, "%s ended on %s", a->cited, day);
	case POLICY_SUPERSEDED:
		return arena_format(arena, "%s has taken the place of %s",
		    life->newer->cited, a->cited);
	case POLICY_SUSPENDED:
	case POLICY_WITHDRAWN:
		clock_format_day(life->on, day);
		return arena_format(arena, "%s was %s by %s on %s", a->cited,
		    policy_force_name(life->force), life->who, day);
	case POLICY_IN_FORCE:
	case POLICY_NO_UMBRELLA:
		break;
	}
	return arena_format(arena, "%s is not in force", a->cited);
}

const char *life_reason(const struct policy *p, const struct version *v,
    const char *agreement, struct arena *arena)
{
	if (!v->meant)
		return arena_format(arena, "%s%s",
		    unknown_agreement(p, v, agreement, arena),
		    whom_to_ask(v->agreement, arena));
	return arena_format(arena, "%s%s%s%s%s", force_text(&v->life, arena),
	    v->life.umbrella ? ", the umbrella of " : "",
	    v->life.umbrella ? v->meant->cited : "",
	    v->life.umbrella ? ", without which it is not in force" : "",
	    whom_to_ask(v->meant, arena));
}

const char *policy_force_name(enum policy_force force)
{
	static const char *const names[] = {
		[POLICY_IN_FORCE] = "in force",
		[POLICY_NOT_SIGNED] = "not signed by all",
		[POLICY_NOT_STARTED] = "not started",
		[POLICY_ENDED] = "ended",
		[POLICY_SUPERSEDED] = "superseded",
		[POLICY_SUSPENDED] = "suspended",
		[POLICY_WITHDRAWN] = "withdrawn",
		[POLICY_NO_UMBRELLA] = "without its umbrella",
	};

	return names[force];
}

enum policy_force policy_agreement_force(
    const struct policy *p, size_t i, int32_t day, const char **ret_who)
{
	struct sending s = { .p = p, .day = day };
	struct life life;

	life_of(p, p->agreements[i], &s, &life);
	if (life.force == POLICY_IN_FORCE)
		life.umbrella = false;
	if (ret_who)
		*ret_who = life.umbrella ? life.of->cited : life.who;
	return life.umbrella ? POLICY_NO_UMBRELLA : life.force;
}
