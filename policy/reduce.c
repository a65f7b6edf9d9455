/*
 * Reduced and masked values (rules 9, 23, 24). A reducer that does not suit a
 * value says so, and the value is withheld.
 */

#include "policy/decide.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/clock.h"
#include "util/text.h"

/* ---- which is coarser (rule 9) ---------------------------------------- */

/* The reducers that can be compared: by rank within a family. */
static const struct {
	uint8_t family;
	uint8_t rank;
} coarseness[] = {
	[REDUCE_NONE] = { 0, 0 },
	[REDUCE_MONTH] = { 1, 1 },
	[REDUCE_YEAR] = { 1, 2 },
	[REDUCE_AGE_BAND] = { 2, 0 },
	[REDUCE_SECTOR] = { 3, 1 },
	[REDUCE_DISTRICT] = { 3, 2 },
	[REDUCE_AREA] = { 3, 3 },
	[REDUCE_INITIALS] = { 4, 0 },
	[REDUCE_BAND] = { 5, 0 },
	[MASK_FIRST] = { 6, 0 },
	[MASK_LAST] = { 7, 0 },
};

bool reduction_covers(const struct reduction *a, const struct reduction *b)
{
	if (coarseness[a->kind].family != coarseness[b->kind].family)
		return false;
	if (a->kind == REDUCE_BAND)
		return a->n % b->n == 0;
	if (a->kind == MASK_FIRST || a->kind == MASK_LAST)
		return a->n <= b->n;
	return coarseness[a->kind].rank >= coarseness[b->kind].rank;
}

/* ---- forms ------------------------------------------------------------ */

static const struct {
	const char *name;
	enum reducer kind;
	bool counted;
} forms[] = {
	{ "month", REDUCE_MONTH, false },
	{ "year", REDUCE_YEAR, false },
	{ "age-band", REDUCE_AGE_BAND, false },
	{ "sector", REDUCE_SECTOR, false },
	{ "district", REDUCE_DISTRICT, false },
	{ "area", REDUCE_AREA, false },
	{ "initials", REDUCE_INITIALS, false },
	{ "band-", REDUCE_BAND, true },
	{ "first-", MASK_FIRST, true },
	{ "last-", MASK_LAST, true },
};

void policy_form(const char *to, struct buf *out)
{
	if (!strncmp(to, "keep ", 5))
		to += 5;
	for (; *to; to++)
		buf_add_byte(out, *to == ' ' ? '-' : (uint8_t)*to);
}

static bool parse_count(const char *s, uint32_t *ret)
{
	uint64_t n = 0;

	if (*s < '1' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		if ((n = n * 10 + (uint64_t)(*s - '0')) > UINT32_MAX)
			return false;
	*ret = (uint32_t)n;
	return !*s;
}

static bool parse_form(const char *form, struct reduction *ret)
{
	*ret = (struct reduction){ .name = form };
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t len = strlen(forms[i].name);

		ret->kind = forms[i].kind;
		if (!forms[i].counted && !strcmp(form, forms[i].name))
			return true;
		if (forms[i].counted && !strncmp(form, forms[i].name, len))
			return parse_count(form + len, &ret->n);
	}
	return false;
}

static bool parse_to(const char *to, struct reduction *ret)
{
	_cleanup_buf_ struct buf form = { 0 };

	policy_form(to, &form);
	buf_add_byte(&form, 0);
	return parse_form((const char *)form.data, ret);
}

bool policy_allows(const struct policy_verdict *possible,
    enum policy_action action, const char *to)
{
	int given = policy_closedness(action);
	int least = policy_closedness(possible->action);
	struct reduction a, b;

	if (given < least)
		return false;
	if (given == policy_closedness(POLICY_REFER) ||
	    given == policy_closedness(POLICY_WITHHOLD))
		return possible->told;
	if (given != policy_closedness(POLICY_REDUCE))
		return true;
	if (!to || !parse_to(to, &a))
		return false;
	if (given > least || !possible->to)
		return true;
	return parse_to(possible->to, &b) && reduction_covers(&a, &b);
}

/* ---- values ----------------------------------------------------------- */

/* A text that is written from left to right behind room for its head. */
struct writer {
	uint8_t *data;
	size_t len;
};

static struct writer writer_new(struct arena *arena, size_t most)
{
	return (struct writer){
		.data = (uint8_t *)arena_alloc(arena, PACKED_HEAD_MAX + most) +
			PACKED_HEAD_MAX,
	};
}

static void writer_add(struct writer *w, const void *data, size_t len)
{
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

static struct slice writer_value(struct writer *w)
{
	uint8_t head[PACKED_HEAD_MAX];
	size_t len = packed_text_head(w->len, head);

	memcpy(w->data - len, head, len);
	return slice_of(w->data - len, len + w->len);
}

static struct slice short_value(struct arena *arena, struct slice text)
{
	struct writer w = writer_new(arena, text.len);

	if (text.len)
		writer_add(&w, text.data, text.len);
	return writer_value(&w);
}

static bool reduce_date(const struct reducing *what, struct slice text,
    struct arena *arena, struct slice *ret)
{
	size_t keep = what->reduction->kind == REDUCE_MONTH ? 7 : 4;
	char band[32];
	int32_t born;
	int age;

	if (!clock_parse_day((const char *)text.data, text.len, &born))
		return false;
	if (what->reduction->kind != REDUCE_AGE_BAND) {
		*ret = short_value(arena, slice_of(text.data, keep));
		return true;
	}
	age = clock_age(born, what->sent_day);
	if (age < 0)
		return false;
	snprintf(band, sizeof(band), "%d-%d", age / 10 * 10, age / 10 * 10 + 9);
	*ret = short_value(arena, slice_str(band));
	return true;
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool reduce_postcode(const struct reducing *what, struct slice text,
    struct arena *arena, struct slice *ret)
{
	size_t keep;

	if (!value_is_postcode(text))
		return false;
	keep = text.len - 2;
	if (what->reduction->kind == REDUCE_DISTRICT)
		keep = text.len - 4;
	if (what->reduction->kind == REDUCE_AREA)
		for (keep = 0; is_upper(text.data[keep]); keep++)
			;
	*ret = short_value(arena, slice_of(text.data, keep));
	return true;
}

static bool is_letter_or_digit(uint32_t c)
{
	return text_is_letter(c) || text_is_digit(c);
}

static bool reduce_initials(
    struct slice text, struct arena *arena, struct slice *ret)
{
	/* Every initial takes a letter of its own, which no upper case makes
	 * longer than four bytes, and a full stop. */
	struct writer w = writer_new(arena, 5 * text.len);
	bool sought = true;

	for (size_t at = 0; at < text.len;) {
		uint32_t c = text_next(text, &at);
		uint8_t bytes[4];

		if (text_is_blank(c)) {
			sought = true;
		} else if (sought && text_is_letter(c)) {
			writer_add(&w, bytes, text_upper(c, bytes));
			writer_add(&w, ".", 1);
			sought = false;
		}
	}
	*ret = writer_value(&w);
	return w.len > 0;
}

/* The whole part of a number, rounded down. */
static bool floor_of(const struct reducing *what, int64_t *ret)
{
	struct literal decimal;
	struct slice text;

	if (what->field->type == TYPE_INTEGER)
		return packed_integer(what->value, ret);
	if (!packed_text(what->value, &text) ||
	    !literal_parse(DOMAIN_DECIMAL, NULL, text, &decimal))
		return false;
	for (; decimal.scale > 0; decimal.scale--)
		decimal.number =
		    decimal.number / 10 - (decimal.number % 10 < 0);
	*ret = decimal.number;
	return true;
}

/* The band of the largest integer ends beyond it. */
__extension__ typedef __int128 int128;
#define WIDE_TEXT 24

static void print_wide(int128 number, char ret[WIDE_TEXT])
{
	int64_t above = (int64_t)(number / 10);
	int digit = abs((int)(number % 10));

	if (above)
		snprintf(ret, WIDE_TEXT, "%" PRId64 "%d", above, digit);
	else
		snprintf(ret, WIDE_TEXT, "%s%d", number < 0 ? "-" : "", digit);
}

static bool reduce_band(
    const struct reducing *what, struct arena *arena, struct slice *ret)
{
	int64_t n = what->reduction->n, number;
	char low_text[WIDE_TEXT], high_text[WIDE_TEXT], band[2 * WIDE_TEXT + 4];
	int128 low;

	if (!floor_of(what, &number))
		return false;
	low = (int128)(number / n - (number % n < 0)) * n;
	print_wide(low, low_text);
	print_wide(low + n - 1, high_text);
	snprintf(band, sizeof(band), "%s%s%s", low_text, low < 0 ? " to " : "-",
	    high_text);
	*ret = short_value(arena, slice_str(band));
	return true;
}

static bool mask(const struct reduction *r, struct slice text,
    struct arena *arena, struct slice *ret)
{
	struct writer w = writer_new(arena, text.len);
	size_t count = 0, seen = 0, from, to;

	for (size_t at = 0; at < text.len;)
		count += is_letter_or_digit(text_next(text, &at));
	if ((uint64_t)r->n * 2 > count)
		return false;
	from = r->kind == MASK_FIRST ? 0 : count - r->n;
	to = r->kind == MASK_FIRST ? r->n : count;
	for (size_t at = 0, start = 0; at < text.len; start = at) {
		bool hides = is_letter_or_digit(text_next(text, &at));

		if (hides) {
			hides = seen < from || seen >= to;
			seen++;
		}
		if (hides)
			writer_add(&w, "*", 1);
		else
			writer_add(&w, text.data + start, at - start);
	}
	*ret = writer_value(&w);
	return true;
}

static uint32_t type_bit(enum type type)
{
	return UINT32_C(1) << type;
}

static uint32_t suitable(enum reducer kind)
{
	switch (kind) {
	case REDUCE_MONTH:
	case REDUCE_YEAR:
	case REDUCE_AGE_BAND:
		return type_bit(TYPE_DATE);
	case REDUCE_SECTOR:
	case REDUCE_DISTRICT:
	case REDUCE_AREA:
		return type_bit(TYPE_POSTCODE);
	case REDUCE_INITIALS:
		return type_bit(TYPE_TEXT);
	case REDUCE_BAND:
		return type_bit(TYPE_INTEGER) | type_bit(TYPE_DECIMAL);
	case MASK_FIRST:
	case MASK_LAST:
		return type_bit(TYPE_TEXT) | type_bit(TYPE_POSTCODE) |
		       type_bit(TYPE_PHONE) | type_bit(TYPE_PLATE) |
		       type_bit(TYPE_REFERENCE);
	case REDUCE_NONE:
		return 0;
	}
	return 0;
}

bool reduction_suits(const struct reduction *r, const struct field *field)
{
	return !field->set && suitable(r->kind) & type_bit(field->type);
}

bool reduction_apply(
    const struct reducing *what, struct arena *arena, struct slice *ret)
{
	const struct reduction *r = what->reduction;
	struct slice text = { 0 };

	if (!reduction_suits(r, what->field))
		return false;
	if (r->kind != REDUCE_BAND && !packed_text(what->value, &text))
		return false;
	switch (r->kind) {
	case REDUCE_MONTH:
	case REDUCE_YEAR:
	case REDUCE_AGE_BAND:
		return reduce_date(what, text, arena, ret);
	case REDUCE_SECTOR:
	case REDUCE_DISTRICT:
	case REDUCE_AREA:
		return reduce_postcode(what, text, arena, ret);
	case REDUCE_INITIALS:
		return reduce_initials(text, arena, ret);
	case REDUCE_BAND:
		return reduce_band(what, arena, ret);
	case MASK_FIRST:
	case MASK_LAST:
		return mask(r, text, arena, ret);
	case REDUCE_NONE:
		return false;
	}
	return false;
}

bool policy_apply_form(const struct policy *p,
    const struct policy_form_request *request, struct buf *out)
{
	struct reducing what = { .value = request->value };
	struct reduction reduction;
	struct arena arena = { 0 };
	const struct vocabulary *v;
	struct slice value;
	bool done;

	v = vocabulary_cited(p, request->vocabulary);
	what.field = v ? paths_find(v, request->path) : NULL;
	if (!what.field || !parse_form(request->form, &reduction))
		return false;
	what.reduction = &reduction;
	what.sent_day = clock_london_day(request->sent);
	done = reduction_apply(&what, &arena, &value);
	if (done)
		buf_add_slice(out, value);
	arena_deinit(&arena);
	return done;
}
