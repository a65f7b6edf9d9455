/* Keys, names and sessions. */

#include "broker/admit.h"

#include <stdio.h>
#include <string.h>

#include "util/map.h"
#include "util/mem.h"

struct admit {
	struct map by_partner; /* struct session */
	struct map by_peer;
};

struct admit *admit_new(void)
{
	return mem_alloc(sizeof(struct admit));
}

struct admit *admit_free(struct admit *a)
{
	struct map_entry *entry;
	size_t pos;

	if (!a)
		return NULL;
	while (pos = 0, (entry = map_next(&a->by_partner, &pos)))
		admit_close(a, entry->value);
	map_deinit(&a->by_partner);
	map_deinit(&a->by_peer);
	free(a);
	return NULL;
}

bool admit_key(const struct book *b, const uint8_t public[KEY_BYTES],
    char ret_partner[TEXT_NAME_MAX + 1])
{
	const struct book_partner *p = book_by_curve(b, public);

	if (!p)
		return false;
	snprintf(ret_partner, TEXT_NAME_MAX + 1, "%s", p->name);
	return true;
}

int admit_frame(
    const struct book *b, const struct link_frame *frame, struct why *why)
{
	const struct book_partner *p = book_partner(b, frame->partner);
	uint8_t curve[KEY_BYTES];

	if (!p || !p->enrolled || !key_from_z85(slice_str(frame->key), curve) ||
	    memcmp(curve, p->enrolment.curve, KEY_BYTES)) {
		why_set(
		    why, "'%s' is not enrolled with this key", frame->partner);
		return FRAME_NOT_ENROLLED;
	}
	if (p->suspended) {
		why_set(why, "'%s' is suspended by the exchange's operator",
		    frame->partner);
		return FRAME_SUSPENDED;
	}
	if (p->disputed) {
		why_set(why,
		    "the agree key that '%s' is enrolled with is not the one "
		    "its agreements give it",
		    frame->partner);
		return FRAME_NOT_ENROLLED;
	}
	return ADMIT_OK;
}

static struct slice peer_key(const uint32_t *peer)
{
	return slice_of(peer, sizeof(*peer));
}

struct session *admit_session(struct admit *a, uint32_t peer)
{
	return map_get(&a->by_peer, peer_key(&peer));
}

struct session *admit_partner(struct admit *a, const char *partner)
{
	return map_get_str(&a->by_partner, partner);
}

struct session *admit_open(struct admit *a, const char *partner, uint32_t peer)
{
	struct session *s = mem_alloc(sizeof(*s));

	s->peer = peer;
	snprintf(s->partner, sizeof(s->partner), "%s", partner);
	map_set_str(&a->by_partner, partner, s);
	map_set(&a->by_peer, peer_key(&peer), s);
	return s;
}

void admit_close(struct admit *a, struct session *s)
{
	map_remove(&a->by_partner, slice_str(s->partner));
	map_remove(&a->by_peer, peer_key(&s->peer));
	for (size_t i = 0; i < s->backlog_count; i++)
		buf_deinit(&s->backlog[i]);
	free(s->backlog);
	for (size_t i = 0; i < s->waiting_count; i++)
		hold_unref(s->waiting[i]);
	free(s->waiting);
	free(s);
}

struct session *admit_next(struct admit *a, size_t *pos)
{
	struct map_entry *entry = map_next(&a->by_partner, pos);

	return entry ? entry->value : NULL;
}
