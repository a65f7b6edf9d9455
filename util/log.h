#ifndef UTIL_LOG_H
#define UTIL_LOG_H

/*
 * The operator's log: one sentence per event on standard error, then fields as
 * key=value. It is for operators and may be lost; what must not be lost is in
 * the store's log (audit/). Never put a value of a message or a secret in it.
 *
 *     log_say(LOG_WARN, "partner=rugby-council", "refused a frame: %s", why);
 *
 * prints   2026-11-22T10:00:00Z warn: refused a frame: ...
 * partner=rugby-council
 *
 * Under systemd (JOURNAL_STREAM set) the time is left out and the level is a
 * syslog prefix. Thread-safe: one write() a line.
 */

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR,
};

void log_init(const char *program, enum log_level least);

/* @fields is NULL or a ready text of " "-separated key=value pairs. */
void log_say(enum log_level level, const char *fields, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
