// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Services packet by packet: at the host's end of a pod's veth and at uplinks. What comes in for a
 * Service gets a backend as its target, what goes out from that backend to that client gets the
 * Service as its source, and errors about either say the same in the packet that they quote.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#include "node/select.h"

/* The kernel's icmp headers need those of a C library. */
#define ICMP_DEST_UNREACH 3
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12
#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_PARAMPROB 4
#define ICMP_CHECKSUM 2

/* Packets whose source must be translated too get the mark of the rule that does it; 0 for none. */
const volatile __u32 masquerade_mark = 0;
/* Packets that nobody serves get the mark of the rule that refuses them; with 0 they are dropped.
 */
const volatile __u32 reject_mark = 0;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/* As in RFC 791: more fragments, or an offset. */
#define IP_FRAGMENT bpf_htons(0x3fff)
#define NEXT TC_ACT_UNSPEC

struct packet {
	__u32 l3;
	__u32 l4;
	__u8 proto;
	bool v6;
	bool is_syn;
	struct endpoint source;
	struct endpoint target;
};

static __always_inline void map_v4(__be32 *to, __be32 addr)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = V4_MAPPED;
	to[3] = addr;
}

/* Addresses and ports at an offset; of a quoted packet only the first 8 bytes after its header are
 * there. */
static __always_inline bool parse_at(struct __sk_buff *skb, __u32 l3, bool v6,
				     struct packet *packet)
{
	__be16 ports[2] = {};

	packet->l3 = l3;
	packet->v6 = v6;
	if (v6) {
		struct ipv6hdr ip;

		if (bpf_skb_load_bytes(skb, l3, &ip, sizeof(ip)))
			return false;

		packet->proto = ip.nexthdr;
		packet->l4 = l3 + sizeof(ip);
		__builtin_memcpy(packet->source.addr, &ip.saddr, sizeof(packet->source.addr));
		__builtin_memcpy(packet->target.addr, &ip.daddr, sizeof(packet->target.addr));
	} else {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, l3, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
			return false;

		/* Only the first piece has ports, and it alone must not be translated. */
		if (ip.frag_off & IP_FRAGMENT)
			return false;

		packet->proto = ip.protocol;
		packet->l4 = l3 + ip.ihl * 4;
		map_v4(packet->source.addr, ip.saddr);
		map_v4(packet->target.addr, ip.daddr);
	}

	if (packet->proto != IPPROTO_TCP && packet->proto != IPPROTO_UDP)
		return true;

	if (bpf_skb_load_bytes(skb, packet->l4, ports, sizeof(ports)))
		return false;

	packet->source.port = ports[0];
	packet->target.port = ports[1];
	return true;
}

static __always_inline bool parse(struct __sk_buff *skb, struct packet *packet)
{
	__u8 flags = 0;

	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6))
		return false;

	if (!parse_at(skb, ETH_HLEN, skb->protocol == bpf_htons(ETH_P_IPV6), packet))
		return false;

	if (packet->proto == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, packet->l4 + 13, &flags, 1))
			return false;

		packet->is_syn = (flags & 0x12) == 0x02; /* SYN without ACK */
	}

	return true;
}

static __always_inline bool is_error(struct __sk_buff *skb, const struct packet *packet)
{
	__u8 type = 0;

	if (packet->proto != (packet->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return false;

	if (bpf_skb_load_bytes(skb, packet->l4, &type, 1))
		return false;

	if (packet->v6)
		return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB;

	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

/* Where the checksum is that covers addresses and ports of a packet. */
static __always_inline __u32 checksum_of(const struct packet *packet)
{
	if (packet->proto == IPPROTO_TCP)
		return packet->l4 + offsetof(struct tcphdr, check);

	if (packet->proto == IPPROTO_UDP)
		return packet->l4 + offsetof(struct udphdr, check);

	return packet->l4 + ICMP_CHECKSUM;
}

static __always_inline __u32 addr_at(const struct packet *packet, bool source)
{
	if (packet->v6)
		return packet->l3 +
		       (source ? offsetof(struct ipv6hdr, saddr) : offsetof(struct ipv6hdr, daddr));

	return packet->l3 +
	       (source ? offsetof(struct iphdr, saddr) : offsetof(struct iphdr, daddr));
}

/* Writes an address, with the checksums of its own header and of the header above it, where that
 * counts it in. */
static __always_inline int write_addr(struct __sk_buff *skb, const struct packet *packet,
				      bool source, const __be32 *from, const __be32 *to,
				      bool counts)
{
	__u64 flags = BPF_F_PSEUDO_HDR | (packet->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0);
	__u32 at = addr_at(packet, source);
	__be32 before[4] = { from[0], from[1], from[2], from[3] };
	__be32 after[4] = { to[0], to[1], to[2], to[3] };
	__s64 difference;

	if (packet->v6) {
		difference = bpf_csum_diff(before, sizeof(before), after, sizeof(after), 0);
		if (counts && bpf_l4_csum_replace(skb, checksum_of(packet), 0, difference, flags))
			return -1;

		/*
		 * The sum that a device made of the whole packet stays as it is, since the checksum
		 * makes up for the address. The helper takes the address for one outside of that
		 * sum, as those of IPv4 are with their header's own checksum: take that back.
		 * (From 6.16 on it can be told so by a flag, which older kernels refuse.) Without
		 * such a sum this does nothing.
		 */
		if (counts)
			bpf_csum_update(skb, difference);

		return bpf_skb_store_bytes(skb, at, after, sizeof(after), 0);
	}

	if (counts && bpf_l4_csum_replace(skb, checksum_of(packet), before[3], after[3], flags | 4))
		return -1;

	if (bpf_l3_csum_replace(skb, packet->l3 + offsetof(struct iphdr, check), before[3],
				after[3], 4))
		return -1;

	return bpf_skb_store_bytes(skb, at, &after[3], sizeof(after[3]), 0);
}

/* Writes address and port of a whole packet. */
static __always_inline int write_endpoint(struct __sk_buff *skb, const struct packet *packet,
					  bool source, const struct endpoint *from,
					  const struct endpoint *to)
{
	__u64 flags = packet->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	__be16 port = to->port;

	if (write_addr(skb, packet, source, from->addr, to->addr, true))
		return -1;

	if (bpf_l4_csum_replace(skb, checksum_of(packet), from->port, to->port, flags | 2))
		return -1;

	return bpf_skb_store_bytes(skb, packet->l4 + (source ? 0 : 2), &port, sizeof(port), 0);
}

/* The checksum of an ICMP error counts what it quotes: two bytes of that have changed. */
static __always_inline int count_change(struct __sk_buff *skb, const struct packet *outer,
					__be16 before, __u32 at)
{
	__be16 after = 0;

	if (bpf_skb_load_bytes(skb, at, &after, sizeof(after)))
		return -1;

	return bpf_l4_csum_replace(skb, outer->l4 + ICMP_CHECKSUM, before, after, 2);
}

/* Writes address and port of the packet that an error quotes. */
static __always_inline int write_quoted(struct __sk_buff *skb, const struct packet *outer,
					const struct packet *quoted, bool source,
					const struct endpoint *from, const struct endpoint *to)
{
	__u32 check = quoted->l4 + offsetof(struct udphdr, check);
	__be32 before[4] = { from->addr[0], from->addr[1], from->addr[2], from->addr[3] };
	__be32 after[4] = { to->addr[0], to->addr[1], to->addr[2], to->addr[3] };
	__be16 port = to->port;
	__be16 was = 0;
	__s64 difference;

	/* A quoted TCP header may end before its checksum, and nobody verifies it. */
	if (quoted->proto == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, check, &was, sizeof(was)))
			return -1;

		difference = bpf_csum_diff(before, sizeof(before), after, sizeof(after), 0);
		if (bpf_l4_csum_replace(skb, check, 0, difference, BPF_F_MARK_MANGLED_0) ||
		    bpf_l4_csum_replace(skb, check, from->port, to->port,
					BPF_F_MARK_MANGLED_0 | 2) ||
		    count_change(skb, outer, was, check))
			return -1;
	}

	/* An IPv4 header's own checksum makes up for its address: what counts the whole header sees
	 * no change. */
	if (quoted->v6) {
		difference = bpf_csum_diff(before, sizeof(before), after, sizeof(after), 0);
		if (bpf_l4_csum_replace(skb, outer->l4 + ICMP_CHECKSUM, 0, difference, 0))
			return -1;
	}

	if (write_addr(skb, quoted, source, from->addr, to->addr, false))
		return -1;

	if (bpf_l4_csum_replace(skb, outer->l4 + ICMP_CHECKSUM, from->port, to->port, 2))
		return -1;

	return bpf_skb_store_bytes(skb, quoted->l4 + (source ? 0 : 2), &port, sizeof(port), 0);
}

static __always_inline void key_of(struct flow_key *key, const struct endpoint *client,
				   const struct endpoint *peer, __u8 proto, bool is_reply)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->client, client->addr, sizeof(key->client));
	__builtin_memcpy(key->peer, peer->addr, sizeof(key->peer));
	key->client_port = client->port;
	key->peer_port = peer->port;
	key->proto = proto;
	key->is_reply = is_reply;
}

static __always_inline bool find_flow(const struct endpoint *client, const struct endpoint *peer,
				      __u8 proto, bool is_reply, struct flow *found)
{
	struct flow_key key;
	struct flow *flow;

	key_of(&key, client, peer, proto, is_reply);
	flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow)
		return false;

	*found = *flow;
	return true;
}

static __always_inline void add_flow(const struct endpoint *client, const struct endpoint *peer,
				     __u8 proto, bool is_reply, const struct endpoint *value,
				     const struct frontend *frontend, const struct choice *choice)
{
	struct flow flow = {
		.addr = { value->addr[0], value->addr[1], value->addr[2], value->addr[3] },
		.port = value->port,
		.service = frontend->service,
		.backend = choice->index,
		.generation = choice->generation,
	};
	struct flow_key key;

	key_of(&key, client, peer, proto, is_reply);
	bpf_map_update_elem(&flows, &key, &flow, BPF_ANY);
}

static __always_inline void to_endpoint(const struct flow *flow, struct endpoint *endpoint)
{
	__builtin_memcpy(endpoint->addr, flow->addr, sizeof(endpoint->addr));
	endpoint->port = flow->port;
}

/* An error about a packet that went out: who sent it, and where the error goes, is the backend. */
static __always_inline int forward_error(struct __sk_buff *skb, const struct packet *outer)
{
	struct packet quoted = {};
	struct endpoint backend;
	struct flow flow;

	if (!parse_at(skb, outer->l4 + 8, outer->v6, &quoted) ||
	    !find_flow(&quoted.target, &quoted.source, quoted.proto, false, &flow))
		return NEXT;

	to_endpoint(&flow, &backend);
	if (write_quoted(skb, outer, &quoted, true, &quoted.source, &backend))
		return TC_ACT_SHOT;

	if (same_addr(outer->target.addr, quoted.source.addr) &&
	    write_addr(skb, outer, false, outer->target.addr, backend.addr, outer->v6))
		return TC_ACT_SHOT;

	return NEXT;
}

/* An error about a packet to a backend: the client knows only the Service. */
static __always_inline int reverse_error(struct __sk_buff *skb, const struct packet *outer)
{
	struct packet quoted = {};
	struct endpoint service;
	struct flow flow;

	if (!parse_at(skb, outer->l4 + 8, outer->v6, &quoted) ||
	    !find_flow(&quoted.source, &quoted.target, quoted.proto, true, &flow))
		return NEXT;

	to_endpoint(&flow, &service);
	if (write_quoted(skb, outer, &quoted, false, &quoted.target, &service))
		return TC_ACT_SHOT;

	if (same_addr(outer->source.addr, quoted.target.addr) &&
	    write_addr(skb, outer, true, outer->source.addr, service.addr, outer->v6))
		return TC_ACT_SHOT;

	return NEXT;
}

/* Keeps a flow with its backend. One that is gone gets no new flow, and no datagram; TCP may end
 * what it has begun. */
static __always_inline bool keep(const struct packet *packet, const struct frontend *frontend,
				 const struct origin *origin, struct choice *choice)
{
	struct flow flow;

	if (!find_flow(&packet->source, &packet->target, packet->proto, false, &flow))
		return false;

	if (take_again(frontend->service, flow.backend, flow.generation, list_of(frontend, origin),
		       choice))
		return true;

	if (packet->proto != IPPROTO_TCP || packet->is_syn)
		return false;

	to_endpoint(&flow, &choice->backend);
	choice->index = flow.backend;
	choice->generation = flow.generation;
	return true;
}

static __always_inline int forward(struct __sk_buff *skb, bool is_external)
{
	struct packet packet = {};
	struct choice choice = {};
	struct origin origin = { .is_known = true, .is_external = is_external };
	struct frontend *frontend;
	enum verdict verdict;
	struct flow reply;

	if (!parse(skb, &packet))
		return NEXT;

	if (is_error(skb, &packet))
		return forward_error(skb, &packet);

	if (packet.proto != IPPROTO_TCP && packet.proto != IPPROTO_UDP)
		return NEXT;

	__builtin_memcpy(origin.addr, packet.source.addr, sizeof(origin.addr));
	frontend = find_frontend(&packet.target, packet.proto, &origin);
	if (!frontend)
		return NEXT;

	if (!keep(&packet, frontend, &origin, &choice)) {
		verdict = choose(frontend, &origin, &choice);
		report(&origin, packet.source.port, &packet.target, packet.proto, &choice,
		       is_external ? HOOK_UPLINK : HOOK_POD);
		if (verdict == VERDICT_REFUSE && reject_mark) {
			skb->mark |= reject_mark;
			return NEXT;
		}

		if (verdict != VERDICT_TRANSLATE)
			return TC_ACT_SHOT;

		add_flow(&packet.source, &packet.target, packet.proto, false, &choice.backend,
			 frontend, &choice);
	}

	/* The two entries of a flow age apart: the one that is in use puts the other one back. */
	if (!find_flow(&packet.source, &choice.backend, packet.proto, true, &reply))
		add_flow(&packet.source, &choice.backend, packet.proto, true, &packet.target,
			 frontend, &choice);

	/* Answers must come back this way: of a backend that is its own client, and of one on
	 * another node. */
	if (same_addr(choice.backend.addr, packet.source.addr) ||
	    (is_external && !(frontend->flags & FRONTEND_EXTERNAL_LOCAL)))
		skb->mark |= masquerade_mark;

	return write_endpoint(skb, &packet, false, &packet.target, &choice.backend) ? TC_ACT_SHOT
										    : NEXT;
}

static __always_inline int reverse(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct endpoint service;
	struct flow flow;

	if (!parse(skb, &packet))
		return NEXT;

	if (is_error(skb, &packet))
		return reverse_error(skb, &packet);

	if (packet.proto != IPPROTO_TCP && packet.proto != IPPROTO_UDP)
		return NEXT;

	if (!find_flow(&packet.target, &packet.source, packet.proto, true, &flow))
		return NEXT;

	to_endpoint(&flow, &service);
	return write_endpoint(skb, &packet, true, &packet.source, &service) ? TC_ACT_SHOT : NEXT;
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	return forward(skb, false);
}

SEC("tc")
int from_uplink(struct __sk_buff *skb)
{
	return forward(skb, true);
}

/* Towards pods and uplinks alike. */
SEC("tc")
int to_client(struct __sk_buff *skb)
{
	return reverse(skb);
}

char _license[] SEC("license") = "Dual BSD/GPL";
