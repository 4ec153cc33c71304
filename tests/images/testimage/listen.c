// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "testimage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512

const char *bind_address;

/* Tests ask for port 0 and read from this line which one they got; it also says "ready". */
static void announce(const char *kind, int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char port[8];

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
	    getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof(port),
			NI_NUMERICSERV))
		die("getsockname");

	printf("listening %s %s\n", kind, port);
	fflush(stdout);
}

static int try_bind(const char *host, int family, int socktype, const char *port)
{
	struct addrinfo hints = { .ai_family = family,
				  .ai_socktype = socktype,
				  .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *address;
	int on = 1, off = 0, fd;

	if (getaddrinfo(host, port, &hints, &address)) {
		errno = EADDRNOTAVAIL;
		return -1;
	}

	fd = socket(address->ai_family, socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		if (socktype == SOCK_STREAM)
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (address->ai_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		if (bind(fd, address->ai_addr, address->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}

	freeaddrinfo(address);
	return fd;
}

int open_listener(const char *kind, int socktype, long port)
{
	char service[8];
	int fd;

	snprintf(service, sizeof(service), "%ld", port);

	if (bind_address)
		fd = try_bind(bind_address, AF_UNSPEC, socktype, service);
	else if ((fd = try_bind(NULL, AF_INET6, socktype, service)) < 0)
		fd = try_bind(NULL, AF_INET, socktype, service); /* a kernel without IPv6 */

	if (fd < 0)
		die("bind");

	if (socktype == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		die("listen");

	announce(kind, fd);
	return fd;
}

/* -1 when there is none after all: the client gave up, or we are out of descriptors. */
int accept_connection(int listener)
{
	int on = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

	return fd;
}
