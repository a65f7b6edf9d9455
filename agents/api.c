/* The local API's door; api.h is the contract. */

#include "agents/api.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/mem.h"

#define IDLE_S 120
#define BACKLOG 64

struct api {
	struct MHD_Daemon *daemon;
	char *path;
	char *officers;
	void (*handle)(void *ctx, const struct api_request *request,
	    struct api_reply *ret);
	void *ctx;
};

/* What is gathered of a request between the calls for it. */
struct pending {
	struct buf body;
	bool too_large;
};

void api_fail(struct api_reply *reply, unsigned status, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		abort();
	va_end(args);
	json_decref(reply->json);
	reply->status = status;
	reply->json = json_pack("{ss}", "error", message);
	if (!reply->json) /* the text was not UTF-8 */
		reply->json = json_pack("{ss}", "error", "unreadable");
}

const char *api_argument(const struct api_request *request, const char *name)
{
	return MHD_lookup_connection_value(
	    request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result send_reply(
    struct MHD_Connection *connection, struct api_reply *reply)
{
	char *text = json_dumps(reply->json, JSON_INDENT(2));
	struct MHD_Response *response;
	enum MHD_Result r;

	json_decref(reply->json);
	if (!text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(
	    strlen(text), text, MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", "application/json");
	r = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return r;
}

static bool find_officer(const struct api *api,
    struct MHD_Connection *connection, struct officer *ret, struct why *why)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED,
			 &peer, &len) < 0) {
		why_set(why, "the system does not say who is calling");
		return false;
	}
	return officers_find(api->officers, peer.uid, ret, why);
}

static enum MHD_Result answer(struct api *api,
    struct MHD_Connection *connection, struct api_request *request,
    const struct pending *pending)
{
	struct api_reply reply = { .status = 500 };
	struct officer officer;
	struct why why;

	request->officer = &officer;
	request->connection = connection;
	request->body = buf_slice(&pending->body);
	if (!find_officer(api, connection, &officer, &why))
		api_fail(&reply, 403, "%s", why.text);
	else if (pending->too_large)
		api_fail(&reply, 413, "more than %u bytes", API_BODY_MAX);
	else
		api->handle(api->ctx, request, &reply);
	if (!reply.json)
		api_fail(&reply, 500, "no answer could be made");
	return send_reply(connection, &reply);
}

/* Called when a request's head is there, for each piece of its body, and at its
 * end. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_len, void **state)
{
	struct api_request request = { .method = method, .path = url };
	struct pending *pending = *state;

	if (!pending) {
		*state = mem_alloc(sizeof(struct pending));
		return MHD_YES;
	}
	if (*upload_len == 0)
		return answer(ctx, connection, &request, pending);
	if (pending->body.len + *upload_len > API_BODY_MAX)
		pending->too_large = true;
	else
		buf_add(&pending->body, upload, *upload_len);
	*upload_len = 0;
	return MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *connection,
    void **state, enum MHD_RequestTerminationCode code)
{
	struct pending *pending = *state;

	if (pending)
		buf_deinit(&pending->body);
	free(pending);
	*state = NULL;
}

/* A socket's path has room for 107 bytes: a longer one is reached through its
 * folder's descriptor. */
static int make_address(const char *path, struct sockaddr_un *ret, int *ret_dir)
{
	_cleanup_free_ char *copy = mem_str(path), *folder = mem_str(path);
	size_t room = sizeof(ret->sun_path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*ret_dir = -1;
	if (strlen(path) < room) {
		strcpy(ret->sun_path, path);
		return 0;
	}
	*ret_dir = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return -errno;
	if ((size_t)snprintf(ret->sun_path, room, "/proc/self/fd/%d/%s",
		*ret_dir, basename(copy)) >= room)
		return -ENAMETOOLONG;
	return 0;
}

static int listen_at(const char *path, struct why *why)
{
	struct sockaddr_un address;
	int dir, fd = -1, error, r = make_address(path, &address, &dir);

	if (r == 0) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		r = fd < 0 ? -errno : 0;
	}
	/* The store's lock says that no other agent is alive here. */
	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		r = -errno;
	if (r == 0 &&
	    (chmod(address.sun_path, 0660) < 0 || listen(fd, BACKLOG) < 0))
		r = -errno;
	if (dir >= 0)
		close(dir);
	if (r == 0)
		return fd;
	error = -r;
	why_set(why, "cannot listen at '%s': %s", path, strerror(error));
	if (fd >= 0)
		close(fd);
	return r;
}

int api_start(
    const struct api_config *config, struct api **ret, struct why *why)
{
	struct api *api;
	int fd = listen_at(config->path, why);

	if (fd < 0)
		return fd;
	api = mem_alloc(sizeof(*api));
	api->path = mem_str(config->path);
	api->officers = mem_str(config->officers);
	api->handle = config->handle;
	api->ctx = config->ctx;
	api->daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION |
					   MHD_USE_INTERNAL_POLLING_THREAD |
					   MHD_USE_POLL | MHD_USE_ITC,
	    0, NULL, NULL, on_request, api, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, config->connections,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (!api->daemon) {
		why_set(why, "cannot serve the local API at '%s'", api->path);
		close(fd);
		api_stop(api);
		return -EIO;
	}
	*ret = api;
	return 0;
}

struct api *api_stop(struct api *api)
{
	if (!api)
		return NULL;
	if (api->daemon) {
		MHD_stop_daemon(api->daemon);
		unlink(api->path);
	}
	free(api->path);
	free(api->officers);
	free(api);
	return NULL;
}
