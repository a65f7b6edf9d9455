#ifndef TESTS_UNIT_LOG_FIXTURE_H
#define TESTS_UNIT_LOG_FIXTURE_H

/*
 * A whole log, written into a store as a broker writes it, by a writer that can
 * be told to lie: entries are added as they are asked for, hash well and are
 * signed. Two partners, alpha and beta; alpha sends, to itself and to beta.
 */

#include "audit/entry.h"
#include "audit/tree.h"
#include "audit/verify.h"
#include "store/ledger.h"
#include "wire/key.h"

struct writer {
	char *dir; /* the broker's folder */
	struct store *store;
	struct store_txn *txn;
	struct tree *tree;
	struct key *log;
	struct vkey vkey;
	uint64_t copies, number; /* the last used */
	uint8_t last_body[HASH_BYTES], statement[HASH_BYTES];
	struct key *message; /* of the last enrolled */
};

/* Seeds: the first of a partner's keys, curve, message, witness and agree. */
#define ALPHA 10
#define BETA 20
#define SHAM 30 /* keys an operator made up */

struct key *raw_key(enum key_kind kind, uint8_t n);

struct writer *writer_new(void); /* an empty log */
void writer_free(struct writer *w);

/* Both enrolled, an agreement that both signed, and @messages, every other of
 * them receipted. */
struct writer *small_log(unsigned messages);

/* Whatever is added is between these two; the second signs a checkpoint. */
void begin(struct writer *w);
void commit(struct writer *w);

void add_entry(struct writer *w, struct entry *e, struct slice detail);
void add_text(struct writer *w, enum entry_kind kind, const char *name,
    struct slice text);
void enrol(struct writer *w, const char *name, uint8_t seed);

/* An agreement that says @alpha and @beta are the agree keys of the two, signed
 * by both, and listed as signed by @signers of them. */
void add_agreement(struct writer *w, const char *name, uint8_t alpha,
    uint8_t beta, size_t signers);

/* A message of alpha's with the next number, decided for alpha itself and
 * refused for beta; its parts; and alpha's receipt for the last copy. */
void add_message(struct writer *w);
void add_received(struct writer *w, uint64_t number, uint32_t recipients);
void add_decided(struct writer *w, uint64_t number, const char *to);
void add_refused(struct writer *w, uint64_t number, const char *to);
void add_receipt(struct writer *w);

/* audit_verify() with the doubts, a line each, in @doubts. */
int verify(const char *path, const struct vkey *key, struct buf *doubts,
    struct verify_totals *ret);

/* Commit, see that @words are among the doubts, and free @w. */
void expect_doubt(struct writer *w, const char *words);

#endif
