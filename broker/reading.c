/* From slots to fields. */

#include "broker/reading.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "wire/reader.h"

#define RESERVED "message."

/* ---- finding slots ---------------------------------------------------- */

struct sought {
	struct slice path;
	const char *form; /* NULL: none */
	uint16_t instance;
};

/* Bytewise order of PATH~FORM against @have, without putting it together. */
static int compare_path(struct slice path, const char *form, struct slice have)
{
	struct slice head = have;
	size_t form_len;
	int c;

	if (!form)
		return slice_cmp(path, have);
	if (head.len > path.len)
		head.len = path.len;
	c = slice_cmp(path, head);
	if (c)
		return c;
	if (have.len == path.len)
		return 1;
	if (have.data[path.len] != '~')
		return (int)'~' - have.data[path.len];
	form_len = strlen(form);
	return slice_cmp(slice_of(form, form_len),
	    slice_of(have.data + path.len + 1, have.len - path.len - 1));
}

static int compare_slot(const struct sought *sought, const struct slot *slot)
{
	int c = compare_path(sought->path, sought->form, slot->path);

	return c ? c : (int)sought->instance - (int)slot->instance;
}

const struct slot *reading_find(const struct reading *r,
    const struct envelope *e, struct slice path, const char *form,
    uint16_t instance)
{
	struct sought sought = { path, form, instance };
	size_t low = 0, high = r->order_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct slot *slot = &e->slots[r->order[middle]];
		int c = compare_slot(&sought, slot);

		if (c == 0)
			return slot;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int slot_order(const void *a, const void *b, void *slots)
{
	const struct slot *x =
	    (const struct slot *)slots + *(const uint16_t *)a;
	const struct slot *y =
	    (const struct slot *)slots + *(const uint16_t *)b;
	int c = slice_cmp(x->path, y->path);

	return c ? c : (int)x->instance - (int)y->instance;
}

static void order_slots(
    const struct envelope *e, struct arena *arena, struct reading *ret)
{
	uint16_t *order = arena_array(arena, e->statement.count, uint16_t);

	ret->order_count = 0;
	for (uint16_t i = 0; i < e->statement.count; i++)
		if (e->slots[i].kind != SLOT_NIL)
			order[ret->order_count++] = i;
	qsort_r(order, ret->order_count, sizeof(*order), slot_order, e->slots);
	ret->order = order;
}

/* ---- fields ----------------------------------------------------------- */

static bool starts_with(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && !memcmp(s.data, prefix, len);
}

static bool is_form(struct slice path)
{
	return memchr(path.data, '~', path.len) != NULL;
}

/* A `message.` field: what the exchange does not know it may not show. */
static bool read_reserved(const struct slot *slot, struct arena *arena,
    struct reading *ret, struct why *why)
{
	struct reader r;
	struct slice text;

	if (!slice_is(slot->path, "message.to") &&
	    !slice_is(slot->path, "message.officer")) {
		why_set(why, "'%.*s' is not a field of the exchange's own",
		    SLICE_ARG(slot->path));
		return false;
	}
	if (slot->kind != SLOT_WHOLE) {
		why_set(
		    why, "'%.*s' must not stay at home", SLICE_ARG(slot->path));
		return false;
	}
	reader_init(&r, slot->value);
	text = reader_str(&r);
	if (!reader_end(&r)) {
		why_set(why, "'%.*s' is not text", SLICE_ARG(slot->path));
		return false;
	}
	if (slice_is(slot->path, "message.officer"))
		return true;
	if (!text_is_name(text) || ret->to_count == READING_ADDRESSEES_MAX) {
		why_set(why,
		    "'message.to' holds no partner's name, or there "
		    "are more than %u",
		    READING_ADDRESSEES_MAX);
		return false;
	}
	ret->to[ret->to_count++] = arena_strn(arena, text.data, text.len);
	return true;
}

static const char *text_in(struct arena *arena, struct slice s)
{
	return s.len ? arena_strn(arena, s.data, s.len) : NULL;
}

/* Who first gave each slot's value, by slot; NULL: the sender. */
static const char **find_originators(
    const struct envelope *e, struct arena *arena)
{
	const char **by = arena_array(arena, e->statement.count, const char *);

	for (size_t i = 0; i < e->origins_count; i++) {
		const struct origin *origin = &e->origins[i];
		const char *name =
		    text_in(arena, origin->statement.header.from);

		for (size_t k = 0; k < origin->count; k++)
			by[origin->links[k].slot] = name;
	}
	return by;
}

static void read_header(
    const struct envelope *e, struct arena *arena, struct policy_message *ret)
{
	const struct message_header *h = &e->statement.header;

	ret->from = text_in(arena, h->from);
	ret->type = text_in(arena, h->type);
	ret->agreement = text_in(arena, h->agreement);
	ret->purpose = text_in(arena, h->purpose);
	ret->marking = text_in(arena, h->marking);
	ret->handling_instruction = text_in(arena, h->handling_instruction);
	ret->priority = text_in(arena, h->priority);
	ret->embargo_until = h->embargo_until;
	ret->expires = h->expires;
	ret->sent = h->sent;
}

bool reading_make(const struct envelope *e, struct arena *arena,
    struct reading *ret, struct why *why)
{
	struct policy_field *fields =
	    arena_array(arena, e->statement.count, struct policy_field);
	uint16_t *slots = arena_array(arena, e->statement.count, uint16_t);
	const char **originators = find_originators(e, arena);
	size_t count = 0;

	*ret = (struct reading){ .slots = slots };
	ret->to = arena_array(arena, READING_ADDRESSEES_MAX, const char *);
	order_slots(e, arena, ret);
	for (uint16_t i = 0; i < e->statement.count; i++) {
		const struct slot *slot = &e->slots[i];

		if (slot->kind == SLOT_NIL)
			continue;
		if (starts_with(slot->path, RESERVED)) {
			if (!read_reserved(slot, arena, ret, why))
				return false;
			continue;
		}
		if (is_form(slot->path))
			continue;
		slots[count] = i;
		fields[count++] = (struct policy_field){
			.path = slot->path,
			.instance = slot->instance,
			.state = slot->kind == SLOT_WHOLE ? POLICY_KNOWN
							  : POLICY_HIDDEN,
			.value = slot->value,
			.originator = originators[i],
		};
	}
	read_header(e, arena, &ret->message);
	ret->vocabulary = text_in(arena, e->statement.header.vocabulary);
	ret->message.fields = fields;
	ret->message.count = count;
	return true;
}

/* ---- forms ------------------------------------------------------------ */

static bool form_holds(const struct reading *r, const struct envelope *e,
    const struct slot *slot, const struct policy *policy)
{
	_cleanup_buf_ struct buf value = { 0 };
	const uint8_t *tilde = memchr(slot->path.data, '~', slot->path.len);
	size_t base_len = (size_t)(tilde - slot->path.data);
	struct slice base = slice_of(slot->path.data, base_len);
	const struct slot *whole =
	    reading_find(r, e, base, NULL, slot->instance);
	char form[MESSAGE_PATH_MAX + 1];

	if (slot->kind != SLOT_WHOLE || !whole || whole->kind != SLOT_WHOLE)
		return true;
	memcpy(form, tilde + 1, slot->path.len - base_len - 1);
	form[slot->path.len - base_len - 1] = '\0';
	return policy_apply_form(policy,
		   &(struct policy_form_request){
		       .vocabulary = r->vocabulary,
		       .path = base,
		       .form = form,
		       .value = whole->value,
		       .sent = e->statement.header.sent,
		   },
		   &value) &&
	       slice_eq(buf_slice(&value), slot->value);
}

bool reading_check_forms(const struct reading *r, const struct envelope *e,
    const struct policy *policy, struct why *why)
{
	for (size_t i = 0; i < r->order_count; i++) {
		const struct slot *slot = &e->slots[r->order[i]];

		if (!is_form(slot->path) || form_holds(r, e, slot, policy))
			continue;
		why_set(why, "'%.*s' is not what its field gives",
		    SLICE_ARG(slot->path));
		return false;
	}
	return true;
}
