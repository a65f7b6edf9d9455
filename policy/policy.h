#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

/*
 * Agreements and what they decide: the one public header of policy/.
 *
 * A pure library: no files, no clock, no sockets, no log, no globals. Texts go
 * in, an immutable set comes out; a decision is a function of (set, message,
 * recipient, time) and nothing else (design, promise 5). The language and its
 * 31 numbered rules are caveat-agreement(5).
 *
 * Threads: a set may be used by any number of threads at once. It is counted:
 * policy_ref() and policy_unref(); everything reached through it lives as long.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/mem.h"
#include "util/slice.h"
#include "util/why.h"

#define POLICY_TEXT_MAX (1u << 20) /* bytes in one text */
#define POLICY_TEXTS_MAX 4096u     /* texts in one set */
#define POLICY_PATH_MAX 64u        /* bytes in "entity.field~form" */
#define POLICY_FIELDS_MAX 1024u    /* fields in a message */
#define POLICY_INSTANCES_MAX 256u  /* instances of an entity in a message */
#define POLICY_COND_DEPTH_MAX 32u  /* parentheses and nots in a condition */
#define POLICY_UMBRELLAS_MAX 8u    /* agreements above an agreement */
#define POLICY_RECIPIENTS_MAX 256u /* partners one message is decided for */

struct policy;

/* ---- loading ---------------------------------------------------------- */

/* One text. Its name's ending says what it is: .vocabulary .agreement .standing
 * .notice .partners. All is copied. */
struct policy_text {
	const char *name;
	struct slice text;
	/* An agreement or a notice: who has signed it. @all_signed counts every
	 * party as having signed (as --using does). Else names, @signers of
	 * them. A notice that its giver has not signed counts for nothing, with
	 * a warning. */
	bool all_signed;
	const char *const *signed_by;
	size_t signers;
};

enum policy_severity { POLICY_WARNING, POLICY_ERROR };

/* One finding in the texts. */
struct policy_problem {
	enum policy_severity severity;
	const char *file; /* the text's name */
	uint32_t line;    /* from 1; 0: the whole file */
	uint32_t column;  /* from 1, in bytes */
	const char
	    *text; /* "no field 'subject.dob' in soc/1; did you mean ..." */
};

struct policy_input {
	const struct policy_text *texts;
	size_t count;
	/* Partners shut out by the operator (design, promise 14: an operator
	 * may only close). */
	const char *const *suspended;
	size_t suspended_count;
	/* Take kinds and clearances from the agreements' `identity` statements
	 * and demand pins (the exchange), not from partners files (--using). */
	bool identities;
};

/*
 * Read, check and index. Never fails: the set that comes back has all the
 * problems of all the texts, in file and line order, and is fit to decide only
 * if policy_errors() is 0. The caller owns one reference.
 */
struct policy *policy_load(const struct policy_input *input);
struct policy *policy_ref(struct policy *p);
struct policy *policy_unref(struct policy *p); /* always NULL */

const struct policy_problem *policy_problems(
    const struct policy *p, size_t *ret_count);
size_t policy_errors(const struct policy *p); /* how many are errors */

/* "FILE:LINE:COLUMN: TEXT" and a newline, as people and editors read it;
 * "warning: " stands before the text of a warning, and a problem of the whole
 * file has no line and column. */
void policy_problem_print(
    const struct policy_problem *problem, struct buf *out);

/* ---- looking at a set ------------------------------------------------- */

/* An agreement as `agreement list` shows it. */
struct policy_agreement_info {
	const char *name;
	uint32_t version;
	const char *title, *under, *uses, *contact; /* NULL: not said */
	const char *file;
	const char *const *parties;
	size_t parties_count;
	int32_t starts, ends, review; /* days; review 0: not said */
	size_t clauses;
};
size_t policy_agreements(const struct policy *p);
void policy_agreement(const struct policy *p, size_t i, struct arena *arena,
    struct policy_agreement_info *ret);

/* Who a party is, as an agreement's `identity` statement says (promise 14). It
 * can be asked before it is known who has signed, so that signatures can be
 * verified with @agree and the texts loaded again. */
struct policy_identity {
	const char *partner, *kind, *clearance;
	const char *agree; /* a C2SP vkey */
};
size_t policy_identities(const struct policy *p, size_t agreement,
    struct arena *arena, struct policy_identity **ret);

enum policy_force {
	POLICY_IN_FORCE,
	POLICY_NOT_SIGNED, /* by somebody; see @ret_who */
	POLICY_NOT_STARTED,
	POLICY_ENDED,
	POLICY_SUPERSEDED, /* a later version has started (rule 27) */
	POLICY_SUSPENDED,
	POLICY_WITHDRAWN,
	POLICY_NO_UMBRELLA, /* the umbrella is not in force (rule 4) */
};
/* How agreement @i stands among all of its parties on London day @day. @ret_who
 * (may be NULL) gets who is to be asked, or NULL. */
enum policy_force policy_agreement_force(
    const struct policy *p, size_t i, int32_t day, const char **ret_who);
const char *policy_force_name(enum policy_force force); /* "in force" */

/* Print the text with this name ("warwickshire-socjag/4") as the grammar would
 * have it written: parsing what is printed gives an equal text. False when
 * there is none of that name. Without a version: the highest. */
bool policy_print(const struct policy *p, const char *name, struct buf *out);

/* The names a person may have meant, for messages; NULL when nothing is near.
 */
const char *policy_nearest_partner(const struct policy *p, struct slice name);

/* The partner's title as the texts give it ("Rugby Borough Council"), its name
 * where they give none, NULL when there is no such partner. */
const char *policy_partner_title(const struct policy *p, struct slice name);

/* ---- a message -------------------------------------------------------- */

/* What is known of a value: the three states. A field that is not listed is
 * absent. */
enum policy_state {
	POLICY_KNOWN,
	POLICY_HIDDEN, /* it is there, but its value cannot be seen here */
};

struct policy_field {
	struct slice path; /* "subject.born"; forms ("~") are not listed */
	uint16_t instance;
	enum policy_state state;
	/* Minimal msgpack: str (text, narrative, decimal, date, time, code and
	 * the typed texts), int (integer), bool (flag), array of str (set, and
	 * link as "entity/instance"). Empty when hidden. */
	struct slice value;
	/* Who gave it, NULL: the sender. Rule 29: with no @received_under it is
	 * taken as received under every clause from that originator to the
	 * sender. */
	const char *originator;
	/* A string the caller gets back in messages: the JSON path. May be
	 * NULL. */
	const char *where;
};

/* Who gave the fields of a path: exact, "entity.*" or "*", the nearest of them
 * counting (rule 30). */
struct policy_origin {
	const char *path;
	const char *originator;
};

/* An instance of which every field is absent. */
struct policy_bare {
	struct slice entity;
	uint16_t instance;
};

struct policy_message {
	const char *from;
	const char *type;
	const char *agreement; /* "name" or "name/version" */
	const char *purpose;
	const char *marking;
	const char
	    *handling_instruction; /* NULL: none; so for the next three */
	const char *priority;
	int64_t embargo_until; /* instants in ms; 0: not said */
	int64_t expires;
	int64_t sent;
	const struct policy_field *fields;
	size_t count;
	/* Who would have given what is not there; its absence may be nobody
	 * else's to tell. Without it: whoever gave what stands around it. */
	const struct policy_origin *origins;
	size_t origins_count;
	/* Only in a preview: what travels is fields, and these have none. */
	const struct policy_bare *bare;
	size_t bare_count;
};

/* Who @m's origins say gives a field; NULL: the sender. */
const char *policy_origin(const struct policy_message *m, struct slice path);

enum policy_action {
	POLICY_CONCEAL = 0, /* deny is zero */
	POLICY_RELEASE,
	POLICY_REDUCE,
	POLICY_MASK,
	POLICY_REFER,
	POLICY_WITHHOLD,
	POLICY_REFUSE,
};
const char *policy_action_name(enum policy_action action);

/* How closed: release 0 < reduce = mask 1 < refer 2 < withhold 3 < conceal 4 <
 * refuse 5 (rule 9). Compare these, not the enum. */
int policy_closedness(enum policy_action action);

/* What was decided about one field for one recipient. */
struct policy_verdict {
	enum policy_action action;
	bool told;          /* whether the reader is told (rules 21, 22) */
	const char *to;     /* "year", "keep last 3", a party; NULL: none */
	const char *clause; /* rule 12's label, NULL: nothing granted it */
	const char *reason; /* its `because`, or ours in words; NULL: none */
	struct slice value; /* what the reader gets, msgpack; empty: nothing */
};

enum policy_outcome {
	POLICY_REFUSED = 0,
	POLICY_ACCEPTED,
};

struct policy_decision {
	const char *recipient;
	enum policy_outcome outcome;
	const char *clause; /* of the rule that refused; NULL: none did */
	const char *reason; /* refused: in words, with whom to ask; else NULL */
	const char
	    *agreement;     /* "warwickshire-socjag/4"; NULL: none resolved */
	int32_t destroy_by; /* London day, rule 26; INT32_MAX: no limit */
	struct policy_verdict
	    *verdicts; /* one a field, in the message's order */
};

/*
 * Whether the message can be read at all (rules 3, 24, 25; required and absent
 * fields): sender, type, paths, values, marking. @recipients are partners or
 * "@group". False fills @why with the field's `where` (or path), what is wrong
 * and the nearest name. To be called before policy_decide(), by sender and
 * broker alike.
 */
bool policy_valid(const struct policy *p, const struct policy_message *m,
    const char *const *recipients, size_t count, int64_t now, struct why *why);

/*
 * The partners that @recipients stand for: groups become their members of the
 * day (rule 1), less the sender, each once, in order of first mention.
 * Allocated in @arena. False when a name is unknown or nobody is left.
 */
bool policy_recipients(const struct policy *p, const struct policy_message *m,
    const char *const *recipients, size_t count, int64_t now,
    struct arena *arena, const char *const **ret, size_t *ret_count,
    struct why *why);

/* Decide for one partner at @now (ms). The message must be policy_valid(). All
 * that @ret points to lives in @arena or in the set. */
void policy_decide(const struct policy *p, const struct policy_message *m,
    const char *recipient, int64_t now, struct arena *arena,
    struct policy_decision *ret);

/*
 * For each field, whether its value can stay at home (design, promise 6): no
 * recipient among @decisions gets anything of it, no referral needs it, and no
 * condition that could bear on this message reads it. @ret has m->count bools.
 */
void policy_minimise(const struct policy *p, const struct policy_message *m,
    const struct policy_decision *decisions, size_t count, bool *ret);

/*
 * The recipient's own check of a copy (design, promise 6). @m holds what the
 * copy shows: whole slots are POLICY_KNOWN, named ones POLICY_HIDDEN. @unseen
 * says that there are slots of which nothing is known (any field, any value).
 * Answers, for each field of @m, the least closed action that any completion of
 * what cannot be seen would have allowed: a copy that gave more was not decided
 * by these agreements. Closedness 5 for all: none would have been accepted.
 * It never errs towards closing.
 */
void policy_possible(const struct policy *p, const struct policy_message *m,
    const char *recipient, int64_t now, bool unseen, struct arena *arena,
    struct policy_decision *ret);

/* Whether giving a field by @action (reduced or masked by @to) stays within
 * what @possible allows: it is no less closed, no finer where it is reduced,
 * and what is withheld or referred by name was something to be told. */
bool policy_allows(const struct policy_verdict *possible,
    enum policy_action action, const char *to);

/* ---- forms ------------------------------------------------------------ */

/* The form's part of a path for `to` of a reduce or mask: "year" is "year",
 * "band 1000" is "band-1000", "keep last 3" is "last-3". */
void policy_form(const char *to, struct buf *out);

/* What policy_apply_form() is asked. */
struct policy_form_request {
	const char *vocabulary; /* "soc/1" */
	struct slice path;      /* "subject.born" */
	const char *form;       /* "year", "last-3" */
	struct slice value;     /* msgpack */
	int64_t sent;           /* the message's: age-band counts from it */
};

/* Append the reduced or masked value, msgpack, to @out; false: it cannot be
 * reduced so (rules 23, 24), or there is no such field or form. */
bool policy_apply_form(const struct policy *p,
    const struct policy_form_request *request, struct buf *out);

/* ---- what a record may hold ------------------------------------------- */

/* For the reader of JSON records: how a vocabulary that @m's agreement resolves
 * to sees "entity" and "entity.field". */
enum policy_value_kind {
	POLICY_VALUE_NONE, /* no such field */
	POLICY_VALUE_TEXT,
	POLICY_VALUE_INTEGER,
	POLICY_VALUE_FLAG,
	POLICY_VALUE_CODE, /* text, or a JSON number taken as its text */
	POLICY_VALUE_SET,
	POLICY_VALUE_LINK,
};
enum policy_entity_kind {
	POLICY_ENTITY_NONE, /* not part of this record */
	POLICY_ENTITY_ONE,
	POLICY_ENTITY_MANY,
};

/* The vocabulary a message by @from under @agreement is read with, "soc/1"
 * (rules 3 and 30): NULL and @why when none can be found. */
const char *policy_resolve_vocabulary(const struct policy *p, const char *from,
    const char *agreement, const char *const *recipients, size_t count,
    int64_t now, struct why *why);
enum policy_entity_kind policy_entity_kind(const struct policy *p,
    const char *vocabulary, const char *type, struct slice entity);
enum policy_value_kind policy_value_kind(
    const struct policy *p, const char *vocabulary, struct slice path);
/* Append the one written form of a text value of @path: a postcode in upper
 * case with its one space, a plate in upper case without blanks, any other text
 * as it is. False, and nothing appended: it has none; policy_valid() says why.
 */
bool policy_canonical(const struct policy *p, const char *vocabulary,
    struct slice path, struct slice text, struct buf *out);
/* Names to suggest; NULL when nothing is near. */
const char *policy_nearest_type(
    const struct policy *p, const char *vocabulary, struct slice type);
const char *policy_nearest_entity(const struct policy *p,
    const char *vocabulary, const char *type, struct slice entity);
const char *policy_nearest_field(
    const struct policy *p, const char *vocabulary, struct slice path);
bool policy_has_type(
    const struct policy *p, const char *vocabulary, const char *type);

static inline void policy_unrefp(struct policy **p)
{
	policy_unref(*p);
}
#define _cleanup_policy_ __attribute__((cleanup(policy_unrefp)))

#endif
