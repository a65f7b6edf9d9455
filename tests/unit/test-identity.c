/*
 * Who the partners of an exchange are: what the signed agreements say, and
 * nothing else (design, promise 14); and that what an agreement stands on
 * cannot be changed under its signatures.
 */

#include "tests/unit/test.h"

#include "policy/policy.h"
#include "util/hash.h"
#include "util/mem.h"
#include "wire/note.h"

static const char vocabulary[] =
    "vocabulary soc/1 codes kind police, council codes purpose prevent "
    "codes gateway cda codes marking ordered LOW, HIGH "
    "entity report title text record report one report\n";
static const char law[] =
    "standing law/1 uses soc/1 rule first refuse when recipient.kind = "
    "police and marking = HIGH\n";

/* One agreement of police and council as its parts; NULL: as it should be. */
struct draft {
	const char *name;
	const char *police, *council;         /* identity statements */
	const char *vocabulary_pin, *law_pin; /* pin statements */
	bool unsigned_text;
};

/* The caller frees. */
static char *identity(
    const char *partner, const char *key_name, const char *clearance, int seed)
{
	uint8_t raw[KEY_BYTES] = { (uint8_t)seed }, public[KEY_BYTES];
	struct key *key = key_from_raw(KEY_ED25519, raw);
	char text[VKEY_TEXT_MAX];
	struct vkey vkey;

	key_public(key, public);
	CHECK(vkey_make(key_name, public, &vkey));
	vkey_format(&vkey, text);
	key_free(key);
	return mem_format("identity %s kind %s clearance %s agree \"%s\"\n",
	    partner, partner, clearance, text);
}

static char *pin(const char *id, const char *text)
{
	uint8_t hash[HASH_BYTES];
	struct buf out = { 0 };

	hash_bytes(text, strlen(text), hash);
	buf_addf(&out, "pin %s \"", id);
	base64_add(&out, hash, sizeof(hash));
	buf_add_str(&out, "\"\n");
	return buf_steal_str(&out);
}

/* Statements of their own lines: police in line 2, council in 3, the pins in 4
 * and 5. */
static char *text_of(const struct draft *draft)
{
	_cleanup_free_ char *police = identity("police", "police", "HIGH", 1);
	_cleanup_free_ char *council = identity("council", "council", "LOW", 2);
	_cleanup_free_ char *vocabulary_pin = pin("soc/1", vocabulary);
	_cleanup_free_ char *law_pin = pin("law/1", law);

	return mem_format(
	    "agreement %s uses soc/1 parties police, council purposes prevent "
	    "basis \"b\" contact \"c\" starts 2026-01-01 review 2026-06-01 "
	    "ends "
	    "2027-12-31 retain 1 year\n%s%s%s%s"
	    "clause 1 share report from police to council for prevent by cda "
	    "release *\n",
	    draft->name, draft->police ? draft->police : police,
	    draft->council ? draft->council : council,
	    draft->vocabulary_pin ? draft->vocabulary_pin : vocabulary_pin,
	    draft->law_pin ? draft->law_pin : law_pin);
}

/* Load the drafts as an exchange does. */
static struct policy *exchange(const struct draft *drafts, size_t count)
{
	struct policy_text texts[8] = {
		{ .name = "soc.vocabulary", .text = slice_str(vocabulary) },
		{ .name = "law.standing", .text = slice_str(law) },
		/* An operator's word for who is who does not count. */
		{ .name = "o.partners",
		    .text = slice_str("partner council kind police clearance "
				      "HIGH") },
	};
	char *names[4], *bodies[4];
	struct policy *p;

	for (size_t i = 0; i < count; i++) {
		names[i] = mem_format("%zu.agreement", i);
		bodies[i] = text_of(&drafts[i]);
		texts[3 + i] = (struct policy_text){ .name = names[i],
			.text = slice_str(bodies[i]),
			.all_signed = !drafts[i].unsigned_text };
	}
	p = policy_load(&(struct policy_input){
	    .texts = texts, .count = 3 + count, .identities = true });
	for (size_t i = 0; i < count; i++) {
		free(names[i]);
		free(bodies[i]);
	}
	return p;
}

/* What is found, a line each. */
static void check_found(
    const struct draft *drafts, size_t count, const char *want)
{
	struct policy *p = exchange(drafts, count);
	const struct policy_problem *problems;
	_cleanup_buf_ struct buf found = { 0 };
	size_t n;

	problems = policy_problems(p, &n);
	for (size_t i = 0; i < n; i++)
		policy_problem_print(&problems[i], &found);
	buf_add_byte(&found, '\0');
	policy_unref(p);
	CHECK_STR((const char *)found.data, want);
}

TEST(identity, as_it_should_be)
{
	struct draft drafts[] = { { .name = "a/1" }, { .name = "b/1" } };
	struct policy *p = exchange(drafts, 2);
	struct policy_identity *identities;
	struct arena arena = { 0 };

	check_found(drafts, 2, "");
	CHECK_STR(policy_partner_title(p, slice_str("council")), "council");
	CHECK_INT(policy_identities(p, 1, &arena, &identities), 2);
	CHECK_STR(identities[0].partner, "police");
	CHECK_STR(identities[1].clearance, "LOW");
	CHECK(!strncmp(identities[1].agree, "council+", 8));
	arena_deinit(&arena);
	policy_unref(p);
}

TEST(identity, every_party_is_vouched_for)
{
	struct draft draft = { .name = "a/1", .council = "" };

	check_found(&draft, 1,
	    "0.agreement:1:42: a/1 has no 'identity council': every party must "
	    "be vouched for\n");
}

TEST(identity, only_parties_once_and_with_their_own_key)
{
	_cleanup_free_ char *foreign = identity("council", "police", "LOW", 2);
	_cleanup_free_ char *police = identity("police", "police", "HIGH", 1);
	_cleanup_free_ char *other = identity("fire", "fire", "LOW", 3);
	_cleanup_free_ char *many = mem_format("%s%s", police, other);
	struct draft draft = { .name = "a/1", .council = foreign };

	check_found(&draft, 1,
	    "0.agreement:3:51: this is the key of 'police', not of "
	    "'council'\n");
	draft = (struct draft){ .name = "a/1", .council = many };
	check_found(&draft, 1,
	    "0.agreement:1:42: a/1 has no 'identity council': every party must "
	    "be vouched for\n"
	    "0.agreement:3:10: the identity of 'police' is there already, in "
	    "line 2\n"
	    "0.agreement:4:10: 'fire' is no party to a/1\n"
	    "0.agreement:4:20: no kind 'fire' in any vocabulary here\n");
}

TEST(identity, agreements_may_not_contradict_each_other)
{
	_cleanup_free_ char *cleared =
	    identity("council", "council", "HIGH", 2);
	_cleanup_free_ char *rekeyed = identity("council", "council", "LOW", 7);
	struct draft drafts[] = { { .name = "a/1" },
		{ .name = "b/1", .council = cleared } };

	check_found(drafts, 2,
	    "1.agreement:3:41: 'council' has clearance 'HIGH' here, but 'LOW' "
	    "in a/1\n");
	drafts[1].council = rekeyed;
	check_found(drafts, 2,
	    "1.agreement:3:51: 'council' has another agree key here than in "
	    "a/1\n");
	/* A later version of the same agreement may say it anew. */
	drafts[1].name = "a/2";
	check_found(drafts, 2, "");
}

/* Publishing a text that not all have signed must not change who anybody is. */
TEST(identity, what_nobody_signed_vouches_for_nobody)
{
	_cleanup_free_ char *cleared =
	    identity("council", "council", "HIGH", 2);
	struct draft drafts[] = { { .name = "a/1" },
		{ .name = "b/1", .council = cleared, .unsigned_text = true } };

	check_found(drafts, 2, "");
	drafts[1].name = "a/2";
	check_found(drafts, 2, "");
}

TEST(identity, what_it_stands_on_is_pinned)
{
	_cleanup_free_ char *changed = pin("soc/1", "vocabulary soc/1");
	struct draft draft = { .name = "a/1", .vocabulary_pin = changed };
	struct policy *p = exchange(&draft, 1);
	const struct policy_problem *problems;
	size_t count;

	problems = policy_problems(p, &count);
	CHECK_INT(count, 1);
	CHECK_INT(problems[0].line, 4);
	CHECK_INT(problems[0].column, 11);
	CHECK(!strncmp(problems[0].text,
	    "the text of soc/1 is not the one pinned here: its SHA-256 is \"",
	    61));
	policy_unref(p);
	draft = (struct draft){ .name = "a/1", .law_pin = "" };
	p = exchange(&draft, 1);
	problems = policy_problems(p, &count);
	CHECK_INT(count, 1);
	CHECK(strstr(problems[0].text, "a/1 does not pin law/1: pin law/1 \""));
	policy_unref(p);
}

/* A notice counts when its giver has signed it. */
TEST(identity, a_notice_is_signed_by_its_giver)
{
	static const char *const signer[] = { "police" };
	static const char agreement[] =
	    "agreement a/1 uses soc/1 parties police, council purposes prevent "
	    "basis \"b\" contact \"c\" starts 2026-01-01 review 2026-06-01 "
	    "ends "
	    "2027-12-31 retain 1 year";
	static const char people[] =
	    "partner police kind police clearance HIGH "
	    "partner council kind council clearance "
	    "LOW";
	struct policy_text texts[] = {
		{ .name = "soc.vocabulary", .text = slice_str(vocabulary) },
		{ .name = "p.partners", .text = slice_str(people) },
		{ .name = "a.agreement",
		    .text = slice_str(agreement),
		    .all_signed = true },
		{ .name = "n.notice",
		    .text = slice_str("notice suspend a/1 by council on "
				      "2026-02-01 notice suspend a/1 by police "
				      "on 2026-03-01"),
		    .signed_by = signer,
		    .signers = 1 },
	};
	struct policy *p =
	    policy_load(&(struct policy_input){ .texts = texts, .count = 4 });
	const struct policy_problem *problems;
	size_t count;

	problems = policy_problems(p, &count);
	CHECK_INT(count, 1);
	CHECK_INT(problems[0].severity, POLICY_WARNING);
	CHECK_STR(problems[0].text,
	    "'council' has not signed this notice, so it counts for nothing");
	CHECK_INT(policy_agreement_force(p, 0, 20500, NULL), POLICY_IN_FORCE);
	policy_unref(p);
}

int main(void)
{
	return test_main();
}
