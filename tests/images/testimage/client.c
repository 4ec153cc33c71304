// SPDX-License-Identifier: Apache-2.0
/* The commands that ask others, by the names that /etc/resolv.conf leads to. */
#include "testimage.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE (64 * 1024)

static struct addrinfo *look_up(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int error = getaddrinfo(host, port, &hints, &found);

	if (error) {
		fprintf(stderr, "testimage: look up %s: %s\n", host, gai_strerror(error));
		_exit(1);
	}

	return found;
}

/* One address in each line. */
int cmd_resolve(int argc, char **argv)
{
	char text[INET6_ADDRSTRLEN];

	if (argc != 1)
		usage();

	for (struct addrinfo *at = look_up(argv[0], NULL); at; at = at->ai_next) {
		if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST))
			return 1;
		puts(text);
	}

	return 0;
}

/* The body of an HTTP answer. */
int cmd_fetch(int argc, char **argv)
{
	static char answer[BUFFER_SIZE];
	struct addrinfo *server;
	char request[1024];
	size_t length = 0;
	char *body;
	ssize_t got;
	int fd, size;

	if (argc != 3)
		usage();

	parse_number(argv[1], 1, 65535);
	server = look_up(argv[0], argv[1]);
	fd = socket(server->ai_family, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, server->ai_addr, server->ai_addrlen) < 0)
		die("connect");

	size =
	    snprintf(request, sizeof(request),
		     "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", argv[2], argv[0]);
	if (size >= (int)sizeof(request))
		usage();
	if (!write_all(fd, request, (size_t)size))
		die("write");

	while ((got = read(fd, answer + length, sizeof(answer) - 1 - length)) > 0)
		length += (size_t)got;
	if (got < 0)
		die("read");

	body = strstr(answer, "\r\n\r\n");
	if (strncmp(answer, "HTTP/1.1 200 ", 13) || !body) {
		fprintf(stderr, "testimage: %s\n", answer);
		return 1;
	}

	body += 4;
	return write_all(STDOUT_FILENO, body, length - (size_t)(body - answer)) ? 0 : 1;
}
