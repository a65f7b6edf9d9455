/* Any bytes as a text of any kind, beside sound ones: what is refused is
 * refused in plain words, and what is read comes back from its print the same.
 * The first byte chooses the kind. */

#include "policy/policy.h"
#include "tests/fuzz/fuzz.h"
#include "util/text.h"

static const char vocabulary[] =
    "vocabulary soc/1 codes kind police, council codes purpose prevent "
    "codes gateway cda codes marking ordered LOW, HIGH codes role suspect, "
    "victim classes identifying entity item text narrative about link subject "
    "seen time entity subject name text identifying born date role code role "
    "flags code role set health text sensitive worth decimal plate plate "
    "record report many item, subject";
static const char partners[] = "partner police kind police clearance HIGH "
			       "partner council kind council clearance LOW";
static const char agreement[] =
    "agreement base/1 uses soc/1 parties police, council purposes prevent "
    "starts 2026-01-01 ends 2027-01-01 retain 1 year group board chair police "
    "members council clause 1 share report from police to council for prevent "
    "by cda release *";

static struct policy *load(const char *name, struct slice text)
{
	struct policy_text texts[] = {
		{ .name = "soc.vocabulary", .text = slice_str(vocabulary) },
		{ .name = "soc.partners", .text = slice_str(partners) },
		{ .name = "base.agreement",
		    .text = slice_str(agreement),
		    .all_signed = true },
		{ .name = name, .text = text, .all_signed = true },
	};

	return policy_load(
	    &(struct policy_input){ .texts = texts, .count = 4 });
}

static void check_problems(const struct policy *p)
{
	const struct policy_problem *problems;
	size_t count, errors = 0;

	problems = policy_problems(p, &count);
	for (size_t i = 0; i < count; i++) {
		MUST(!text_fault(slice_str(problems[i].text)));
		errors += problems[i].severity == POLICY_ERROR;
	}
	MUST(errors == policy_errors(p));
}

/* What agreement @i prints is read again without an error, and prints so. */
static void check_print(const struct policy *p, size_t i)
{
	_cleanup_buf_ struct buf printed = { 0 }, again = { 0 };
	struct policy_agreement_info info;
	struct arena arena = { 0 };
	struct policy *q;
	const char *id;

	policy_agreement(p, i, &arena, &info);
	id = arena_format(&arena, "%s/%u", info.name, info.version);
	MUST(policy_print(p, id, &printed));
	if (strcmp(info.file, "base.agreement") && policy_agreements(p) == 2) {
		q = load("again.agreement", buf_slice(&printed));
		MUST(policy_errors(q) == 0);
		MUST(policy_print(q, id, &again));
		MUST(slice_eq(buf_slice(&printed), buf_slice(&again)));
		policy_unref(q);
	}
	arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "x.agreement", "x.vocabulary",
		"x.standing", "x.notice", "x.partners" };
	struct policy *p;

	if (size == 0)
		return 0;
	p = load(
	    names[data[0] % ARRAY_LEN(names)], slice_of(data + 1, size - 1));
	check_problems(p);
	for (size_t i = 0; i < policy_agreements(p) && !policy_errors(p); i++)
		check_print(p, i);
	policy_unref(p);
	return 0;
}
