// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the benchmark sends packets with: each of them is of one of many flows. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FLOWS 1024
#define FIRST_PORT 20000

SEC("xdp")
int xdp_source(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct udphdr *udp = data + sizeof(struct ethhdr) + sizeof(struct iphdr);

	/* The packet is the benchmark's own: UDP over IPv4 without options or checksum. */
	if ((void *)(udp + 1) <= end)
		udp->source = bpf_htons(FIRST_PORT + bpf_get_prandom_u32() % FLOWS);

	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
