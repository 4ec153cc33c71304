// SPDX-License-Identifier: Apache-2.0
/* HTTP/1.1, one request per connection: enough for probes, port-forward and load balancing tests.
 */
#include "testimage.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUEST 8192
#define BODY_SIZE (256 * 1024)

struct connection {
	struct watch watch; /* first: a watch of ours is a connection */
	size_t used;
	char request[MAX_REQUEST + 1];
};

bool healthy = true;

static char body[BODY_SIZE];

static bool respond(int fd, long status, size_t size)
{
	char head[256];
	int length = snprintf(head, sizeof(head),
			      "HTTP/1.1 %ld %s\r\nContent-Type: text/plain\r\n"
			      "Content-Length: %zu\r\nConnection: close\r\n\r\n",
			      status, status < 400 ? "OK" : "Error", size);

	return write_all(fd, head, (size_t)length) && write_all(fd, body, size);
}

static size_t describe(int fd, const char *path)
{
	char host[256] = "", peer[64] = "", port[8] = "";
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	gethostname(host, sizeof(host) - 1);
	if (!getpeername(fd, (struct sockaddr *)&address, &length))
		getnameinfo((struct sockaddr *)&address, length, peer, sizeof(peer), port,
			    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);

	return (size_t)snprintf(body, sizeof(body), "hostname %s\npath %s\nclient %s %s\n", host,
				path, peer, port);
}

static size_t say(const char *text)
{
	return (size_t)snprintf(body, sizeof(body), "%s\n", text);
}

/* The number at the end of "/status/404", or -1 when the path is another or the number out of
 * bounds. */
static long number_after(const char *path, const char *prefix, long min, long max)
{
	size_t length = strlen(prefix);
	char *end;
	long number;

	if (strncmp(path, prefix, length))
		return -1;

	number = strtol(path + length, &end, 10);
	return end == path + length || *end || number < min || number > max ? -1 : number;
}

static void answer(int fd, const char *path)
{
	long number;

	if (!strcmp(path, "/env")) {
		respond(fd, 200, report_env(body, sizeof(body)));
	} else if (!strcmp(path, "/cgroup")) {
		respond(fd, 200, report_file("/proc/self/cgroup", body, sizeof(body)));
	} else if (!strcmp(path, "/mounts")) {
		respond(fd, 200, report_file("/proc/self/mountinfo", body, sizeof(body)));
	} else if (!strcmp(path, "/health")) {
		respond(fd, healthy ? 200 : 503, say(healthy ? "ok" : "failing"));
	} else if (!strcmp(path, "/health/ok") || !strcmp(path, "/health/fail")) {
		healthy = !strcmp(path, "/health/ok");
		respond(fd, 200, say("switched"));
	} else if ((number = number_after(path, "/status/", 200, 599)) >= 0) {
		respond(fd, number, say("as you wish"));
	} else if ((number = number_after(path, "/exit/", 0, 255)) >= 0) {
		respond(fd, 200, say("exiting"));
		_exit((int)number);
	} else {
		respond(fd, 200, describe(fd, path));
	}
}

static void free_connection(struct watch *watch)
{
	close(watch->fd);
	free(watch);
}

/* "GET /path?query HTTP/1.1": the path is all that matters. */
static void answer_request(struct connection *connection)
{
	char *path = strchr(connection->request, ' ');
	char *end;

	if (!path)
		return;

	end = strpbrk(++path, " ?\r\n");
	if (!end)
		return;

	*end = '\0';
	answer(connection->watch.fd, path);
}

static void connection_ready(struct watch *watch)
{
	struct connection *connection = (struct connection *)watch;
	ssize_t got =
	    read(watch->fd, connection->request + connection->used, MAX_REQUEST - connection->used);

	if (got <= 0) {
		loop_remove(watch);
		return;
	}

	connection->used += (size_t)got;
	connection->request[connection->used] = '\0';

	if (strstr(connection->request, "\r\n\r\n")) {
		answer_request(connection);
		shutdown(watch->fd, SHUT_WR);
		loop_remove(watch);
	} else if (connection->used == MAX_REQUEST) {
		respond(watch->fd, 431, say("request too large"));
		loop_remove(watch);
	}
}

static void listener_ready(struct watch *listener)
{
	struct connection *connection;
	int fd = accept_connection(listener->fd);

	if (fd < 0)
		return;

	connection = malloc(sizeof(*connection));
	if (!connection)
		die("malloc");

	connection->watch =
	    (struct watch){ .fd = fd, .ready = connection_ready, .free = free_connection };
	connection->used = 0;
	loop_add(&connection->watch);
}

void serve_http(long port)
{
	static struct watch listener = { .ready = listener_ready };

	listener.fd = open_listener("http", SOCK_STREAM, port);
	loop_add(&listener);
}
