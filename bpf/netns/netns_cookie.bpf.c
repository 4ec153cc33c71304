// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tells a process the cookie of a network namespace. Kernels from 5.14 on have a socket option for
 * that; before, only programs learn it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Sockets that ask, by their own cookies; the answers are of the namespaces that they belong to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u64);
	__type(value, __u64);
} asked SEC(".maps");

SEC("cgroup/connect4")
int netns_cookie(struct bpf_sock_addr *ctx)
{
	__u64 socket = bpf_get_socket_cookie(ctx);
	__u64 *answer = bpf_map_lookup_elem(&asked, &socket);

	if (!answer)
		return 1;

	*answer = bpf_get_netns_cookie(ctx);
	return 0; /* it wanted to know, not to connect */
}

char _license[] SEC("license") = "Dual BSD/GPL";
