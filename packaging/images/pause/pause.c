// SPDX-License-Identifier: Apache-2.0
/*
 * The process that holds a pod's namespaces open. It is PID 1 of a pod that shares its PID
 * namespace, so it must reap orphans, and the kernel gives PID 1 no default action for any signal,
 * so it must ask for its own end.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PAUSE_VERSION
#define PAUSE_VERSION "unversioned"
#endif

static void reap_all(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int wait_for_end(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);

	/* Blocked and waited for: no handler, hence nothing that could race with one. */
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0) {
		perror("pause: sigprocmask");
		return 1;
	}

	for (;;) {
		int signal = sigwaitinfo(&signals, NULL);

		if (signal == SIGINT || signal == SIGTERM)
			return 0;

		reap_all();
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "-v") == 0) {
		puts("pause " PAUSE_VERSION);
		return 0;
	}

	if (argc > 1) {
		fputs("usage: pause [-v]\n", stderr);
		return 2;
	}

	return wait_for_end();
}
