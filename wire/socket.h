#ifndef WIRE_SOCKET_H
#define WIRE_SOCKET_H

/*
 * The door to ZeroMQ, for link.c and dial.c only: nobody else includes zmq.h.
 * Functions return LINK_OK (0), another outcome of link.h, or -errno.
 */

#include <zmq.h>

#include "wire/link.h"

struct socket_option {
	int name;
	int value;
};
int socket_options(
    void *socket, const struct socket_option *options, size_t count);
int socket_common(void *socket); /* what either end's socket is given */

/* -errno, and @why "cannot WHAT 'ENDPOINT': ...". */
int socket_fail(struct why *why, const char *what, const char *endpoint);

zmq_msg_t *socket_msg(void); /* a fresh one to receive into */
void socket_free_msg(zmq_msg_t **msg);

int socket_receive(void *socket, zmq_msg_t *msg); /* or LINK_EMPTY */
void socket_drop_rest(void *socket, zmq_msg_t *msg);

/* Send @frame's bytes as the last part and take them. On -errno they stay. */
int socket_send(void *socket, struct buf *frame);

/* Wait for any of the items; which are ready is for the caller to try. */
int socket_poll(zmq_pollitem_t *items, int count, int timeout_ms);

void socket_wake(int fd);      /* make an eventfd readable */
void socket_take_wake(int fd); /* and not */

#endif
