#ifndef TESTS_BENCH_STAGE_H
#define TESTS_BENCH_STAGE_H

/*
 * A whole exchange to measure: the broker and the recipients' agents as they
 * are shipped, each a process with a folder of its own, under the agreements of
 * examples/warwickshire, signed by every party. Whatever fails ends the process
 * with a sentence; the other processes end with it.
 */

#include <stdint.h>
#include <sys/types.h>

#include "agents/identity.h"
#include "store/mailbox.h"
#include "util/why.h"

#define STAGE_RECIPIENTS 3u

struct stage {
	char dir[64];
	char endpoint[64];
	pid_t broker, agents[STAGE_RECIPIENTS];
	struct store
	    *inboxes[STAGE_RECIPIENTS]; /* beside the agents, to look */
};

extern const char *const stage_recipients[STAGE_RECIPIENTS];

_Noreturn void stage_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Found it from the texts in @folder and start everything; the recipients are
 * connected and hold the policies when this returns. */
void stage_begin(struct stage *s, const char *folder);
/* Stop everything and remove the folder. */
void stage_end(struct stage *s);

/* The sender's own keys and those it trusts; caller deinits. */
void stage_identity(const struct stage *s, struct identity *ret);
/* The texts in force, as the broker sends them; caller deinits. */
struct rules_texts;
void stage_texts(const struct stage *s, struct rules_texts *ret);

/* A counter of a recipient's mailbox, as of its last commit. */
uint64_t stage_counter(
    const struct stage *s, size_t recipient, enum mailbox_counter counter);

/* The broker's log, as anybody can verify it who has the folder and the key. */
void stage_verify(const struct stage *s);

/* CPU that a process has used, in us. */
int64_t stage_cpu_us(pid_t pid);

#endif
