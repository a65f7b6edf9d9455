/*
 * Outlets: how far each partner's queue was read, what is in flight, and bodies
 * kept since their commit. Everything here is short and under one lock.
 */

#include "broker/outlet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct deliver *deliver_new(struct exchange *x)
{
	struct deliver *d = mem_alloc(sizeof(*d));

	d->x = x;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->work, NULL);
	return d;
}

static void drop_fresh(struct outlet *o)
{
	for (size_t i = 0; o->fresh && i < FRESH_MAX; i++)
		buf_deinit(&o->fresh[i].body);
	o->fresh_bytes = 0;
}

struct deliver *deliver_free(struct deliver *d)
{
	struct map_entry *entry;
	size_t pos = 0;

	if (!d)
		return NULL;
	while ((entry = map_next(&d->by_partner, &pos))) {
		struct outlet *o = entry->value;

		drop_fresh(o);
		free(o->fresh);
		free(o);
	}
	map_deinit(&d->by_partner);
	pthread_cond_destroy(&d->work);
	pthread_mutex_destroy(&d->lock);
	free(d);
	return NULL;
}

/* ---- what has happened (with the lock) -------------------------------- */

static struct outlet *outlet_of(struct deliver *d, const char *partner)
{
	struct outlet *o = map_get_str(&d->by_partner, partner);

	if (!o) {
		o = mem_alloc(sizeof(*o));
		snprintf(o->partner, sizeof(o->partner), "%s", partner);
		map_set_str(&d->by_partner, partner, o);
	}
	return o;
}

void outlet_touch(struct deliver *d, struct outlet *o)
{
	if (o->dirty || o->peer == 0)
		return;
	o->dirty = true;
	o->next = NULL;
	if (d->last)
		d->last->next = o;
	else
		d->first = o;
	d->last = o;
	pthread_cond_signal(&d->work);
}

static void rewind_outlet(struct outlet *o)
{
	memset(o->after, 0, sizeof(o->after));
	o->flights_count = o->flights_bytes = 0;
	o->blocked = false;
	o->rewound = true;
	drop_fresh(o);
}

static void land(struct outlet *o, uint64_t copy)
{
	for (size_t i = 0; i < o->flights_count; i++) {
		if (o->flights[i].copy != copy)
			continue;
		o->flights_bytes -= o->flights[i].bytes;
		o->flights[i] = o->flights[--o->flights_count];
		return;
	}
}

void deliver_connect(struct deliver *d, const char *partner, uint32_t peer)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	o = outlet_of(d, partner);
	o->peer = peer;
	rewind_outlet(o);
	outlet_touch(d, o);
	pthread_mutex_unlock(&d->lock);
}

void deliver_disconnect(struct deliver *d, const char *partner, uint32_t peer)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	o = outlet_of(d, partner);
	if (o->peer == peer) {
		o->peer = 0;
		rewind_outlet(o);
	}
	pthread_mutex_unlock(&d->lock);
}

static void keep_fresh(struct outlet *o, uint64_t copy, struct buf *body)
{
	struct fresh *place;

	if (!o->fresh)
		o->fresh = mem_array(FRESH_MAX, sizeof(*o->fresh));
	place = &o->fresh[copy % FRESH_MAX];
	if (place->body.len > 0 || o->fresh_bytes + body->len > FRESH_BYTES)
		return; /* what is older will be wanted first */
	o->fresh_bytes += body->len;
	*place = (struct fresh){ copy, *body };
	*body = (struct buf){ 0 };
}

void deliver_fresh(
    struct deliver *d, const char *partner, uint64_t copy, struct buf *body)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	o = outlet_of(d, partner);
	if (o->peer != 0) {
		keep_fresh(o, copy, body);
		outlet_touch(d, o);
	}
	pthread_mutex_unlock(&d->lock);
}

/* Take the body of @copy, if it is at hand. */
bool deliver_take_fresh(
    struct deliver *d, const char *partner, uint64_t copy, struct buf *ret)
{
	struct outlet *o;
	struct fresh *place;
	bool found = false;

	pthread_mutex_lock(&d->lock);
	o = outlet_of(d, partner);
	place = o->fresh ? &o->fresh[copy % FRESH_MAX] : NULL;
	if (place && place->copy == copy && place->body.len > 0) {
		*ret = place->body;
		place->body = (struct buf){ 0 };
		o->fresh_bytes -= ret->len;
		found = true;
	}
	pthread_mutex_unlock(&d->lock);
	return found;
}

void deliver_wake(struct deliver *d, const char *partner)
{
	pthread_mutex_lock(&d->lock);
	outlet_touch(d, outlet_of(d, partner));
	pthread_mutex_unlock(&d->lock);
}

void deliver_wake_all(struct deliver *d)
{
	struct map_entry *entry;
	size_t pos = 0;

	pthread_mutex_lock(&d->lock);
	while ((entry = map_next(&d->by_partner, &pos)))
		outlet_touch(d, entry->value);
	pthread_mutex_unlock(&d->lock);
}

void deliver_receipted(struct deliver *d, const char *partner,
    const uint64_t *copies, size_t count)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	o = outlet_of(d, partner);
	for (size_t i = 0; i < count; i++)
		land(o, copies[i]);
	outlet_touch(d, o);
	pthread_mutex_unlock(&d->lock);
}

void deliver_again(struct deliver *d, const char *partner)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	o = outlet_of(d, partner);
	rewind_outlet(o);
	outlet_touch(d, o);
	pthread_mutex_unlock(&d->lock);
}

void deliver_settled(struct deliver *d, const char *partner, bool broken)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	o = outlet_of(d, partner);
	assert(o->stale > 0);
	o->stale--;
	if (broken)
		o->blocked = true;
	if (o->stale == 0)
		outlet_touch(d, o);
	pthread_mutex_unlock(&d->lock);
}

void deliver_look(
    struct deliver *d, const char *partner, struct deliver_look *ret)
{
	struct outlet *o;

	pthread_mutex_lock(&d->lock);
	o = map_get_str(&d->by_partner, partner);
	*ret = (struct deliver_look){ 0 };
	if (o) {
		ret->peer = o->peer;
		ret->in_flight = o->flights_count;
	}
	pthread_mutex_unlock(&d->lock);
}

void deliver_stop(struct deliver *d)
{
	pthread_mutex_lock(&d->lock);
	d->stopping = true;
	pthread_cond_signal(&d->work);
	pthread_mutex_unlock(&d->lock);
}
