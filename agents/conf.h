#ifndef AGENTS_CONF_H
#define AGENTS_CONF_H

/* The agent's folder: which files it holds, and agent.conf. */

#include <stdint.h>

#include "util/buf.h"

#define CONF_FILE "agent.conf"
#define CONF_BROKER "broker.pub"
#define CONF_ENROLMENT "enrolment"
#define CONF_OFFICERS "officers"
#define CONF_KEYS "keys"
#define CONF_STORE "store"
#define CONF_API "api" /* the socket, unless agent.conf says another */

struct conf {
	char *dir; /* as given */
	char *name, *endpoint;
	char *curve_key, *message_key; /* OSSL_STORE URIs */
	unsigned log_level;            /* enum log_level */
	uint64_t map_bytes;
	uint64_t keep_sent;   /* days an answered message of ours is kept */
	char *socket;         /* of the local API, whole path */
	uint64_t connections; /* to it at once */
};

/* Read DIR/agent.conf. 0, -EINVAL (@problems has a line each) or why it cannot
 * be read. conf_deinit() in every case. */
int conf_load(const char *dir, struct conf *ret, struct buf *problems);
void conf_deinit(struct conf *c);

/* The first agent.conf. */
void conf_template(const char *name, const char *endpoint, struct buf *out);
void conf_help(struct buf *out);

/* NULL when @value will do, else what is wrong with it. */
const char *conf_check_name(const char *value);
const char *conf_check_endpoint(const char *value);

/* DIR/@name; the caller frees. */
char *conf_path(const char *dir, const char *name);

#endif
