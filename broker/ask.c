/* Commands that ask: the running broker by its control socket, or, when none
 * runs, the same functions on the folder itself. */

#include <stdio.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/command.h"
#include "broker/control.h"
#include "util/file.h"
#include "util/mem.h"

/* What changes nothing takes no lock, so that it never is in the way of a
 * broker that starts. */
static bool only_looks(const char *verb)
{
	return !strcmp(verb, "status") || !strcmp(verb, "partners");
}

static int ask_folder(
    const char *dir, const struct request *request, struct reply *ret)
{
	_cleanup_buf_ struct buf problems = { 0 };
	struct broker b;
	int r = broker_open(dir, only_looks(request->verb), &b, &problems);

	*ret = (struct reply){ .code = EXIT_WRONG };
	if (r == 0) {
		struct office office = {
			.settings = &b.settings,
			.store = b.store,
			.record = b.record,
			.books = b.books,
		};

		office_answer(&office, request, ret);
	} else {
		buf_add_slice(&ret->err, buf_slice(&problems));
		if (r == STORE_LOCKED)
			ret->code = EXIT_LATER;
	}
	broker_close(&b);
	return 0;
}

static void print(const struct reply *reply)
{
	fwrite(reply->err.data, 1, reply->err.len, stderr);
	fwrite(reply->out.data, 1, reply->out.len, stdout);
}

/* The arguments of publish and enrol are files, read here with the caller's
 * rights. */
static bool takes_files(const char *verb)
{
	return !strcmp(verb, "publish") || !strcmp(verb, "enrol");
}

static bool read_files(
    const struct call *call, struct buf *bytes, struct office_file *files)
{
	struct why why;

	for (size_t i = 0; i < call->count; i++) {
		if (file_read(call->arguments[i], NOTE_BYTES_MAX, &bytes[i],
			&why) < 0) {
			fprintf(stderr, "caveat-broker %s: %s\n", call->verb,
			    why.text);
			return false;
		}
		files[i] = (struct office_file){ call->arguments[i],
			buf_slice(&bytes[i]) };
	}
	return true;
}

static int ask(const struct call *call, const struct request *request)
{
	struct reply reply = { 0 };
	struct why why;
	int r = control_ask(call->dir, request, &reply, &why);

	if (r == CONTROL_NOBODY)
		r = ask_folder(call->dir, request, &reply);
	if (r != 0) {
		fprintf(stderr, "caveat-broker %s: %s\n", call->verb, why.text);
		return EXIT_LATER;
	}
	print(&reply);
	r = reply.code;
	reply_deinit(&reply);
	return r;
}

int command_ask(const struct call *call)
{
	_cleanup_free_ struct buf *bytes =
	    mem_array(call->count + 1, sizeof(*bytes));
	_cleanup_free_ struct office_file *files =
	    mem_array(call->count + 1, sizeof(*files));
	_cleanup_free_ const char **words =
	    mem_array(call->count + 1, sizeof(*words));
	struct request request = {
		.verb = call->verb,
		.json = call->json,
		.arguments = words,
		.files = files,
	};
	int r = EXIT_WRONG;

	for (size_t i = 0; i < call->count; i++)
		words[i] = call->arguments[i];
	if (takes_files(call->verb))
		request.files_count = call->count;
	else
		request.arguments_count = call->count;
	if (!takes_files(call->verb) || read_files(call, bytes, files))
		r = ask(call, &request);
	for (size_t i = 0; i < call->count; i++)
		buf_deinit(&bytes[i]);
	return r;
}
