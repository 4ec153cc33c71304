/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef NODE_SELECT_H
#define NODE_SELECT_H

#include <stdbool.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>

#include "maps.h"

#define NSEC_PER_SEC 1000000000ull
#define V4_MAPPED bpf_htonl(0xffff)
#define LOOKUP_RETRIES 3

enum verdict {
	VERDICT_PASS, /* no Service's address */
	VERDICT_TRANSLATE,
	VERDICT_REFUSE,
	VERDICT_DROP,
};

struct endpoint {
	__be32 addr[4];
	__be16 port;
};

/* Who asks: from a socket of the node or one of its pods, or from outside. */
struct origin {
	__be32 addr[4];
	__u32 flags;   /* CLIENT_* */
	bool is_known; /* addr is an address, not just something to tell clients apart by */
	bool is_external;
};

struct choice {
	struct endpoint backend;
	__u32 index;
	__u32 generation;
	__u32 reason; /* enum counter */
};

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* Counts what became of a choice, and keeps it for who listens. */
static __always_inline void conclude(struct choice *choice, __u32 reason)
{
	choice->reason = reason;
	count(reason);
}

static __always_inline bool same_addr(const __be32 *a, const __be32 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

static __always_inline bool is_v4(const __be32 *addr)
{
	return addr[0] == 0 && addr[1] == 0 && addr[2] == V4_MAPPED;
}

static __always_inline bool is_loopback(const __be32 *addr)
{
	if (is_v4(addr))
		return (addr[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);

	return addr[0] == 0 && addr[1] == 0 && addr[2] == 0 && addr[3] == bpf_htonl(1);
}

static __always_inline struct frontend *frontend_of(const struct frontend_key *key)
{
	struct frontend *frontend;
	__u32 *found;
	__u32 index;
	int i;

#pragma unroll
	for (i = 0; i < 2; i++) {
		found = bpf_map_lookup_elem(&frontend_ids, key);
		if (!found)
			return NULL;

		index = *found;
		frontend = bpf_map_lookup_elem(&frontends, &index);
		/* The element may have been freed and reused for another key since the lookup: the
		 * array tells. */
		if (frontend && same_addr(frontend->key.addr, key->addr) &&
		    frontend->key.port == key->port && frontend->key.proto == key->proto &&
		    frontend->key.kind == key->kind)
			return frontend;
	}

	return NULL;
}

static __always_inline bool is_local(const __be32 *addr)
{
	struct local_key key = { .addr = { addr[0], addr[1], addr[2], addr[3] } };

	return bpf_map_lookup_elem(&local_addrs, &key) != NULL;
}

/* The frontend that an address belongs to, or NULL. */
static __always_inline struct frontend *find_frontend(const struct endpoint *to, __u8 proto,
						      const struct origin *origin)
{
	struct frontend_key key = {
		.addr = { to->addr[0], to->addr[1], to->addr[2], to->addr[3] },
		.port = to->port,
		.proto = proto,
		.kind = FRONTEND_ADDRESS,
	};
	struct frontend *frontend = frontend_of(&key);
	bool loops = (origin->flags & CLIENT_HOST) && is_loopback(to->addr);

	if (frontend)
		return frontend;

	key.kind = FRONTEND_NODEPORT;
	key.addr[0] = 0;
	key.addr[1] = 0;
	key.addr[2] = is_v4(to->addr) ? V4_MAPPED : 0;
	key.addr[3] = 0;
	frontend = frontend_of(&key);
	return frontend && (loops || is_local(to->addr)) ? frontend : NULL;
}

static __always_inline bool may_use(const struct frontend *frontend, const struct origin *origin)
{
	struct source_range_key key = {
		.prefix_length = 32 + 128,
		.service = frontend->service,
		.addr = { origin->addr[0], origin->addr[1], origin->addr[2], origin->addr[3] },
	};

	if (!(frontend->flags & FRONTEND_SOURCE_RANGES))
		return true;

	/* Closed when we cannot tell who asks. */
	return origin->is_known && bpf_map_lookup_elem(&source_ranges, &key);
}

static __always_inline bool take(__u32 index, __u32 generation, const struct backend *backend,
				 struct choice *choice)
{
	choice->backend.addr[0] = backend->addr[0];
	choice->backend.addr[1] = backend->addr[1];
	choice->backend.addr[2] = backend->addr[2];
	choice->backend.addr[3] = backend->addr[3];
	choice->backend.port = backend->port;
	choice->index = index;
	choice->generation = generation;
	return true;
}

/* Takes a backend chosen before, if it still is what it was then and in the list asked for. */
static __always_inline bool take_again(__u32 service, __u32 index, __u32 generation, __u64 list,
				       struct choice *choice)
{
	struct backend *backend = bpf_map_lookup_elem(&backends, &index);
	__u64 state;

	if (!backend)
		return false;

	state = *(volatile __u64 *)&backend->state;
	if ((__u32)state != generation || !(state & list) || backend->service != service)
		return false;

	return take(index, generation, backend, choice);
}

/* One of the list's backends; false when it has none. */
static __always_inline bool pick(__u64 *word, struct choice *choice)
{
	struct backend *backend;
	__u32 position;
	__u64 *slot;
	__u64 value;
	__u64 list;
	__u32 index;
	int i;

#pragma unroll
	for (i = 0; i < LOOKUP_RETRIES; i++) {
		list = *(volatile __u64 *)word;
		if (!((list >> 32) & 0xffff))
			return false;

		position = (__u32)list + bpf_get_prandom_u32() % (__u32)((list >> 32) & 0xffff);
		slot = bpf_map_lookup_elem(&slots, &position);
		if (!slot)
			return false;

		value = *(volatile __u64 *)slot;
		/* Another tag: the range was given to another list while we were on our way to it.
		 */
		if (((value >> 32) & 0xffff) == list >> 48) {
			index = (__u32)value;
			backend = bpf_map_lookup_elem(&backends, &index);
			if (backend)
				return take(index, (__u32) * (volatile __u64 *)&backend->state,
					    backend, choice);
		}

		count(COUNTER_RETRIED);
	}

	count(COUNTER_LOST);
	return false;
}

static __always_inline bool pick_sticky(struct frontend *frontend, const struct origin *origin,
					__u64 *word, __u64 list, struct choice *choice)
{
	struct affinity_key key = {
		.service = frontend->service,
		.client = { origin->addr[0], origin->addr[1], origin->addr[2], origin->addr[3] },
	};
	__u64 now = bpf_ktime_get_boot_ns() / NSEC_PER_SEC;
	struct affinity *last = bpf_map_lookup_elem(&affinities, &key);
	struct affinity fresh = { .last_used = now };
	__u64 value;

	if (last && now - last->last_used < frontend->affinity_seconds) {
		value = *(volatile __u64 *)&last->backend;
		if (take_again(frontend->service, (__u32)value, value >> 32, list, choice)) {
			last->last_used = now;
			return true;
		}
	}

	if (!pick(word, choice))
		return false;

	fresh.backend = choice->index | (__u64)choice->generation << 32;
	bpf_map_update_elem(&affinities, &key, &fresh, BPF_ANY);
	return true;
}

/* Which of the lists a frontend shows to a client. */
static __always_inline __u64 list_of(const struct frontend *frontend, const struct origin *origin)
{
	__u32 local = origin->is_external ? FRONTEND_EXTERNAL_LOCAL : FRONTEND_INTERNAL_LOCAL;

	return frontend->flags & local ? BACKEND_IN_LOCAL : BACKEND_IN_CLUSTER;
}

static __always_inline enum verdict choose(struct frontend *frontend, const struct origin *origin,
					   struct choice *choice)
{
	__u64 *word = origin->is_external ? &frontend->external : &frontend->internal;
	__u32 drops = origin->is_external ? FRONTEND_EXTERNAL_DROP : FRONTEND_INTERNAL_DROP;
	__u64 *hits;
	bool found;

	if (!may_use(frontend, origin)) {
		conclude(choice, COUNTER_SOURCE_DENIED);
		return VERDICT_DROP;
	}

	found = frontend->flags & FRONTEND_AFFINITY
		    ? pick_sticky(frontend, origin, word, list_of(frontend, origin), choice)
		    : pick(word, choice);
	if (!found) {
		conclude(choice, frontend->flags & drops ? COUNTER_DROPPED : COUNTER_REFUSED);
		return frontend->flags & drops ? VERDICT_DROP : VERDICT_REFUSE;
	}

	hits = bpf_map_lookup_elem(&backend_hits, &choice->index);
	if (hits)
		__sync_fetch_and_add(hits, 1);

	conclude(choice, COUNTER_TRANSLATED);
	return VERDICT_TRANSLATE;
}

/* Not inline: this is what brings the type into the object's BTF. */
static __noinline void tell_choice(struct event *event, const struct choice *choice)
{
	__builtin_memcpy(event->backend, choice->backend.addr, sizeof(event->backend));
	event->backend_port = choice->backend.port;
	event->reason = choice->reason;
}

/* Tells a choice to who listens: a sample of those that led somewhere, and all others. */
static __always_inline void report(const struct origin *origin, __be16 client_port,
				   const struct endpoint *target, __u8 proto,
				   const struct choice *choice, __u32 hook)
{
	__u32 first = 0;
	__u64 *rate = bpf_map_lookup_elem(&observers, &first);
	struct event *event;

	if (!rate || !*rate)
		return;

	if (choice->reason == COUNTER_TRANSLATED && bpf_get_prandom_u32() % (__u32)*rate)
		return;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return;

	event->time = bpf_ktime_get_boot_ns();
	__builtin_memcpy(event->client, origin->addr, sizeof(event->client));
	__builtin_memcpy(event->target, target->addr, sizeof(event->target));
	if (!origin->is_known)
		__builtin_memset(event->client, 0, sizeof(event->client));

	event->client_port = client_port;
	event->target_port = target->port;
	event->proto = proto;
	event->hook = hook;
	event->reserved = 0;
	tell_choice(event, choice);
	bpf_ringbuf_submit(event, 0);
}

#endif
