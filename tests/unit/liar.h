#ifndef TESTS_UNIT_LIAR_H
#define TESTS_UNIT_LIAR_H

/*
 * A broker that lies, if it is told to: police and council, the agreement they
 * have both signed, and copies of one message for the council with all that a
 * recipient checks, each part of which can be made false.
 */

#include "agents/receive.h"

#define LIAR_EXCHANGE "exchange"
#define LIAR_POLICY 7 /* the number of the set */

enum { LIAR_POLICE, LIAR_COUNCIL, LIAR_PARTIES };

struct liar_party {
	struct key *agree, *message;
	struct enrolment enrolment;
	struct buf note; /* the enrolment file */
};

struct liar {
	struct liar_party parties[LIAR_PARTIES];
	struct arena arena;
};

/* Parties with keys made here; liar_load() takes the council's from its agent's
 * folder instead. */
void liar_init(struct liar *l);
void liar_load(struct liar *l, const char *council_dir);
void liar_deinit(struct liar *l);

/* The vocabulary, and the agreement signed by the first @signers parties. */
void liar_texts(struct liar *l, int signers, struct rules_texts *out);

/* How the broker lies; zero: not at all. */
struct lie {
	const char *whole;     /* shows this path whole */
	const char *named;     /* shows this path's name, as withheld */
	const char *reduce_to; /* says that subject.born was reduced so */
	const char *to;        /* the message is addressed to this partner */
	const char *entry_to;  /* the entry is about this partner */
	uint64_t entry_copy;   /* the entry is about this copy number */
	uint64_t policy;       /* the set it says it decided under */
	bool other_root;       /* the proof leads elsewhere */
	uint64_t number;       /* of the message and the copy; 0: 1 */
};

struct liar_delivery {
	struct buf copy;
	struct frame_deliver_row row;
	struct checkpoint checkpoint; /* of a log of two entries */
};

/* Make copy @lie->number; the caller deinits @ret->copy. */
void liar_deliver(
    struct liar *l, const struct lie *lie, struct liar_delivery *ret);

#endif
