/* The exchange under test. */

#include "tests/flow/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/verify.h"
#include "tests/unit/test.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/mem.h"

const char exchange_vocabulary[] =
    "vocabulary soc/1 \"Test\"\n"
    "codes kind police, council\n"
    "codes purpose prevent, pursue\n"
    "codes gateway common-law\n"
    "codes marking ordered OFFICIAL, OFFICIAL-SENSITIVE, SECRET\n"
    "classes identifying\n"
    "entity report \"What is reported\"\n"
    "  title text required\n"
    "  health text sensitive\n"
    "entity subject \"A person\"\n"
    "  name text identifying\n"
    "  born date identifying\n"
    "record note \"A note\"\n"
    "  one report\n"
    "  many subject\n";

const char exchange_clauses[] =
    "clause 1 \"Notes\"\n"
    "  share note\n"
    "  from alpha, bravo\n"
    "  to alpha, bravo, charlie\n"
    "  for prevent\n"
    "  by common-law\n"
    "  release report.title, subject.name\n"
    "  reduce subject.born to year\n"
    "  release report.health\n"
    "  withhold report.health openly because \"kept\"\n";

/* ---- texts ------------------------------------------------------------ */

char *exchange_agreement(
    struct exchange_test *t, unsigned version, const char *clauses)
{
	_cleanup_buf_ struct buf text = { 0 };
	char key[VKEY_TEXT_MAX];
	uint8_t digest[HASH_BYTES];

	buf_addf(&text,
	    "agreement local/%u \"Local\"\n"
	    "  uses soc/1\n"
	    "  parties alpha, bravo, charlie\n"
	    "  purposes prevent\n"
	    "  basis \"Common law\"\n"
	    "  contact \"The governance lead\"\n"
	    "  starts 2026-01-01\n"
	    "  review 2026-12-01\n"
	    "  ends 2040-12-31\n"
	    "  retain 2 years\n",
	    version);
	for (size_t i = 0; i < t->partners_count; i++) {
		vkey_format(&t->partners[i]->enrolment.agree, key);
		buf_addf(&text,
		    "  identity %s kind police clearance OFFICIAL-SENSITIVE "
		    "agree \"%s\"\n",
		    t->partners[i]->name, key);
	}
	hash_bytes(exchange_vocabulary, strlen(exchange_vocabulary), digest);
	buf_add_str(&text, "  pin soc/1 \"");
	base64_add(&text, digest, sizeof(digest));
	buf_addf(&text, "\"\n%s", clauses);
	return buf_steal_str(&text);
}

const char *exchange_write(struct exchange_test *t, const char *name,
    const char *text, struct client *const *signers, size_t count)
{
	static char path[128];
	_cleanup_buf_ struct buf note = { 0 };
	struct why why;

	buf_add_str(&note, text);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(
		    note_sign(&note, signers[i]->name, signers[i]->agree, &why),
		    0);
	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	CHECK_INT(file_write(path, buf_slice(&note), 0600, &why), 0);
	return path;
}

/* ---- processes -------------------------------------------------------- */

static const char *program(void)
{
	const char *path = getenv("CAVEAT_BROKER");

	if (!path)
		test_fail(__FILE__, __LINE__, "CAVEAT_BROKER is not set");
	return path;
}

static pid_t spawn(
    const struct exchange_test *t, const char *const *words, int out)
{
	const char *argv[16] = { program(), "--dir", t->dir };
	char *copy[16] = { NULL };
	size_t n = 3;
	pid_t pid;

	while (*words && n < ARRAY_LEN(argv) - 1)
		argv[n++] = *words++;
	for (size_t i = 0; i < n; i++)
		copy[i] = mem_str(argv[i]);
	pid = fork();
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		execv(copy[0], copy);
		_exit(127);
	}
	for (size_t i = 0; i < n; i++)
		free(copy[i]);
	return pid;
}

int exchange_run(
    struct exchange_test *t, const char **ret_said, const char *const *words)
{
	static char said[65536];
	size_t len = 0;
	int pipes[2], status;
	ssize_t n;
	pid_t pid;

	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	pid = spawn(t, words, pipes[1]);
	close(pipes[1]);
	while (len < sizeof(said) - 1 &&
	       (n = read(pipes[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(pipes[0]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (ret_said)
		*ret_said = said;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check_done(struct exchange_test *t, const char *const *words)
{
	const char *said;
	int code = exchange_run(t, &said, words);

	if (code != 0)
		test_fail(__FILE__, __LINE__, "%s: exit %d: %s", words[0], code,
		    said);
}

void exchange_start(struct exchange_test *t)
{
	const char *const words[] = { "run", NULL };
	_cleanup_free_ char *path = mem_format("%s/run.log", t->dir);
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	CHECK(log >= 0);
	t->pid = spawn(t, words, log);
	close(log);
	for (int i = 0; i < 200; i++) {
		int status;
		const char *said;

		if (waitpid(t->pid, &status, WNOHANG) == t->pid) {
			t->pid = 0;
			test_fail(
			    __FILE__, __LINE__, "the broker ended; %s", path);
		}
		if (exchange_do(t, &said, "status", "--json") == 0 &&
		    strstr(said, "\"running\":true"))
			return;
		usleep(20000);
	}
	test_fail(__FILE__, __LINE__, "the broker did not start");
}

void exchange_stop(struct exchange_test *t, int number)
{
	int status;

	if (t->pid == 0)
		return;
	kill(t->pid, number);
	CHECK_INT(waitpid(t->pid, &status, 0), t->pid);
	t->pid = 0;
	if (number == SIGTERM)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the whole -------------------------------------------------------- */

static int free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(fd, (struct sockaddr *)&address, len), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void read_public(struct exchange_test *t)
{
	_cleanup_free_ char *path = mem_format("%s/broker.pub", t->dir);
	_cleanup_buf_ struct buf text = { 0 };
	const char *curve;
	struct why why;

	CHECK_INT(file_read(path, 4096, &text, &why), 0);
	buf_add_byte(&text, '\0');
	curve = strstr((const char *)text.data, "\ncurve ");
	CHECK(curve);
	CHECK(
	    key_from_base64(slice_of(curve + 7, KEY_BASE64_BYTES), t->server));
}

static void enrol_all(struct exchange_test *t)
{
	for (size_t i = 0; i < t->partners_count; i++) {
		_cleanup_buf_ struct buf note = { 0 };
		_cleanup_free_ char *path =
		    mem_format("%s/%s.enrolment", t->dir, t->partners[i]->name);
		struct why why;

		client_enrol(t->partners[i], &note);
		CHECK_INT(file_write(path, buf_slice(&note), 0600, &why), 0);
		check_done(t, (const char *const[]){ "enrol", path, NULL });
	}
}

static void publish_all(struct exchange_test *t)
{
	_cleanup_free_ char *text = exchange_agreement(t, 1, exchange_clauses);
	_cleanup_free_ char *vocabulary = mem_str(
	    exchange_write(t, "soc.vocabulary", exchange_vocabulary, NULL, 0));
	const char *agreement =
	    exchange_write(t, "local.agreement", text, t->partners, 3);

	check_done(
	    t, (const char *const[]){ "publish", vocabulary, agreement, NULL });
}

static void make_partners(
    struct exchange_test *t, const char *const *names, size_t count)
{
	t->partners_count = count;
	for (size_t i = 0; i < count; i++) {
		t->partners[i] = client_new(names[i]);
		t->partners[i]->partners = t->partners;
		t->partners[i]->partners_count = count;
	}
	t->alpha = t->partners[0];
	t->bravo = t->partners[1];
	t->charlie = t->partners[2];
}

static void make_folder(struct exchange_test *t)
{
	*t = (struct exchange_test){ .dir = "/tmp/caveat-flow-XXXXXX" };
	CHECK(mkdtemp(t->dir));
	snprintf(t->endpoint, sizeof(t->endpoint), "tcp://127.0.0.1:%d",
	    free_port());
	check_done(t, (const char *const[]){ "init", "--name", "flow",
			  "--listen", t->endpoint, NULL });
	read_public(t);
}

void exchange_begin(struct exchange_test *t)
{
	static const char *const names[] = { "alpha", "bravo", "charlie" };

	make_folder(t);
	make_partners(t, names, ARRAY_LEN(names));
	enrol_all(t);
	publish_all(t);
	exchange_start(t);
}

/* ---- the example ------------------------------------------------------ */

static const struct {
	const char *name, *kind, *clearance;
} example[] = {
	{ "warwickshire-police", "police", "SECRET" },
	{ "rugby-council", "council", "OFFICIAL-SENSITIVE" },
	{ "warwickshire-trading-standards", "trading-standards",
	    "OFFICIAL-SENSITIVE" },
	{ "hmrc", "hmrc", "SECRET" },
	{ "immigration-enforcement", "immigration-enforcement", "SECRET" },
};

static char *read_example(const char *name)
{
	const char *root = getenv("CAVEAT_SOURCE");
	_cleanup_free_ char *path =
	    mem_format("%s/examples/warwickshire/%s", root ? root : ".", name);
	struct buf text = { 0 };
	struct why why;

	if (file_read(path, 1 << 20, &text, &why) != 0)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	return buf_steal_str(&text);
}

static void add_pin(struct buf *out, const char *name, const char *text)
{
	uint8_t digest[HASH_BYTES];

	hash_bytes(text, strlen(text), digest);
	buf_addf(out, "  pin %s \"", name);
	base64_add(out, digest, sizeof(digest));
	buf_add_str(out, "\"\n");
}

/* The text with identities and @pins, before its first group or clause. */
static char *fill_in(
    struct exchange_test *t, const char *text, const struct buf *pins)
{
	const char *group = strstr(text, "\ngroup ");
	const char *at = strstr(text, "\nclause ");
	struct buf out = { 0 };
	char key[VKEY_TEXT_MAX];

	CHECK(at);
	if (group && group < at)
		at = group;
	buf_add(&out, text, (size_t)(at - text) + 1);
	for (size_t i = 0; i < ARRAY_LEN(example); i++) {
		vkey_format(&t->partners[i]->enrolment.agree, key);
		buf_addf(&out,
		    "  identity %s kind %s clearance %s agree "
		    "\"%s\"\n",
		    example[i].name, example[i].kind, example[i].clearance,
		    key);
	}
	buf_add_slice(&out, buf_slice(pins));
	buf_add_str(&out, at);
	return buf_steal_str(&out);
}

static void publish_example(struct exchange_test *t)
{
	_cleanup_free_ char *soc = read_example("soc.vocabulary");
	_cleanup_free_ char *law = read_example("uk-law.standing");
	_cleanup_free_ char *csp = read_example("warwickshire-csp.agreement");
	_cleanup_free_ char *jag =
	    read_example("warwickshire-socjag.agreement");
	_cleanup_buf_ struct buf pins = { 0 };
	_cleanup_free_ char *csp_full = NULL, *jag_full = NULL;
	const char *paths[5] = { "publish" };

	add_pin(&pins, "soc/1", soc);
	add_pin(&pins, "uk-law/1", law);
	csp_full = fill_in(t, csp, &pins);
	add_pin(&pins, "warwickshire-csp/2", csp_full);
	jag_full = fill_in(t, jag, &pins);
	paths[1] = mem_str(exchange_write(t, "soc.vocabulary", soc, NULL, 0));
	paths[2] = mem_str(exchange_write(t, "law.standing", law, NULL, 0));
	paths[3] = mem_str(exchange_write(
	    t, "csp.agreement", csp_full, t->partners, t->partners_count));
	paths[4] = mem_str(exchange_write(
	    t, "jag.agreement", jag_full, t->partners, t->partners_count));
	check_done(t, (const char *const[]){ paths[0], paths[1], paths[2],
			  paths[3], paths[4], NULL });
	for (size_t i = 1; i < ARRAY_LEN(paths); i++)
		free((void *)(uintptr_t)paths[i]);
}

void exchange_begin_example(struct exchange_test *t)
{
	const char *names[ARRAY_LEN(example)];

	for (size_t i = 0; i < ARRAY_LEN(example); i++)
		names[i] = example[i].name;
	make_folder(t);
	make_partners(t, names, ARRAY_LEN(names));
	enrol_all(t);
	publish_example(t);
	exchange_start(t);
}

void exchange_connect(struct exchange_test *t)
{
	for (size_t i = 0; i < t->partners_count; i++)
		client_connect(t->partners[i], t->endpoint, t->server);
}

static void on_doubt(
    void *ctx, uint64_t entry, const char *where, const char *what)
{
	printf("# doubt: entry %lld, %s: %s\n", (long long)entry, where, what);
}

void exchange_verify(struct exchange_test *t)
{
	_cleanup_free_ char *path = mem_format("%s/broker.pub", t->dir);
	_cleanup_buf_ struct buf text = { 0 };
	struct verify_request request = { .path = t->dir, .doubt = on_doubt };
	struct verify_totals totals;
	const char *end;
	struct vkey key;
	struct why why = { "" };
	int r;

	CHECK_INT(file_read(path, 4096, &text, &why), 0);
	end = memchr(text.data, '\n', text.len);
	CHECK(end);
	CHECK(vkey_parse(
	    slice_of(text.data + 5, (size_t)(end - (char *)text.data) - 5),
	    &key, &why));
	request.key = &key;
	r = audit_verify(&request, &totals, &why);
	if (r != 0)
		test_fail(__FILE__, __LINE__, "the log does not verify: %d %s",
		    r, why.text);
}

static void remove_all(const char *dir)
{
	_cleanup_free_ char *command = mem_format("rm -rf '%s'", dir);

	if (!getenv("KEEP"))
		CHECK_INT(system(command), 0);
}

void exchange_end(struct exchange_test *t)
{
	const char *said;

	for (size_t i = 0; i < t->partners_count; i++)
		client_disconnect(t->partners[i]);
	exchange_stop(t, SIGTERM);
	if (exchange_do(t, &said, "check") != 0)
		test_fail(__FILE__, __LINE__, "check: %s", said);
	exchange_verify(t);
	for (size_t i = 0; i < t->partners_count; i++)
		client_free(t->partners[i]);
	remove_all(t->dir);
}
