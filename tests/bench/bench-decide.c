/*
 * How many fields a core decides in a second: the bench report, for one
 * recipient, under the example agreement, its umbrella and its rules of law.
 * What is measured is a whole decision, from finding the version in force to
 * what the reader is told.
 *
 *     bench-decide [FOLDER]      default: examples/warwickshire
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/policy.h"
#include "tests/bench/report.h"
#include "util/clock.h"
#include "util/file.h"

#define ROUNDS 20000
#define RUNS 3

static const char *const texts[] = { "soc.vocabulary",
	"warwickshire-csp.agreement", "warwickshire-socjag.agreement",
	"hmrc-warwickshire.agreement", "uk-law.standing",
	"warwickshire.partners" };

static struct policy *load(const char *folder)
{
	struct policy_text given[ARRAY_LEN(texts)];
	struct policy_input input = { given, ARRAY_LEN(texts) };
	struct buf bytes[ARRAY_LEN(texts)] = { 0 };
	struct policy *p;
	struct why why;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_free_ char *path =
		    mem_format("%s/%s", folder, texts[i]);

		if (file_read(path, POLICY_TEXT_MAX, &bytes[i], &why) < 0) {
			fprintf(stderr, "bench-decide: %s\n", why.text);
			exit(2);
		}
		given[i] = (struct policy_text){
			.name = texts[i],
			.text = buf_slice(&bytes[i]),
			.all_signed = true,
		};
	}
	p = policy_load(&input);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_deinit(&bytes[i]);
	if (policy_errors(p)) {
		fprintf(stderr, "bench-decide: %s has errors\n", folder);
		exit(2);
	}
	return p;
}

static void put_text(struct buf *out, const char *text, size_t len)
{
	if (len < 32) {
		buf_add_byte(out, (uint8_t)(0xa0 | len));
	} else {
		buf_add_byte(out, 0xd9);
		buf_add_byte(out, (uint8_t)len);
	}
	buf_add(out, text, len);
}

static struct slice pack(const char *value, bool is_list, struct arena *arena)
{
	_cleanup_buf_ struct buf out = { 0 };
	uint8_t count = 1;

	if (is_list) {
		for (const char *s = value; *s; s++)
			count = (uint8_t)(count + (*s == ','));
		buf_add_byte(&out, 0x90 | count);
	}
	for (; count > 0; count--) {
		size_t len = is_list ? strcspn(value, ",") : strlen(value);

		put_text(&out, value, len);
		value += len + 1;
	}
	return arena_slice(arena, buf_slice(&out));
}

static void write_message(
    const struct policy *p, struct policy_message *m, struct arena *arena)
{
	struct policy_field *fields =
	    arena_array(arena, ARRAY_LEN(bench_fields), struct policy_field);

	for (size_t i = 0; i < ARRAY_LEN(bench_fields); i++) {
		struct slice path = slice_str(bench_fields[i].path);

		fields[i].path = path;
		fields[i].instance = (uint16_t)bench_fields[i].instance;
		fields[i].value = pack(bench_fields[i].value,
		    policy_value_kind(p, "soc/1", path) == POLICY_VALUE_LINK,
		    arena);
	}
	*m = (struct policy_message){
		.from = BENCH_FROM,
		.type = BENCH_TYPE,
		.agreement = BENCH_AGREEMENT,
		.purpose = BENCH_PURPOSE,
		.marking = BENCH_MARKING,
		.fields = fields,
		.count = ARRAY_LEN(bench_fields),
	};
	clock_parse(BENCH_AT, strlen(BENCH_AT), &m->sent);
}

/* Of this process, not of the machine: the figure is per core. */
static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static double run(const struct policy *p, const struct policy_message *m)
{
	double start = cpu_seconds();

	for (int i = 0; i < ROUNDS; i++) {
		struct arena arena = { 0 };
		struct policy_decision decision;

		policy_decide(p, m, BENCH_TO, m->sent, &arena, &decision);
		if (decision.outcome != POLICY_ACCEPTED) {
			fprintf(stderr, "bench-decide: %s\n", decision.reason);
			exit(2);
		}
		arena_deinit(&arena);
	}
	return (double)(ROUNDS * m->count) / (cpu_seconds() - start);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct policy *p = load(argc > 1 ? argv[1] : "examples/warwickshire");
	static const char *const to[] = { BENCH_TO };
	struct arena arena = { 0 };
	struct policy_message m;
	double rates[RUNS];
	struct why why;

	write_message(p, &m, &arena);
	if (!policy_valid(p, &m, to, 1, m.sent, &why)) {
		fprintf(stderr, "bench-decide: %s\n", why.text);
		return 2;
	}
	for (size_t i = 0; i < RUNS; i++)
		rates[i] = run(p, &m);
	qsort(rates, RUNS, sizeof(rates[0]), compare);
	printf("{\"bench\":\"decide\",\"fields\":%zu,\"fields_per_s\":%.0f}\n",
	    m.count, rates[RUNS / 2]);
	arena_deinit(&arena);
	policy_unref(p);
	return 0;
}
