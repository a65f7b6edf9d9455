/*
 * The control socket, both ends. A path of 108 bytes does not fit a socket's
 * address, so the folder is opened and the socket reached through
 * /proc/self/fd.
 */

#include "broker/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/log.h"
#include "util/mem.h"

#define PEER_SECONDS 10   /* an operator's command that stalls is let go */
#define REPLY_SECONDS 120 /* a big set of texts takes its time */

struct control {
	struct office *office;
	int dir, listener;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static struct sockaddr_un address_in(int dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path),
	    "/proc/self/fd/%d/%s", dir, SETTINGS_CONTROL);
	return address;
}

static int fail(struct why *why, const char *what)
{
	int error = errno ? errno : EIO;

	why_set(why, "cannot %s the control socket: %s", what, strerror(error));
	return -error;
}

static void set_patience(int fd, int seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* ---- bytes behind their length ---------------------------------------- */

static bool read_all(int fd, void *data, size_t len)
{
	uint8_t *at = data;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_message(int fd, struct buf *out)
{
	uint8_t head[4];
	uint32_t len;

	if (!read_all(fd, head, sizeof(head)))
		return false;
	len = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 |
	      (uint32_t)head[2] << 8 | head[3];
	if (len > OFFICE_REQUEST_MAX || !read_all(fd, buf_room(out, len), len))
		return false;
	out->len += len;
	return true;
}

static bool write_message(int fd, struct slice message)
{
	_cleanup_buf_ struct buf whole = { 0 };
	size_t at = 0;

	buf_add_be32(&whole, (uint32_t)message.len);
	buf_add_slice(&whole, message);
	while (at < whole.len) {
		ssize_t n =
		    send(fd, whole.data + at, whole.len - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* ---- the broker's end ------------------------------------------------- */

int control_new(struct office *o, struct control **ret, struct why *why)
{
	struct control *c = mem_alloc(sizeof(*c));
	struct sockaddr_un address;

	c->office = o;
	c->listener = -1;
	c->dir = open(o->settings->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	address = address_in(c->dir);
	if (c->dir >= 0) {
		unlinkat(c->dir, SETTINGS_CONTROL, 0);
		c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	if (c->listener < 0 ||
	    bind(c->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(c->listener, 16)) {
		int r = fail(why, "open");

		control_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct control *control_free(struct control *c)
{
	if (!c)
		return NULL;
	if (c->listener >= 0)
		unlinkat(c->dir, SETTINGS_CONTROL, 0);
	close_fd(&c->listener);
	close_fd(&c->dir);
	free(c);
	return NULL;
}

static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void answer(struct control *c, int fd)
{
	_cleanup_buf_ struct buf in = { 0 }, out = { 0 };
	struct arena arena = { 0 };
	struct request request;
	struct reply reply = { 0 };

	set_patience(fd, PEER_SECONDS);
	if (is_ours(fd) && read_message(fd, &in) &&
	    request_parse(buf_slice(&in), &arena, &request)) {
		office_answer(c->office, &request, &reply);
		reply_pack(&reply, &out);
		(void)write_message(fd, buf_slice(&out));
	}
	reply_deinit(&reply);
	arena_deinit(&arena);
}

void control_serve(struct control *c, int timeout_ms)
{
	struct pollfd p = { .fd = c->listener, .events = POLLIN };
	_cleanup_(close_fd) int fd = -1;

	if (poll(&p, 1, timeout_ms) <= 0)
		return;
	fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		answer(c, fd);
}

/* ---- the command's end ------------------------------------------------ */

static int connect_to(const char *dir, struct why *why)
{
	_cleanup_(close_fd) int folder =
	    open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(close_fd) int fd = -1;
	struct sockaddr_un address = address_in(folder);
	int taken;

	if (folder < 0) {
		why_set(why, "cannot open '%s': %s", dir, strerror(errno));
		return -errno;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(why, "make");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(why, "reach");
	taken = fd;
	fd = -1;
	return taken;
}

int control_ask(const char *dir, const struct request *request,
    struct reply *ret, struct why *why)
{
	_cleanup_buf_ struct buf out = { 0 }, in = { 0 };
	_cleanup_(close_fd) int fd = connect_to(dir, why);

	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return CONTROL_NOBODY;
	if (fd < 0)
		return fd;
	request_pack(request, &out);
	if (out.len > OFFICE_REQUEST_MAX) {
		why_set(why, "the files are larger than %u bytes together",
		    OFFICE_REQUEST_MAX);
		return -EFBIG;
	}
	set_patience(fd, REPLY_SECONDS);
	*ret = (struct reply){ 0 };
	if (write_message(fd, buf_slice(&out)) && read_message(fd, &in) &&
	    reply_parse(buf_slice(&in), ret))
		return 0;
	why_set(why, "the broker did not answer; look at its log");
	return -EIO;
}
