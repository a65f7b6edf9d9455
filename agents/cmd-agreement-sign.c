/*
 * caveat agreement sign: complete an agreement, show what is being signed, and
 * add our party's signature. Works with files only: the agree key need never be
 * on the agent's host.
 */

#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/command.h"
#include "agents/conf.h"
#include "agents/draft.h"
#include "agents/print.h"
#include "agents/texts.h"
#include "util/file.h"
#include "util/hash.h"
#include "wire/enrol.h"

struct signing {
	const char *file;
	char *dir; /* of the texts */
	struct using texts;
	struct enrolment own;
	struct key *key;
	struct buf note; /* the file as it will be */
	const struct options *options;
};

static enum end fail(const struct why *why)
{
	fprintf(stderr, "caveat: %s\n", why->text);
	return END_WRONG;
}

static int load_own(struct signing *s, struct why *why)
{
	_cleanup_free_ char *path = conf_path(s->options->dir, CONF_ENROLMENT);
	_cleanup_free_ char *usual =
	    mem_format("file:%s/" CONF_KEYS "/agree.pem", s->options->dir);
	const char *uri = s->options->agree_key ? s->options->agree_key : usual;
	_cleanup_buf_ struct buf bytes = { 0 };
	uint8_t public[KEY_BYTES];
	int r = file_read(path, ENROLMENT_BYTES_MAX, &bytes, why);

	if (r < 0)
		return r;
	if (!enrolment_parse(buf_slice(&bytes), &s->own, why)) {
		why_prefix(why, "%s", path);
		return -EINVAL;
	}
	r = key_load(KEY_ED25519, uri, &s->key, why);
	if (r < 0)
		return r;
	key_public(s->key, public);
	if (!memcmp(public, s->own.agree.public, KEY_BYTES))
		return 0;
	why_set(why, "the key '%s' is not the agree key of '%s'", uri, path);
	return -EINVAL;
}

/* The file's own text among those of the folder. */
static const struct using_text *own_text(const struct signing *s)
{
	for (size_t i = 0; i < s->texts.count; i++)
		if (using_same_file(s->texts.texts[i]->name, s->file))
			return s->texts.texts[i];
	return NULL;
}

static int prepare(struct signing *s, struct why *why)
{
	const struct using_text *text;
	struct slice plain;
	int r = using_add_dir(&s->texts, s->dir, why);

	if (r == 0)
		r = using_add_file(&s->texts, s->file, why);
	if (r < 0)
		return r;
	text = own_text(s);
	plain = slice_of(text->bytes.data, text->text_len);
	if (draft_is_ready(plain)) {
		buf_add_slice(&s->note, buf_slice(&text->bytes));
		return 0;
	}
	if (text->text_len < text->bytes.len) {
		why_set(why,
		    "'%s' was signed without identities and pins; begin again"
		    " from the unsigned text",
		    s->file);
		return -EINVAL;
	}
	return draft_complete(&s->texts, text, s->dir, &s->note, why);
}

/* The text, with what it stands on, as the exchange will read it. */
static enum end check(struct signing *s, struct slice text)
{
	_cleanup_using_ struct using stands_on = { .identities = true };
	_cleanup_policy_ struct policy *p = NULL;
	struct why why;

	if (draft_gather(&s->texts, s->file, text, &stands_on, &why) < 0)
		return fail(&why);
	p = using_load(&stands_on);
	texts_print_problems(p);
	if (!policy_errors(p))
		return END_YES;
	fputs("caveat: not signed\n", stderr);
	return END_WRONG;
}

/* Eight groups of four: enough to compare over a telephone. */
static void fingerprint(const void *data, size_t len, char ret[40])
{
	uint8_t hash[HASH_BYTES];

	hash_bytes(data, len, hash);
	for (size_t i = 0, at = 0; i < 16; i += 2, at += 5)
		snprintf(ret + at, 40 - at, "%02x%02x%s", hash[i], hash[i + 1],
		    i < 14 ? " " : "");
}

static void add_party(
    json_t *list, const struct policy_identity *party, const struct note *note)
{
	struct vkey vkey;
	struct why why;
	char text[40];
	bool good = vkey_parse(slice_str(party->agree), &vkey, &why);

	if (good)
		fingerprint(vkey.public, KEY_BYTES, text);
	json_array_append_new(
	    list, json_pack("{ss ss ss ss sb}", "partner", party->partner,
		      "kind", party->kind, "clearance", party->clearance, "key",
		      good ? text : "?", "signed",
		      good && note_verify(note, &vkey) == NOTE_SIGNED));
}

static void print_people(const json_t *done)
{
	const json_t *party;
	size_t i;

	printf("signed %s as %s\n"
	       "read aloud to the other parties and compare:\n"
	       "  %-32s %s\n",
	    print_member(done, "file"), print_member(done, "signed-as"),
	    "the text", print_member(done, "text"));
	json_array_foreach(json_object_get(done, "parties"), i, party)
	{
		printf("  %-32s %s  %s, %s%s\n", print_member(party, "partner"),
		    print_member(party, "key"), print_member(party, "kind"),
		    print_member(party, "clearance"),
		    json_is_true(json_object_get(party, "signed")) ? "  signed"
								   : "");
	}
}

/* What was signed, with the keys of all parties. */
static json_t *describe(struct signing *s, const struct note *note)
{
	_cleanup_using_ struct using stands_on = { .identities = true };
	_cleanup_policy_ struct policy *p = NULL;
	struct policy_agreement_info info;
	struct policy_identity *parties;
	struct arena arena = { 0 };
	json_t *list = json_array(), *json;
	char text[40];
	struct why why;

	draft_gather(&s->texts, s->file, note->text, &stands_on, &why);
	p = using_load(&stands_on);
	for (size_t i = 0; i < policy_agreements(p); i++) {
		size_t count;

		policy_agreement(p, i, &arena, &info);
		if (strcmp(info.file, s->file) != 0)
			continue;
		count = policy_identities(p, i, &arena, &parties);
		for (size_t j = 0; j < count; j++)
			add_party(list, &parties[j], note);
	}
	arena_deinit(&arena);
	fingerprint(note->text.data, note->text.len, text);
	json = json_pack("{ss ss ss so}", "file", s->file, "signed-as",
	    s->own.partner, "text", text, "parties", list);
	return json;
}

static enum end sign(struct signing *s)
{
	struct slice text = buf_slice(&s->note);
	struct note note;
	struct why why;
	json_t *done;
	enum end end;
	int r;

	if (note_is_signed(text)) {
		if (!note_parse(text, &note, &why))
			return fail(&why);
		text = note.text;
	}
	end = check(s, text);
	if (end != END_YES)
		return end;
	r = note_sign(&s->note, s->own.agree.name, s->key, &why);
	if (r < 0 && r != -EEXIST)
		return fail(&why);
	if (!note_parse(buf_slice(&s->note), &note, &why) ||
	    (r == 0 &&
		file_write(s->file, buf_slice(&s->note), 0644, &why) < 0))
		return fail(&why);
	done = describe(s, &note);
	if (s->options->json) {
		print_document(done);
		return END_YES;
	}
	print_people(done);
	json_decref(done);
	return END_YES;
}

static enum end run(const struct options *options)
{
	_cleanup_free_ char *copy = mem_str(options->args[0]);
	struct signing s = { .file = options->args[0], .options = options };
	struct why why;
	enum end end;

	if (!options->dir) {
		fputs("caveat: say --dir DIR, the agent's folder, or set"
		      " CAVEAT_DIR\n",
		    stderr);
		return END_WRONG;
	}
	s.dir = mem_str(options->using ? options->using : dirname(copy));
	if (load_own(&s, &why) < 0 || prepare(&s, &why) < 0)
		end = fail(&why);
	else
		end = sign(&s);
	key_free(s.key);
	using_deinit(&s.texts);
	buf_deinit(&s.note);
	free(s.dir);
	return end;
}

const struct command cmd_agreement_sign = {
	.name = "agreement sign",
	.args = "FILE",
	.summary = "Sign an agreement as our party",
	.text = "Before the first signature, writes into FILE who each party is"
		" (kind and clearance from the *.partners files, the agree key"
		" from the *.enrolment files, of --using DIR or else of FILE's"
		" own folder) and the digests of the vocabulary, umbrella and"
		" standing rules. Then adds our signature, with the key"
		" DIR/keys/agree.pem of --dir or that of --agree-key, and"
		" prints short digests to read aloud.",
	.takes = "jduK",
	.least = 1,
	.most = 1,
	.run = run,
};
