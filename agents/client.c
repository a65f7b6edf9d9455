/* The command's side of the local API; client.h is the contract. */

#include "agents/client.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "agents/conf.h"
#include "util/buf.h"
#include "util/mem.h"

#define ANSWER_MAX (256u << 20) /* an inbox can be long */
#define TIMEOUT_S 60L

static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
	struct buf *answer = ctx;

	if (answer->len + size * count > ANSWER_MAX)
		return 0;
	buf_add(answer, data, size * count);
	return size * count;
}

char *client_escape(const char *text)
{
	struct buf out = { 0 };

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~/", c))
			buf_add_byte(&out, c);
		else
			buf_addf(&out, "%%%02X", c);
	}
	return buf_steal_str(&out);
}

/* Where agent.conf says, if we may read it; else DIR/api. */
static char *configured_socket(const char *dir)
{
	_cleanup_buf_ struct buf problems = { 0 };
	struct conf conf = { 0 };
	char *path;

	if (conf_load(dir, &conf, &problems) == 0)
		path = mem_str(conf.socket);
	else
		path = conf_path(dir, CONF_API);
	conf_deinit(&conf);
	return path;
}

/* A socket's path has room for 107 bytes: a longer one is reached through its
 * folder's descriptor, which the caller closes. */
static char *socket_path(const char *dir, int *ret_fd)
{
	_cleanup_free_ char *path = configured_socket(dir);
	char *slash = strrchr(path, '/');

	*ret_fd = -1;
	if (strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path) ||
	    !slash)
		return mem_steal(&path);
	*slash = '\0';
	*ret_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mem_format("/proc/self/fd/%d/%s", *ret_fd, slash + 1);
}

static CURLcode perform(const struct client_request *request,
    const char *socket, struct buf *answer, long *ret_status)
{
	_cleanup_free_ char *url = mem_format("http://agent%s", request->path);
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	CURLcode code;

	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (!strcmp(request->method, "POST")) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)request->body.len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
		    request->body.len ? (const char *)request->body.data : "");
	}
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return code;
}

static enum end end_of(long status)
{
	if (status < 300)
		return END_YES;
	if (status == 503 || status == 500)
		return END_LATER;
	if (status == 403 || status == 404 || status == 409 || status == 410)
		return END_NO;
	return END_WRONG;
}

static void print_failure(const json_t *answer, long status)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	const json_t *problem;
	size_t i;

	if (error)
		fprintf(stderr, "caveat: %s\n", error);
	else
		fprintf(stderr, "caveat: the agent answered %ld\n", status);
	json_array_foreach(json_object_get(answer, "problems"), i, problem)
	{
		fprintf(stderr, "  %s\n", json_string_value(problem));
	}
}

enum end client_ask(const struct client_request *request, json_t **ret)
{
	_cleanup_free_ char *socket = NULL;
	_cleanup_buf_ struct buf bytes = { 0 };
	json_error_t error;
	json_t *answer;
	CURLcode code;
	long status = 0;
	enum end end;
	int fd;

	if (!request->dir) {
		fputs("caveat: say --dir DIR, the agent's folder, or set"
		      " CAVEAT_DIR\n",
		    stderr);
		return END_WRONG;
	}
	socket = socket_path(request->dir, &fd);
	code = perform(request, socket, &bytes, &status);
	if (fd >= 0)
		close(fd);
	if (code != CURLE_OK) {
		fprintf(stderr,
		    "caveat: no agent answers at '%s/" CONF_API
		    "': %s; is `caveat-agent run` running?\n",
		    request->dir, curl_easy_strerror(code));
		return END_LATER;
	}
	answer = json_loadb((const char *)bytes.data, bytes.len, 0, &error);
	end = answer ? end_of(status) : END_LATER;
	if (end == END_YES) {
		*ret = answer;
		return END_YES;
	}
	print_failure(answer, status);
	json_decref(answer);
	return end;
}
