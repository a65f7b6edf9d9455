#ifndef UTIL_SIP_H
#define UTIL_SIP_H

/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash for tables.
 * Who does not know the key cannot choose inputs that collide. Not for anything
 * that is stored or sent.
 */

#include <stdint.h>

#include "util/slice.h"

uint64_t sip_hash(const uint64_t key[2], struct slice data);

#endif
