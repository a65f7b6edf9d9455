#ifndef BROKER_POLICIES_H
#define BROKER_POLICIES_H

/* A book as the agents get it: as many frames as its texts need. */

#include <stdint.h>

#include "broker/books.h"

struct net;

/* Post @b's policies to @peer. Any thread. */
void policies_post(struct net *n, uint32_t peer, const struct book *b);

#endif
