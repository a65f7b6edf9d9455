/*
 * How many messages a second the exchange moves: from a sender that keeps a
 * window of unanswered messages, through a real broker with its durable store,
 * over CURVE on loopback, into the inboxes of real agents, which check
 * signature, proof and agreements before they store a copy. All processes share
 * the machine, the sender too.
 *
 *     confirmed_per_s  messages durable in broker and log, and answered
 *     delivered_per_s  copies durable in the recipients' inboxes
 *     p50_us, p99_us   from sending a message to its result
 *     broker_us, agents_us  CPU of these processes a message, all copies
 *                           included
 *     bytes            of one envelope: values, names, salts and digests
 *
 * Messages are made and signed before the clock starts (sender.h). After every
 * run each message must be in each inbox exactly once and the broker's log must
 * verify. Figures are the medians of three runs.
 *
 *     bench-exchange [FOLDER [RECIPIENTS WINDOW MESSAGES]]
 *
 * The folder's default is examples/warwickshire; the numbers ask for that one
 * measurement, for a profiler.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/report.h"
#include "tests/bench/sender.h"
#include "tests/bench/stage.h"
#include "util/clock.h"
#include "util/mem.h"

#define RUNS 3u
#define PATIENCE_MS 30000
#define LOOK_US 1000 /* how often the inboxes are looked at */

static const struct measurement {
	size_t recipients, window, count;
} measurements[] = {
	{ 1, 1, 250 },
	{ 1, 256, 4096 },
	{ 1, 1024, 8192 },
	{ 3, 1, 250 },
	{ 3, 256, 2048 },
	{ 3, 1024, 4096 },
};

struct figures {
	double confirmed, delivered, p50, p99, broker, agents, bytes;
};

/* ---- a run ------------------------------------------------------------ */

static void wait_delivered(
    const struct stage *s, size_t recipient, uint64_t copies)
{
	int64_t until = clock_monotonic() + PATIENCE_MS;

	while (stage_counter(s, recipient, MAILBOX_COPY) < copies) {
		if (clock_monotonic() > until)
			stage_fail("%s did not get all its copies",
			    stage_recipients[recipient]);
		usleep(LOOK_US);
	}
}

/* Every message of the run, once, as a copy held, after copy number @after. */
static void check_inbox(const struct stage *s, size_t recipient, uint64_t after,
    const struct sending *sending)
{
	_cleanup_free_ bool *seen = mem_array(sending->count, sizeof(*seen));
	struct mailbox_copy copy;
	struct store_txn *t;
	size_t found = 0;

	if (store_read(s->inboxes[recipient], &t) != 0)
		stage_fail("an inbox cannot be read");
	while (mailbox_inbox_next(t, &after) == 0) {
		size_t at;

		if (mailbox_inbox(t, after, NULL, NULL, &copy) != 0 ||
		    copy.kind != MAILBOX_COPY_HELD ||
		    strcmp(copy.id.partner, BENCH_FROM) != 0 ||
		    copy.id.epoch != sending->epoch)
			stage_fail("copy %llu is not a message of the run",
			    (unsigned long long)after);
		at = (size_t)(copy.id.number - sending->first);
		if (at >= sending->count || seen[at])
			stage_fail("message %llu is there twice",
			    (unsigned long long)copy.id.number);
		seen[at] = true;
		found++;
	}
	store_end(t);
	if (found != sending->count)
		stage_fail("%zu messages of %zu are in the inbox of %s", found,
		    sending->count, stage_recipients[recipient]);
}

static int64_t agents_cpu_us(const struct stage *s)
{
	int64_t us = 0;

	for (size_t i = 0; i < STAGE_RECIPIENTS; i++)
		us += stage_cpu_us(s->agents[i]);
	return us;
}

static void run(const struct stage *s, struct sender *sender,
    const struct measurement *m, struct figures *ret)
{
	struct sending sending = { .count = m->count, .window = m->window };
	int64_t broker = stage_cpu_us(s->broker), agents = agents_cpu_us(s);
	uint64_t before[STAGE_RECIPIENTS];
	double count = (double)m->count;
	int64_t delivered_us;

	for (size_t i = 0; i < m->recipients; i++)
		before[i] = stage_counter(s, i, MAILBOX_COPY);
	sender_run(sender, &sending);
	for (size_t i = 0; i < m->recipients; i++)
		wait_delivered(s, i, before[i] + m->count);
	delivered_us = clock_monotonic_us() - sending.start_us;
	*ret = (struct figures){
		.confirmed = count * 1e6 /
			     (double)(sending.confirmed_us - sending.start_us),
		.delivered =
		    count * (double)m->recipients * 1e6 / (double)delivered_us,
		.p50 = (double)sending.waited_us[m->count / 2],
		.p99 = (double)sending.waited_us[m->count * 99 / 100],
		.broker = (double)(stage_cpu_us(s->broker) - broker) / count,
		.agents = (double)(agents_cpu_us(s) - agents) / count,
		.bytes = (double)sending.bytes,
	};
	for (size_t i = 0; i < m->recipients; i++)
		check_inbox(s, i, before[i], &sending);
	stage_verify(s);
	free(sending.waited_us);
}

/* ---- medians ---------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of the member at @offset of each run's figures. */
static double median(const struct figures *runs, size_t offset)
{
	double values[RUNS];

	for (size_t i = 0; i < RUNS; i++)
		memcpy(&values[i], (const char *)&runs[i] + offset,
		    sizeof(values[i]));
	qsort(values, RUNS, sizeof(values[0]), compare);
	return values[RUNS / 2];
}
#define MEDIAN(runs, member) median((runs), offsetof(struct figures, member))

static void measure(const char *folder, const struct measurement *m)
{
	struct figures runs[RUNS];
	struct sender *sender;
	struct stage stage;

	stage_begin(&stage, folder);
	sender = sender_new(&stage, m->recipients);
	for (size_t i = 0; i < RUNS; i++)
		run(&stage, sender, m, &runs[i]);
	sender_free(sender);
	stage_end(&stage);
	printf("{\"bench\":\"exchange\",\"recipients\":%zu,\"window\":%zu,"
	       "\"confirmed_per_s\":%.0f,\"delivered_per_s\":%.0f,"
	       "\"p50_us\":%.0f,\"p99_us\":%.0f,"
	       "\"broker_us\":%.0f,\"agents_us\":%.0f,\"bytes\":%.0f}\n",
	    m->recipients, m->window, MEDIAN(runs, confirmed),
	    MEDIAN(runs, delivered), MEDIAN(runs, p50), MEDIAN(runs, p99),
	    MEDIAN(runs, broker), MEDIAN(runs, agents), runs[0].bytes);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "examples/warwickshire";

	if (argc == 5) {
		struct measurement one = { strtoul(argv[2], NULL, 10),
			strtoul(argv[3], NULL, 10),
			strtoul(argv[4], NULL, 10) };

		if (one.recipients == 0 || one.recipients > STAGE_RECIPIENTS ||
		    one.window == 0 || one.window > 1024 || one.count == 0)
			stage_fail("1 to 3 recipients, a window of 1 to 1024");
		measure(folder, &one);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(measurements); i++)
		measure(folder, &measurements[i]);
	return 0;
}
