/* The agreement is read with the language's own parser, alone: that it lacks
 * its vocabulary there is no matter, since only its identities are asked. */

#include "audit/signers.h"

#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "util/mem.h"
#include "wire/note.h"

static struct policy *load(const struct note *note)
{
	struct policy_text text = { .name = "cited.agreement",
		.text = note->text };
	struct policy_input input = {
		.texts = &text, .count = 1, .identities = true
	};

	return policy_load(&input);
}

static bool find_key(const struct policy_identity *identities, size_t count,
    struct slice name, struct vkey *ret, struct why *why)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(name, identities[i].partner))
			return vkey_parse(
			    slice_str(identities[i].agree), ret, why);
	why_set(why, "the text does not say who that is");
	return false;
}

/* Each once: agreements count by how many have signed them. */
static bool is_listed_before(const struct entry *e, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (slice_eq(e->signers[k], e->signers[i]))
			return true;
	return false;
}

static bool read_signer(const struct entry *e, size_t i,
    const struct note *note, struct vkey *key, struct why *why)
{
	if (is_listed_before(e, i)) {
		why_set(why, "it was listed before");
		return false;
	}
	if (note_verify(note, key) != NOTE_SIGNED) {
		why_set(why, "the text does not bear that signature");
		return false;
	}
	return true;
}

static bool read_signers(const struct entry *e, const struct note *note,
    struct arena *arena, struct signer *ret, struct why *why)
{
	_cleanup_policy_ struct policy *policy = load(note);
	struct policy_identity *identities;
	struct vkey key;
	size_t count;

	if (policy_agreements(policy) != 1) {
		why_set(why, "its text is not one agreement");
		return false;
	}
	count = policy_identities(policy, 0, arena, &identities);
	for (size_t i = 0; i < e->signers_count; i++) {
		if (!find_key(identities, count, e->signers[i], &key, why) ||
		    !read_signer(e, i, note, &key, why)) {
			why_prefix(why, "%.*s is listed as a signer",
			    SLICE_ARG(e->signers[i]));
			return false;
		}
		ret[i].name = e->signers[i];
		memcpy(ret[i].agree, key.public, KEY_BYTES);
	}
	return true;
}

bool signers_read(const struct entry *e, struct slice text, struct arena *arena,
    struct signer **ret, struct why *why)
{
	_cleanup_free_ struct note *note = mem_alloc(sizeof(*note));

	*ret = arena_array(arena, e->signers_count, struct signer);
	if (!note_parse(text, note, why))
		return false;
	if (note->text.len > POLICY_TEXT_MAX) {
		why_set(
		    why, "its text is longer than %u bytes", POLICY_TEXT_MAX);
		return false;
	}
	return read_signers(e, note, arena, *ret, why);
}
