/* Copies and where forwarded fields come from: what a recipient is shown can be
 * checked, and nothing else can be passed off as it. */

#include "tests/unit/test.h"

#include "tests/unit/wire-sample.h"
#include "util/mem.h"
#include "wire/codec.h"
#include "wire/copy.h"

#define POLICE "warwickshire-police"

static struct arena arena;

static void done(void)
{
	arena_deinit(&arena);
}

static bool opens(struct slice bytes, uint8_t fill, struct envelope *ret)
{
	return sample_opens(bytes, fill, &arena, ret);
}

static struct slice packed(const struct envelope *e, const bool *home)
{
	return sample_packed(e, home, &arena);
}

/* ---- origins ------------------------------------------------------------ */

TEST(origin, forwarded_fields_prove_their_originator)
{
	struct envelope original, e, got;
	uint8_t police[KEY_BYTES];

	sample_public(1, KEY_ED25519, police);
	sample_envelope(POLICE, 1, &arena, &original);
	sample_forward(&original, &arena, &e);
	CHECK(opens(packed(&e, NULL), 2, &got));
	CHECK(got.forwards);
	CHECK_INT(got.origins_count, 1);
	CHECK_INT(got.origins[0].count, 2);
	CHECK(message_verify(&got.origins[0].statement, police));
	CHECK(slice_is(got.origins[0].statement.header.from, POLICE));
	for (size_t i = 0; i < 2; i++) {
		const struct origin_link *l = &got.origins[0].links[i];

		CHECK(slice_is(got.slots[l->slot].path, "subject.name"));
		CHECK_INT(got.slots[l->slot].instance, 5 - l->instance);
	}
	CHECK(slice_eq(packed(&got, NULL), got.bytes));
	done();
}

TEST(origin, every_bit_flip_is_refused)
{
	struct envelope original, e, got;
	uint8_t police[KEY_BYTES], *data;
	struct slice bytes;

	sample_public(1, KEY_ED25519, police);
	sample_envelope(POLICE, 1, &arena, &original);
	sample_forward(&original, &arena, &e);
	bytes = packed(&e, NULL);
	data = arena_copy(&arena, bytes.data, bytes.len);
	bytes.data = data;
	for (size_t i = 0; i < 8 * bytes.len; i++) {
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!opens(bytes, 2, &got) ||
		      !message_verify(&got.origins[0].statement, police));
		data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	done();
}

TEST(origin, links_that_cannot_be)
{
	struct envelope original, e, got;
	struct origin_link links[3], *own;

	sample_envelope(POLICE, 1, &arena, &original);
	sample_forward(&original, &arena, &e);
	own = arena_copy(&arena, e.origins[0].links, 2 * sizeof(*own));
	e.origins[0].links = links;
#define REFUSED_LINKS(n, ...)                                                  \
	do {                                                                   \
		struct origin_link l[] = { __VA_ARGS__ };                      \
		memcpy(links, l, sizeof(l));                                   \
		e.origins[0].count = (n);                                      \
		CHECK(!opens(packed(&e, NULL), 2, &got));                      \
	} while (0)
	REFUSED_LINKS(2, own[1], own[0]);
	REFUSED_LINKS(2, own[0], own[0]);
	REFUSED_LINKS(3, own[0], own[1], own[1]);
	REFUSED_LINKS(1, { own[0].slot, (uint16_t)(own[0].instance ^ 1) });
	REFUSED_LINKS(1, { 3, 0 });
	memcpy(links, own, 2 * sizeof(*own));
	e.origins[0].count = 2;
	CHECK(opens(packed(&e, NULL), 2, &got));
	/* Two origins for one field; an empty list of origins. */
	e.origins = arena_array(&arena, 2, struct origin);
	e.origins[0] = e.origins[1] = (struct origin){
		.statement = original.statement, .links = links, .count = 2
	};
	e.origins_count = 2;
	CHECK(!opens(packed(&e, NULL), 2, &got));
	e.origins_count = 0;
	CHECK(!opens(packed(&e, NULL), 2, &got));
	done();
}

/* ---- copies ------------------------------------------------------------- */

static struct decision decide(const char *action, const char *clause,
    const char *reason, const char *to, struct slice value)
{
	return (struct decision){ .action = slice_str(action),
		.clause = slice_str(clause),
		.reason = slice_str(reason),
		.to = slice_str(to),
		.value = value };
}

/* What each field of the sample becomes for Rugby, and why. */
struct plan {
	enum slot_kind shown[MESSAGE_FIELDS_MAX];
	struct decision decisions[MESSAGE_FIELDS_MAX];
	size_t count;
};

static void plan_sample(const struct envelope *e, struct plan *plan)
{
	struct slice none = { 0 };

	*plan = (struct plan){ 0 };
	for (uint16_t i = 0; i < e->statement.count; i++) {
		const struct slot *s = &e->slots[i];
		struct decision *d = &plan->decisions[plan->count];

		plan->shown[i] = SLOT_NAMED;
		if (slice_is(s->path, "subject.born"))
			*d = decide("reduce", "4", "", "year", none);
		else if (slice_is(s->path, "report.title"))
			*d = decide("mask", "4", "", "keep last 3",
			    sample_text(&arena, "*** gby"));
		else if (slice_is(s->path, "subject.name") && s->instance)
			*d = decide("refer", "", "asks", "hmrc", none);
		else if (slice_is(s->path, "item.text"))
			*d = decide("release", "4", "", "guarded",
			    sample_text(&arena, "[withheld] was seen twice."));
		else if (slice_is(s->path, "subject.warning"))
			*d = decide("withhold", "uk-law/1 victim-firewall",
			    "not for councils", "", none);
		else
			plan->shown[i] =
			    slice_is(s->path, "message.to") && s->instance == 1
				? SLOT_NIL
				: SLOT_WHOLE;
		if (plan->shown[i] == SLOT_NAMED)
			plan->decisions[plan->count++].slot = i;
	}
}

static bool build(const struct envelope *e, const struct plan *plan,
    struct slice *ret, struct why *why)
{
	struct copy_draft draft = { .envelope = e,
		.shown = plan->shown,
		.decisions = plan->decisions,
		.decisions_count = plan->count };
	_cleanup_buf_ struct buf b = { 0 };

	if (!copy_body(&draft, &b, why)) {
		CHECK_INT(b.len, 0);
		return false;
	}
	*ret = arena_slice(&arena, buf_slice(&b));
	return true;
}

/* The sample as the broker has it, read from its bytes. */
static void sent_sample(struct envelope *ret)
{
	struct envelope e;

	sample_envelope(POLICE, 1, &arena, &e);
	CHECK(opens(packed(&e, NULL), 1, ret));
}

TEST(copy, shows_what_was_decided)
{
	uint8_t public[KEY_BYTES];
	struct envelope e;
	struct plan plan;
	struct slice body;
	struct copy c;
	struct why why;
	size_t at = 0;

	sent_sample(&e);
	plan_sample(&e, &plan);
	CHECK_INT(plan.count, 5);
	CHECK(build(&e, &plan, &body, &why));
	CHECK(copy_open_body(body, &arena, &c, &why));
	sample_public(1, KEY_ED25519, public);
	CHECK(message_verify(&c.statement, public));
	CHECK(!memcmp(c.statement.hash, e.statement.hash, HASH_BYTES));
	CHECK_INT(c.decisions_count, plan.count);
	for (uint16_t i = 0; i < e.statement.count; i++) {
		const struct decision *d = copy_decision(&c, i), *want;

		CHECK_INT(c.slots[i].kind, plan.shown[i]);
		CHECK((d != NULL) == (plan.shown[i] == SLOT_NAMED));
		if (c.slots[i].kind == SLOT_WHOLE)
			CHECK(slice_eq(c.slots[i].value, e.slots[i].value));
		if (!d)
			continue;
		want = &plan.decisions[at++];
		CHECK(slice_eq(d->action, want->action));
		CHECK(slice_eq(d->clause, want->clause));
		CHECK(slice_eq(d->reason, want->reason));
		CHECK(slice_eq(d->to, want->to));
		CHECK(slice_eq(d->value, want->value));
	}
	CHECK(!memmem(body.data, body.len, "1990-02-03", 10));
	CHECK(!memmem(body.data, body.len, "Bracken", 7));
	CHECK(!memmem(body.data, body.len, "night", 5));
	done();
}

TEST(copy, nothing_or_all_may_be_shown)
{
	struct envelope e;
	struct slice body;
	struct copy c;
	struct why why;

	sent_sample(&e);
	for (int kind = SLOT_NIL; kind <= SLOT_WHOLE; kind += SLOT_WHOLE) {
		struct plan plan = { 0 };

		for (size_t i = 0; i < e.statement.count; i++)
			plan.shown[i] = (enum slot_kind)kind;
		CHECK(build(&e, &plan, &body, &why));
		CHECK(copy_open_body(body, &arena, &c, &why));
	}
	done();
}

TEST(copy, decisions_that_cannot_be)
{
	struct slice none = { 0 }, v = sample_text(&arena, "v");
	char longer[COPY_TO_MAX + 2];
	struct envelope e;
	struct plan good, plan;
	struct slice body;
	struct why why;

	memset(longer, 'x', sizeof(longer));
	longer[COPY_TO_MAX + 1] = '\0';
	sent_sample(&e);
	plan_sample(&e, &good);
#define REFUSED(...)                                                           \
	do {                                                                   \
		plan = good;                                                   \
		plan.decisions[0] = decide(__VA_ARGS__);                       \
		plan.decisions[0].slot = good.decisions[0].slot;               \
		CHECK(!build(&e, &plan, &body, &why));                         \
	} while (0)
	REFUSED("conceal", "", "", "", none);
	REFUSED("refuse", "", "", "", none);
	REFUSED("Release", "", "", "x", v);
	REFUSED("", "", "", "", none);
	REFUSED("release", "", "", "x", none);
	REFUSED("release", "", "", "", none);
	REFUSED("release", "", "", "", v);
	REFUSED("reduce", "", "", "", none);
	REFUSED("mask", "", "", "", none);
	REFUSED("refer", "", "", "hmrc", v);
	REFUSED("withhold", "", "", "year", none);
	REFUSED("withhold", "", "a\tb", "", none);
	REFUSED("reduce", "", "", "year", slice_of("\xc0", 1));
	REFUSED("reduce", "", "", "year", slice_of("\x01\x02", 2));
	REFUSED("withhold", "", longer, "", none);
	REFUSED("refer", "", "", longer, none);
	longer[COPY_CLAUSE_MAX + 1] = '\0';
	REFUSED("withhold", longer, "", "", none);
	plan = good;
	longer[COPY_CLAUSE_MAX] = '\0';
	plan.decisions[0] = decide("withhold", longer, "", "", none);
	plan.decisions[0].slot = good.decisions[0].slot;
	CHECK(build(&e, &plan, &body, &why));
	plan = good;
	plan.count--;
	CHECK(!build(&e, &plan, &body, &why));
	plan = good;
	plan.decisions[plan.count++] = decide("withhold", "", "", "", none);
	CHECK(!build(&e, &plan, &body, &why));
	plan = good;
	plan.decisions[0].slot = plan.decisions[1].slot;
	CHECK(!build(&e, &plan, &body, &why));
	done();
}

TEST(copy, what_stayed_home_cannot_be_shown)
{
	bool home[SAMPLE_FIELDS] = { false };
	struct envelope e, got;
	struct plan plan;
	struct slice body;
	struct why why;

	sample_envelope(POLICE, 1, &arena, &e);
	plan_sample(&e, &plan);
	for (size_t i = 0; i < SAMPLE_FIELDS; i++)
		home[i] = slice_is(e.slots[i].path, "subject.born");
	CHECK(opens(packed(&e, home), 1, &got));
	CHECK(build(&got, &plan, &body, &why));
	for (size_t i = 0; i < SAMPLE_FIELDS; i++)
		if (home[i])
			plan.shown[i] = SLOT_WHOLE;
	CHECK(!build(&got, &plan, &body, &why));
	CHECK(strstr(why.text, "kept its value"));
	done();
}

/* A copy as delivered: its entry is leaf 3 of a log of 5. */
static struct slice deliverable(struct slice body, struct merkle_hash *ret_root)
{
	struct slice entry = slice_str("an entry that commits to the body");
	_cleanup_buf_ struct buf b = { 0 };
	struct merkle_hash leaves[5];
	struct merkle_source source;
	struct merkle_table table;
	struct merkle_proof path;

	for (size_t i = 0; i < 5; i++)
		leaves[i] =
		    i == 3 ? merkle_leaf(entry) : merkle_leaf(slice_of(&i, 1));
	merkle_table_init(&table, leaves, 5, &arena);
	source = merkle_table_source(&table);
	merkle_tree_path(&source, 3, 5, &path);
	merkle_tree_root(&source, 5, ret_root);
	copy_pack(
	    body, entry, 3, slice_of(path.hashes, path.count * HASH_BYTES), &b);
	return arena_slice(&arena, buf_slice(&b));
}

/* Everything a recipient checks, with what audit/ reads from the entry given:
 * the digest it commits to. */
static bool accepted(struct slice bytes, const uint8_t *public,
    const uint8_t *digest, const struct merkle_hash *root)
{
	struct arena scratch = { 0 };
	struct merkle_hash got;
	struct copy c;
	struct why why;
	bool ok;

	ok = copy_open(bytes, &scratch, &c, &why) &&
	     !memcmp(c.digest, digest, HASH_BYTES) &&
	     merkle_path_root(c.index, 5, merkle_leaf(c.entry), c.path, &got) &&
	     merkle_eq(got, *root) && message_verify(&c.statement, public);
	arena_deinit(&scratch);
	return ok;
}

TEST(copy, every_bit_flip_and_cut_is_refused)
{
	uint8_t public[KEY_BYTES], digest[HASH_BYTES], *data;
	struct merkle_hash root;
	struct slice body, bytes;
	struct envelope e;
	struct plan plan;
	struct why why;

	sample_public(1, KEY_ED25519, public);
	sent_sample(&e);
	plan_sample(&e, &plan);
	CHECK(build(&e, &plan, &body, &why));
	copy_body_digest(body, digest);
	bytes = deliverable(body, &root);
	CHECK(accepted(bytes, public, digest, &root));
	data = arena_copy(&arena, bytes.data, bytes.len);
	bytes.data = data;
	for (size_t i = 0; i < 8 * bytes.len; i++) {
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!accepted(bytes, public, digest, &root));
		data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < bytes.len; n++) {
		uint8_t *cut = mem_copy(data, n);

		CHECK(!accepted(slice_of(cut, n), public, digest, &root));
		free(cut);
	}
	done();
}

/* Even without the log, no bit of what the sender signed can be changed. */
TEST(copy, the_senders_part_stands_alone)
{
	uint8_t public[KEY_BYTES], *data;
	struct envelope e;
	struct plan plan;
	struct slice body;
	struct why why;
	size_t signed_part, changed = 0;

	sample_public(1, KEY_ED25519, public);
	sent_sample(&e);
	plan_sample(&e, &plan);
	CHECK(build(&e, &plan, &body, &why));
	data = arena_copy(&arena, body.data, body.len);
	signed_part = (size_t)((uint8_t *)memmem(data, body.len,
				   plan.decisions[0].action.data,
				   plan.decisions[0].action.len) -
			       data) -
		      4;
	for (size_t i = 0; i < 8 * signed_part; i++) {
		struct arena scratch = { 0 };
		struct copy c;

		data[i / 8] ^= (uint8_t)(1 << i % 8);
		changed += copy_open_body(
			       slice_of(data, body.len), &scratch, &c, &why) &&
			   message_verify(&c.statement, public);
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		arena_deinit(&scratch);
	}
	CHECK_INT(changed, 0);
	done();
}

TEST(copy, origins_of_what_is_shown_go_along)
{
	struct envelope original, e, got;
	struct plan plan = { 0 };
	struct slice body;
	struct copy c;
	struct why why;

	sample_envelope(POLICE, 1, &arena, &original);
	sample_forward(&original, &arena, &e);
	CHECK(opens(packed(&e, NULL), 2, &got));
	for (size_t i = 0; i < got.statement.count; i++)
		plan.shown[i] = SLOT_WHOLE;
	CHECK(build(&got, &plan, &body, &why));
	CHECK(copy_open_body(body, &arena, &c, &why));
	CHECK_INT(c.origins_count, 1);
	CHECK_INT(c.origins[0].count, 2);
	plan.shown[c.origins[0].links[0].slot] = SLOT_NIL;
	CHECK(build(&got, &plan, &body, &why));
	CHECK(copy_open_body(body, &arena, &c, &why));
	CHECK_INT(c.origins[0].count, 1);
	plan.shown[c.origins[0].links[0].slot] = SLOT_NIL;
	CHECK(build(&got, &plan, &body, &why));
	CHECK(copy_open_body(body, &arena, &c, &why));
	CHECK_INT(c.origins_count, 0);
	CHECK(!memmem(body.data, body.len, POLICE, strlen(POLICE)));
	done();
}

TEST(copy, proofs_that_cannot_be)
{
	struct slice body = slice_str("x"), entry = slice_str("e");
	static const uint8_t zero[COPY_ENTRY_MAX + 1];
	struct buf b = { 0 };
	struct envelope e;
	struct plan plan;
	struct copy c;
	struct why why;

	sent_sample(&e);
	plan_sample(&e, &plan);
	CHECK(build(&e, &plan, &body, &why));
#define OPENS(entry, index, path)                                              \
	(buf_reset(&b), copy_pack(body, entry, index, path, &b),               \
	    copy_open(buf_slice(&b), &arena, &c, &why))
	CHECK(OPENS(entry, 0, slice_of(zero, 0)));
	CHECK(OPENS(entry, INT64_MAX, slice_of(zero, COPY_PATH_MAX)));
	CHECK(!OPENS(entry, (uint64_t)INT64_MAX + 1, slice_of(zero, 32)));
	CHECK(!OPENS(entry, 0, slice_of(zero, 31)));
	CHECK(!OPENS(entry, 0, slice_of(zero, COPY_PATH_MAX + 32)));
	CHECK(!OPENS(slice_of(zero, 0), 0, slice_of(zero, 32)));
	CHECK(OPENS(slice_of(zero, COPY_ENTRY_MAX), 0, slice_of(zero, 32)));
	CHECK(
	    !OPENS(slice_of(zero, COPY_ENTRY_MAX + 1), 0, slice_of(zero, 32)));
	buf_deinit(&b);
	done();
}

int main(void)
{
	return test_main();
}
