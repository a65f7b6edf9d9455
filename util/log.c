/*
 * The only global of the house. Control characters in what is logged are
 * replaced, so that a peer's text cannot forge a line.
 */

#include "util/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

#define LINE_MAX_BYTES 2048

static struct {
	const char *program;
	enum log_level least;
	bool journal;
} log_state = { .program = "caveat", .least = LOG_INFO };

static const struct {
	const char *name;
	int syslog;
} levels[] = {
	[LOG_DEBUG] = { "debug", 7 },
	[LOG_INFO] = { "info", 6 },
	[LOG_WARN] = { "warn", 4 },
	[LOG_ERROR] = { "error", 3 },
};

void log_init(const char *program, enum log_level least)
{
	log_state.program = program;
	log_state.least = least;
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_say(enum log_level level, const char *fields, const char *format, ...)
{
	char line[LINE_MAX_BYTES], at[CLOCK_TEXT_MAX];
	size_t len, size = sizeof(line) - 1;
	va_list args;

	if (level < log_state.least)
		return;
	if (log_state.journal) {
		snprintf(line, size, "<%d>", levels[level].syslog);
	} else {
		clock_format(clock_now(), at);
		snprintf(line, size, "%s %s: ", at, levels[level].name);
	}
	len = strlen(line);
	va_start(args, format);
	vsnprintf(line + len, size - len, format, args);
	va_end(args);
	len = strlen(line);
	if (fields && len < size)
		snprintf(line + len, size - len, "  %s", fields);
	len = strlen(line);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nowhere left to say so */
}
