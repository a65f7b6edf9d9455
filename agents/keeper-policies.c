/*
 * The rules: gathered from the parts the broker sends, judged (rules.h), stored
 * and then taken, in this order, so that what we decide by is what a restart
 * finds. A set that does not hold together is refused whole: the old one, which
 * did, stays.
 */

#include <stdlib.h>
#include <string.h>

#include "agents/keeper-own.h"
#include "agents/print.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define SET_BYTES_MAX (64u << 20) /* of all texts in a set */
#define SET_PARTS_MAX 256u

void policies_drop(struct keeper *k)
{
	rules_texts_deinit(&k->assembling.texts);
	buf_deinit(&k->assembling.suspended);
	k->assembling = (struct assembling){ 0 };
}

/* Each remark a line of the operator's log. */
static void log_remarks(const struct buf *remarks)
{
	struct slice rest = buf_slice(remarks), line;

	while (print_next_line(&rest, &line))
		log_say(LOG_WARN, NULL, "policies: %.*s; leaving it out",
		    SLICE_ARG(line));
}

/* Consumes @texts. */
static int make(struct keeper *k, uint64_t number, struct rules_texts *texts,
    struct rules **ret, struct why *why)
{
	_cleanup_buf_ struct buf remarks = { 0 };
	struct rules_input input = {
		.number = number, .texts = texts, .own = &k->id->enrolment
	};
	int r = rules_new(&input, &remarks, ret, why);

	log_remarks(&remarks);
	return r;
}

/* Consumes @rules. */
static void take(struct keeper *k, struct rules *rules)
{
	struct rules *old;

	pthread_mutex_lock(&k->lock);
	old = k->rules;
	k->rules = rules;
	pthread_mutex_unlock(&k->lock);
	rules_unref(old);
}

void policies_load(struct keeper *k)
{
	_cleanup_texts_ struct rules_texts texts = { 0 };
	char name[STORE_NAME_MAX + 1] = "";
	struct rules *rules;
	struct store_txn *t;
	uint64_t number;
	struct why why;
	int r = store_read(k->store, &t);

	if (r < 0) {
		keeper_fail(k, "the store cannot be read", r);
		return;
	}
	number = store_counter(t, MAILBOX_POLICY);
	while (r == 0) {
		_cleanup_buf_ struct buf bytes = { 0 };

		r = mailbox_policy_next(t, name, &bytes);
		if (r == 0)
			rules_texts_add(
			    &texts, slice_str(name), buf_slice(&bytes));
	}
	store_end(t);
	if (r < 0)
		keeper_fail(k, "the policies cannot be read", r);
	else if (number && make(k, number, &texts, &rules, &why) == 0)
		take(k, rules);
	else if (number)
		log_say(LOG_ERROR, NULL,
		    "the policies in the store do not hold together (%s);"
		    " asking the broker for them again",
		    why.text);
}

static int store_set(struct keeper *k, const struct rules *rules)
{
	const struct rules_texts *texts = rules_texts(rules);
	_cleanup_free_ struct mailbox_text *rows =
	    mem_array(texts->count + 1, sizeof(*rows));
	struct store_txn *t;
	int r = store_begin(k->store, &t);

	if (r < 0)
		return r;
	for (size_t i = 0; i < texts->count; i++)
		rows[i] = (struct mailbox_text){
			.name = texts->items[i].name,
			.text = buf_slice(&texts->items[i].bytes),
		};
	mailbox_policies_replace(t, rules_number(rules), rows, texts->count);
	return store_commit(t);
}

static void finish(struct keeper *k)
{
	struct assembling *a = &k->assembling;
	struct rules *rules;
	struct why why;
	int r;

	rules_texts_add(
	    &a->texts, slice_str(RULES_SUSPENDED), buf_slice(&a->suspended));
	r = make(k, a->number, &a->texts, &rules, &why);
	if (r < 0) {
		log_say(LOG_ERROR, NULL,
		    "refused the broker's policies %llu: %s; those held stay",
		    (unsigned long long)a->number, why.text);
		keeper_trouble(k, "its policies are refused: %.200s", why.text);
		return;
	}
	r = store_set(k, rules);
	if (r != 0) {
		rules_unref(rules);
		if (r < 0)
			keeper_fail(k, "policies cannot be stored", r);
		else
			k->session.again = clock_monotonic() + KEEPER_AGAIN_MS;
		return;
	}
	log_say(LOG_INFO, NULL, "policies %llu are in force here",
	    (unsigned long long)a->number);
	take(k, rules);
}

/* NULL, or what is wrong with the part. */
static const char *add_part(
    struct assembling *a, const struct frame_policies *part)
{
	for (size_t i = 0; i < part->texts_count; i++) {
		const struct frame_text *text = &part->texts[i];

		if (text->name.len > STORE_NAME_MAX)
			return "a file's name is too long";
		a->bytes += text->text.len;
		rules_texts_add(&a->texts, text->name, text->text);
	}
	for (size_t i = 0; i < part->enrolments_count; i++) {
		_cleanup_free_ char *name =
		    mem_format("%zu" RULES_ENROLMENT, a->texts.count);

		a->bytes += part->enrolments[i].len;
		rules_texts_add(
		    &a->texts, slice_str(name), part->enrolments[i]);
	}
	for (size_t i = 0; i < part->suspended_count; i++) {
		a->bytes += part->suspended[i].len;
		buf_add_slice(&a->suspended, part->suspended[i]);
		buf_add_byte(&a->suspended, '\n');
	}
	if (a->bytes > SET_BYTES_MAX || a->texts.count > 2 * POLICY_TEXTS_MAX)
		return "the set is too large";
	return NULL;
}

void policies_frame(struct keeper *k, const struct frame_policies *part)
{
	struct assembling *a = &k->assembling;
	const char *fault = NULL;

	if (part->part == 1) {
		policies_drop(k);
		a->number = part->number;
		a->parts = part->parts;
		a->next = 1;
	}
	if (part->number != a->number || part->parts != a->parts ||
	    part->part != a->next || part->parts > SET_PARTS_MAX)
		fault = "its parts do not follow each other";
	if (!fault)
		fault = add_part(a, part);
	if (fault) {
		log_say(LOG_ERROR, NULL,
		    "refused the broker's policies %llu: %s; those held stay",
		    (unsigned long long)part->number, fault);
		policies_drop(k);
		return;
	}
	if (a->next++ < a->parts)
		return;
	finish(k);
	policies_drop(k);
}
