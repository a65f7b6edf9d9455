#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

/* What the tests of the store share: a folder to throw away, stores with a
 * small map in it, and looking into the raw files. */

#include "store/ledger.h"
#include "store/mailbox.h"
#include "tests/unit/test.h"

#define SMALL_MAP (16ULL << 20) /* valgrind has no 64 GiB to give */

/* A new folder path for a store, not made yet; all are removed at exit. */
const char *fixture_dir(void);

/* Open, or fail the test saying why. */
struct store *fixture_ledger(const char *dir, uint64_t map_bytes);
struct store *fixture_mailbox(const char *dir);

/* Begin, or fail the test. */
struct store_txn *fixture_write(struct store *s);
struct store_txn *fixture_read(struct store *s);

/* Commit, or fail the test. */
void fixture_commit(struct store_txn *t);

/* Repeatable bytes that look random; valid until the next call. */
struct slice fixture_bytes(uint64_t seed, size_t len);

/* Put copy @number of @message into hmrc's queue, with a decision that only
 * @number determines. */
void fixture_put_copy(
    struct store_txn *t, uint64_t number, uint8_t lane, uint64_t message);

/* Whether @needle is in any file of @dir, byte for byte. */
bool fixture_on_disk(const char *dir, struct slice needle);

/* Overwrite bytes of a file in @dir, or read them. */
void fixture_poke(const char *dir, const char *file, uint64_t at,
    const void *bytes, size_t len);
void fixture_peek(
    const char *dir, const char *file, uint64_t at, void *ret, size_t len);
uint64_t fixture_size(const char *dir, const char *file);

/* How many problems a check reports; the last goes to fixture_problem. */
uint64_t fixture_check_ledger(const char *dir);
uint64_t fixture_check_mailbox(const char *dir);
extern char fixture_problem[512];

/* Run @fn in a child; what it returned, or 1000 and the signal. */
int fixture_child(int (*fn)(void *arg), void *arg);

#endif
