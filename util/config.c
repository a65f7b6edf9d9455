/*
 * The configuration table at work. inih splits the lines; everything else is
 * ours: it neither knows which line it is at, nor minds a line it had to cut,
 * nor an option it has seen before, so the reader below counts lines and
 * refuses long ones, and `seen` refuses the second of two.
 */

#include "util/config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "util/text.h"

struct load {
	const struct config_schema *schema;
	const char *path;
	uint8_t *settings;
	struct buf *problems;
	struct slice rest; /* of the file */
	unsigned line;
	bool *seen; /* by option */
	bool wrong;
};

static const struct {
	const char *name;
	unsigned shift;
} units[] = { { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 } };

__attribute__((format(printf, 2, 3))) static void problem(
    struct load *load, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_addf(
	    load->problems, "%s:%u: error: %s\n", load->path, load->line, text);
	load->wrong = true;
}

static bool parse_number(const char *s, bool bytes, uint64_t *ret)
{
	uint64_t n;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno)
		return false;
	*ret = n;
	if (*end == '\0')
		return true;
	if (!bytes)
		return false;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].name))
			continue;
		*ret = n << units[i].shift;
		return *ret >> units[i].shift == n;
	}
	return false;
}

static void print_bytes(uint64_t n, char *ret, size_t size)
{
	for (size_t i = ARRAY_LEN(units); i-- > 0;) {
		uint64_t one = UINT64_C(1) << units[i].shift;

		if (n == 0 || n % one)
			continue;
		snprintf(ret, size, "%llu %s", (unsigned long long)(n / one),
		    units[i].name);
		return;
	}
	snprintf(ret, size, "%llu", (unsigned long long)n);
}

static void print_bound(
    const struct config_option *option, uint64_t n, char *ret, size_t size)
{
	if (option->type == CONFIG_BYTES)
		print_bytes(n, ret, size);
	else
		snprintf(ret, size, "%llu", (unsigned long long)n);
}

static void set_number(
    struct load *load, const struct config_option *option, const char *value)
{
	char least[32], most[32];
	uint64_t n;

	if (!parse_number(value, option->type == CONFIG_BYTES, &n)) {
		problem(load, "'%s' is not %s, in '%s'", value,
		    option->type == CONFIG_BYTES
			? "a size (a whole number, then KiB, MiB, GiB or TiB)"
			: "a whole number",
		    option->name);
		return;
	}
	if (n < option->least || n > option->most) {
		print_bound(option, option->least, least, sizeof(least));
		print_bound(option, option->most, most, sizeof(most));
		problem(load, "'%s' must be from %s to %s, not %s",
		    option->name, least, most, value);
		return;
	}
	memcpy(load->settings + option->offset, &n, sizeof(n));
}

static void set_choice(
    struct load *load, const struct config_option *option, const char *value)
{
	_cleanup_buf_ struct buf known = { 0 };

	for (unsigned i = 0; option->choices[i]; i++) {
		if (!strcmp(option->choices[i], value)) {
			memcpy(load->settings + option->offset, &i, sizeof(i));
			return;
		}
		buf_addf(&known, "%s%s", i ? ", " : "", option->choices[i]);
	}
	problem(load, "'%s' must be one of %.*s, not '%s'", option->name,
	    SLICE_ARG(buf_slice(&known)), value);
}

static void set_text(
    struct load *load, const struct config_option *option, const char *value)
{
	const char *fault = option->check ? option->check(value) : NULL;
	char *copy;

	if (fault) {
		problem(load, "'%s' %s, in '%s'", value, fault, option->name);
		return;
	}
	copy = mem_str(value);
	memcpy(load->settings + option->offset, &copy, sizeof(copy));
}

static void set(
    struct load *load, const struct config_option *option, const char *value)
{
	switch (option->type) {
	case CONFIG_TEXT:
		set_text(load, option, value);
		break;
	case CONFIG_NUMBER:
	case CONFIG_BYTES:
		set_number(load, option, value);
		break;
	case CONFIG_CHOICE:
		set_choice(load, option, value);
		break;
	}
}

static const char *nearest(
    const struct config_schema *schema, const char *section, const char *name)
{
	_cleanup_free_ const char **names =
	    mem_array(schema->count + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < schema->count; i++)
		if (!strcmp(schema->options[i].section, section))
			names[count++] = schema->options[i].name;
	return text_nearest(slice_str(name), names, count);
}

static int on_option(
    void *user, const char *section, const char *name, const char *value)
{
	struct load *load = user;
	const char *hint;

	for (size_t i = 0; i < load->schema->count; i++) {
		const struct config_option *option = &load->schema->options[i];

		if (strcmp(option->section, section) ||
		    strcmp(option->name, name))
			continue;
		if (load->seen[i])
			problem(load, "'%s' is given twice", name);
		else
			set(load, option, value);
		load->seen[i] = true;
		return 1;
	}
	hint = nearest(load->schema, section, name);
	problem(load, "no option '%s' in [%s]%s%s%s", name, section,
	    hint ? "; did you mean '" : "", hint ? hint : "", hint ? "'?" : "");
	return 1;
}

/* fgets() over the file's bytes, for inih. */
static char *next_line(char *ret, int size, void *user)
{
	struct load *load = user;
	const uint8_t *end;
	size_t len;

	if (load->rest.len == 0)
		return NULL;
	end = memchr(load->rest.data, '\n', load->rest.len);
	len = end ? (size_t)(end - load->rest.data) + 1 : load->rest.len;
	load->line++;
	if (len > CONFIG_LINE_MAX || len >= (size_t)size ||
	    memchr(load->rest.data, '\0', len)) {
		problem(load,
		    "the line holds a zero byte or more than %u bytes",
		    CONFIG_LINE_MAX);
		ret[0] = '\0';
	} else {
		memcpy(ret, load->rest.data, len);
		ret[len] = '\0';
	}
	load->rest.data += len;
	load->rest.len -= len;
	return ret;
}

static void fill_defaults(struct load *load)
{
	for (size_t i = 0; i < load->schema->count; i++) {
		const struct config_option *option = &load->schema->options[i];

		if (load->seen[i])
			continue;
		if (option->fallback)
			set(load, option, option->fallback);
		else
			problem(load, "'%s' in [%s] is missing: %s",
			    option->name, option->section, option->help);
	}
}

int config_load(const struct config_schema *schema, const char *path,
    void *settings, struct buf *problems)
{
	_cleanup_free_ bool *seen = mem_array(schema->count, sizeof(*seen));
	_cleanup_buf_ struct buf text = { 0 };
	struct load load = {
		.schema = schema,
		.path = path,
		.settings = settings,
		.problems = problems,
		.seen = seen,
	};
	struct why why;
	int r;

	for (size_t i = 0; i < schema->count; i++)
		if (schema->options[i].type == CONFIG_TEXT)
			memset(load.settings + schema->options[i].offset, 0,
			    sizeof(char *));
	r = file_read(path, CONFIG_FILE_MAX, &text, &why);
	if (r < 0) {
		buf_addf(problems, "%s\n", why.text);
		return r;
	}
	load.rest = buf_slice(&text);
	r = ini_parse_stream(next_line, &load, on_option, &load);
	if (r > 0) {
		load.line = (unsigned)r;
		problem(&load, "expected [section] or 'name = value'");
	}
	fill_defaults(&load);
	return load.wrong || r != 0 ? -EINVAL : 0;
}

void config_deinit(const struct config_schema *schema, void *settings)
{
	for (size_t i = 0; i < schema->count; i++) {
		uint8_t *at = (uint8_t *)settings + schema->options[i].offset;
		char *text;

		if (schema->options[i].type != CONFIG_TEXT)
			continue;
		memcpy(&text, at, sizeof(text));
		free(text);
		memset(at, 0, sizeof(text));
	}
}

static void print_kind(const struct config_option *option, struct buf *out)
{
	char least[32], most[32];

	switch (option->type) {
	case CONFIG_TEXT:
		buf_add_str(out, "text");
		return;
	case CONFIG_NUMBER:
	case CONFIG_BYTES:
		print_bound(option, option->least, least, sizeof(least));
		print_bound(option, option->most, most, sizeof(most));
		buf_addf(out, "%s to %s", least, most);
		return;
	case CONFIG_CHOICE:
		for (size_t i = 0; option->choices[i]; i++)
			buf_addf(
			    out, "%s%s", i ? " | " : "", option->choices[i]);
		return;
	}
}

static void print_section(
    const struct config_schema *schema, size_t i, struct buf *out)
{
	if (i == 0 ||
	    strcmp(schema->options[i].section, schema->options[i - 1].section))
		buf_addf(
		    out, "%s[%s]\n", i ? "\n" : "", schema->options[i].section);
}

void config_help(const struct config_schema *schema, struct buf *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct config_option *option = &schema->options[i];

		print_section(schema, i, out);
		buf_addf(out, "  %-12s ", option->name);
		print_kind(option, out);
		if (!option->fallback)
			buf_add_str(out, ", required");
		else if (*option->fallback)
			buf_addf(out, ", default %s", option->fallback);
		buf_addf(out, "\n               %s.\n", option->help);
	}
}

void config_template(const struct config_schema *schema,
    const struct config_value *values, size_t count, struct buf *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct config_option *option = &schema->options[i];
		const char *value = NULL;

		for (size_t j = 0; j < count; j++)
			if (!strcmp(values[j].section, option->section) &&
			    !strcmp(values[j].name, option->name))
				value = values[j].value;
		print_section(schema, i, out);
		buf_addf(out, "# %s.\n", option->help);
		if (value)
			buf_addf(out, "%s = %s\n", option->name, value);
		else
			buf_addf(out, "#%s = %s\n", option->name,
			    option->fallback ? option->fallback : "");
	}
}
