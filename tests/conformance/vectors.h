#ifndef TESTS_CONFORMANCE_VECTORS_H
#define TESTS_CONFORMANCE_VECTORS_H

/* Files of vectors: written, or compared with what is there; and JSON. */

#include "util/buf.h"

void vectors_init(const char *folder, bool write);
int vectors_differing(void); /* files that were not as built */

void must(bool good, const char *what); /* else exit 2 */
void emit(const char *name, struct slice content);

/* "key": "..." without a comma. */
void json_hex(struct buf *j, const char *key, struct slice bytes);
void json_text(struct buf *j, const char *key, struct slice text);
void json_key(struct buf *j, const char *name, uint8_t fill); /* a whole line */
struct slice hash32(const void *hash);

#endif
