// Hands a CNI call to the noded that runs on this machine, before the runtime of the managed part starts: that start
// costs four times as much as the call itself. Where nobody serves, or whoever serves is not this very binary in these
// very namespaces, nothing has happened yet and the process goes on as the plugin itself.
//
// PluginServer.cs is the other end; the same file on disk is always the same version of both. Bytes on the socket:
//
//   caller    name=bridge NUL caller=EXE;NETNS;MNTNS NUL CNI_COMMAND=ADD NUL ... NUL NUL
//   server    'A' (accepted) or anything else, or nothing at all
//   caller    standard input, then shutdown(2)
//   server    the exit code, one byte, then standard output until it closes

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_SIZE = 64 * 1024, CHUNK_SIZE = 16 * 1024 };

static const char socket_name[] = "noded.sock";

// In the binary's zeroed pages: they cost something only when they are used.
static char request[REQUEST_SIZE];
static char chunk[CHUNK_SIZE];

// Both return the new length, or one that fits nowhere.
static size_t append(size_t length, const char *text)
{
	size_t size = strlen(text);

	if (length > sizeof(request) || size > sizeof(request) - length)
		return sizeof(request) + 1;
	memcpy(request + length, text, size);
	return length + size;
}

static size_t append_file(size_t length, const char *path, const char *separator)
{
	struct stat file;
	char text[64];

	if (stat(path, &file) < 0)
		return sizeof(request) + 1;
	snprintf(text, sizeof(text), "%u:%u:%llu%s", major(file.st_dev), minor(file.st_dev),
		 (unsigned long long)file.st_ino, separator);
	return append(length, text);
}

static size_t append_nul(size_t length)
{
	if (length >= sizeof(request))
		return sizeof(request) + 1;
	request[length] = '\0';
	return length + 1;
}

static size_t write_request(const char *name, char **environment)
{
	size_t length = append(0, "name=");

	length = append_nul(append(length, name));
	length = append(length, "caller=");
	length = append_file(length, "/proc/self/exe", ";");
	length = append_file(length, "/proc/self/ns/net", ";");
	length = append_nul(append_file(length, "/proc/self/ns/mnt", ""));
	for (; *environment; environment++) {
		if (strncmp(*environment, "CNI_", 4) == 0)
			length = append_nul(append(length, *environment));
	}
	return append_nul(length);
}

static int send_all(int server, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(server, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return -1;
		bytes += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static int write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);

		if (written <= 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

static int connect_beside(const char *program, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t directory = (size_t)(name - program);
	int server;

	if (directory + sizeof(socket_name) > sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, program, directory);
	memcpy(address.sun_path + directory, socket_name, sizeof(socket_name));
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server >= 0 && connect(server, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(server);
		return -1;
	}
	return server;
}

// Whatever it did is not known: the runtime repeats or undoes, as with a plugin that was killed.
static void end_unanswered(void)
{
	static const char answer[] =
		"{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"noded ended while it served this call\","
		"\"details\":\"Repeat the call, or undo it with DEL.\"}";

	write_all(answer, sizeof(answer) - 1);
	_exit(1);
}

static void exchange(int server)
{
	unsigned char code;
	ssize_t length;

	while ((length = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0) {
		if (send_all(server, chunk, (size_t)length) < 0)
			end_unanswered();
	}
	shutdown(server, SHUT_WR);
	if (recv(server, &code, 1, MSG_WAITALL) != 1)
		end_unanswered();
	while ((length = recv(server, chunk, sizeof(chunk), 0)) > 0) {
		if (write_all(chunk, (size_t)length) < 0)
			_exit(1);
	}
	_exit(code);
}

__attribute__((constructor(101))) static void forward(int argc, char **argv, char **environment)
{
	const char *command = getenv("CNI_COMMAND");
	const char *name = argc == 1 ? strrchr(argv[0], '/') : NULL;
	size_t length;
	char accepted;
	int server;

	if (!name || !command || !*command || getenv("NODED_CNI_DIRECT"))
		return;
	name++;
	length = write_request(name, environment);
	if (length > sizeof(request))
		return;
	server = connect_beside(argv[0], name);
	if (server < 0)
		return;
	if (send_all(server, request, length) == 0 && recv(server, &accepted, 1, 0) == 1 && accepted == 'A')
		exchange(server);
	close(server);
}
