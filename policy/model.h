#ifndef POLICY_MODEL_H
#define POLICY_MODEL_H

/*
 * What the texts say, as the parser reads it and the checker resolves it.
 * Inside policy/ only; policy.h is what others see.
 *
 * Everything here lives in the arena of the set it was loaded into and never
 * changes after policy_load() returned: a set is a value. Names point into that
 * arena and are NUL-terminated. A member marked [resolved] is filled by check.c
 * and may be NULL in a text that has errors; decide.c sees only sets without
 * errors, and may rely on all of them.
 *
 * The numbered rules are those of the language page, caveat-agreement(5).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

/* Limits of one text, beyond those of policy.h. They bound the time and the
 * memory that hostile texts can take; no agreement comes near them. */
#define NAME_BYTES_MAX 64u     /* a name, a code, a clause's label */
#define LINK_PATH_MAX 128u     /* item.about.role; a value without quotes */
#define STRING_BYTES_MAX 4096u /* a quoted string */
#define NUMBER_MAX 999999999u  /* a version; N of band, keep */
#define PERIOD_MAX 9999u       /* N of retain */
#define LIST_NAMES_MAX 1024u   /* names in one list */
#define CODE_LISTS_MAX 256u    /* in a vocabulary; so for the next three */
#define ENTITIES_MAX 256u
#define RECORDS_MAX 256u
#define VOCABULARY_FIELDS_MAX 4096u
#define CODES_MAX 4096u            /* in one code list */
#define CLAUSES_MAX 1024u          /* in an agreement; named standing rules */
#define RULES_MAX 8192u            /* in one text */
#define SELECTORS_MAX 16384u       /* in one text */
#define GROUPS_MAX 256u            /* in an agreement */
#define UNITS_MAX 4096u            /* agreements, notices, ... in one text */
#define RETAINS_MAX 64u            /* in an agreement; in a clause */
#define COMPARISONS_MAX 256u       /* in one condition */
#define RETAIN_COMPARISONS_MAX 14u /* different ones, for rule 26 */
#define PROBLEMS_MAX 1000u         /* told of one text */

/* Where in the texts something stands; lines and columns count from 1, columns
 * in bytes. */
struct place {
	const struct source *source;
	uint32_t line;
	uint32_t column;
};

/* One text as given to the loader. */
struct source {
	const char *name; /* "socjag.agreement": its end says the kind */
	struct slice text;
};

struct name {
	const char *text;
	struct place at;
};

struct names {
	struct name *items;
	size_t count;
};

/* NAME/N */
struct versioned {
	const char *name;
	uint32_t version;
	struct place at;
};

/* ---- vocabulary ------------------------------------------------------- */

struct code {
	const char *text;
	const char *title; /* NULL: none */
	struct place at;
};

struct codes {
	const char *name;
	bool ordered;
	struct code *items; /* an ordered list rises in file order */
	size_t count;
	const struct code *const *sorted; /* [resolved] by text */
	struct place at;
};

/* What `priority` may say (rule 15): routine, urgent, threat-to-life. */
extern const struct codes codes_priority;

enum type {
	TYPE_TEXT,
	TYPE_NARRATIVE,
	TYPE_INTEGER,
	TYPE_DECIMAL,
	TYPE_DATE,
	TYPE_TIME,
	TYPE_FLAG,
	TYPE_POSTCODE,
	TYPE_PHONE,
	TYPE_PLATE,
	TYPE_REFERENCE,
	TYPE_PARTY,
	TYPE_CODE,
	TYPE_LINK,
};

/* Classes are bits: `sensitive` and `grade` are known without declaration. */
#define CLASS_SENSITIVE (UINT64_C(1) << 0)
#define CLASS_GRADE (UINT64_C(1) << 1)
#define CLASSES_MAX 64u
#define CLASSES_DECLARED_MAX (CLASSES_MAX - 2)

struct field {
	const char *name; /* "born" */
	const char *path; /* "subject.born", at most POLICY_PATH_MAX bytes */
	struct entity *entity;
	uint32_t id; /* 0.. in the vocabulary, entity by entity in file order */
	enum type type;
	struct name codes_name;    /* TYPE_CODE */
	const struct codes *codes; /* [resolved] */
	struct names links;        /* TYPE_LINK: as written */
	struct entity **link_to;   /* [resolved] parallel to links */
	bool required;
	bool set;
	struct cond *required_when; /* NULL: none */
	struct cond *absent_when;
	struct names class_names; /* as written, in order */
	uint64_t classes;         /* [resolved] */
	struct place at;
};

struct entity {
	const char *name;
	const char *title;
	uint32_t id;
	uint32_t first_field; /* id of fields[0] */
	struct field *fields;
	size_t count;
	bool many; /* [resolved] many in any record (rule 18) */
	struct place at;
};

struct part {
	struct name name;
	struct entity *entity; /* [resolved] */
	bool many;
};

struct record {
	const char *name;
	const char *title;
	struct part *parts;
	size_t count;
	struct place at;
};

struct vocabulary {
	struct versioned id;
	const char *cited; /* "soc/1" */
	const char *title;
	struct codes **codes;
	size_t codes_count;
	struct name *classes; /* declared; bit number is index + 2 */
	size_t classes_count;
	struct entity **entities;
	size_t entities_count;
	struct record **records;
	size_t records_count;
	struct field **fields;  /* [resolved] by field id */
	struct field **by_path; /* [resolved] the same, sorted by path */
	size_t fields_count;
	const struct codes *kind, *purpose, *gateway, *marking; /* [resolved] */
	const struct paths *paths; /* fit.c's own index, made at load */
};

/* ---- conditions ------------------------------------------------------- */

enum cond_kind {
	COND_OR,      /* kids: two or more */
	COND_AND,     /* kids: two or more */
	COND_NOT,     /* kids[0] */
	COND_ANY,     /* kids[0], over every instance of `over` */
	COND_EVERY,   /* kids[0] */
	COND_COMPARE, /* left compare right[0] */
	COND_IN,      /* left in right[0..] */
	COND_PRESENT,
	COND_ABSENT,
	COND_HAS,      /* left has right[0] */
	COND_HAS_THIS, /* left has this */
};

enum compare {
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
};

enum operand_kind {
	OPERAND_VALUE, /* text: a value or a code, as written */
	OPERAND_FIELD, /* field, reached through `link` when that is not NULL */
	OPERAND_AGE,   /* age(field) */
	OPERAND_HEADER, /* header key, or `gateway` */
	OPERAND_PARTY, /* sender, recipient or originator: name, kind, clearance
			*/
	OPERAND_UNKNOWN, /* only in a text with errors */
};

enum header_key {
	HEADER_TYPE,
	HEADER_AGREEMENT,
	HEADER_PURPOSE,
	HEADER_MARKING,
	HEADER_SENT, /* a London day */
	HEADER_PRIORITY,
	HEADER_HANDLING_INSTRUCTION,
	HEADER_EMBARGO_UNTIL,
	HEADER_EXPIRES,
	HEADER_GATEWAY, /* the clause's own (rule 15) */
};

enum party_role { PARTY_SENDER, PARTY_RECIPIENT, PARTY_ORIGINATOR };
enum party_attribute { PARTY_NAME, PARTY_KIND, PARTY_CLEARANCE };

/* A literal as its comparison will use it: filled by check.c from the type of
 * the other side, so that nothing is parsed while deciding. */
struct literal {
	int64_t number; /* integer, day, instant, flag, code or marking index */
	int32_t scale;  /* decimal: value is number / 10^scale */
};

struct operand {
	enum operand_kind kind; /* [resolved] OPERAND_VALUE until then */
	const char *text;       /* as written: "item.about.role", "C", "1990" */
	const char *written;    /* when @text has been put into its one form */
	bool quoted;            /* written as a string */
	bool age;               /* written as age(...) */
	struct literal literal; /* [resolved] OPERAND_VALUE */
	const struct field *field; /* [resolved] */
	const struct field *link; /* [resolved] item.about of item.about.role */
	enum header_key header;
	enum party_role party;
	enum party_attribute attribute;
	struct place at;
};

/* How the two sides of a comparison are compared. [resolved] */
enum domain {
	DOMAIN_TEXT,   /* bytes, equality only */
	DOMAIN_NUMBER, /* integer, flag, age */
	DOMAIN_DECIMAL,
	DOMAIN_DAY,
	DOMAIN_TIME,
	DOMAIN_CODE, /* by place in `codes` when ordered, else by text */
};

struct cond {
	enum cond_kind kind;
	struct cond **kids;
	size_t kids_count;
	enum compare compare;
	struct operand left;
	struct operand *right;
	size_t right_count;
	enum domain domain;        /* [resolved] */
	const struct codes *codes; /* [resolved] DOMAIN_CODE, else NULL */
	const struct entity *over; /* [resolved] COND_ANY, COND_EVERY */
	struct place at;
};

/* ---- rules ------------------------------------------------------------ */

/* The reducers of rule 23. `n` of struct reduction is N of `band N`. */
enum reducer {
	REDUCE_NONE,
	REDUCE_MONTH,
	REDUCE_YEAR,
	REDUCE_AGE_BAND,
	REDUCE_SECTOR,
	REDUCE_DISTRICT,
	REDUCE_AREA,
	REDUCE_INITIALS,
	REDUCE_BAND,
	MASK_FIRST, /* keep first n */
	MASK_LAST,  /* keep last n */
};

struct reduction {
	enum reducer kind;
	uint32_t n;
	const char
	    *name; /* as `to` says it: "year", "band 1000", "keep last 3" */
};

enum selector_kind {
	SELECT_FIELD,  /* entity.field */
	SELECT_ENTITY, /* entity.* */
	SELECT_EVERY,  /* * */
	SELECT_CLASS,  /* all CLASS [of ENTITY] */
};

struct selector {
	enum selector_kind kind;
	const char *entity_name; /* as written, NULL: none */
	const char *field_name;
	const char *class_name;
	const struct entity *entity; /* [resolved] */
	const struct field *field;   /* [resolved] */
	uint64_t class_bit;          /* [resolved] */
	struct place at;
};

struct rule {
	enum policy_action action;
	struct selector *selectors; /* none for refuse */
	size_t selectors_count;
	struct reduction reduction; /* reduce and mask */
	const char *target;         /* refer: a partner, or "originator" */
	struct place target_at;
	struct cond *when; /* NULL: always */
	bool openly;
	const char *because; /* NULL: none */
	uint32_t order;      /* place in its file, counting all rules from 0 */
	struct place at;
};

enum retain_unit { RETAIN_DAYS, RETAIN_WEEKS, RETAIN_MONTHS, RETAIN_YEARS };

struct retain {
	uint32_t count;
	enum retain_unit unit;
	struct cond *when; /* NULL: always */
	struct place at;
};

enum onward_kind {
	ONWARD_UNSAID, /* as refer to originator (rule 29) */
	ONWARD_REFER,
	ONWARD_WITHHOLD,
	ONWARD_RELEASE,
};

struct onward {
	enum onward_kind kind;
	struct names to;       /* partners or groups; empty: anyone */
	struct names purposes; /* empty: any */
	struct place at;
};

/* A clause of an agreement, and equally one named rule of standing rules, which
 * has only label, title, only_when and rules. */
struct clause {
	const char *label; /* "4"; "victim-firewall" */
	const char *cited; /* in full: "warwickshire-csp/2 1", "uk-law/1 x"; for
			      an agreement's own clause rule 12 says @label */
	const char *title;
	struct names share, from, to, purposes;
	struct name gateway;
	struct cond *only_when;
	struct retain *retains;
	size_t retains_count;
	struct onward onward;
	struct rule *rules;
	size_t rules_count;
	const struct clause_plan *plan; /* fit.c's own index, made at load */
	struct place at;
};

struct group {
	const char *name;
	const char *title;
	struct name chair;
	struct names members;
	struct place at;
};

struct identity {
	struct name partner;
	struct name kind;
	struct name clearance;
	const char *agree; /* the partner's agree key as a C2SP vkey */
	struct place agree_at;
};

struct pin {
	struct versioned id;
	const char *digest; /* base64 of SHA-256 over the pinned text's bytes */
	struct place digest_at;
};

struct agreement {
	struct versioned id;
	const char *cited; /* "warwickshire-socjag/4" */
	const char *title;
	struct versioned uses;
	struct versioned under; /* name NULL: no umbrella */
	struct names parties;
	struct names purposes;
	const char *basis, *contact; /* NULL: not said */
	int32_t starts, ends, review;
	bool has_starts, has_ends, has_review;
	struct place ends_at;
	struct retain *retains;
	size_t retains_count;
	struct identity *identities;
	size_t identities_count;
	struct pin *pins;
	size_t pins_count;
	struct group *groups;
	size_t groups_count;
	struct clause *clauses;
	size_t clauses_count;
	const struct vocabulary *vocabulary; /* [resolved] */
	const struct agreement *umbrella;    /* [resolved] NULL: none */
	const struct standing *
	    *standing; /* [resolved] rule 5: those that bind */
	size_t standing_count;
	struct names
	    signed_by; /* from the loader; parties all, if all_signed */
	bool all_signed;
	const struct source *source;
	const struct plan *plan; /* fit.c's own index, made at load */
};

struct standing {
	struct versioned id;
	const char *cited;
	const char *title;
	struct versioned uses;
	struct clause *rules;
	size_t rules_count;
	const struct vocabulary *vocabulary; /* [resolved] */
	const struct source *source;
};

enum notice_kind {
	NOTICE_WITHDRAW,
	NOTICE_SUSPEND,
	NOTICE_RESUME,
	NOTICE_ROSTER,
};

struct notice {
	enum notice_kind kind;
	struct versioned agreement; /* not for a roster */
	struct name group;          /* roster */
	struct name by;
	bool add; /* roster: add, else remove */
	struct names members;
	int32_t on;
	struct place at;
};

struct partner {
	const char *name;
	const char *title;
	struct name kind;
	struct name clearance;
	bool suspended; /* from the loader */
	struct place at;
};

struct loading; /* load.c: what is needed only until policy_load() returns */

/* The whole set. Of a name, versions stand in rising order. */
struct policy {
	atomic_uint refs;
	struct arena arena;
	struct loading *loading; /* NULL once loaded */
	struct source *sources;
	size_t sources_count;
	struct vocabulary **vocabularies;
	size_t vocabularies_count;
	struct agreement **agreements; /* by name, then version */
	size_t agreements_count;
	struct standing **standings;
	size_t standings_count;
	struct notice *notices;
	size_t notices_count;
	struct partner
	    *partners; /* by name; from partners files or identities */
	size_t partners_count;
	struct policy_problem *problems;
	size_t problems_count;
	size_t errors_count;
};

/* ---- the stages ------------------------------------------------------- */

/* load.c runs them in this order. Each adds to policy->problems and goes on. */
void parse_source(struct policy *p, const struct source *source);
void check_policy(struct policy *p);
void decide_prepare(struct policy *p); /* only when there are no errors */

/* Add a problem; @hint may be NULL. */
void policy_report(struct policy *p, enum policy_severity severity,
    struct place at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The text as the comparison's other side needs it (literal.c): false when it
 * is not such a value. @codes only for DOMAIN_CODE. */
bool literal_parse(enum domain domain, const struct codes *codes,
    struct slice text, struct literal *ret);

/* Append the one written form of a text of this type (canonical.c); false, and
 * nothing appended: it has none. */
bool value_canonical(enum type type, struct slice text, struct buf *out);

/* What is known by name; NULL when there is none. @version 0: the highest. */
const struct vocabulary *policy_find_vocabulary(
    const struct policy *p, struct slice name, uint32_t version);
const struct agreement *policy_find_agreement(
    const struct policy *p, struct slice name, uint32_t version);
const struct standing *policy_find_standing(
    const struct policy *p, struct slice name, uint32_t version);
const struct partner *policy_partner(const struct policy *p, struct slice name);
const struct field *vocabulary_field(
    const struct vocabulary *v, struct slice path);
const struct entity *vocabulary_entity(
    const struct vocabulary *v, struct slice name);
const struct record *vocabulary_record(
    const struct vocabulary *v, struct slice name);
const struct codes *vocabulary_codes(
    const struct vocabulary *v, const char *name);
/* 0: no such class */
uint64_t vocabulary_class(const struct vocabulary *v, const char *name);
const struct group *agreement_group(
    const struct agreement *a, struct slice name);
bool names_have(const struct names *names, const char *name);
/* -1: no such code */
int codes_find(const struct codes *codes, struct slice text);

#endif
