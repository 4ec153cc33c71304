// SPDX-License-Identifier: Apache-2.0
#include "testimage.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define MAX_WATCHES 1024
#define WRITE_TIMEOUT_MS 5000

static struct watch *watches[MAX_WATCHES];
static struct pollfd polls[MAX_WATCHES];
static size_t watch_count;

void loop_add(struct watch *watch)
{
	if (watch_count == MAX_WATCHES) {
		watch->free(watch);
		return;
	}

	watches[watch_count++] = watch;
}

void loop_remove(struct watch *watch)
{
	for (size_t i = 0; i < watch_count; i++) {
		if (watches[i] != watch)
			continue;

		watches[i] = watches[--watch_count];
		watch->free(watch);
		return;
	}
}

void loop_run(void)
{
	for (;;) {
		size_t count = watch_count;

		for (size_t i = 0; i < count; i++)
			polls[i] = (struct pollfd){ .fd = watches[i]->fd, .events = POLLIN };

		if (poll(polls, count, -1) < 0 && errno != EINTR)
			die("poll");

		/* From the end: a watch that removes itself is replaced by one already seen. */
		for (size_t i = count; i-- > 0;)
			if (polls[i].revents)
				watches[i]->ready(watches[i]);
	}
}

/* The sockets do not block, so a reader that does not read costs us its timeout and no more. */
bool write_all(int fd, const void *data, size_t size)
{
	const char *next = data;

	while (size > 0) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
		ssize_t written = write(fd, next, size);

		if (written > 0) {
			next += written;
			size -= (size_t)written;
			continue;
		}

		if (errno == EINTR)
			continue;

		if (errno != EAGAIN || poll(&poll_fd, 1, WRITE_TIMEOUT_MS) <= 0)
			return false;
	}

	return true;
}
