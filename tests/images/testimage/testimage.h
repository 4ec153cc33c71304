/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTIMAGE_H
#define TESTIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* main.c */
void die(const char *what) __attribute__((noreturn));
void usage(void) __attribute__((noreturn));
long parse_number(const char *text, long min, long max);

/* loop.c: one thread waits for all descriptors and calls whoever owns the one that is ready. */
struct watch {
	int fd;
	void (*ready)(struct watch *watch);
	void (*free)(struct watch *watch);
};

void loop_add(struct watch *watch);
void loop_remove(struct watch *watch);
void loop_run(void) __attribute__((noreturn));
bool write_all(int fd, const void *data, size_t size);

/* listen.c */
extern const char *bind_address;
int open_listener(const char *kind, int socktype, long port);
int accept_connection(int listener);

/* The servers: each adds its listener to the loop. */
void serve_http(long port);
void serve_tcp(long port);
void serve_udp(long port);
void serve_grpc(long port);

/* What /health of HTTP and the gRPC health service answer; switched by /health/fail and /health/ok.
 */
extern bool healthy;

/* report.c: text about the process, NUL-terminated; returns its length, cut to what fits. */
size_t report_env(char *out, size_t size);
size_t report_file(const char *path, char *out, size_t size);

/* commands.c */
int cmd_cat(int argc, char **argv);
int cmd_cgroup(int argc, char **argv);
int cmd_eat_memory(int argc, char **argv);
int cmd_env(int argc, char **argv);
int cmd_exit(int argc, char **argv);
int cmd_fill(int argc, char **argv);
int cmd_fork(int argc, char **argv);
int cmd_ignore_term(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_mounts(int argc, char **argv);
int cmd_hang_mount(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_sleep(int argc, char **argv);
int cmd_write(int argc, char **argv);

/* client.c */
int cmd_fetch(int argc, char **argv);
int cmd_resolve(int argc, char **argv);

#endif
