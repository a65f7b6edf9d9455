#ifndef POLICY_LOAD_H
#define POLICY_LOAD_H

/* What exists only while texts are being read, for the parser and the checker.
 */

#include "policy/model.h"
#include "util/map.h"

struct loading {
	const struct policy_input *input;
	struct found {
		struct policy_problem problem;
		const struct source *source;
		size_t order;
	} * found; /* on the heap until they are sorted */
	size_t count, cap;
	uint32_t *told;  /* problems told, a source */
	bool *broken;    /* whether a source has errors of syntax */
	bool checking;   /* all is parsed */
	uint64_t effort; /* what is left for looking for near names */
	/* "GROUP", and "GROUP CHAIR", of all agreements. */
	struct map groups;
};

/* Append to the set. What is given is copied or kept. */
void load_vocabulary(struct policy *p, struct vocabulary *v);
void load_agreement(struct policy *p, struct agreement *a);
void load_standing(struct policy *p, struct standing *s);
void load_notice(struct policy *p, const struct notice *notice);
void load_partner(struct policy *p, const struct partner *partner);

/* Sort what was loaded: by name, then version, then place. */
void policy_sort(struct policy *p);

/* Room for element @count of an array in @arena that grows by doubling: the
 * array, perhaps moved. New elements are zeroed. */
void *load_grow(struct arena *arena, void *array, size_t count, size_t size);

/* text_nearest(), as long as hostile texts have not used up the time for it. */
const char *policy_nearest(struct policy *p, struct slice wanted,
    const char *const *names, size_t count);

#endif
