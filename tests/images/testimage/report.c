// SPDX-License-Identifier: Apache-2.0
#include "testimage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

size_t report_env(char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (char **entry = environ; *entry; entry++) {
		size_t length = strlen(*entry);

		if (used + length + 2 > size)
			break;

		memcpy(out + used, *entry, length);
		used += length;
		out[used++] = '\n';
		out[used] = '\0';
	}

	return used;
}

size_t report_file(const char *path, char *out, size_t size)
{
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return (size_t)snprintf(out, size, "%s: %s\n", path, strerror(errno));

	while (used + 1 < size) {
		ssize_t got = read(fd, out + used, size - used - 1);

		if (got <= 0)
			break;

		used += (size_t)got;
	}

	out[used] = '\0';
	close(fd);
	return used;
}
