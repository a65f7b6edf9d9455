/* Texts for the policy library; using.h is the contract. */

#include "agents/using.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/file.h"
#include "util/mem.h"
#include "wire/note.h"

static const char *const endings[] = { ".vocabulary", ".agreement", ".standing",
	".notice", ".partners" };

void using_deinit(struct using *u)
{
	for (size_t i = 0; i < u->count; i++) {
		buf_deinit(&u->texts[i]->bytes);
		for (size_t j = 0; j < u->texts[i]->signers; j++)
			free(u->texts[i]->signed_by[j]);
		free(u->texts[i]->signed_by);
		free(u->texts[i]->name);
		free(u->texts[i]);
	}
	free(u->texts);
	*u = (struct using){ 0 };
}

bool using_is_text(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strcmp(name + len - n, endings[i]))
			return true;
	}
	return false;
}

/* Set @text_len: all of it, or what stands before the signatures. */
static int split_note(struct using_text *text, struct why *why)
{
	struct slice bytes = buf_slice(&text->bytes);
	struct note note;

	text->text_len = bytes.len;
	if (!note_is_signed(bytes))
		return 0;
	if (!note_parse(bytes, &note, why)) {
		why_prefix(why, "%s", text->name);
		return -EINVAL;
	}
	text->text_len = note.text.len;
	return 0;
}

/* Consumes @name, and what is in @bytes. */
static int add(struct using *u, char *name, struct buf *bytes, struct why *why)
{
	struct using_text *text;
	int r;

	text = *mem_push(u->texts, u->count, u->cap) = mem_alloc(sizeof(*text));
	text->name = name;
	text->bytes = *bytes;
	*bytes = (struct buf){ 0 };
	r = split_note(text, why);
	if (r == 0 && u->count > POLICY_TEXTS_MAX) {
		why_set(why, "more than %u files, the limit", POLICY_TEXTS_MAX);
		r = -E2BIG;
	}
	return r;
}

int using_add_bytes(
    struct using *u, const char *name, struct slice bytes, struct why *why)
{
	_cleanup_buf_ struct buf copy = { 0 };

	buf_add_slice(&copy, bytes);
	return add(u, mem_str(name), &copy, why);
}

bool using_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

int using_add_file(struct using *u, const char *path, struct why *why)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	int r;

	if (!using_is_text(path)) {
		why_set(why,
		    "'%s' is none of *.vocabulary, *.agreement, *.standing,"
		    " *.notice and *.partners: a file's ending says what it"
		    " is",
		    path);
		return -EINVAL;
	}
	for (size_t i = 0; i < u->count; i++)
		if (using_same_file(u->texts[i]->name, path))
			return 0;
	r = file_read(path, POLICY_TEXT_MAX, &bytes, why);
	if (r < 0)
		return r;
	return add(u, mem_str(path), &bytes, why);
}

int using_add_dir(struct using *u, const char *dir, struct why *why)
{
	size_t before = u->count, len = strlen(dir);
	char **names = NULL;
	size_t count = 0;
	int r;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	r = file_list(dir, "", &names, &count, why);
	for (size_t i = 0; r == 0 && i < count; i++) {
		_cleanup_free_ char *path =
		    mem_format("%.*s/%s", (int)len, dir, names[i]);

		if (using_is_text(names[i]))
			r = using_add_file(u, path, why);
	}
	file_list_free(names, count);
	if (r < 0)
		return r;
	if (u->count == before) {
		why_set(why,
		    "'%s' holds no *.vocabulary, *.agreement, *.standing,"
		    " *.notice or *.partners file",
		    dir);
		return -ENOENT;
	}
	return 0;
}

void using_set_signers(struct using *u, const char *const *names, size_t count)
{
	struct using_text *text = u->texts[u->count - 1];

	text->signed_by = mem_array(count + 1, sizeof(*text->signed_by));
	text->signers = count;
	for (size_t i = 0; i < count; i++)
		text->signed_by[i] = mem_str(names[i]);
}

struct policy *using_load(const struct using *u)
{
	_cleanup_free_ struct policy_text *texts =
	    mem_array(u->count ? u->count : 1, sizeof(*texts));
	struct policy_input input = {
		.texts = texts, .count = u->count, .identities = u->identities
	};

	for (size_t i = 0; i < u->count; i++)
		texts[i] = (struct policy_text){
			.name = u->texts[i]->name,
			.text = slice_of(
			    u->texts[i]->bytes.data, u->texts[i]->text_len),
			.all_signed = !u->texts[i]->signed_by,
			.signed_by =
			    (const char *const *)u->texts[i]->signed_by,
			.signers = u->texts[i]->signers,
		};
	return policy_load(&input);
}
