/* The sentence a person reads when something did not work. */

#include "util/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A cut inside a UTF-8 character would print as rubbish: step back over it. */
static void trim_tail(char *text)
{
	size_t len = strlen(text);

	if (len < WHY_MAX - 1)
		return;
	while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
		len--;
	if (len > 0 && ((unsigned char)text[len - 1] & 0x80))
		len--;
	text[len] = '\0';
}

void why_set(struct why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	trim_tail(why->text);
}

void why_prefix(struct why *why, const char *format, ...)
{
	struct why old = *why;
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	len = strlen(why->text);
	snprintf(why->text + len, sizeof(why->text) - len, ": %s", old.text);
	trim_tail(why->text);
}
