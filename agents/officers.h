#ifndef AGENTS_OFFICERS_H
#define AGENTS_OFFICERS_H

/*
 * DIR/officers: which system user is which named officer, with which roles. A
 * line is
 *
 *     SYSTEM-USER "Named Officer" ROLE,ROLE
 *
 * and # begins a comment. The file is read again for each caller, so that an
 * officer who is taken out is out at once.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "util/why.h"

#define OFFICERS_FILE_MAX 65536u
#define OFFICER_NAME_MAX 128u

enum officer_role {
	ROLE_OFFICER = 1 << 0,    /* send, preview, read the inbox */
	ROLE_CHAIR = 1 << 1,      /* the same, for a group */
	ROLE_GOVERNANCE = 1 << 2, /* agreements */
	ROLE_AUDITOR = 1 << 3,    /* what was sent and received */
	ROLE_OPERATOR = 1 << 4,   /* status */
};

struct officer {
	char name[OFFICER_NAME_MAX + 1]; /* "DC 1234 A Singh" */
	unsigned roles;
};

/* Who the system user @uid is. False, with @why for the caller to read, when
 * the file does not name them, cannot be read or has a mistake in any line. */
bool officers_find(
    const char *path, uid_t uid, struct officer *ret, struct why *why);

/* "officer, operator": for people. @ret has room for 80 bytes. */
void officer_roles_text(unsigned roles, char ret[80]);

/* The name of system user @uid, or its number as text; caller frees. */
char *officers_system_user(uid_t uid);

#endif
