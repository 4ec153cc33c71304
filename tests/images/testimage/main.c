// SPDX-License-Identifier: Apache-2.0
/* One static program for what tests want a container to do. README.md lists the commands. */
#include "testimage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct server {
	const char *flag;
	const char *command;
	void (*serve)(long port);
};

static const struct server servers[] = {
	{ "--http", "http", serve_http },
	{ "--tcp", "tcp", serve_tcp },
	{ "--udp", "udp", serve_udp },
	{ "--grpc", "grpc-health", serve_grpc },
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};

/* One command in a line. */
/* clang-format off */
static const struct command commands[] = {
	{ "cat", cmd_cat },
	{ "cgroup", cmd_cgroup },
	{ "eat-memory", cmd_eat_memory },
	{ "env", cmd_env },
	{ "exit", cmd_exit },
	{ "fetch", cmd_fetch },
	{ "fill", cmd_fill },
	{ "fork", cmd_fork },
	{ "hang-mount", cmd_hang_mount },
	{ "ignore-term", cmd_ignore_term },
	{ "log", cmd_log },
	{ "mounts", cmd_mounts },
	{ "resolve", cmd_resolve },
	{ "show", cmd_show },
	{ "sleep", cmd_sleep },
	{ "write", cmd_write },
};
/* clang-format on */

void die(const char *what)
{
	fprintf(stderr, "testimage: %s: %s\n", what, strerror(errno));
	exit(1);
}

void usage(void)
{
	fputs("usage: testimage COMMAND [ARGUMENT...]\n"
	      "  serve [--bind ADDRESS] [--http PORT] [--tcp PORT] [--udp PORT] [--grpc PORT]\n"
	      "  http|tcp|udp|grpc-health PORT\n"
	      "  exit CODE [AFTER_MS] | sleep SECONDS | ignore-term | cat | env | cgroup | mounts\n"
	      "  eat-memory MIB | fork N | fill FILE MIB | write FILE TEXT CODE\n"
	      "  resolve NAME | fetch HOST PORT PATH\n"
	      "  log COUNT [SIZE] [LINES_PER_SECOND]\n",
	      stderr);
	exit(2);
}

long parse_number(const char *text, long min, long max)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < min || number > max)
		usage();

	return number;
}

static void end(int signal)
{
	(void)signal;
	_exit(0);
}

/* The kernel ignores signals that PID 1 has no handler for. */
static void end_on_term(void)
{
	struct sigaction action = { .sa_handler = end };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static const struct server *find_server(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
		if (!strcmp(servers[i].flag, name) || !strcmp(servers[i].command, name))
			return &servers[i];

	return NULL;
}

static void serve_all(int argc, char **argv)
{
	if (argc < 2 || argc % 2)
		usage();

	for (int i = 0; i < argc; i += 2) {
		const struct server *server = find_server(argv[i]);

		if (!strcmp(argv[i], "--bind"))
			bind_address = argv[i + 1];
		else if (server)
			server->serve(parse_number(argv[i + 1], 0, 65535));
		else
			usage();
	}

	loop_run();
}

int main(int argc, char **argv)
{
	if (argc < 2)
		usage();

	end_on_term();
	signal(SIGPIPE, SIG_IGN); /* a client that went away is no reason to die */

	if (!strcmp(argv[1], "serve"))
		serve_all(argc - 2, argv + 2);

	if (find_server(argv[1]))
		serve_all(argc - 1, argv + 1);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run(argc - 2, argv + 2);

	usage();
}
