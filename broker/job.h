#ifndef BROKER_JOB_H
#define BROKER_JOB_H

/*
 * What travels through the ring: one message, one receipt, one hello, one
 * change of the books. A job is made by whoever received it, worked on by one
 * worker, stored by the committer, settled (answered) by it after the commit,
 * and freed.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/books.h"
#include "broker/quota.h"
#include "broker/reading.h"
#include "broker/row.h"
#include "util/arena.h"
#include "util/buf.h"
#include "util/text.h"
#include "wire/frame.h"
#include "wire/link.h"
#include "wire/message.h"
#include "wire/receipt.h"

/* The bytes of a frame, shared by the jobs that point into it. */
struct hold {
	unsigned refs;
	struct link_frame frame;
	struct frame parsed;
	struct arena arena; /* of the parsed frame */
	struct quota *quota;
	struct quota_receipt memory;
	bool busy; /* its sender was told to try again */
};

/* Takes over @frame. */
struct hold *hold_new(struct link_frame *frame, struct quota *quota);
struct hold *hold_ref(struct hold *h);
struct hold *hold_unref(struct hold *h); /* NULL */

enum job_kind {
	JOB_MESSAGE, /* one envelope of a submit frame */
	JOB_RECEIPT,
	JOB_HELLO,
	JOB_REFUSAL, /* a frame that was refused: for the summary in the log */
	JOB_STALE,   /* a waiting copy to be decided again */
	JOB_CHANGE,  /* the next book */
	JOB_TICK,    /* once a second, when there is something to write down */
	JOB_KINDS,
};

/* How far a message came. Deny is zero: a job nobody worked on gives nothing.
 */
enum fate {
	FATE_DROPPED = 0, /* refused without a trace but the summary */
	FATE_ANSWERED,    /* likewise, but its id gets an answer */
	FATE_REFUSED,     /* refused as a whole, on the record */
	FATE_DECIDED,     /* on the record, recipient by recipient */
	FATE_REPEATED,    /* accepted before: the stored answer */
	FATE_BUSY,        /* cannot be kept now */
};

/* One recipient of a message. */
struct recipient {
	const char *name;
	bool accepted;
	const char *clause, *reason; /* NULL: none */
	struct row row;              /* entry is set by the committer */
	struct slice detail;         /* of its log entry */
	struct buf body;             /* accepted: of its copy */
	struct quota_place place;
	uint64_t copy; /* set by the committer */
};

struct job_message {
	struct slice bytes;
	struct envelope envelope;
	struct reading reading;
	enum fate fate;
	enum frame_code code; /* dropped: of the error */
	uint8_t lane;
	struct recipient *recipients;
	size_t recipients_count;
	struct frame_result_row result; /* the answer, after storing */
};

/* A copy that has left its queue. */
struct left {
	struct quota_place place;
	struct message_id id;
	bool delivered; /* not a tombstone */
};

struct job_receipt {
	struct frame_receipt frame;
	struct receipt receipt;
	enum fate fate; /* decided: to be stored */
	enum frame_code code;
	struct left *left; /* the copies that leave the queue */
	size_t left_count;
};

struct job_hello {
	struct frame_hello frame;
	struct frame_welcome welcome;
};

struct job_refusal {
	bool has_id;
	struct message_id id;
	bool has_statement;
	uint8_t statement[HASH_BYTES];
};

struct job_stale {
	uint64_t copy;
	bool gone;   /* dropped meanwhile, or */
	bool broken; /* cannot be read */
	bool same;   /* decided the same: only its row is renewed */
	uint8_t lane;
	uint64_t message;
	struct row old;
	struct envelope envelope;
	struct reading reading;
	struct recipient now; /* not accepted: withdrawn */
	struct quota_place left;
	bool withdrawn; /* nothing took its place */
};

/* Belongs to whoever waits for it, in another thread. */
struct change {
	const struct book_draft *draft;
	struct book *next; /* a reference of its own */
	uint64_t base;     /* number of the book it was made from */
	int result;        /* 0, STORE_FULL, or CHANGE_LATE */
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t settled;
};
enum { CHANGE_LATE = 100 }; /* the base was not in force any more */

struct job {
	enum job_kind kind;
	uint32_t peer; /* 0: none */
	char from[TEXT_NAME_MAX + 1];
	struct quota_account *account; /* of `from`; NULL: none pays */
	struct quota_receipt slot;
	struct quota *quota;
	struct hold *hold;
	struct book *book; /* it was worked on under */
	struct arena arena;
	const char *reason; /* of a refusal, NULL: none */
	union {
		struct job_message message;
		struct job_receipt receipt;
		struct job_hello hello;
		struct job_refusal refusal;
		struct job_stale stale;
		struct change *change;
	};
};

struct job *job_new(enum job_kind kind, const char *from, struct quota *quota);
struct job *job_free(struct job *job); /* undoes its charges; NULL */

/* Forget what was worked out, to work on it again under another book. */
void job_again(struct job *job);

#endif
