/*
 * Agents decide with the same texts, so they get all of them: agreements with
 * their signatures, enrolments, and who is suspended. A disputed enrolment goes
 * along; the agents judge for themselves by the agreements they have signed.
 */

#include "broker/policies.h"

#include "broker/net.h"
#include "util/mem.h"
#include "wire/frame.h"

#define PART_BYTES (1536u << 10) /* a part is closed before it gets larger */

/* One thing a book has, in the order of the frame's three lists. */
struct item {
	enum { ITEM_TEXT, ITEM_ENROLMENT, ITEM_SUSPENDED } kind;
	struct slice name, text;
};

static struct item *list_items(const struct book *b, size_t *ret_count)
{
	size_t most = b->files_count + 2 * b->partners_count, n = 0;
	struct item *items = mem_array(most + 1, sizeof(*items));

	for (size_t i = 0; i < b->files_count; i++)
		items[n++] = (struct item){ ITEM_TEXT,
			slice_str(b->files[i].name), b->files[i].bytes };
	for (size_t i = 0; i < b->partners_count; i++)
		if (b->partners[i].enrolled)
			items[n++] = (struct item){ ITEM_ENROLMENT,
				.text = b->partners[i].text };
	for (size_t i = 0; i < b->partners_count; i++)
		if (b->partners[i].suspended)
			items[n++] = (struct item){ ITEM_SUSPENDED,
				.text = slice_str(b->partners[i].name) };
	*ret_count = n;
	return items;
}

/* How many of @items the next part takes: at least one. */
static size_t part_length(const struct item *items, size_t count)
{
	size_t bytes = 0, n = 0;

	while (n < count && n < FRAME_TEXTS_MAX) {
		bytes += items[n].name.len + items[n].text.len + 16;
		if (n > 0 && bytes > PART_BYTES)
			break;
		n++;
	}
	return n;
}

static void post_part(struct net *net, uint32_t peer,
    struct frame_policies part, const struct item *items, size_t count)
{
	_cleanup_free_ struct frame_text *texts =
	    mem_array(count + 1, sizeof(*texts));
	_cleanup_free_ struct slice *others =
	    mem_array(count + 1, sizeof(*others));
	struct frame frame = { .kind = FRAME_POLICIES };
	struct buf bytes = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (items[i].kind == ITEM_TEXT)
			texts[part.texts_count++] =
			    (struct frame_text){ items[i].name, items[i].text };
		else
			others[n++] = items[i].text;
		if (items[i].kind == ITEM_ENROLMENT)
			part.enrolments_count++;
	}
	part.texts = texts;
	part.enrolments = others;
	part.suspended = others + part.enrolments_count;
	part.suspended_count = n - part.enrolments_count;
	frame.policies = part;
	frame_pack(&frame, &bytes);
	net_post(net, peer, &bytes);
	buf_deinit(&bytes);
}

void policies_post(struct net *n, uint32_t peer, const struct book *b)
{
	size_t count, at = 0;
	_cleanup_free_ struct item *items = list_items(b, &count);
	struct frame_policies part = { .number = b->number };

	do {
		part.parts++;
		at += part_length(items + at, count - at);
	} while (at < count);
	at = 0;
	for (part.part = 1; part.part <= part.parts; part.part++) {
		size_t length = part_length(items + at, count - at);

		post_part(n, peer, part, items + at, length);
		at += length;
	}
}
