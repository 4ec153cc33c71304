// SPDX-License-Identifier: Apache-2.0
/*
 * The gRPC health service over cleartext HTTP/2 (RFC 9113), as little of it as a health check
 * needs. Header blocks are not decoded: every unary call, whatever its method, is answered with a
 * HealthCheckResponse.
 *
 * A frame is  length:24 type:8 flags:8 stream:32 payload, all in network order.
 */
#include "testimage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_SIZE (sizeof(PREFACE) - 1)
#define FRAME_HEAD 9
#define MAX_FRAME 16384 /* the default of SETTINGS_MAX_FRAME_SIZE, which we do not raise */

enum frame_type {
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FRAME_SETTINGS = 4,
	FRAME_PING = 6,
	FRAME_GOAWAY = 7,
	FRAME_WINDOW_UPDATE = 8,
};

enum frame_flag {
	FLAG_ACK = 0x1,
	FLAG_END_STREAM = 0x1,
	FLAG_END_HEADERS = 0x4,
};

struct frame {
	uint32_t length;
	uint8_t type;
	uint8_t flags;
	uint32_t stream;
	const uint8_t *payload;
};

struct connection {
	struct watch watch; /* first: a watch of ours is a connection */
	bool greeted;
	size_t used;
	uint8_t input[FRAME_HEAD + MAX_FRAME];
};

/* HPACK (RFC 7541): ":status: 200" is entry 8 of the static table, "content-type" is 31 (15 + 16).
 */
static const uint8_t response_headers[] = "\x88\x0f\x10\x10"
					  "application/grpc";

/* A literal with a new name: "grpc-status" (11 bytes), "0" (1 byte). */
static const uint8_t response_trailers[] = "\x00\x0b"
					   "grpc-status\x01"
					   "0";

static void put_u32(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 24);
	out[1] = (uint8_t)(value >> 16);
	out[2] = (uint8_t)(value >> 8);
	out[3] = (uint8_t)value;
}

static uint32_t get_u32(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static bool send_frame(int fd, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
		       uint32_t length)
{
	uint8_t head[FRAME_HEAD];

	put_u32(head, length << 8 | type);
	head[4] = flags;
	put_u32(head + 5, stream);
	return write_all(fd, head, sizeof(head)) && write_all(fd, payload, length);
}

/* Field 1 of HealthCheckResponse: SERVING is 1, NOT_SERVING is 2; before it, gRPC's flag and
 * length. */
static bool send_health(int fd, uint32_t stream)
{
	uint8_t message[] = { 0, 0, 0, 0, 2, 0x08, healthy ? 1 : 2 };

	return send_frame(fd, FRAME_HEADERS, FLAG_END_HEADERS, stream, response_headers,
			  sizeof(response_headers) - 1) &&
	       send_frame(fd, FRAME_DATA, 0, stream, message, sizeof(message)) &&
	       send_frame(fd, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, stream,
			  response_trailers, sizeof(response_trailers) - 1);
}

/* What was received is consumed at once; without saying so the connection would stall after 64 KiB.
 */
static bool give_back_window(int fd, uint32_t length)
{
	uint8_t increment[4];

	if (length == 0)
		return true;

	put_u32(increment, length);
	return send_frame(fd, FRAME_WINDOW_UPDATE, 0, 0, increment, sizeof(increment));
}

/* False ends the connection. CONTINUATION, PRIORITY, RST_STREAM and the unknown need no answer. */
static bool handle_frame(int fd, const struct frame *frame)
{
	switch (frame->type) {
	case FRAME_SETTINGS:
		return frame->flags & FLAG_ACK ||
		       send_frame(fd, FRAME_SETTINGS, FLAG_ACK, 0, "", 0);
	case FRAME_PING:
		return frame->flags & FLAG_ACK ||
		       send_frame(fd, FRAME_PING, FLAG_ACK, 0, frame->payload, frame->length);
	case FRAME_DATA:
		if (!give_back_window(fd, frame->length))
			return false;
		break;
	case FRAME_HEADERS:
		break;
	case FRAME_GOAWAY:
		return false;
	default:
		return true;
	}

	return !(frame->flags & FLAG_END_STREAM) || send_health(fd, frame->stream);
}

/* Takes one frame, or the preface, off the input; 0 when it is not all there, -1 when the client
 * must go. */
static ssize_t take_frame(struct connection *connection)
{
	const uint8_t *input = connection->input;
	struct frame frame;

	if (!connection->greeted) {
		if (connection->used < PREFACE_SIZE)
			return 0;
		if (memcmp(input, PREFACE, PREFACE_SIZE))
			return -1;

		if (!send_frame(connection->watch.fd, FRAME_SETTINGS, 0, 0, "", 0))
			return -1;

		connection->greeted = true;
		return PREFACE_SIZE;
	}

	if (connection->used < FRAME_HEAD)
		return 0;

	frame = (struct frame){ .length = get_u32(input) >> 8,
				.type = input[3],
				.flags = input[4],
				.stream = get_u32(input + 5) & 0x7fffffff,
				.payload = input + FRAME_HEAD };

	if (frame.length > MAX_FRAME)
		return -1;
	if (connection->used < FRAME_HEAD + frame.length)
		return 0;

	return handle_frame(connection->watch.fd, &frame) ? (ssize_t)(FRAME_HEAD + frame.length)
							  : -1;
}

static void connection_ready(struct watch *watch)
{
	struct connection *connection = (struct connection *)watch;
	ssize_t got = read(watch->fd, connection->input + connection->used,
			   sizeof(connection->input) - connection->used);
	ssize_t taken;

	if (got <= 0) {
		loop_remove(watch);
		return;
	}

	connection->used += (size_t)got;
	while ((taken = take_frame(connection)) > 0) {
		connection->used -= (size_t)taken;
		memmove(connection->input, connection->input + taken, connection->used);
	}

	if (taken < 0)
		loop_remove(watch);
}

static void free_connection(struct watch *watch)
{
	close(watch->fd);
	free(watch);
}

static void listener_ready(struct watch *listener)
{
	struct connection *connection;
	int fd = accept_connection(listener->fd);

	if (fd < 0)
		return;

	connection = calloc(1, sizeof(*connection));
	if (!connection)
		die("calloc");

	connection->watch =
	    (struct watch){ .fd = fd, .ready = connection_ready, .free = free_connection };
	loop_add(&connection->watch);
}

void serve_grpc(long port)
{
	static struct watch listener = { .ready = listener_ready };

	listener.fd = open_listener("grpc", SOCK_STREAM, port);
	loop_add(&listener);
}
