#ifndef UTIL_CONFIG_H
#define UTIL_CONFIG_H

/*
 * A configuration file: `[section]`, `name = value`, comments with # or ;.
 *
 * A program states its options once, in a table; the table reads the file,
 * checks it, prints the help and writes the first file. What is not in the
 * table is refused, with the nearest name: a misspelt limit must not quietly
 * leave the default in place. All problems are reported in one run.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/why.h"

#define CONFIG_FILE_MAX 65536u /* bytes in a file */
#define CONFIG_LINE_MAX                                                        \
	190u /* bytes in a line: the parser cuts longer ones                   \
	      */

enum config_type {
	CONFIG_TEXT,   /* char *, owned by the settings */
	CONFIG_NUMBER, /* uint64_t */
	CONFIG_BYTES,  /* uint64_t; "64 GiB", "512 KiB", "100" */
	CONFIG_CHOICE, /* unsigned: which of `choices` */
};

struct config_option {
	const char *section, *name;
	enum config_type type;
	size_t offset;        /* of the member in the settings */
	const char *fallback; /* as the file would say it; NULL: required */
	uint64_t least, most; /* NUMBER and BYTES */
	const char *const *choices; /* NULL-terminated */
	/* TEXT: NULL when the value will do, else a static phrase such as "is
	 * not an endpoint". May be NULL. */
	const char *(*check)(const char *value);
	const char *help; /* one sentence, without its full stop */
};

struct config_schema {
	const struct config_option *options;
	size_t count;
};

/*
 * Read @path into @settings, which is zeroed first. 0, or -EINVAL when the file
 * has problems, or what kept it from being read (-ENOENT ...). @problems gets
 * one line each, as a compiler says it: "broker.conf:4: ...". To be followed by
 * config_deinit() whatever it returned.
 */
int config_load(const struct config_schema *schema, const char *path,
    void *settings, struct buf *problems);
void config_deinit(const struct config_schema *schema, void *settings);

/* What the file may say, for people: name, type, default, help. */
void config_help(const struct config_schema *schema, struct buf *out);

/* One value of a first file; the others are printed as comments. */
struct config_value {
	const char *section, *name, *value;
};
void config_template(const struct config_schema *schema,
    const struct config_value *values, size_t count, struct buf *out);

#endif
