/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef NODE_SERVICE_TYPES_H
#define NODE_SERVICE_TYPES_H

#include <linux/types.h>

/*
 * What the daemon writes and the programs read. Every address has 16 bytes; one of IPv4 is
 * ::ffff:a.b.c.d, so that IPv6 sockets that speak IPv4 need nothing of their own. Ports and
 * addresses are in network order.
 */

#define FRONTEND_ADDRESS 0 /* of a Service: ClusterIP, external, load balancer */
#define FRONTEND_NODEPORT                                                                          \
	1 /* on every address of this node; the key's address is all zero after its family */

struct frontend_key {
	__be32 addr[4];
	__be16 port;
	__u8 proto;
	__u8 kind;
};
_Static_assert(sizeof(struct frontend_key) == 20, "a hash key has no hidden padding");

#define FRONTEND_AFFINITY 0x01u	     /* one client, one backend, for affinity_seconds */
#define FRONTEND_SOURCE_RANGES 0x02u /* only clients in source_ranges */
#define FRONTEND_INTERNAL_LOCAL                                                                    \
	0x04u /* the list for clients of the node is that of local endpoints */
#define FRONTEND_EXTERNAL_LOCAL 0x08u /* and so is the one for clients outside */
#define FRONTEND_INTERNAL_DROP 0x10u  /* an empty list drops instead of refusing */
#define FRONTEND_EXTERNAL_DROP 0x20u

/*
 * A list of backends is one word: where its slots begin (bits 0-31), how many (32-47) and the tag
 * that they bear (48-63). The word is replaced by one store, so a reader has the old list or the
 * new one.
 */
struct frontend {
	struct frontend_key
	    key;       /* guards against an element of the hash that was reused meanwhile */
	__u32 service; /* of affinity and source ranges: all frontends of a service port have the
			  same */
	__u32 flags;
	__u32 affinity_seconds;
	__u64 internal;
	__u64 external;
	__u64 reserved[2];
};
_Static_assert(sizeof(struct frontend) == 64, "one cache line");

#define BACKEND_IN_CLUSTER (1ull << 32)
#define BACKEND_IN_LOCAL (1ull << 33)

struct backend {
	__be32 addr[4];
	__be16 port;
	__u16 reserved;
	__u32 service;
	__u64 state; /* bits 0-31: generation of this index; the lists it is in */
};
_Static_assert(sizeof(struct backend) == 32, "two in a cache line");

struct affinity_key {
	__u32 service;
	__be32 client[4];
};
_Static_assert(sizeof(struct affinity_key) == 20, "a hash key has no hidden padding");

struct affinity {
	__u64 backend;	 /* bits 0-31: index, 32-63: its generation; one word, because two could be
			    torn */
	__u64 last_used; /* seconds since boot */
};

struct source_range_key {
	__u32 prefix_length; /* 32 for the service, and up to 128 */
	__u32 service;
	__be32 addr[4];
};
_Static_assert(sizeof(struct source_range_key) == 24, "a trie key has no hidden padding");

#define CLIENT_HOST 0x1u       /* the node itself: its loopback reaches NodePorts */
#define CLIENT_PACKET_TCP 0x2u /* translated at the veth, not at its sockets */
#define CLIENT_PACKET_UDP 0x4u

/* A network namespace of this node, by its cookie. */
struct client {
	__u32 flags;
	__be32 addr4; /* 0 when it has none */
	__be32 addr6[4];
};
_Static_assert(sizeof(struct client) == 24, "no hidden padding");

struct local_key {
	__be32 addr[4];
};

#define FLOWS_PER_SOCKET 4

struct socket_flow {
	__be32 service_addr[4];
	__be32 backend_addr[4];
	__be16 service_port;
	__be16 backend_port;
	__u32 backend;
	__u32 generation;
};

struct socket_flows {
	struct socket_flow flow[FLOWS_PER_SOCKET];
	__u32 next;
};

/*
 * A flow that is translated packet by packet. Forward: from the client to the Service's address,
 * with the backend as value; reply: from the backend to the client, with the Service's address.
 */
struct flow_key {
	__be32 client[4];
	__be32 peer[4];
	__be16 client_port;
	__be16 peer_port;
	__u8 proto;
	__u8 is_reply;
	__u16 reserved;
};
_Static_assert(sizeof(struct flow_key) == 40, "a hash key has no hidden padding");

struct flow {
	__be32 addr[4];
	__be16 port;
	__u16 reserved;
	__u32 service;
	__u32 backend;
	__u32 generation;
};
_Static_assert(sizeof(struct flow) == 32, "no hidden padding");

enum counter {
	COUNTER_TRANSLATED,
	COUNTER_REFUSED, /* nobody serves */
	COUNTER_DROPPED, /* nobody serves, and the Service says to drop */
	COUNTER_SOURCE_DENIED,
	COUNTER_RETRIED, /* the list changed under the reader */
	COUNTER_LOST,	 /* no backend after all retries: must stay 0 */
	COUNTER_COUNT,
};

#define HOOK_SOCKET 0 /* at connect() or sendmsg(): the client has no port yet */
#define HOOK_POD 1
#define HOOK_UPLINK 2

/* What became of a connection or datagram to a Service; told only while somebody listens. */
struct event {
	__u64 time; /* nanoseconds since boot */
	__be32 client[4];
	__be32 target[4];
	__be32 backend[4]; /* zero when there is none */
	__be16 client_port;
	__be16 target_port;
	__be16 backend_port;
	__u8 proto;
	__u8 reason; /* enum counter */
	__u32 hook;
	__u32 reserved;
};
_Static_assert(sizeof(struct event) == 72, "no hidden padding");

#endif
