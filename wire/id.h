#ifndef WIRE_ID_H
#define WIRE_ID_H

/*
 * A message's id: its sender's own count. Text is PARTNER/EPOCH.NUMBER, such as
 * "warwickshire-police/1.1047", short enough to read out over a telephone; on
 * the wire it is [partner, epoch, number]. The epoch is allotted by the broker,
 * so that a restored or cloned agent cannot use numbers again. Both counts
 * start at 1.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/text.h"
#include "wire/reader.h"

/* Room for the text of any id, its NUL with it. */
#define MESSAGE_ID_TEXT_MAX (TEXT_NAME_MAX + 1 + 10 + 1 + 19 + 1)

struct message_id {
	char partner[TEXT_NAME_MAX + 1];
	uint32_t epoch;
	uint64_t number; /* at most INT64_MAX */
};

bool message_id_eq(const struct message_id *a, const struct message_id *b);
void message_id_format(
    const struct message_id *id, char ret[MESSAGE_ID_TEXT_MAX]);
bool message_id_parse(struct slice text, struct message_id *ret);
void message_id_pack(const struct message_id *id, struct buf *out);
void message_id_read(struct reader *r, struct message_id *ret);

#endif
