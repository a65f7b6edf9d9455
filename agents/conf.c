/* The agent's options: one table. */

#include "agents/conf.h"

#include <stdlib.h>
#include <string.h>

#include "util/config.h"
#include "util/log.h"
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

const char *conf_check_name(const char *value)
{
	return text_is_name(slice_str(value))
		   ? NULL
		   : "is not a name (a-z, 0-9 and -, at most 64 bytes)";
}

const char *conf_check_endpoint(const char *value)
{
	const char *colon = strrchr(value, ':');
	char *end;
	long port;

	if (strncmp(value, "tcp://", 6) != 0 || !colon || colon <= value + 6)
		return "is not an endpoint such as tcp://broker.example:7250";
	port = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end || port < 1 || port > 65535)
		return "has no port from 1 to 65535";
	return NULL;
}

static const char *check_uri(const char *value)
{
	return *value ? NULL : "is empty";
}

#define AT(member) offsetof(struct conf, member)
static const struct config_option options[] = {
	{ "agent", "name", CONFIG_TEXT, AT(name), .check = conf_check_name,
	    .help = "The partner this agent speaks for; what counts is the key"
		    " that its agreements name" },
	{ "agent", "broker", CONFIG_TEXT, AT(endpoint),
	    .check = conf_check_endpoint,
	    .help = "Where the broker listens, as tcp://HOST:PORT" },
	{ "agent", "log-level", CONFIG_CHOICE, AT(log_level), "info",
	    .choices = log_levels,
	    .help = "The least important line the operator's log shows" },
	{ "keys", "curve", CONFIG_TEXT, AT(curve_key), "keys/curve.pem",
	    .check = check_uri,
	    .help = "The transport key (X25519), a file in the folder or an"
		    " OSSL_STORE URI" },
	{ "keys", "message", CONFIG_TEXT, AT(message_key), "keys/message.pem",
	    .check = check_uri,
	    .help = "The key that signs messages and receipts (Ed25519),"
		    " likewise" },
	{ "store", "map", CONFIG_BYTES, AT(map_bytes), "64 GiB", 16 * MIB,
	    64 * 1024 * GIB,
	    .help = "How large the store may grow; the address space it"
		    " takes" },
	{ "store", "keep-sent", CONFIG_NUMBER, AT(keep_sent), "90", 1, 36500,
	    .help = "Days after which a sent message that has its answer is"
		    " destroyed here" },
	{ "api", "socket", CONFIG_TEXT, AT(socket), CONF_API,
	    .check = check_uri,
	    .help = "The local API's socket; one outside the folder lets other"
		    " system users reach it" },
	{ "api", "connections", CONFIG_NUMBER, AT(connections), "64", 1, 1024,
	    .help = "Connections to the local API at once" },
};
static const struct config_schema schema = { options, ARRAY_LEN(options) };

char *conf_path(const char *dir, const char *name)
{
	return mem_format("%s/%s", dir, name);
}

int conf_load(const char *dir, struct conf *ret, struct buf *problems)
{
	_cleanup_free_ char *path = conf_path(dir, CONF_FILE);
	int r = config_load(&schema, path, ret, problems);

	ret->dir = mem_str(dir);
	if (r < 0)
		return r;
	key_uri_resolve(dir, &ret->curve_key);
	key_uri_resolve(dir, &ret->message_key);
	if (ret->socket[0] != '/') {
		char *whole = conf_path(dir, ret->socket);

		free(ret->socket);
		ret->socket = whole;
	}
	return 0;
}

void conf_deinit(struct conf *c)
{
	config_deinit(&schema, c);
	free(c->dir);
	c->dir = NULL;
}

void conf_template(const char *name, const char *endpoint, struct buf *out)
{
	const struct config_value values[] = {
		{ "agent", "name", name },
		{ "agent", "broker", endpoint },
	};

	config_template(&schema, values, ARRAY_LEN(values), out);
}

void conf_help(struct buf *out)
{
	config_help(&schema, out);
}
