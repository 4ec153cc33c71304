// SPDX-License-Identifier: Apache-2.0
/* The commands that are no servers. */
#include "testimage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000L
#define MAX_LINE (1 << 20)
#define MEBIBYTE (1UL << 20)
#define REPORT_SIZE (256 * 1024)

static char report[REPORT_SIZE];

static void pause_forever(void) __attribute__((noreturn));

static void pause_forever(void)
{
	for (;;)
		pause();
}

static void sleep_ns(long long nanoseconds)
{
	struct timespec left = { .tv_sec = (time_t)(nanoseconds / NANOSECONDS),
				 .tv_nsec = (long)(nanoseconds % NANOSECONDS) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* On a busy machine logs of programs that ended at once have been found empty, with containerd 1.6:
 * who was started to say something stays a moment. */
static void linger(void)
{
	sleep_ns(NANOSECONDS / 4);
}

static int print(size_t size)
{
	bool written = write_all(STDOUT_FILENO, report, size);

	linger();
	return written ? 0 : 1;
}

int cmd_env(int argc, char **argv)
{
	(void)argc, (void)argv;
	return print(report_env(report, sizeof(report)));
}

int cmd_cgroup(int argc, char **argv)
{
	(void)argc, (void)argv;
	return print(report_file("/proc/self/cgroup", report, sizeof(report)));
}

int cmd_mounts(int argc, char **argv)
{
	(void)argc, (void)argv;
	return print(report_file("/proc/self/mountinfo", report, sizeof(report)));
}

int cmd_cat(int argc, char **argv)
{
	ssize_t got;

	(void)argc, (void)argv;
	while ((got = read(STDIN_FILENO, report, sizeof(report))) != 0) {
		if (got < 0 && errno != EINTR)
			die("read");
		if (got > 0 && !write_all(STDOUT_FILENO, report, (size_t)got))
			die("write");
	}

	return 0;
}

/* The lines of a file that begin with one of the texts, or all of them. */
int cmd_show(int argc, char **argv)
{
	static char line[MAX_LINE];
	FILE *file;

	if (argc < 1)
		usage();

	file = fopen(argv[0], "r");
	if (!file)
		die(argv[0]);

	while (fgets(line, sizeof(line), file)) {
		bool wanted = argc == 1;

		for (int i = 1; i < argc; i++)
			wanted |= !strncmp(line, argv[i], strlen(argv[i]));

		if (wanted)
			fputs(line, stdout);
	}

	bool lost = fclose(file) || fflush(stdout);

	linger();
	return lost;
}

/* A FUSE file system whose server never answers: whoever looks into it waits until we end. */
int cmd_hang_mount(int argc, char **argv)
{
	char options[64];
	int fuse;

	if (argc != 1)
		usage();

	fuse = open("/dev/fuse", O_RDWR);
	if (fuse < 0)
		die("/dev/fuse");

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	if (mount("hang", argv[0], "fuse", 0, options))
		die(argv[0]);

	printf("hanging %s\n", argv[0]);
	fflush(stdout);
	pause_forever();
}

int cmd_exit(int argc, char **argv)
{
	if (argc < 1 || argc > 2)
		usage();

	if (argc == 2)
		sleep_ns(parse_number(argv[1], 0, 86400000) * 1000000LL);

	return (int)parse_number(argv[0], 0, 255);
}

int cmd_sleep(int argc, char **argv)
{
	if (argc != 1)
		usage();

	sleep_ns(parse_number(argv[0], 0, 31536000) * (long long)NANOSECONDS);
	return 0;
}

int cmd_ignore_term(int argc, char **argv)
{
	(void)argv;
	if (argc != 0)
		usage();

	signal(SIGTERM, SIG_IGN);
	puts("ignoring SIGTERM");
	fflush(stdout);
	pause_forever();
}

/* Touches every page, so that the memory is charged and the OOM killer has a reason. */
int cmd_eat_memory(int argc, char **argv)
{
	long mebibytes;

	if (argc != 1)
		usage();

	mebibytes = parse_number(argv[0], 1, 1 << 20);
	for (long i = 0; i < mebibytes; i++) {
		char *block = malloc(MEBIBYTE);

		if (!block)
			die("malloc");

		memset(block, 1, MEBIBYTE);
		__asm__ volatile("" : : "r"(block) : "memory"); /* or the compiler drops it all */
	}

	printf("ate %ld MiB\n", mebibytes);
	fflush(stdout);
	pause_forever();
}

/* Writes a file of so many mebibytes and keeps it. */
int cmd_fill(int argc, char **argv)
{
	static char block[MEBIBYTE];
	long mebibytes;
	FILE *file;

	if (argc != 2)
		usage();

	mebibytes = parse_number(argv[1], 1, 1 << 20);
	file = fopen(argv[0], "w");
	if (!file)
		die(argv[0]);

	for (long i = 0; i < mebibytes; i++)
		if (fwrite(block, sizeof(block), 1, file) != 1)
			die("fwrite");

	if (fclose(file))
		die("fclose");

	printf("filled %ld MiB\n", mebibytes);
	fflush(stdout);
	pause_forever();
}

int cmd_write(int argc, char **argv)
{
	FILE *file;

	if (argc != 3)
		usage();

	file = fopen(argv[0], "w");
	if (!file || fputs(argv[1], file) < 0 || fclose(file))
		die(argv[0]);

	return parse_number(argv[2], 0, 255);
}

/* N children that wait; 0 forks from every process until the pids limit says no, which it must
 * have. */
int cmd_fork(int argc, char **argv)
{
	long wanted, forked = 0;

	if (argc != 1)
		usage();

	wanted = parse_number(argv[0], 0, 1 << 22);
	while (wanted == 0 || forked < wanted) {
		pid_t child = fork();

		if (child < 0) {
			fprintf(stderr, "fork refused: %s\n", strerror(errno));
			break;
		}

		if (child == 0 && wanted > 0)
			pause_forever();

		forked++;
	}

	printf("forked %ld\n", forked);
	fflush(stdout);
	pause_forever();
}

/* Lines "out 1 xxxx" and "err 2 xxxx" by turns, each SIZE bytes with its newline if that holds the
 * number. */
int cmd_log(int argc, char **argv)
{
	long count, size, rate;
	char *line;

	if (argc < 1 || argc > 3)
		usage();

	count = parse_number(argv[0], 0, 2147483647);
	size = argc > 1 ? parse_number(argv[1], 1, MAX_LINE) : 80;
	rate = argc > 2 ? parse_number(argv[2], 0, NANOSECONDS) : 0;
	line = malloc((size_t)size + 32);
	if (!line)
		die("malloc");

	for (long i = 1; i <= count; i++) {
		bool is_error = i % 2 == 0;
		int used = sprintf(line, "%s %ld ", is_error ? "err" : "out", i);

		if (used < size - 1) {
			memset(line + used, 'x', (size_t)(size - 1 - used));
			used = (int)size - 1;
		}

		line[used++] = '\n';
		if (!write_all(is_error ? STDERR_FILENO : STDOUT_FILENO, line, (size_t)used))
			die("write");

		if (rate > 0)
			sleep_ns(NANOSECONDS / rate);
	}

	free(line);
	return 0;
}
