/*
 * Preloaded into the daemon: kills it at one point of its journal, counted from its start. There is
 * one before a file below KILL_DIRECTORY is put into its place or removed, and one after.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int points;

static int is_journal(const char *path)
{
	const char *directory = getenv("KILL_DIRECTORY");

	return directory && strncmp(path, directory, strlen(directory)) == 0;
}

static void pass_point(void)
{
	const char *wanted = getenv("KILL_POINT");

	if (wanted && atomic_fetch_add(&points, 1) + 1 == atoi(wanted))
		kill(getpid(), SIGKILL);
}

int rename(const char *from, const char *to)
{
	int (*next)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
	int result;

	if (!is_journal(to))
		return next(from, to);

	pass_point();
	result = next(from, to);
	pass_point();
	return result;
}

int unlink(const char *path)
{
	int (*next)(const char *) = dlsym(RTLD_NEXT, "unlink");
	int result;

	if (!is_journal(path))
		return next(path);

	pass_point();
	result = next(path);
	pass_point();
	return result;
}
