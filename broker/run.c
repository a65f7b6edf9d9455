/*
 * caveat-broker run: make everything, start the threads, and undo it all in
 * reverse. The main thread is the network thread; a second one looks after the
 * control socket, signals and the store's housekeeping, so that neither an
 * operator nor the disk can keep the network waiting.
 */

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/command.h"
#include "broker/commit.h"
#include "broker/control.h"
#include "broker/deliver.h"
#include "broker/net.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define KEEPER_MS 100        /* how long the keeper waits for a command */
#define UPKEEP_MS 1000       /* between two rounds of housekeeping */
#define HEAP_KEPT (32 << 20) /* bytes of free heap */
#define DRAIN_MS 1000        /* to send the last answers */
#define PATIENCE_MS 3000     /* for somebody else's lock */

struct run {
	struct broker broker;
	struct exchange x;
	struct office office;
	struct control *control;
	struct committer *committer;
	struct worker *workers;
	pthread_t *worker_threads;
	unsigned workers_count;
	pthread_t committer_thread, deliver_thread, keeper_thread;
	bool stopping; /* atomic: everything but the keeper has stopped */
};

/* ---- systemd ---------------------------------------------------------- */

/* sd_notify(3) in a few lines; nothing happens when nobody listens. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (!path || (*path != '/' && *path != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

/* ---- threads ---------------------------------------------------------- */

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct ring *ring = w->x->ring;
	struct ring_span span;

	while (ring_claim(ring, &span)) {
		for (size_t i = 0; i < span.count; i++)
			exchange_work(w, ring_job(ring, span.first + i));
		ring_done(ring, span);
	}
	return NULL;
}

static void *committer_main(void *arg)
{
	committer_run(arg);
	return NULL;
}

static void *deliver_main(void *arg)
{
	deliver_run(arg);
	return NULL;
}

static void take_signal(struct run *run, const sigset_t *signals)
{
	const struct timespec now = { 0 };
	int number = sigtimedwait(signals, NULL, &now);

	if (number < 0)
		return;
	log_say(LOG_INFO, NULL, "stopping: %s", strsignal(number));
	notify("STOPPING=1");
	net_stop(run->x.net);
}

static void *keeper_main(void *arg)
{
	struct run *run = arg;
	int64_t kept = 0;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	while (!__atomic_load_n(&run->stopping, __ATOMIC_ACQUIRE)) {
		int64_t now = clock_monotonic();
		bool more = false;

		control_serve(run->control, KEEPER_MS);
		take_signal(run, &signals);
		if (now - kept < UPKEEP_MS)
			continue;
		if (store_upkeep(run->broker.store, clock_now(), &more) < 0)
			log_say(
			    LOG_ERROR, NULL, "the store's housekeeping failed");
		kept = more ? 0 : now;
	}
	return NULL;
}

static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void start_threads(struct run *run)
{
	for (unsigned i = 0; i < run->workers_count; i++) {
		run->workers[i].x = &run->x;
		pthread_create(&run->worker_threads[i], NULL, worker_main,
		    &run->workers[i]);
	}
	pthread_create(
	    &run->committer_thread, NULL, committer_main, run->committer);
	pthread_create(
	    &run->deliver_thread, NULL, deliver_main, run->x.deliver);
	pthread_create(&run->keeper_thread, NULL, keeper_main, run);
}

/* What was taken is finished, committed and answered before anything ends. */
static void stop_threads(struct run *run)
{
	ring_close(run->x.ring);
	for (unsigned i = 0; i < run->workers_count; i++)
		pthread_join(run->worker_threads[i], NULL);
	pthread_join(run->committer_thread, NULL);
	deliver_stop(run->x.deliver);
	pthread_join(run->deliver_thread, NULL);
	__atomic_store_n(&run->stopping, true, __ATOMIC_RELEASE);
	pthread_join(run->keeper_thread, NULL);
}

/* ---- making everything ------------------------------------------------ */

/* Charge the senders for what waits in one queue. */
static int adopt_queue(
    struct exchange *x, struct store_txn *t, const char *recipient)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	uint64_t after[LEDGER_LANES] = { 0 };
	struct arena arena = { 0 };
	struct ledger_copy copy;
	struct row row;
	int r;

	while (
	    (r = ledger_queue_next(t, recipient, after, &bytes, &copy)) == 0) {
		if (row_parse(copy.decision, &arena, &row) && row.charge > 0)
			quota_adopt(x->quota,
			    quota_account(x->quota, row.id.partner),
			    quota_account(x->quota, recipient), row.charge);
		arena_deinit(&arena);
		buf_reset(&bytes);
	}
	arena_deinit(&arena);
	return r;
}

static int adopt_queues(struct exchange *x, struct why *why)
{
	char name[STORE_NAME_MAX + 1] = "";
	struct store_txn *t;
	int r = store_read(x->store, &t);

	if (r == 0) {
		while ((r = ledger_partner_next(t, name)) == 0) {
			r = adopt_queue(x, t, name);
			if (r < 0)
				break;
		}
		store_end(t);
	}
	if (r >= 0)
		return 0;
	why_set(why, "the queues cannot be read: %s", strerror(-r));
	return r;
}

static unsigned count_workers(const struct settings *s)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->workers > 0)
		return (unsigned)s->workers;
	if (cores < 1)
		return 1;
	return cores > SETTINGS_WORKERS_MAX ? SETTINGS_WORKERS_MAX
					    : (unsigned)cores;
}

static int make_net(struct run *run, struct why *why)
{
	uint8_t secret[KEY_BYTES];
	int r = key_curve_secret(run->broker.curve, secret, why);

	if (r == 0)
		r = net_new(&run->x, secret, &run->x.net, why);
	mem_wipe(secret, sizeof(secret));
	return r;
}

static int make(struct run *run, struct why *why)
{
	const struct settings *s = &run->broker.settings;
	struct exchange *x = &run->x;
	struct quota_limits limits = { s->ring, s->memory, s->queue,
		s->refusals };
	int r;

	run->workers_count = count_workers(s);
	run->workers = mem_array(run->workers_count, sizeof(*run->workers));
	run->worker_threads =
	    mem_array(run->workers_count, sizeof(*run->worker_threads));
	x->settings = s;
	x->store = run->broker.store;
	x->record = run->broker.record;
	x->books = run->broker.books;
	x->started = clock_now();
	memcpy(x->log_vkey, run->broker.log_vkey, sizeof(x->log_vkey));
	x->quota = quota_new(&limits);
	x->ring = ring_new(RING_SLOTS, run->workers_count);
	x->deliver = deliver_new(x);
	run->committer = committer_new(x);
	r = adopt_queues(x, why);
	if (r == 0)
		r = make_net(run, why);
	run->office = (struct office){ s, x->store, x->record, x->books, x };
	if (r == 0)
		r = control_new(&run->office, &run->control, why);
	return r;
}

static void unmake(struct run *run)
{
	control_free(run->control);
	net_free(run->x.net);
	committer_free(run->committer);
	deliver_free(run->x.deliver);
	ring_free(run->x.ring);
	quota_free(run->x.quota);
	free(run->worker_threads);
	free(run->workers);
}

/* So that the log can be verified while nobody runs. */
static void keep_checkpoint(struct run *run)
{
	struct store_txn *t;

	if (record_kept(run->x.record) ||
	    store_begin(run->broker.store, &t) != 0)
		return;
	record_keep(run->x.record, t);
	if (store_commit(t) != 0)
		log_say(LOG_WARN, NULL, "the last checkpoint was not kept");
}

static int serve(struct run *run)
{
	int r;

	start_threads(run);
	notify("READY=1");
	log_say(LOG_INFO, NULL, "running as '%s' on %s",
	    run->broker.settings.name, net_endpoint(run->x.net));
	r = net_run(run->x.net);
	if (r < 0)
		log_say(LOG_ERROR, NULL, "stopping: the link failed: %s",
		    strerror(-r));
	stop_threads(run);
	net_drain(run->x.net, DRAIN_MS);
	keep_checkpoint(run);
	log_say(LOG_INFO, NULL, "stopped");
	return r < 0 ? EXIT_NO : EXIT_YES;
}

static int print_help(void)
{
	_cleanup_buf_ struct buf text = { 0 };

	settings_help(&text);
	fwrite(text.data, 1, text.len, stdout);
	return EXIT_YES;
}

/* A command may be at work on the folder for a moment. */
static int open_patiently(
    const char *dir, struct broker *ret, struct buf *problems)
{
	int64_t until = clock_monotonic() + PATIENCE_MS;
	int r;

	while ((r = broker_open(dir, false, ret, problems)) == STORE_LOCKED &&
	       clock_monotonic() < until) {
		broker_close(ret);
		buf_reset(problems);
		usleep(PATIENCE_MS * 1000 / 50);
	}
	return r;
}

int command_run(const struct call *call)
{
	_cleanup_buf_ struct buf problems = { 0 };
	struct run run = { 0 };
	struct why why;
	int r;

	if (call->help_config)
		return print_help();
	mem_keep();
	r = open_patiently(call->dir, &run.broker, &problems);
	if (r != 0) {
		fwrite(problems.data, 1, problems.len, stderr);
		broker_close(&run.broker);
		return r == STORE_LOCKED ? EXIT_LATER : EXIT_WRONG;
	}
	log_init(
	    "caveat-broker", (enum log_level)run.broker.settings.log_level);
	/* Messages come and go all day: memory given back to the system is
	 * only asked for, and zeroed, again. */
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
	block_signals();
	r = make(&run, &why);
	if (r != 0)
		log_say(LOG_ERROR, NULL, "cannot start: %s", why.text);
	r = r == 0 ? serve(&run) : EXIT_WRONG;
	unmake(&run);
	broker_close(&run.broker);
	return r;
}
