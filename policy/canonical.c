/*
 * The one written form of a value (rule 25): a signature is over bytes, and
 * "cv213ab" must not be another value than "CV21 3AB".
 */

#include "policy/decide.h"

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* 'A' stands for a letter, '9' for a digit. */
static bool has_shape(struct slice text, const char *shape)
{
	if (text.len != strlen(shape))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		bool fits = shape[i] == 'A'   ? is_upper(c)
			    : shape[i] == '9' ? is_digit(c)
					      : c == (uint8_t)shape[i];

		if (!fits)
			return false;
	}
	return true;
}

bool value_is_postcode(struct slice text)
{
	static const char *const shapes[] = { "A9 9AA", "A99 9AA", "A9A 9AA",
		"AA9 9AA", "AA99 9AA", "AA9A 9AA" };

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		if (has_shape(text, shapes[i]))
			return true;
	return false;
}

bool value_is_plate(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' ||
		    (text.data[i] >= 'a' && text.data[i] <= 'z'))
			return false;
	return true;
}

/* A type whose values have one form writes it over @text, which has room for
 * one byte more. */
static size_t upper_without_blanks(struct slice text, uint8_t *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == ' ')
			continue;
		ret[len++] = c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
	}
	return len;
}

bool value_canonical(enum type type, struct slice text, struct buf *out)
{
	uint8_t *at = buf_room(out, text.len + 1);
	size_t len;

	if (type != TYPE_POSTCODE && type != TYPE_PLATE) {
		buf_add_slice(out, text);
		return true;
	}
	len = upper_without_blanks(text, at);
	if (type == TYPE_POSTCODE && len > 3) {
		memmove(at + len - 2, at + len - 3, 3);
		at[len - 3] = ' ';
		len++;
	}
	if (type == TYPE_POSTCODE ? !value_is_postcode(slice_of(at, len))
				  : !value_is_plate(slice_of(at, len)))
		return false;
	out->len += len;
	return true;
}

bool policy_canonical(const struct policy *p, const char *vocabulary,
    struct slice path, struct slice text, struct buf *out)
{
	const struct vocabulary *v = vocabulary_cited(p, vocabulary);
	const struct field *f = v ? vocabulary_field(v, path) : NULL;

	return f && value_canonical(f->type, text, out);
}
