/* Who may use the agent; officers.h is the contract. */

#include "agents/officers.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "util/text.h"

static const struct {
	const char *name;
	enum officer_role role;
} role_names[] = {
	{ "officer", ROLE_OFFICER },
	{ "chair", ROLE_CHAIR },
	{ "governance", ROLE_GOVERNANCE },
	{ "auditor", ROLE_AUDITOR },
	{ "operator", ROLE_OPERATOR },
};

char *officers_system_user(uid_t uid)
{
	char room[16384];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(uid, &entry, room, sizeof(room), &found) == 0 && found)
		return mem_str(found->pw_name);
	return mem_format("%u", (unsigned)uid);
}

void officer_roles_text(unsigned roles, char ret[80])
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
		if (roles & role_names[i].role)
			len += (size_t)snprintf(ret + len, 80 - len, "%s%s",
			    len ? ", " : "", role_names[i].name);
}

static struct slice trim(struct slice s)
{
	while (s.len && (*s.data == ' ' || *s.data == '\t'))
		s = slice_of(s.data + 1, s.len - 1);
	while (
	    s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t' ||
			 s.data[s.len - 1] == '\r'))
		s.len--;
	return s;
}

/* Take what stands before @stop off the front of @s. */
static bool take_until(struct slice *s, char stop, struct slice *ret)
{
	const uint8_t *at = s->len ? memchr(s->data, stop, s->len) : NULL;

	if (!at)
		return false;
	*ret = slice_of(s->data, (size_t)(at - s->data));
	*s = slice_of(at + 1, s->len - ret->len - 1);
	return true;
}

static bool parse_roles(struct slice text, unsigned *ret)
{
	bool more = true;

	*ret = 0;
	while (more) {
		struct slice word;
		unsigned role = 0;

		more = take_until(&text, ',', &word);
		if (!more)
			word = text;
		for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
			if (slice_is(trim(word), role_names[i].name))
				role = role_names[i].role;
		if (!role)
			return false;
		*ret |= role;
	}
	return true;
}

/* NULL, or what is wrong with the line; @ret_user empty for a blank line. */
static const char *parse_line(
    struct slice line, struct slice *ret_user, struct officer *ret)
{
	struct slice user, name;

	line = trim(line);
	*ret_user = slice_of(NULL, 0);
	if (line.len == 0 || *line.data == '#')
		return NULL;
	if (!take_until(&line, '"', &user) || !take_until(&line, '"', &name))
		return "a line is: system-user \"Named Officer\" role,role";
	user = trim(user);
	if (user.len == 0 || memchr(user.data, ' ', user.len))
		return "a line begins with one system user";
	if (name.len == 0 || name.len > OFFICER_NAME_MAX || text_fault(name))
		return "the officer's name is empty, too long or not plain "
		       "text";
	if (!parse_roles(trim(line), &ret->roles))
		return "roles are officer, chair, governance, auditor and"
		       " operator, with commas between";
	memcpy(ret->name, name.data, name.len);
	ret->name[name.len] = '\0';
	*ret_user = user;
	return NULL;
}

bool officers_find(
    const char *path, uid_t uid, struct officer *ret, struct why *why)
{
	_cleanup_free_ char *wanted = officers_system_user(uid);
	_cleanup_buf_ struct buf bytes = { 0 };
	struct officer officer, found_officer;
	struct slice rest, line, user;
	unsigned number = 0;
	bool found = false;

	if (file_read(path, OFFICERS_FILE_MAX, &bytes, why) < 0)
		return false;
	buf_add_byte(&bytes, '\n');
	rest = buf_slice(&bytes);
	while (take_until(&rest, '\n', &line)) {
		const char *fault = parse_line(line, &user, &officer);

		number++;
		if (fault) {
			why_set(why, "%s:%u: %s", path, number, fault);
			return false;
		}
		if (user.len && slice_is(user, wanted)) {
			found = true;
			found_officer = officer;
		}
	}
	if (!found) {
		why_set(why,
		    "the system user '%s' is no officer of this agent; the"
		    " operator can name them in '%s'",
		    wanted, path);
		return false;
	}
	*ret = found_officer;
	return true;
}
