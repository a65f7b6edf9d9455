#ifndef TESTS_FLOW_EXCHANGE_H
#define TESTS_FLOW_EXCHANGE_H

/*
 * A whole exchange to test: a real broker process in a folder of its own and
 * three partners, alpha, bravo and charlie, under one agreement they have
 * signed. CAVEAT_BROKER says which program.
 */

#include <stdint.h>
#include <sys/types.h>

#include "tests/flow/client.h"

struct exchange_test {
	char dir[64];
	char endpoint[64];
	uint8_t server[KEY_BYTES];
	pid_t pid;                              /* 0: not running */
	struct client *alpha, *bravo, *charlie; /* the first three of */
	struct client *partners[5];
	size_t partners_count;
};

/* A folder, published and enrolled, and the broker running. */
void exchange_begin(struct exchange_test *t);
void exchange_connect(struct exchange_test *t); /* all of them */

/* The same with the example's texts and its five partners: alpha is
 * warwickshire-police, bravo is rugby-council. CAVEAT_SOURCE says where. */
void exchange_begin_example(struct exchange_test *t);

/* Stop, verify the log, remove everything. */
void exchange_end(struct exchange_test *t);

void exchange_start(struct exchange_test *t);
void exchange_stop(struct exchange_test *t, int signal);
void exchange_verify(struct exchange_test *t); /* the log; not running */

/* Run a command of the broker; its exit code, and stdout and stderr in
 * @ret_said (static, may be NULL). */
int exchange_run(
    struct exchange_test *t, const char **ret_said, const char *const *words);
#define exchange_do(t, said, ...)                                              \
	exchange_run((t), (said), (const char *const[]){ __VA_ARGS__, NULL })

/* Write @text to DIR/@name, signed by those of @signers; its path (static). */
const char *exchange_write(struct exchange_test *t, const char *name,
    const char *text, struct client *const *signers, size_t count);

/* The agreement's text under @version with @clauses; the caller frees. */
char *exchange_agreement(
    struct exchange_test *t, unsigned version, const char *clauses);

extern const char exchange_vocabulary[];
extern const char exchange_clauses[];

#endif
