#ifndef BROKER_CONTROL_H
#define BROKER_CONTROL_H

/*
 * DIR/control, a Unix socket by which the commands reach a running broker. Who
 * may open it is the broker's own user, and root: the folder says so, and the
 * socket asks the kernel again. One request a connection, see office.h.
 */

#include <stdbool.h>

#include "broker/office.h"
#include "util/why.h"

struct control;

/* Listen; takes the place of a socket left by a broker that died, which only
 * whoever holds the store may do. */
int control_new(struct office *o, struct control **ret, struct why *why);
struct control *control_free(struct control *c); /* NULL; removes the socket */

/* Take one connection, if one comes within @timeout_ms, and answer it. */
void control_serve(struct control *c, int timeout_ms);

/* ---- the other side ---------------------------------------------------- */

enum {
	CONTROL_NOBODY = 1, /* no broker runs in this folder */
};

/* Ask the broker of @dir. 0, CONTROL_NOBODY, or -errno with @why. */
int control_ask(const char *dir, const struct request *request,
    struct reply *ret, struct why *why);

#endif
