/* Any bytes as a record of JSON, under the example's agreements: what is wrong
 * is said in lines that are safe to show, and what is right can be decided for
 * everybody, always the same, and withstands the recipient's own check. The
 * first byte chooses the sender. */

#include <string.h>

#include "agents/preview.h"
#include "agents/using.h"
#include "tests/fuzz/fuzz.h"
#include "util/clock.h"
#include "util/text.h"

static const char *const senders[] = { "warwickshire-police",
	"warwickshire-trading-standards", "rugby-council", "hmrc",
	"immigration-enforcement" };

static struct policy *example(void)
{
	static struct policy *p;
	struct using texts = { 0 };
	struct why why;

	if (p)
		return p;
	MUST(using_add_dir(&texts, EXAMPLE, &why) == 0);
	p = using_load(&texts);
	MUST(policy_errors(p) == 0);
	using_deinit(&texts);
	return p;
}

/* One line each, and nothing in them that drives a terminal. */
static void check_problems(const struct buf *problems)
{
	_cleanup_buf_ struct buf shown = { 0 };
	struct slice line, rest = buf_slice(problems);

	MUST(rest.len > 0 && rest.data[rest.len - 1] == '\n');
	for (; rest.len; rest = slice_of(line.data + line.len + 1, rest.len)) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);

		line = slice_of(rest.data, (size_t)(end - rest.data));
		rest.len -= line.len + 1;
		MUST(line.len > 0);
		shown.len = 0;
		text_show(line, &shown);
		MUST(slice_eq(buf_slice(&shown), line));
	}
}

static void check_verdict(const struct policy_verdict *v)
{
	bool given = v->action == POLICY_RELEASE ||
		     v->action == POLICY_REDUCE || v->action == POLICY_MASK;

	MUST(policy_action_name(v->action));
	MUST(v->action != POLICY_REFUSE);
	MUST(given || v->value.len == 0);
	MUST(!given || v->clause);
}

static void check_same(const struct policy_decision *a,
    const struct policy_decision *b, size_t count)
{
	MUST(a->outcome == b->outcome && a->destroy_by == b->destroy_by);
	for (size_t i = 0; a->outcome == POLICY_ACCEPTED && i < count; i++) {
		MUST(a->verdicts[i].action == b->verdicts[i].action);
		MUST(slice_eq(a->verdicts[i].value, b->verdicts[i].value));
	}
}

/* Who sees all that was decided upon cannot find it too open. Not with bare
 * instances: they do not travel. */
static void check_possible(const struct policy *p,
    const struct policy_message *m, const struct policy_decision *d,
    struct arena *arena)
{
	struct policy_decision possible = { 0 };

	if (m->bare_count)
		return;
	policy_possible(p, m, d->recipient, m->sent, false, arena, &possible);
	for (size_t i = 0; i < m->count; i++)
		MUST(policy_allows(&possible.verdicts[i], d->verdicts[i].action,
		    d->verdicts[i].to));
}

static void check_partner(
    const struct policy *p, const struct policy_message *m, const char *partner)
{
	struct policy_decision d[2] = { 0 };
	struct arena arena = { 0 };
	bool *home = arena_array(&arena, m->count + 1, bool);

	policy_decide(p, m, partner, m->sent, &arena, &d[0]);
	policy_decide(p, m, partner, m->sent, &arena, &d[1]);
	check_same(&d[0], &d[1], m->count);
	if (d[0].outcome == POLICY_REFUSED) {
		MUST(d[0].reason && !text_fault(slice_str(d[0].reason)));
	} else {
		for (size_t i = 0; i < m->count; i++)
			check_verdict(&d[0].verdicts[i]);
		check_possible(p, m, &d[0], &arena);
		policy_minimise(p, m, d, 1, home);
	}
	arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf problems = { 0 };
	struct record_context context = { .policy = example(), .using = true };
	json_t *preview;

	if (size == 0)
		return 0;
	context.from = senders[data[0] % ARRAY_LEN(senders)];
	MUST(clock_parse("2026-11-22T10:00:00Z", 20, &context.now));
	if (record_read(
		&context, slice_of(data + 1, size - 1), &problems, &record)) {
		check_problems(&problems);
		return 0;
	}
	MUST(problems.len == 0);
	for (size_t i = 0; i < record.partners_count; i++)
		check_partner(
		    context.policy, &record.message, record.partners[i]);
	preview = preview_decide(context.policy, &record, context.now);
	MUST(preview);
	json_decref(preview);
	return 0;
}
