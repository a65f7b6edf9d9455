/* The exchange under measurement; stage.h says what for. */

#include "tests/bench/stage.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/rules.h"
#include "audit/verify.h"
#include "tests/bench/report.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/mem.h"

#define PATIENCE_MS 20000
#define WORDS_MAX 24u

const char *const stage_recipients[STAGE_RECIPIENTS] = { BENCH_TO,
	"warwickshire-trading-standards", "immigration-enforcement" };

/* Who signs the agreements: their parties. */
static const char *const parties[] = { BENCH_FROM, BENCH_TO,
	"warwickshire-trading-standards", "immigration-enforcement", "hmrc" };

/* In the order of signing: what is pinned comes before what pins it. */
static const char *const agreements[] = { "warwickshire-csp.agreement",
	"warwickshire-socjag.agreement" };
static const char *const others[] = { "soc.vocabulary", "uk-law.standing",
	"warwickshire.partners" };

void stage_fail(const char *format, ...)
{
	va_list args;

	fputs("bench-exchange: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

/* ---- processes -------------------------------------------------------- */

static pid_t spawn(const struct stage *s, const char *const *words)
{
	_cleanup_free_ char *log = mem_format("%s/log", s->dir);
	char *argv[WORDS_MAX + 1] = { NULL };
	pid_t parent = getpid(), pid;

	for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
		argv[i] = mem_str(words[i]);
	pid = fork();
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		/* Nothing of this outlives the bench, however it ends. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd < 0 || getppid() != parent)
			_exit(127);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	for (size_t i = 0; i < WORDS_MAX; i++)
		free(argv[i]);
	if (pid < 0)
		stage_fail("cannot start %s", words[0]);
	return pid;
}

static void do_words(const struct stage *s, const char *const *words)
{
	pid_t pid = spawn(s, words);
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		stage_fail(
		    "%s %s failed: see %s/log", words[0], words[1], s->dir);
}
#define DO(s, ...) do_words((s), (const char *const[]){ __VA_ARGS__, NULL })
#define SPAWN(s, ...) spawn((s), (const char *const[]){ __VA_ARGS__, NULL })

static void stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static char *path_of(const struct stage *s, const char *name)
{
	return mem_format("%s/%s", s->dir, name);
}

/* ---- the folders ------------------------------------------------------ */

static int free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		stage_fail("no port is free");
	close(fd);
	return ntohs(address.sin_port);
}

static void read_file(const char *path, struct buf *out)
{
	struct why why;

	if (file_read(path, 1u << 20, out, &why) < 0)
		stage_fail("%s", why.text);
}

static void copy_file(const char *from, const char *to)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	struct why why;

	read_file(from, &bytes);
	if (file_write(to, buf_slice(&bytes), 0600, &why) < 0)
		stage_fail("%s", why.text);
}

static void copy_text(
    const struct stage *s, const char *folder, const char *name)
{
	_cleanup_free_ char *from = mem_format("%s/%s", folder, name);
	_cleanup_free_ char *to = mem_format("%s/texts/%s", s->dir, name);

	copy_file(from, to);
}

static void found_agents(const struct stage *s)
{
	_cleanup_free_ char *public = path_of(s, "broker/broker.pub");

	for (size_t i = 0; i < ARRAY_LEN(parties); i++) {
		_cleanup_free_ char *dir = path_of(s, parties[i]);
		_cleanup_free_ char *made = mem_format("%s/enrolment", dir);
		_cleanup_free_ char *text =
		    mem_format("%s/texts/%s.enrolment", s->dir, parties[i]);

		DO(s, BENCH_AGENT, "init", "--dir", dir, "--name", parties[i],
		    "--broker", s->endpoint, "--broker-key", public);
		copy_file(made, text);
	}
}

static void sign_texts(const struct stage *s, const char *folder)
{
	_cleanup_free_ char *texts = path_of(s, "texts");

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		copy_text(s, folder, others[i]);
	for (size_t i = 0; i < ARRAY_LEN(agreements); i++)
		copy_text(s, folder, agreements[i]);
	for (size_t i = 0; i < ARRAY_LEN(agreements); i++) {
		_cleanup_free_ char *file =
		    mem_format("%s/%s", texts, agreements[i]);

		for (size_t k = 0; k < ARRAY_LEN(parties); k++) {
			_cleanup_free_ char *dir = path_of(s, parties[k]);

			DO(s, BENCH_CAVEAT, "agreement", "sign", file,
			    "--using", texts, "--dir", dir);
		}
	}
}

static void found_broker(const struct stage *s)
{
	_cleanup_free_ char *dir = path_of(s, "broker");

	DO(s, BENCH_BROKER, "init", "--dir", dir, "--name", "bench", "--listen",
	    s->endpoint);
}

static void publish(const struct stage *s)
{
	_cleanup_free_ char *dir = path_of(s, "broker");
	_cleanup_free_ char *vocabulary = path_of(s, "texts/soc.vocabulary");
	_cleanup_free_ char *standing = path_of(s, "texts/uk-law.standing");
	_cleanup_free_ char *umbrella =
	    mem_format("%s/texts/%s", s->dir, agreements[0]);
	_cleanup_free_ char *agreement =
	    mem_format("%s/texts/%s", s->dir, agreements[1]);

	for (size_t i = 0; i < ARRAY_LEN(parties); i++) {
		_cleanup_free_ char *enrolment =
		    mem_format("%s/%s/enrolment", s->dir, parties[i]);

		DO(s, BENCH_BROKER, "enrol", "--dir", dir, enrolment);
	}
	DO(s, BENCH_BROKER, "publish", "--dir", dir, vocabulary, standing,
	    umbrella, agreement);
}

/* ---- running ---------------------------------------------------------- */

/* An agent makes its store when it starts. */
static struct store *open_inbox(const char *agent)
{
	_cleanup_free_ char *path = mem_format("%s/store", agent);
	struct store_options options = { .read_only = true };
	int64_t until = clock_monotonic() + PATIENCE_MS;
	struct store *store = NULL;
	struct why why;

	while (mailbox_open(path, &options, &store, &why) != 0) {
		if (clock_monotonic() > until)
			stage_fail("%s: %s", path, why.text);
		usleep(10000);
	}
	return store;
}

static void start(struct stage *s)
{
	_cleanup_free_ char *broker = path_of(s, "broker");
	int64_t until = clock_monotonic() + PATIENCE_MS;

	s->broker = SPAWN(s, BENCH_BROKER, "run", "--dir", broker);
	for (size_t i = 0; i < STAGE_RECIPIENTS; i++) {
		_cleanup_free_ char *dir = path_of(s, stage_recipients[i]);

		s->agents[i] = SPAWN(s, BENCH_AGENT, "run", "--dir", dir);
		s->inboxes[i] = open_inbox(dir);
	}
	for (size_t i = 0; i < STAGE_RECIPIENTS; i++)
		while (stage_counter(s, i, MAILBOX_POLICY) == 0) {
			if (clock_monotonic() > until)
				stage_fail("%s does not connect: see %s/log",
				    stage_recipients[i], s->dir);
			usleep(10000);
		}
}

void stage_begin(struct stage *s, const char *folder)
{
	_cleanup_free_ char *texts = NULL;
	const char *tmp = getenv("TMPDIR");

	*s = (struct stage){ 0 };
	snprintf(s->dir, sizeof(s->dir), "%s/caveat-bench-XXXXXX",
	    tmp ? tmp : "/tmp");
	if (!mkdtemp(s->dir))
		stage_fail("cannot make %s", s->dir);
	snprintf(s->endpoint, sizeof(s->endpoint), "tcp://127.0.0.1:%d",
	    free_port());
	texts = path_of(s, "texts");
	DO(s, "/bin/mkdir", texts);
	found_broker(s);
	found_agents(s);
	sign_texts(s, folder);
	publish(s);
	start(s);
}

void stage_end(struct stage *s)
{
	for (size_t i = 0; i < STAGE_RECIPIENTS; i++) {
		store_free(s->inboxes[i]);
		stop(s->agents[i]);
	}
	stop(s->broker);
	DO(s, "/bin/rm", "-rf", s->dir);
}

/* ---- looking ---------------------------------------------------------- */

void stage_identity(const struct stage *s, struct identity *ret)
{
	_cleanup_free_ char *dir = path_of(s, BENCH_FROM);
	_cleanup_buf_ struct buf problems = { 0 };
	struct conf conf = { 0 };
	struct why why;

	if (conf_load(dir, &conf, &problems) != 0 ||
	    identity_load(&conf, ret, &why) != 0)
		stage_fail("%s: no identity", dir);
	conf_deinit(&conf);
}

static void add_text(
    const struct stage *s, const char *name, struct rules_texts *ret)
{
	_cleanup_free_ char *path = mem_format("%s/texts/%s", s->dir, name);
	_cleanup_buf_ struct buf bytes = { 0 };

	read_file(path, &bytes);
	rules_texts_add(ret, slice_str(name), buf_slice(&bytes));
}

void stage_texts(const struct stage *s, struct rules_texts *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(agreements); i++)
		add_text(s, agreements[i], ret);
	add_text(s, "soc.vocabulary", ret);
	add_text(s, "uk-law.standing", ret);
	for (size_t i = 0; i < ARRAY_LEN(parties); i++) {
		_cleanup_free_ char *name =
		    mem_format("%s" RULES_ENROLMENT, parties[i]);

		add_text(s, name, ret);
	}
}

uint64_t stage_counter(
    const struct stage *s, size_t recipient, enum mailbox_counter counter)
{
	struct store_txn *t;
	uint64_t value;

	if (store_read(s->inboxes[recipient], &t) != 0)
		stage_fail("an inbox cannot be read");
	value = store_counter(t, counter);
	store_end(t);
	return value;
}

static void on_doubt(
    void *ctx, uint64_t entry, const char *where, const char *what)
{
	stage_fail("the log is in doubt: entry %lld, %s: %s", (long long)entry,
	    where, what);
}

void stage_verify(const struct stage *s)
{
	_cleanup_free_ char *path = path_of(s, "broker");
	_cleanup_free_ char *public = path_of(s, "broker/broker.pub");
	_cleanup_buf_ struct buf text = { 0 };
	struct verify_request request = { .path = path, .doubt = on_doubt };
	struct broker_keys keys;
	struct verify_totals totals;
	struct why why;

	read_file(public, &text);
	if (!broker_keys_parse(buf_slice(&text), &keys, &why))
		stage_fail("%s", why.text);
	request.key = &keys.log;
	if (audit_verify(&request, &totals, &why) != 0)
		stage_fail("the log does not verify: %s", why.text);
}

int64_t stage_cpu_us(pid_t pid)
{
	_cleanup_free_ char *path = mem_format("/proc/%d/stat", (int)pid);
	unsigned long long user = 0, system = 0;
	FILE *f = fopen(path, "r");

	if (!f || fscanf(f,
		      "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
		      "%*u %llu %llu",
		      &user, &system) != 2)
		stage_fail("%s cannot be read", path);
	fclose(f);
	return (int64_t)((user + system) * 1000000ull /
			 (unsigned long long)sysconf(_SC_CLK_TCK));
}
