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

/* UDP over IPv4 without options. */
struct headers {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

/* The kernel takes the pages of earlier frames again, as whoever forwarded them has left them. */
const volatile struct headers headers = {};

SEC("xdp")
int xdp_source(struct xdp_md *ctx)
{
	struct headers *frame = (void *)(long)ctx->data;
	int i;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;

		/* Byte by byte: what is not volatile would be taken as it is here. */
#pragma unroll
	for (i = 0; i < (int)sizeof(*frame); i++)
		((__u8 *)frame)[i] = ((const volatile __u8 *)&headers)[i];

	frame->udp.source = bpf_htons(FIRST_PORT + bpf_get_prandom_u32() % FLOWS);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
