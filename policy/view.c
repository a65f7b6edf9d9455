/*
 * A message as conditions see it: its flat list of fields gathered into
 * instances of entities. An instance's fields, and an entity's instances, are
 * chained through arrays of positions, so that nothing is copied and the whole
 * index costs one walk over the message.
 */

#include "policy/decide.h"

#include <assert.h>

/* An open-addressed table from path to field id + 1; at most half full. */
struct paths {
	uint32_t mask;
	uint32_t *slots;
};

static uint32_t hash_path(struct slice path)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < path.len; i++)
		h = (h ^ path.data[i]) * 16777619u;
	return h ^ h >> 15;
}

/* "soc/1" */
const struct vocabulary *vocabulary_cited(
    const struct policy *p, const char *cited)
{
	uint32_t version;
	struct slice name = split_versioned(cited, &version);

	return version ? policy_find_vocabulary(p, name, version) : NULL;
}

struct paths *paths_new(const struct vocabulary *v, struct arena *arena)
{
	struct paths *paths = arena_new(arena, struct paths);
	uint32_t cap = 16;

	while (cap < 2 * v->fields_count)
		cap *= 2;
	paths->mask = cap - 1;
	paths->slots = arena_array(arena, cap, uint32_t);
	for (uint32_t id = 0; id < v->fields_count; id++) {
		uint32_t at = hash_path(slice_str(v->fields[id]->path));

		while (paths->slots[at & paths->mask])
			at++;
		paths->slots[at & paths->mask] = id + 1;
	}
	return paths;
}

const struct field *paths_find(const struct vocabulary *v, struct slice path)
{
	const struct paths *paths = v->paths;
	uint32_t id;

	if (path.len > POLICY_PATH_MAX)
		return NULL;
	for (uint32_t at = hash_path(path);; at++) {
		id = paths->slots[at & paths->mask];
		if (!id)
			return NULL;
		if (slice_is(path, v->fields[id - 1]->path))
			return v->fields[id - 1];
	}
}

static uint32_t instance_find(
    const struct view *view, const struct entity *entity, uint32_t number)
{
	uint32_t i = view->first[entity->id];

	while (i != NOWHERE && view->instances[i].number != number)
		i = view->instances[i].next;
	return i;
}

static uint32_t instance_add(
    struct view *view, const struct entity *entity, uint32_t number)
{
	uint32_t i = view->instances_count++;

	view->instances[i] = (struct instance){
		.entity = entity,
		.number = number,
		.first = NOWHERE,
		.next = view->first[entity->id],
	};
	view->first[entity->id] = i;
	return i;
}

/* The fields of an instance mostly follow each other: look there first. */
static uint32_t instance_for(
    struct view *view, const struct entity *entity, uint32_t number)
{
	uint32_t last = view->instances_count - 1, i;

	if (view->instances_count && view->instances[last].entity == entity &&
	    view->instances[last].number == number)
		return last;
	i = instance_find(view, entity, number);
	return i == NOWHERE ? instance_add(view, entity, number) : i;
}

static void place_field(struct view *view, uint32_t position,
    const struct field *field, uint32_t number)
{
	uint32_t i = instance_for(view, field->entity, number);

	view->fields[position] = field;
	view->instance[position] = i;
	view->next[position] = view->instances[i].first;
	view->instances[i].first = position;
}

void view_build(struct view *view, struct arena *arena)
{
	const struct policy_message *m = view->m;
	size_t room = m->count + 1; /* one more for view_suppose() */
	const struct entity *bare;

	assert(m->count <= POLICY_FIELDS_MAX);
	view->fields = arena_array(arena, room, const struct field *);
	view->next = arena_array(arena, room, uint32_t);
	view->instance = arena_array(arena, room, uint32_t);
	view->instances =
	    arena_array(arena, room + m->bare_count, struct instance);
	view->instances_count = 0;
	view->first = arena_array(arena, view->v->entities_count, uint32_t);
	for (size_t i = 0; i < view->v->entities_count; i++)
		view->first[i] = NOWHERE;
	for (uint32_t i = 0; i < m->count; i++) {
		const struct field *f = paths_find(view->v, m->fields[i].path);

		view->instance[i] = view->next[i] = NOWHERE;
		if (f)
			place_field(view, i, f, m->fields[i].instance);
	}
	for (size_t i = 0; i < m->bare_count; i++) {
		bare = vocabulary_entity(view->v, m->bare[i].entity);
		if (bare)
			instance_for(view, bare, m->bare[i].instance);
	}
}

uint32_t view_find(const struct view *view, const struct instance *instance,
    const struct field *field)
{
	uint32_t at = instance ? instance->first : NOWHERE;

	while (at != NOWHERE && view->fields[at] != field)
		at = view->next[at];
	return at;
}

const struct instance *view_instance(
    const struct view *view, const struct entity *entity, uint32_t number)
{
	uint32_t i = instance_find(view, entity, number);

	return i == NOWHERE ? NULL : &view->instances[i];
}

enum policy_state view_state(const struct view *view, uint32_t position)
{
	return position == view->m->count ? POLICY_HIDDEN
					  : view->m->fields[position].state;
}

struct slice view_value(const struct view *view, uint32_t position)
{
	return view_state(view, position) == POLICY_KNOWN
		   ? view->m->fields[position].value
		   : (struct slice){ 0 };
}

void view_suppose(struct view *view, const struct field *field, uint32_t number,
    struct supposition *ret)
{
	uint32_t position = (uint32_t)view->m->count;

	ret->instances_count = view->instances_count;
	place_field(view, position, field, number);
	ret->position = position;
}

void view_withdraw(struct view *view, const struct supposition *supposition)
{
	uint32_t position = supposition->position;
	struct instance *instance = &view->instances[view->instance[position]];

	instance->first = view->next[position];
	if (view->instances_count > supposition->instances_count) {
		view->first[instance->entity->id] = instance->next;
		view->instances_count = supposition->instances_count;
	}
	view->fields[position] = NULL;
}

static unsigned origin_rank(const char *pattern, struct slice path)
{
	size_t len = strlen(pattern);

	if (slice_is(path, pattern))
		return 3;
	if (len >= 2 && !strcmp(pattern + len - 2, ".*") && path.len >= len &&
	    !memcmp(pattern, path.data, len - 1))
		return 2;
	return !strcmp(pattern, "*");
}

const char *policy_origin(const struct policy_message *m, struct slice path)
{
	const char *found = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < m->origins_count; i++) {
		unsigned rank = origin_rank(m->origins[i].path, path);

		if (rank > most) {
			most = rank;
			found = m->origins[i].originator;
		}
	}
	return found && strcmp(found, m->from) ? found : NULL;
}

const char *view_originator(const struct view *view, uint32_t position)
{
	const char *name = position < view->m->count
			       ? view->m->fields[position].originator
			       : view->supposed_originator;

	return name && strcmp(name, view->m->from) ? name : NULL;
}
