// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Services at the socket: a connection to a Service is pointed at a backend before any packet
 * exists, and the program that made it sees the Service's address all the same. One program per
 * hook, no tail calls.
 */
#include <linux/errno.h>

#include "node/select.h"

/* Set by the daemon before load: the verifier then drops the branches that they rule out. As they
 * are here, every kernel takes them. */
const volatile bool has_set_retval = false;
const volatile __u32 untranslated_mark = 0; /* sockets with this mark are left alone; 0 for none */

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_flows);
} socket_flows SEC(".maps");

/* Where connected UDP sockets were led, by their cookies: nobody sees their datagrams, so the
 * daemon looks for those whose backend has left. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct flow);
} udp_connections SEC(".maps");

static __always_inline void read4(const struct bpf_sock_addr *ctx, struct endpoint *to)
{
	to->addr[0] = 0;
	to->addr[1] = 0;
	to->addr[2] = V4_MAPPED;
	to->addr[3] = ctx->user_ip4;
	to->port = (__be16)ctx->user_port;
}

static __always_inline void read6(const struct bpf_sock_addr *ctx, struct endpoint *to)
{
	to->addr[0] = ctx->user_ip6[0];
	to->addr[1] = ctx->user_ip6[1];
	to->addr[2] = ctx->user_ip6[2];
	to->addr[3] = ctx->user_ip6[3];
	to->port = (__be16)ctx->user_port;
}

static __always_inline void write4(struct bpf_sock_addr *ctx, const struct endpoint *to)
{
	ctx->user_ip4 = to->addr[3];
	ctx->user_port = to->port;
}

static __always_inline void write6(struct bpf_sock_addr *ctx, const struct endpoint *to)
{
	ctx->user_ip6[0] = to->addr[0];
	ctx->user_ip6[1] = to->addr[1];
	ctx->user_ip6[2] = to->addr[2];
	ctx->user_ip6[3] = to->addr[3];
	ctx->user_port = to->port;
}

static __always_inline void find_origin(struct bpf_sock_addr *ctx, bool v4, struct origin *origin)
{
	__u64 cookie = bpf_get_netns_cookie(ctx);
	struct client *client = bpf_map_lookup_elem(&clients, &cookie);

	/* A namespace that nobody told us about: enough to tell its clients from others. */
	origin->addr[0] = (__u32)cookie;
	origin->addr[1] = (__u32)(cookie >> 32);
	if (!client)
		return;

	origin->flags = client->flags;
	if (v4 && client->addr4) {
		origin->addr[0] = 0;
		origin->addr[1] = 0;
		origin->addr[2] = V4_MAPPED;
		origin->addr[3] = client->addr4;
		origin->is_known = true;
	} else if (!v4 &&
		   (client->addr6[0] | client->addr6[1] | client->addr6[2] | client->addr6[3])) {
		origin->addr[0] = client->addr6[0];
		origin->addr[1] = client->addr6[1];
		origin->addr[2] = client->addr6[2];
		origin->addr[3] = client->addr6[3];
		origin->is_known = true;
	}
}

static __always_inline struct socket_flows *flows_of(struct bpf_sock_addr *ctx, bool create)
{
	return ctx->sk ? bpf_sk_storage_get(&socket_flows, ctx->sk, 0,
					    create ? BPF_SK_STORAGE_GET_F_CREATE : 0)
		       : NULL;
}

static __always_inline void remember(struct socket_flows *flows, const struct endpoint *service,
				     const struct choice *choice)
{
	struct socket_flow *flow = &flows->flow[0];
	__u32 place = flows->next % FLOWS_PER_SOCKET;
	int i;

#pragma unroll
	for (i = 0; i < FLOWS_PER_SOCKET; i++) {
		/* The place of this service's last backend is free again; else the oldest one. */
		if (same_addr(flows->flow[i].service_addr, service->addr) &&
		    flows->flow[i].service_port == service->port)
			place = i;
	}

	/* Not flow[place]: the verifier of 5.10 loses the bound of a variable that it saw in both
	 * branches. */
	if (place == 1)
		flow = &flows->flow[1];
	else if (place == 2)
		flow = &flows->flow[2];
	else if (place == 3)
		flow = &flows->flow[3];

	if (place == flows->next % FLOWS_PER_SOCKET)
		flows->next = place + 1;

	__builtin_memcpy(flow->service_addr, service->addr, sizeof(flow->service_addr));
	__builtin_memcpy(flow->backend_addr, choice->backend.addr, sizeof(flow->backend_addr));
	flow->service_port = service->port;
	flow->backend_port = choice->backend.port;
	flow->backend = choice->index;
	flow->generation = choice->generation;
}

static __always_inline void note_connection(struct bpf_sock_addr *ctx,
					    const struct frontend *frontend,
					    const struct choice *choice)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct flow flow = {
		.addr = { choice->backend.addr[0], choice->backend.addr[1], choice->backend.addr[2],
			  choice->backend.addr[3] },
		.port = choice->backend.port,
		.service = frontend->service,
		.backend = choice->index,
		.generation = choice->generation,
	};

	bpf_map_update_elem(&udp_connections, &cookie, &flow, BPF_ANY);
}

/* The backend that this socket's last datagram to the service went to, while it is one. */
static __always_inline bool choose_again(struct bpf_sock_addr *ctx, struct frontend *frontend,
					 const struct endpoint *service,
					 const struct origin *origin, struct choice *choice)
{
	struct socket_flows *flows = flows_of(ctx, false);
	int i;

	if (!flows || !may_use(frontend, origin))
		return false;

#pragma unroll
	for (i = 0; i < FLOWS_PER_SOCKET; i++) {
		if (same_addr(flows->flow[i].service_addr, service->addr) &&
		    flows->flow[i].service_port == service->port)
			return take_again(frontend->service, flows->flow[i].backend,
					  flows->flow[i].generation, list_of(frontend, origin),
					  choice);
	}

	return false;
}

static __always_inline int refuse(int error)
{
	/* Without the helper the caller gets EPERM. */
	if (has_set_retval)
		bpf_set_retval(error);

	return 0;
}

/* Returns 1 to go on, with the choice in to, or 0 to refuse. */
static __always_inline int translate(struct bpf_sock_addr *ctx, struct endpoint *to, bool again,
				     bool *changed)
{
	struct origin origin = {};
	struct choice choice = {};
	struct socket_flows *flows;
	struct frontend *frontend;
	__u32 proto = ctx->protocol;
	enum verdict verdict;

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return 1;

	if (untranslated_mark && ctx->sk && ctx->sk->mark == untranslated_mark)
		return 1;

	find_origin(ctx, is_v4(to->addr), &origin);
	if (origin.flags & (proto == IPPROTO_TCP ? CLIENT_PACKET_TCP : CLIENT_PACKET_UDP))
		return 1;

	frontend = find_frontend(to, (__u8)proto, &origin);
	if (!frontend)
		return 1;

	if (!again || !choose_again(ctx, frontend, to, &origin, &choice)) {
		verdict = choose(frontend, &origin, &choice);
		report(&origin, 0, to, (__u8)proto, &choice, HOOK_SOCKET);
		if (verdict == VERDICT_REFUSE)
			return refuse(-ECONNREFUSED);

		if (verdict == VERDICT_DROP)
			return refuse(-EHOSTUNREACH);

		/* Without its memory the answer could not be told from a stranger's. */
		flows = flows_of(ctx, true);
		if (!flows)
			return refuse(-ENOMEM);

		remember(flows, to, &choice);
		if (!again && proto == IPPROTO_UDP)
			note_connection(ctx, frontend, &choice);
	}

	*to = choice.backend;
	*changed = true;
	return 1;
}

/* The other way round: a backend's address becomes the one that the program knows. */
static __always_inline bool restore(struct bpf_sock_addr *ctx, struct endpoint *from)
{
	struct socket_flows *flows = flows_of(ctx, false);
	int i;

	if (!flows)
		return false;

#pragma unroll
	for (i = 0; i < FLOWS_PER_SOCKET; i++) {
		if (same_addr(flows->flow[i].backend_addr, from->addr) &&
		    flows->flow[i].backend_port == from->port && from->port) {
			__builtin_memcpy(from->addr, flows->flow[i].service_addr,
					 sizeof(from->addr));
			from->port = flows->flow[i].service_port;
			return true;
		}
	}

	return false;
}

static __always_inline int forward4(struct bpf_sock_addr *ctx, bool again)
{
	struct endpoint to;
	bool changed = false;
	int verdict;

	read4(ctx, &to);
	verdict = translate(ctx, &to, again, &changed);
	if (changed)
		write4(ctx, &to);

	return verdict;
}

static __always_inline int forward6(struct bpf_sock_addr *ctx, bool again)
{
	struct endpoint to;
	bool changed = false;
	int verdict;

	read6(ctx, &to);
	verdict = translate(ctx, &to, again, &changed);
	if (changed)
		write6(ctx, &to);

	return verdict;
}

static __always_inline int reverse4(struct bpf_sock_addr *ctx)
{
	struct endpoint from;

	read4(ctx, &from);
	if (restore(ctx, &from))
		write4(ctx, &from);

	return 1;
}

static __always_inline int reverse6(struct bpf_sock_addr *ctx)
{
	struct endpoint from;

	read6(ctx, &from);
	if (restore(ctx, &from))
		write6(ctx, &from);

	return 1;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	return forward4(ctx, false);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	return forward6(ctx, false);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	return forward4(ctx, true);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	return forward6(ctx, true);
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	return reverse4(ctx);
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	return reverse6(ctx);
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	return reverse4(ctx);
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	return reverse6(ctx);
}

char _license[] SEC("license") = "Dual BSD/GPL";
