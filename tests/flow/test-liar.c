/*
 * A real agent against a broker that lies: what it rejects, keeps as evidence,
 * does not show and gives no receipt for.
 */

#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/liar.h"
#include "util/clock.h"
#include "util/file.h"
#include "wire/link.h"
#include "wire/receipt.h"

#define WAIT_MS 15000

/* A broker with nothing behind it but liar.h. */
struct broker {
	char dir[64];
	char *council; /* the agent's folder */
	struct liar liar;
	struct key *log;
	struct link_server *server;
	pid_t agent;
	uint32_t peer;
};

static void run(char *const argv[])
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static char *program(const char *variable)
{
	char *path = getenv(variable);

	CHECK(path);
	return path;
}

static bool admit(void *ctx, const uint8_t public[KEY_BYTES],
    char ret_partner[TEXT_NAME_MAX + 1])
{
	const struct broker *b = ctx;

	strcpy(ret_partner, "council");
	return !memcmp(
	    public, b->liar.parties[LIAR_COUNCIL].enrolment.curve, KEY_BYTES);
}

/* broker.pub, the agent's folder, and the agent. */
static void begin(struct broker *b)
{
	uint8_t secret[KEY_BYTES], public[KEY_BYTES];
	char base64[KEY_BASE64_BYTES + 1], vkey_text[VKEY_TEXT_MAX];
	struct link_server_config config = { .endpoint = "tcp://127.0.0.1:*",
		.secret = secret,
		.admit = admit,
		.ctx = b };
	_cleanup_free_ char *pub = NULL, *endpoint = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct key *curve;
	struct vkey vkey;
	struct why why;

	*b = (struct broker){ .dir = "/tmp/caveat-liar-XXXXXX" };
	CHECK(mkdtemp(b->dir));
	b->council = mem_format("%s/council", b->dir);
	pub = mem_format("%s/broker.pub", b->dir);
	memset(secret, 77, sizeof(secret));
	b->log = key_from_raw(KEY_ED25519, secret);
	curve = key_from_raw(KEY_X25519, secret);
	key_public(b->log, public);
	CHECK(vkey_make(LIAR_EXCHANGE, public, &vkey));
	vkey_format(&vkey, vkey_text);
	key_public(curve, public);
	key_to_base64(public, base64);
	key_free(curve);
	buf_addf(&text, "vkey %s\ncurve %s\n", vkey_text, base64);
	CHECK_INT(file_write(pub, buf_slice(&text), 0644, &why), 0);
	CHECK_INT(link_server_new(&config, &b->server, &why), 0);
	endpoint = mem_str(link_server_endpoint(b->server));
	run((char *[]){ program("CAVEAT_CAVEAT_AGENT"), (char[]){ "init" },
	    (char[]){ "--dir" }, b->council, (char[]){ "--name" },
	    (char[]){ "council" }, (char[]){ "--broker" }, endpoint,
	    (char[]){ "--broker-key" }, pub, NULL });
	liar_load(&b->liar, b->council);
	fflush(NULL);
	b->agent = fork();
	if (b->agent == 0) {
		char *log = mem_format("%s/log", b->dir);

		/* It must not outlive a test that fails. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen(log, "w", stderr))
			_exit(126);
		execl(program("CAVEAT_CAVEAT_AGENT"), "caveat-agent", "run",
		    "--dir", b->council, (char *)NULL);
		_exit(127);
	}
}

static void end(struct broker *b)
{
	int status;

	kill(b->agent, SIGTERM);
	CHECK(waitpid(b->agent, &status, 0) == b->agent);
	CHECK_INT(status, 0);
	link_server_free(b->server);
	key_free(b->log);
	liar_deinit(&b->liar);
	run((char *[]){
	    (char[]){ "/bin/rm" }, (char[]){ "-r" }, b->dir, NULL });
	free(b->council);
}

static void send_frame(struct broker *b, const struct frame *frame)
{
	struct buf bytes = { 0 };

	frame_pack(frame, &bytes);
	CHECK_INT(link_server_send(b->server, b->peer, &bytes), LINK_OK);
}

/* The next frame of @kind; the caller deinits @ret_bytes. False: none came in
 * @ms. */
static bool next_frame(struct broker *b, enum frame_kind kind, int ms,
    struct arena *arena, struct link_frame *ret_bytes, struct frame *ret)
{
	int64_t until = clock_monotonic() + ms;
	struct why why;

	while (clock_monotonic() < until) {
		CHECK(link_server_wait(b->server, 100) >= 0);
		while (link_server_recv(b->server, ret_bytes) == LINK_OK) {
			CHECK(frame_parse(ret_bytes->bytes, arena, ret, &why));
			b->peer = ret_bytes->peer;
			if (ret->kind == kind)
				return true;
			link_frame_deinit(ret_bytes);
		}
	}
	return false;
}

static void welcome(struct broker *b)
{
	struct arena arena = { 0 };
	struct link_frame bytes;
	char vkey_text[VKEY_TEXT_MAX];
	uint8_t public[KEY_BYTES];
	struct frame frame;
	struct vkey vkey;

	CHECK(next_frame(b, FRAME_HELLO, WAIT_MS, &arena, &bytes, &frame));
	CHECK_INT(frame.hello.copy, 0);
	link_frame_deinit(&bytes);
	key_public(b->log, public);
	CHECK(vkey_make(LIAR_EXCHANGE, public, &vkey));
	vkey_format(&vkey, vkey_text);
	frame = (struct frame){ .kind = FRAME_WELCOME };
	frame.welcome = (struct frame_welcome){
		.exchange = slice_str(LIAR_EXCHANGE),
		.epoch = 1,
		.policy = LIAR_POLICY,
		.now = clock_now(),
		.vkey = slice_str(vkey_text),
	};
	send_frame(b, &frame);
	arena_deinit(&arena);
}

static void send_policies(struct broker *b)
{
	struct rules_texts texts = { 0 };
	struct frame_text rows[8];
	struct slice enrolments[LIAR_PARTIES];
	struct frame frame = { .kind = FRAME_POLICIES };

	liar_texts(&b->liar, LIAR_PARTIES, &texts);
	for (size_t i = 0; i < texts.count; i++)
		rows[i] = (struct frame_text){ slice_str(texts.items[i].name),
			buf_slice(&texts.items[i].bytes) };
	for (int i = 0; i < LIAR_PARTIES; i++)
		enrolments[i] = buf_slice(&b->liar.parties[i].note);
	frame.policies = (struct frame_policies){ .number = LIAR_POLICY,
		.part = 1,
		.parts = 1,
		.texts = rows,
		.texts_count = texts.count,
		.enrolments = enrolments,
		.enrolments_count = LIAR_PARTIES };
	send_frame(b, &frame);
	rules_texts_deinit(&texts);
}

/* Deliver one copy under a checkpoint of its own; of a growing log, as @size
 * says, although it only ever proves two entries. */
static void deliver(
    struct broker *b, const struct lie *lie, bool flip, unsigned epoch)
{
	struct liar_delivery d;
	struct buf note = { 0 };
	struct frame frame = { .kind = FRAME_DELIVER };

	liar_deliver(&b->liar, lie, &d);
	if (flip)
		d.copy.data[d.copy.len / 3] ^= 1;
	snprintf(d.checkpoint.origin, sizeof(d.checkpoint.origin),
	    LIAR_EXCHANGE "/%u", epoch);
	CHECK_INT(
	    checkpoint_sign(&d.checkpoint, LIAR_EXCHANGE, b->log, &note), 0);
	frame.deliver = (struct frame_deliver){
		.checkpoint = buf_slice(&note), .rows = &d.row, .count = 1
	};
	send_frame(b, &frame);
	buf_deinit(&note);
	buf_deinit(&d.copy);
}

/* Whether a receipt comes, and that it is for copy @number. */
static bool receipted(struct broker *b, uint64_t number, int ms)
{
	struct arena arena = { 0 };
	struct link_frame bytes;
	struct receipt receipt;
	struct frame frame;
	struct why why;

	if (!next_frame(b, FRAME_RECEIPT, ms, &arena, &bytes, &frame))
		return false;
	CHECK(receipt_parse(frame.receipt.bytes, &arena, &receipt, &why));
	CHECK(
	    sign_verify(b->liar.parties[LIAR_COUNCIL].enrolment.message.public,
		&frame.receipt.bytes, 1, frame.receipt.signature.data));
	CHECK_INT(receipt.count, 1);
	CHECK_INT(receipt.rows[0].copy, number);
	link_frame_deinit(&bytes);
	arena_deinit(&arena);
	return true;
}

/* How `caveat` ends, and what it prints. */
static int caveat(
    struct broker *b, const char *command, const char *id, struct buf *out)
{
	_cleanup_free_ char *line = mem_format("%s %s %s --json --dir %s 2>&1",
	    program("CAVEAT_CAVEAT"), command, id, b->council);
	FILE *pipe = popen(line, "r");
	size_t n;

	CHECK(pipe);
	while ((n = fread(buf_room(out, 4096), 1, 4096, pipe)) > 0)
		out->len += n;
	buf_add_byte(out, 0);
	return WEXITSTATUS(pclose(pipe));
}

static void check_says(struct broker *b, const char *command, const char *id,
    int want, const char *said)
{
	_cleanup_buf_ struct buf out = { 0 };

	CHECK_INT(caveat(b, command, id, &out), want);
	if (!strstr((const char *)out.data, said))
		test_fail(__FILE__, __LINE__, "'%s' is not in: %s", said,
		    (const char *)out.data);
}

TEST(liar, promise_6_is_caught_by_a_running_agent)
{
	struct broker b;

	begin(&b);
	welcome(&b);
	send_policies(&b);
	deliver(&b, &(struct lie){ .number = 1 }, false, 1);
	CHECK(receipted(&b, 1, WAIT_MS));
	deliver(&b, &(struct lie){ .number = 2, .whole = "report.secret" },
	    false, 2);
	deliver(&b, &(struct lie){ .number = 3 }, true, 3);
	deliver(&b, &(struct lie){ .number = 4, .entry_copy = 9 }, false, 4);
	deliver(&b, &(struct lie){ .number = 5 }, false, 5);
	CHECK(receipted(&b, 5, WAIT_MS)); /* and nothing for 2, 3 and 4 */
	check_says(&b, "show", "police/1.1", 0, "\"verified\": true");
	check_says(&b, "show", "police/1.2", 1,
	    "'report.secret' 0 was given by 'release'");
	check_says(&b, "show", "police/1.4", 1, "about another copy");
	check_says(&b, "status", "", 0, "\"rejected\": 3");
	check_says(&b, "inbox", "", 0, "police/1.5");
	end(&b);
}

/* A log that shrinks, or has two histories, is refused with all it proves. */
TEST(liar, promise_2_a_log_with_another_past_is_refused)
{
	struct broker b;

	begin(&b);
	welcome(&b);
	send_policies(&b);
	deliver(&b, &(struct lie){ .number = 1 }, false, 1);
	CHECK(receipted(&b, 1, WAIT_MS));
	deliver(&b, &(struct lie){ .number = 2 }, false, 1); /* same size */
	CHECK(!receipted(&b, 2, 1500));
	check_says(&b, "show", "police/1.2", 1, "no message of that id");
	check_says(&b, "status", "", 0, "its log is not the one seen before");
	end(&b);
}

/* One that was delivered twice is receipted twice and held once. */
TEST(liar, a_copy_sent_again_is_receipted_again)
{
	struct lie honest = { .number = 1 };
	struct liar_delivery d;
	struct broker b;

	begin(&b);
	welcome(&b);
	send_policies(&b);
	liar_deliver(&b.liar, &honest, &d);
	for (int i = 0; i < 2; i++) {
		struct buf note = { 0 };
		struct frame frame = { .kind = FRAME_DELIVER };

		CHECK_INT(
		    checkpoint_sign(&d.checkpoint, LIAR_EXCHANGE, b.log, &note),
		    0);
		frame.deliver =
		    (struct frame_deliver){ .checkpoint = buf_slice(&note),
			    .rows = &d.row,
			    .count = 1 };
		send_frame(&b, &frame);
		CHECK(receipted(&b, 1, WAIT_MS));
		buf_deinit(&note);
	}
	/* Another body under the same number is not. */
	deliver(&b, &(struct lie){ .number = 1 }, false, 2);
	CHECK(!receipted(&b, 1, 1500));
	buf_deinit(&d.copy);
	end(&b);
}

int main(void)
{
	return test_main();
}
