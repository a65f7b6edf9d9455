/* The door to ZeroMQ; what both ends do alike. */

#include "wire/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/mem.h"

void link_frame_deinit(struct link_frame *frame)
{
	zmq_msg_t *msg = frame->owned;

	socket_free_msg(&msg);
	*frame = (struct link_frame){ 0 };
}

/* 0, or -errno; so for the next. */
int socket_options(
    void *socket, const struct socket_option *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (zmq_setsockopt(socket, options[i].name, &options[i].value,
			sizeof(options[i].value)) < 0)
			return -errno;
	return 0;
}

/* What either side's socket is given. */
int socket_common(void *socket)
{
	static const struct socket_option options[] = {
		{ ZMQ_HANDSHAKE_IVL, LINK_HANDSHAKE_MS },
		{ ZMQ_HEARTBEAT_IVL, LINK_HEARTBEAT_MS },
		{ ZMQ_HEARTBEAT_TIMEOUT, LINK_HEARTBEAT_TIMEOUT },
		{ ZMQ_HEARTBEAT_TTL, LINK_HEARTBEAT_TIMEOUT },
		{ ZMQ_RCVHWM, LINK_FRAMES_IN },
		{ ZMQ_SNDHWM, LINK_FRAMES_OUT },
		{ ZMQ_LINGER, LINK_LINGER_MS },
		{ ZMQ_IPV6, 1 },
	};
	/* The limit is on what CURVE makes of a frame, some 33 bytes more. */
	int64_t most = FRAME_BYTES_MAX + 64;

	if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof(most)) < 0)
		return -errno;
	return socket_options(socket, options, ARRAY_LEN(options));
}

int socket_fail(struct why *why, const char *what, const char *endpoint)
{
	int error = errno;

	why_set(why, "cannot %s '%s': %s", what, endpoint, zmq_strerror(error));
	return -error;
}

/* A fresh message to receive into. */
zmq_msg_t *socket_msg(void)
{
	zmq_msg_t *msg = mem_alloc(sizeof(*msg));

	zmq_msg_init(msg);
	return msg;
}

void socket_free_msg(zmq_msg_t **msg)
{
	if (*msg)
		zmq_msg_close(*msg);
	free(*msg);
}

/* LINK_OK, LINK_EMPTY or -errno. */
int socket_receive(void *socket, zmq_msg_t *msg)
{
	while (zmq_msg_recv(msg, socket, ZMQ_DONTWAIT) < 0)
		if (errno != EINTR)
			return errno == EAGAIN ? LINK_EMPTY : -errno;
	return LINK_OK;
}

/* Take what is left of a message whose @msg is not its last part. */
void socket_drop_rest(void *socket, zmq_msg_t *msg)
{
	while (zmq_msg_more(msg))
		if (socket_receive(socket, msg) != LINK_OK)
			return;
}

/* ZeroMQ frees what it is given to send, even when it did not send it. */
struct loan {
	bool refused; /* the bytes are still the lender's */
};

static void end_loan(void *data, void *hint)
{
	struct loan *loan = hint;

	if (!loan->refused)
		free(data);
	free(loan);
}

/* Send @frame's bytes as the last part and take them. On -errno they stay. */
int socket_send(void *socket, struct buf *frame)
{
	struct loan *loan = mem_alloc(sizeof(*loan));
	zmq_msg_t msg;

	if (zmq_msg_init_data(&msg, frame->data, frame->len, end_loan, loan) <
	    0) {
		free(loan);
		return -ENOMEM;
	}
	while (zmq_msg_send(&msg, socket, ZMQ_DONTWAIT) < 0) {
		int error = errno;

		if (error == EINTR)
			continue;
		loan->refused = true;
		zmq_msg_close(&msg);
		return -error;
	}
	*frame = (struct buf){ 0 };
	return LINK_OK;
}

void socket_wake(int fd)
{
	uint64_t one = 1;

	/* It fails only when the counter is full, and then it is awake. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void socket_take_wake(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

/* Not caring which are ready: the caller tries them all. */
int socket_poll(zmq_pollitem_t *items, int count, int timeout_ms)
{
	if (zmq_poll(items, count, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	return 0;
}
