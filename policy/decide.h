#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

/*
 * The decision's own parts, between its files only.
 *
 * A decision goes through them in this order: life.c finds the version in force
 * between the two, view.c indexes the message under its vocabulary, fit.c finds
 * the clauses that fit, cond.c answers their conditions, bear.c lists the rules
 * that bear on the message, settle.c combines them field by field, told.c works
 * out what the reader learns, retain.c how long it may keep it.
 *
 * A decision's memory is its arena; only suppose.c, which decides again in the
 * middle of one, has arenas of its own.
 */

#include "policy/model.h"

/* ---- truth (rule 13) -------------------------------------------------- */

/*
 * A set of truth values: all that an answer may turn out to be. In a decision
 * each set has one member; policy_possible() does not see everything, so its
 * sets may have more. Both are then read alike: a rule grants if YES is in its
 * set, and closes if NO is not.
 */
enum truth {
	TRUTH_NO = 1,
	TRUTH_CANNOT = 2,
	TRUTH_YES = 4,
	TRUTH_ANY = 7,
};
unsigned truth_not(unsigned a);
unsigned truth_and(unsigned a, unsigned b);
unsigned truth_or(unsigned a, unsigned b);

static inline bool truth_grants(unsigned truths)
{
	return truths & TRUTH_YES;
}

static inline bool truth_closes(unsigned truths)
{
	return !(truths & TRUTH_NO);
}

/* ---- values ----------------------------------------------------------- */

/* Each reads exactly one minimal msgpack value and nothing behind it. */
bool packed_text(struct slice value, struct slice *ret);
bool packed_integer(struct slice value, int64_t *ret);
bool packed_flag(struct slice value, bool *ret);

/* The texts of an array, one after the other. */
struct packed_list {
	struct slice rest;
	size_t left;
};
bool packed_list(struct slice value, struct packed_list *ret);
bool packed_next(struct packed_list *list, struct slice *ret_text);
/* An array of texts, and nothing else. */
bool packed_is_list(struct slice value);
bool packed_is_empty_list(struct slice value);

/* "subject/1" */
bool packed_link(
    struct slice text, struct slice *ret_entity, unsigned *ret_number);

/* "CV21 3AB": upper case, one blank. */
bool value_is_postcode(struct slice text);
bool value_is_plate(struct slice text);

/* The head of a text of @len bytes; returns its length. */
#define PACKED_HEAD_MAX 5
size_t packed_text_head(size_t len, uint8_t ret[PACKED_HEAD_MAX]);

/* ---- a message under a vocabulary ------------------------------------- */

#define NOWHERE UINT32_MAX

/* An instance of an entity: one object of the record. */
struct instance {
	const struct entity *entity;
	uint32_t number;
	uint32_t first; /* its first field's position, or NOWHERE */
	uint32_t next;  /* the entity's next instance, or NOWHERE */
};

/*
 * A message as conditions see it. Positions are those of the message's fields;
 * position m->count is the field that view_suppose() adds.
 */
struct view {
	const struct policy *p;
	const struct vocabulary *v;
	const struct policy_message *m;
	const struct agreement *agreement; /* it is read under */
	const struct partner *sender;
	const struct partner *recipient; /* NULL: not asked for anyone */
	int32_t sent_day;
	bool possible; /* for policy_possible(): hidden may be anything */
	bool unseen;   /* and so may fields that are not listed */
	const struct field **fields; /* by position; NULL: no such field */
	uint32_t *next;     /* the same instance's next field, or NOWHERE */
	uint32_t *instance; /* by position; NOWHERE for an unknown field */
	struct instance *instances;
	uint32_t instances_count;
	uint32_t *first; /* by entity id: its first instance, or NOWHERE */
	const char *supposed_originator; /* of the field supposed */
};

/* Fill the index; the members before @fields are the caller's. */
void view_build(struct view *view, struct arena *arena);
/* Where the field stands, or NOWHERE. */
uint32_t view_find(const struct view *view, const struct instance *instance,
    const struct field *field);
/* NULL: there is none. */
const struct instance *view_instance(
    const struct view *view, const struct entity *entity, uint32_t number);
enum policy_state view_state(const struct view *view, uint32_t position);
struct slice view_value(const struct view *view, uint32_t position);

/* Add a field that is there with an unknown value (rule 21), and take it away
 * again. One at a time. */
struct supposition {
	uint32_t instances_count;
	uint32_t position;
};
void view_suppose(struct view *view, const struct field *field, uint32_t number,
    struct supposition *ret);
void view_withdraw(struct view *view, const struct supposition *supposition);

/* A field by path in @v, from its hash index. */
const struct vocabulary *vocabulary_cited(
    const struct policy *p, const char *cited);
struct paths *paths_new(const struct vocabulary *v, struct arena *arena);
const struct field *paths_find(const struct vocabulary *v, struct slice path);

/* ---- conditions ------------------------------------------------------- */

/* What a link of a path stands for while a comparison is answered. */
struct binding {
	const struct field *link;
	const struct instance *to; /* NULL: it leads nowhere */
};

/* For whom and what a condition is asked. All may be zero. */
struct scope {
	const struct instance *self; /* the instance decided */
	const struct instance *over; /* the quantifier's */
	const char *originator; /* of the field decided; NULL: the sender */
	bool originator_unknown;
	const char *gateway; /* the clause's own; NULL: none */
	struct binding bound[2];
};

unsigned cond_ask(const struct view *view, const struct scope *scope,
    const struct cond *cond);

/* The instance that a path of @entity means: the quantifier's, the one decided,
 * else the only one. NULL: there is none. */
const struct instance *scope_instance(const struct view *view,
    const struct scope *scope, const struct entity *entity);

/* One side of a comparison. */
struct datum {
	enum {
		DATUM_ABSENT,
		DATUM_HIDDEN,
		DATUM_MAYBE, /* not listed, but something is unseen */
		DATUM_TEXT,
		DATUM_NUMBER,
		DATUM_DAY,
		DATUM_INSTANT,
		DATUM_LIST,
		DATUM_LITERAL,
	} kind;
	bool versioned; /* a text that is "name/4", where "name" may do */
	int64_t number;
	struct slice text; /* a list: its msgpack */
	const struct operand *literal;
};
struct datum datum_field(const struct view *view,
    const struct instance *instance, const struct field *field);
struct datum datum_operand(const struct view *view, const struct scope *scope,
    const struct operand *operand);
/* The answer when a side is not known; 0 when both are. */
unsigned datum_unsure(
    const struct view *view, const struct datum *a, const struct datum *b);
unsigned datum_compare(const struct view *view, const struct cond *c,
    enum compare compare, const struct datum sides[2]);
/* Whether the list sides[0] holds the text sides[1]. */
unsigned datum_has(const struct view *view, const struct datum sides[2]);
/* @field, or the field of its name where a link leads (rule 17), or NULL. */
const struct field *field_at(
    const struct field *field, const struct entity *entity);

/* What an answer depends on besides message and recipient. */
enum reads {
	READS_INSTANCE = 1,
	READS_ORIGINATOR = 2,
	READS_GATEWAY = 4,
	READS_RECIPIENT = 8,
};
unsigned cond_reads(const struct cond *cond);

/* Set the bit of every field id that @cond may read. */
void cond_mark(const struct cond *cond, uint64_t *bits);

/* Visit each value @cond reads, present or not; @instance may be one that is
 * not there. Stops and answers false when @visit does, or when @cond reads the
 * originator. */
typedef bool cond_visit(
    void *arg, const struct field *field, const struct instance *instance);
bool cond_each_read(const struct view *view, const struct scope *scope,
    const struct cond *cond, cond_visit *visit, void *arg);

/* ---- forms (rules 9, 23, 24) ------------------------------------------ */

/* Whether @a is at least as coarse as @b. */
bool reduction_covers(const struct reduction *a, const struct reduction *b);
struct reducing {
	const struct reduction *reduction;
	const struct field *field;
	struct slice value;
	int32_t sent_day;
};
/* Whether values of this field can be reduced so at all. */
bool reduction_suits(const struct reduction *r, const struct field *field);
bool reduction_apply(
    const struct reducing *what, struct arena *arena, struct slice *ret);

/* ---- which clauses fit (rules 1 to 5) --------------------------------- */

/* Field ids as bits. */
struct rule_plan {
	const uint64_t *selects;
	const uint64_t *grants; /* rule 8 taken into account; standing: none */
	unsigned reads;         /* enum reads, of `when` */
};

struct clause_plan {
	const struct rule_plan *rules;
	unsigned reads; /* enum reads, of `only when` */
	size_t words;   /* of each of the rules' sets */
};

/* Clauses as bits, clause 0 the lowest; each set is @words long. */
struct plan {
	size_t words;
	const uint64_t *by_type;    /* one set a record of the vocabulary */
	const uint64_t *by_purpose; /* one set a purpose of the agreement */
	const uint64_t *by_from; /* one set a partner: those that may list it */
	const uint64_t *by_to;
	bool rosters; /* so look again who is a member on the day */
};

void fit_prepare(struct policy *p);

static inline bool bit_is_set(const uint64_t *bits, size_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static inline void bit_set(uint64_t *bits, size_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Who sends what to whom, on which day. */
struct sending {
	const struct policy *p;
	const char *type;
	const char *from;
	const char *to;
	const char *purpose; /* NULL: any */
	int32_t day;
	bool ever; /* whatever the rosters of the day say */
};

/* The clauses of @a that fit (rule 1), in file order. */
size_t fit_clauses(const struct agreement *a, const struct sending *s,
    struct arena *arena, const struct clause ***ret);
/* Whether @c lists the sending. */
bool fit_clause(
    const struct agreement *a, const struct clause *c, const struct sending *s);
/* The clause of @a that comes nearest to fitting, NULL when it has none, and
 * what of it does not fit: "which is for prevent, protect". */
const struct clause *fit_nearest(const struct agreement *a,
    const struct sending *s, struct arena *arena, const char **ret_unfit);

bool agreement_has_party(const struct agreement *a, const char *name);
/* With the roster of @day (rules 1 and 28). */
bool group_has(const struct policy *p, const struct group *group,
    const char *partner, int32_t day);

/* ---- which version is in force (rules 3, 4, 27, 28) ------------------- */

/* How an agreement stands between two partners, or among all its parties. */
struct life {
	enum policy_force force;
	/* What @force and the rest are about: the agreement itself, or the
	 * umbrella because of which it is not in force. */
	const struct agreement *of;
	bool umbrella;                 /* so @of is an umbrella's */
	const char *who;               /* gave the notice, or has not signed */
	int32_t on;                    /* the notice's day */
	const char *stranger;          /* is no party of @of; NULL: both are */
	const struct agreement *newer; /* took its place */
};

/* @sender and @recipient NULL: among all its parties. */
void life_of(const struct policy *p, const struct agreement *a,
    const struct sending *s, struct life *ret);

/* Who is to get a message, and what it is read under. */
struct expansion {
	const struct policy *p;
	const char *from;
	const char *agreement;
	int32_t day;
	struct arena *arena;
	const char **names; /* partners, each once */
	size_t count;
};
/* Add those that @recipient, a partner or "@group", stands for. */
bool expand_recipient(
    struct expansion *e, const char *recipient, struct why *why);
/* All of them; false when one is not known, or nobody is left. */
bool expand_all(struct expansion *e, const char *const *recipients,
    size_t count, struct why *why);
/* What the message is read under: all must resolve to one vocabulary (rule
 * 30), else @why says so. NULL and no word of it: the agreement is not known,
 * which is for the decision to say. */
const struct agreement *expand_agreement(
    const struct expansion *e, struct why *why);

/* The version that decides between two, or why there is none. */
struct version {
	/* What the message is read under: the one in force, else the highest;
	 * NULL when there is none of that name. */
	const struct agreement *agreement;
	bool in_force;
	const struct agreement *meant; /* NULL: there is no such version */
	struct life life;              /* of @meant */
};

void life_resolve(const struct policy *p, const char *agreement,
    const struct sending *s, struct version *ret);
/* Why none is in force between the two, and whom to ask, in words. */
const char *life_reason(const struct policy *p, const struct version *version,
    const char *agreement, struct arena *arena);
/* The versions of a name, lowest first. */
struct agreement *const *agreement_versions(
    const struct policy *p, struct slice name, size_t *ret_count);
/* "name/4" apart: *@ret_version is 0 when none is said. What is no version is
 * taken as part of the name. */
struct slice split_versioned(const char *text, uint32_t *ret_version);
/* ", ask CONTACT" or nothing. */
const char *whom_to_ask(const struct agreement *a, struct arena *arena);

/* ---- the rules that bear on a message --------------------------------- */

#define STANDING 0xff

/* A clause that fits, or a standing rule. */
struct bearing {
	const struct clause *clause;
	const char *label; /* as rule 12 cites it */
	uint8_t level;     /* 0: the agreement, 1..: umbrellas; STANDING */
	uint8_t applies;   /* truths of `only when`; 0: a standing rule's that
			      reads the gateway, so is asked for each */
};

/* The gateway of a clause that holds (rule 15). */
struct gateway {
	const char *name;
	uint8_t level;
};

/* A rule about fields that may have an effect on this message. */
struct bite {
	const struct rule *rule;
	const struct rule_plan *plan;
	const struct bearing *bearing;
	uint8_t reads;  /* enum reads of the rule and its `only when` */
	uint8_t truths; /* the last answer, 0: none yet; for: */
	const struct instance *asked;
	const char *asked_originator;
};

/* A bite on a field id. */
struct entry {
	uint32_t bite;
	uint32_t next;
};

/* What rules 7 to 11 and 29 make of a field. */
struct ruling {
	uint8_t closed; /* policy_closedness() */
	bool unreduced; /* its value cannot be reduced, or not by one */
	bool raised;    /* it took its level from the grades (rule 11) */
	bool told;
	const struct bite *closer; /* first at the most closed level, or NULL */
	const struct bite *reducer; /* first of the coarsest, or NULL */
	const char *label;
	const char *reason;
	const char *to;
	struct slice value;
};

/* What restricts a forwarded field (rule 29). */
struct onward_bite {
	const char *originator;
	uint8_t closed; /* 0: nothing */
	const char *label;
	const char *reason;
	struct onward_bite *next;
};

/* One decision while it is made. */
struct deciding {
	struct view view;
	struct arena *arena;
	struct sending sending;
	const struct agreement *chain[1 + POLICY_UMBRELLAS_MAX];
	size_t levels;
	struct bearing *bearings; /* in the order of rule 12 */
	size_t bearings_count;
	struct gateway *gateways;
	size_t gateways_count;
	bool forwarded; /* some field has an originator */
	struct bite *bites;
	size_t bites_count;
	uint32_t *heads; /* by field id: first of its entries, or NOWHERE */
	struct entry *entries;
	const struct bite **reducing;  /* scratch, of settle.c */
	size_t reducing_room;          /* every bite, and one more a level */
	struct ruling *rulings;        /* by position */
	const struct ruling **settled; /* by field id: true of any instance */
	struct onward_bite *onward;
};

/* The field's originator; NULL: the sender. */
const char *view_originator(const struct view *view, uint32_t position);

/* Find the clauses that fit, and the standing rules. */
void bear_find(struct deciding *d);
/* Ask their `only when`. */
void bear_apply(struct deciding *d);
/* The first level at which no clause applies, or d->levels. */
size_t bear_ungranted(const struct deciding *d);
/* The first `refuse` that refuses (rule 10), and whose it is; NULL: none. */
const struct rule *bear_refused(
    const struct deciding *d, const struct bearing **ret);
/* List the rules about fields that are there, by field. */
void bear_list(struct deciding *d);

/* Whether what @b says under @when holds, its `only when` included. @reads is
 * what the two together read. */
struct question {
	const struct bearing *bearing;
	const struct cond *when;
	unsigned reads;
};
unsigned bear_ask(const struct deciding *d, const struct question *q,
    const struct scope *scope);
unsigned bite_ask(
    const struct deciding *d, struct bite *bite, uint32_t position);

/* ---- what is decided about a field ------------------------------------ */

/* The rulings of all fields, by rules 7 to 10 and 29. */
void settle_fields(struct deciding *d);
void settle_field(struct deciding *d, uint32_t position);

/* The partners that must consent (rule 10), sorted, each once. */
struct targets {
	const char **names;
	size_t count;
};
/* With room for those of so many fields. */
void targets_init(struct targets *t, const struct deciding *d, size_t fields);
void targets_add(struct targets *t, struct deciding *d, uint32_t position);
const char *targets_text(const struct targets *t, struct arena *arena);

const struct onward_bite *onward_ask(struct deciding *d, uint32_t position);

/* Rules 11, 21 and 22, to their fixpoint. */
void told_settle(struct deciding *d);
/* Whether a value that is not there would be released by the rules, were it
 * there and unknown (rule 21). */
bool suppose_released(
    const struct deciding *d, const struct field *field, uint32_t number);

/* The last day a copy may be held (rule 26). */
int32_t retain_until(const struct deciding *d);

/* What is decided, for policy_decide() and policy_possible() alike. */
struct decide_request {
	const struct policy *p;
	const struct policy_message *m;
	const char *recipient;
	int64_t now;
	struct arena *arena;
};
/* Make the rulings. @d is zero but for view.possible and view.unseen. False
 * when the whole message is refused; @ret then says why. */
bool decide_begin(const struct decide_request *request, struct deciding *d,
    struct policy_decision *ret);
/* Turn the rulings into verdicts. */
void decide_end(struct deciding *d, struct policy_decision *ret);

#endif
