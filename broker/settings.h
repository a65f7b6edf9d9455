#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

/*
 * broker.conf, caveat-broker.conf(5), and the names of what else stands in the
 * broker's folder. One table states every option: it reads the file, prints the
 * help and writes the first file.
 */

#include <stdint.h>

#include "util/buf.h"
#include "util/log.h"
#include "util/why.h"

#define SETTINGS_NAME_MAX 64u
#define SETTINGS_WORKERS_MAX 64u

struct settings {
	char *dir; /* the folder, as given */
	char *name, *listen;
	char *curve_key, *log_key; /* OSSL_STORE URIs, relative ones resolved */
	unsigned log_level;        /* enum log_level */
	uint64_t workers;          /* 0: one per processor */
	uint64_t map_bytes, refuse_at;
	uint64_t ring, memory, queue, refusals;
};

/* Read DIR/broker.conf. 0, -EINVAL (@problems has a line each) or why it cannot
 * be read. settings_deinit() in every case. */
int settings_load(const char *dir, struct settings *ret, struct buf *problems);
void settings_deinit(struct settings *s);

/* The first broker.conf. */
void settings_template(const char *name, const char *listen, struct buf *out);
void settings_help(struct buf *out);

/* NULL when @value will do as the exchange's name or as an endpoint to listen
 * on, else what is wrong with it. */
const char *settings_check_name(const char *value);
const char *settings_check_listen(const char *value);

/* DIR/@name; the caller frees. */
char *settings_path(const char *dir, const char *name);

#define SETTINGS_FILE "broker.conf"
#define SETTINGS_PUBLIC "broker.pub"
#define SETTINGS_KEYS "keys"
#define SETTINGS_STORE "store"
#define SETTINGS_CONTROL "control"

#endif
