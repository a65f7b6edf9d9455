/* The broker's options: one table. */

#include "broker/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/ring.h"
#include "store/store.h"
#include "util/config.h"
#include "util/mem.h"
#include "util/text.h"
#include "wire/key.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static const char *const log_levels[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
	[LOG_ERROR + 1] = NULL,
};

const char *settings_check_name(const char *value)
{
	return text_is_name(slice_str(value))
		   ? NULL
		   : "is not a name (a-z, 0-9 and -, at most 64 bytes)";
}

const char *settings_check_listen(const char *value)
{
	const char *colon = strrchr(value, ':');
	char *end;
	long port;

	if (strncmp(value, "tcp://", 6) || !colon || colon <= value + 6)
		return "is not an endpoint such as tcp://0.0.0.0:7250";
	port = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end || port < 1 || port > 65535)
		return "has no port from 1 to 65535";
	return NULL;
}

static const char *check_uri(const char *value)
{
	return *value ? NULL : "is empty";
}

#define AT(member) offsetof(struct settings, member)
static const struct config_option options[] = {
	{ "broker", "name", CONFIG_TEXT, AT(name), .check = settings_check_name,
	    .help = "The exchange's name, in every signature and proof; it "
		    "cannot be changed later" },
	{ "broker", "listen", CONFIG_TEXT, AT(listen),
	    .check = settings_check_listen,
	    .help = "Where agents connect, as tcp://ADDRESS:PORT" },
	{ "broker", "log-level", CONFIG_CHOICE, AT(log_level), "info",
	    .choices = log_levels,
	    .help = "The least important line the operator's log shows" },
	{ "broker", "workers", CONFIG_NUMBER, AT(workers), "0", 0,
	    SETTINGS_WORKERS_MAX,
	    .help = "Threads that verify and decide; 0 for one per processor" },
	{ "keys", "curve", CONFIG_TEXT, AT(curve_key), "keys/curve.pem",
	    .check = check_uri,
	    .help = "The transport key (X25519), a file in the folder or an "
		    "OSSL_STORE URI" },
	{ "keys", "log", CONFIG_TEXT, AT(log_key), "keys/log.pem",
	    .check = check_uri,
	    .help = "The log's signing key (Ed25519), likewise" },
	{ "store", "map", CONFIG_BYTES, AT(map_bytes), "64 GiB", 16 * MIB,
	    64 * 1024 * GIB,
	    .help =
		"How large the store may grow; the address space it takes" },
	{ "store", "refuse-at", CONFIG_NUMBER, AT(refuse_at), "85", 50,
	    STORE_FILL_REFUSE,
	    .help = "Percent full from which nothing new is taken, so that "
		    "deliveries can go on" },
	{ "limits", "ring", CONFIG_NUMBER, AT(ring), "512", 256, RING_SLOTS,
	    .help = "Messages of one partner in work at once" },
	{ "limits", "memory", CONFIG_BYTES, AT(memory), "64 MiB", 4 * MIB,
	    64 * GIB, .help = "Bytes of one partner's frames in work at once" },
	{ "limits", "queue", CONFIG_BYTES, AT(queue), "4 GiB", 4 * MIB,
	    1024 * GIB,
	    .help =
		"Bytes that may wait for one partner; a sender gets at most "
		"half of what others leave" },
	{ "limits", "refusals", CONFIG_NUMBER, AT(refusals), "100", 1, 100000,
	    .help = "Refused frames a second of one partner that are answered; "
		    "more are dropped" },
};
static const struct config_schema schema = { options, ARRAY_LEN(options) };

char *settings_path(const char *dir, const char *name)
{
	return mem_format("%s/%s", dir, name);
}

int settings_load(const char *dir, struct settings *ret, struct buf *problems)
{
	_cleanup_free_ char *path = settings_path(dir, SETTINGS_FILE);
	int r;

	*ret = (struct settings){ .dir = mem_str(dir) };
	r = config_load(&schema, path, ret, problems);
	if (r < 0)
		return r;
	key_uri_resolve(dir, &ret->curve_key);
	key_uri_resolve(dir, &ret->log_key);
	return 0;
}

void settings_deinit(struct settings *s)
{
	config_deinit(&schema, s);
	free(s->dir);
	s->dir = NULL;
}

void settings_template(const char *name, const char *listen, struct buf *out)
{
	const struct config_value values[] = {
		{ "broker", "name", name },
		{ "broker", "listen", listen },
	};

	config_template(&schema, values, ARRAY_LEN(values), out);
}

void settings_help(struct buf *out)
{
	config_help(&schema, out);
}
