#ifndef BROKER_SAY_H
#define BROKER_SAY_H

/* The operator's log, about a partner. */

#include <stdio.h>

#include "util/log.h"
#include "util/text.h"

#define say_partner(level, partner, ...)                                       \
	do {                                                                   \
		char fields_[TEXT_NAME_MAX + 16];                              \
		snprintf(fields_, sizeof(fields_), "partner=%s", (partner));   \
		log_say((level), fields_, __VA_ARGS__);                        \
	} while (0)

#endif
