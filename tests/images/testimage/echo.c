// SPDX-License-Identifier: Apache-2.0
/* Echo over TCP and UDP. */
#include "testimage.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[65536];

static void free_connection(struct watch *watch)
{
	close(watch->fd);
	free(watch);
}

static void connection_ready(struct watch *watch)
{
	ssize_t got = read(watch->fd, buffer, sizeof(buffer));

	if (got <= 0 || !write_all(watch->fd, buffer, (size_t)got))
		loop_remove(watch);
}

static void listener_ready(struct watch *listener)
{
	struct watch *watch;
	int fd = accept_connection(listener->fd);

	if (fd < 0)
		return;

	watch = malloc(sizeof(*watch));
	if (!watch)
		die("malloc");

	*watch = (struct watch){ .fd = fd, .ready = connection_ready, .free = free_connection };
	loop_add(watch);
}

static void datagram_ready(struct watch *watch)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	ssize_t got =
	    recvfrom(watch->fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);

	/* An answer that cannot be sent is lost, as datagrams are. */
	if (got >= 0)
		sendto(watch->fd, buffer, (size_t)got, 0, (struct sockaddr *)&from, length);
}

void serve_tcp(long port)
{
	static struct watch listener = { .ready = listener_ready };

	listener.fd = open_listener("tcp", SOCK_STREAM, port);
	loop_add(&listener);
}

void serve_udp(long port)
{
	static struct watch socket = { .ready = datagram_ready };

	socket.fd = open_listener("udp", SOCK_DGRAM, port);
	loop_add(&socket);
}
