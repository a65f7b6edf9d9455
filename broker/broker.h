#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

/* What a broker's folder holds, opened: for a running broker and for commands
 * that work on a folder nobody runs. */

#include "broker/books.h"
#include "broker/office.h"
#include "broker/record.h"
#include "broker/settings.h"
#include "util/buf.h"
#include "wire/key.h"

struct broker {
	struct settings settings;
	struct key *curve, *log;
	char log_vkey[VKEY_TEXT_MAX];
	struct store *store;
	struct record *record;
	struct books *books;
};

/* 0; STORE_LOCKED: somebody has it open for writing; -errno. @read_only
 * takes no lock. @problems gets what is wrong, a line each. broker_close() in
 * every case. */
int broker_open(
    const char *dir, bool read_only, struct broker *ret, struct buf *problems);
void broker_close(struct broker *b);

#endif
