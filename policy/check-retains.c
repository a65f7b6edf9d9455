/*
 * Rule 26: whatever a message holds, some `retain` of the clause or of its
 * agreement must hold. Conditions are read as propositions: each different
 * comparison is a letter, but for its plain opposite (= and !=, < and >=,
 * present and absent), and `in` is an or of equalities. A truth table over the
 * letters, one bit a row, says whether a row is left open, and which.
 */

#include <stdlib.h>

#include "policy/check.h"
#include "policy/print.h"

#define LETTERS_MAX RETAIN_COMPARISONS_MAX
#define ROWS (1u << LETTERS_MAX)
#define WORDS (ROWS / 64)

struct table {
	uint64_t words[WORDS];
};

struct letters {
	char *texts[LETTERS_MAX]; /* each comparison as it is printed */
	size_t count;
	bool too_many;
};

static void letters_deinit(struct letters *letters)
{
	for (size_t i = 0; i < letters->count; i++)
		free(letters->texts[i]);
}

/* Rows are numbered by the truth of the letters: bit i is letter i. */
static void set_letter(struct table *ret, size_t letter)
{
	static const uint64_t within[] = { 0xaaaaaaaaaaaaaaaa,
		0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0, 0xff00ff00ff00ff00,
		0xffff0000ffff0000, 0xffffffff00000000 };

	for (size_t i = 0; i < WORDS; i++)
		if (letter < ARRAY_LEN(within))
			ret->words[i] = within[letter];
		else
			ret->words[i] = i >> (letter - ARRAY_LEN(within)) & 1
					    ? UINT64_MAX
					    : 0;
}

static void invert(struct table *table)
{
	for (size_t i = 0; i < WORDS; i++)
		table->words[i] = ~table->words[i];
}

static void combine(
    struct table *ret, const struct table *other, enum cond_kind kind)
{
	for (size_t i = 0; i < WORDS; i++)
		if (kind == COND_AND)
			ret->words[i] &= other->words[i];
		else
			ret->words[i] |= other->words[i];
}

/* ---- letters ---------------------------------------------------------- */

static void letter_table(
    struct letters *letters, const struct cond *cond, struct table *ret)
{
	struct buf text = { 0 };
	size_t i = 0;

	print_cond(&text, cond);
	buf_add_byte(&text, '\0');
	while (i < letters->count &&
	       strcmp(letters->texts[i], (const char *)text.data))
		i++;
	if (i == LETTERS_MAX) {
		letters->too_many = true;
		buf_deinit(&text);
		return;
	}
	if (i == letters->count)
		letters->texts[letters->count++] = buf_steal_str(&text);
	buf_deinit(&text);
	set_letter(ret, i);
}

/* The comparison that @cond is, or is the opposite of. */
static bool is_opposite(const struct cond *cond, struct cond *ret)
{
	static const struct {
		enum compare of, plain;
	} opposites[] = {
		{ COMPARE_NE, COMPARE_EQ },
		{ COMPARE_GE, COMPARE_LT },
		{ COMPARE_GT, COMPARE_LE },
	};

	*ret = *cond;
	if (cond->kind == COND_ABSENT) {
		ret->kind = COND_PRESENT;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(opposites); i++)
		if (cond->kind == COND_COMPARE &&
		    cond->compare == opposites[i].of) {
			ret->compare = opposites[i].plain;
			return true;
		}
	return false;
}

static void one_of(
    struct letters *letters, const struct cond *cond, struct table *ret)
{
	struct cond equal = *cond;
	struct table each;

	equal.kind = COND_COMPARE;
	equal.compare = COMPARE_EQ;
	equal.right_count = 1;
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < cond->right_count && !letters->too_many; i++) {
		equal.right = &cond->right[i];
		letter_table(letters, &equal, &each);
		if (!letters->too_many)
			combine(ret, &each, COND_OR);
	}
}

/* ---- conditions ------------------------------------------------------- */

static void cond_table(
    struct letters *letters, const struct cond *cond, struct table *ret)
{
	struct cond plain;
	struct table kid;

	if (cond->kind == COND_AND || cond->kind == COND_OR) {
		memset(ret, cond->kind == COND_AND ? 0xff : 0, sizeof(*ret));
		for (size_t i = 0; i < cond->kids_count; i++) {
			cond_table(letters, cond->kids[i], &kid);
			if (letters->too_many)
				return;
			combine(ret, &kid, cond->kind);
		}
	} else if (cond->kind == COND_NOT) {
		cond_table(letters, cond->kids[0], ret);
		invert(ret);
	} else if (cond->kind == COND_IN) {
		one_of(letters, cond, ret);
	} else {
		bool opposite = is_opposite(cond, &plain);

		letter_table(letters, &plain, ret);
		if (opposite)
			invert(ret);
	}
}

static bool has_unconditional(const struct retain *retains, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!retains[i].when)
			return true;
	return false;
}

/* Add what the periods cover to @covered. */
static void cover(struct letters *letters, const struct retain *retains,
    size_t count, struct table *covered)
{
	struct table table = { 0 };

	for (size_t i = 0; i < count && !letters->too_many; i++) {
		cond_table(letters, retains[i].when, &table);
		if (!letters->too_many)
			combine(covered, &table, COND_OR);
	}
}

/* A row that nothing covers, as a person would say it. */
static void open_row(
    const struct letters *letters, const struct table *covered, struct buf *ret)
{
	size_t word = 0, row;

	while (covered->words[word] == UINT64_MAX)
		word++;
	row = word * 64 + (size_t)__builtin_ctzll(~covered->words[word]);
	for (size_t i = 0; i < letters->count; i++)
		buf_addf(ret, "%s'%s' is %s", i ? ", " : "", letters->texts[i],
		    row >> i & 1 ? "so" : "not so");
}

static bool covers_all(const struct table *covered)
{
	for (size_t i = 0; i < WORDS; i++)
		if (covered->words[i] != UINT64_MAX)
			return false;
	return true;
}

static void say(struct policy *p, const struct clause *clause,
    const struct letters *letters, const struct table *covered)
{
	_cleanup_buf_ struct buf row = { 0 };

	if (letters->too_many) {
		check_error(p, clause->at, NULL,
		    "the 'retain' conditions of clause %s make more than %u "
		    "different comparisons: say one without 'when'",
		    clause->label, LETTERS_MAX);
		return;
	}
	if (!letters->count) {
		check_error(p, clause->at, NULL,
		    "neither clause %s nor its agreement says 'retain'",
		    clause->label);
		return;
	}
	open_row(letters, covered, &row);
	check_error(p, clause->at, NULL,
	    "no 'retain' of clause %s or its agreement holds when %.*s; one "
	    "without 'when' would close the gap",
	    clause->label, SLICE_ARG(buf_slice(&row)));
}

/* @common and @covered: what the agreement's own periods cover. */
static void check_clause(struct policy *p, const struct clause *clause,
    const struct letters *common, const struct table *covered)
{
	struct letters letters = { .count = common->count,
		.too_many = common->too_many };
	struct table table = *covered;

	for (size_t i = 0; i < common->count; i++)
		letters.texts[i] = mem_str(common->texts[i]);
	cover(&letters, clause->retains, clause->retains_count, &table);
	if (letters.too_many || !covers_all(&table))
		say(p, clause, &letters, &table);
	letters_deinit(&letters);
}

void check_retains(struct policy *p, const struct agreement *a)
{
	struct letters common = { 0 };
	struct table covered = { 0 };

	if (has_unconditional(a->retains, a->retains_count))
		return;
	cover(&common, a->retains, a->retains_count, &covered);
	for (size_t i = 0; i < a->clauses_count; i++) {
		const struct clause *clause = &a->clauses[i];

		if (!has_unconditional(clause->retains, clause->retains_count))
			check_clause(p, clause, &common, &covered);
	}
	letters_deinit(&common);
}
