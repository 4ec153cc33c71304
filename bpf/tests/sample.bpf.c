// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the tests of the library load: one of each thing it handles. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sample_key {
	__u32 number;
	__u32 other;
};

const volatile __u32 verdict = 7;
const volatile __u64 wide = 1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct sample_key);
	__type(value, __u64);
} sample_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 20000);
	__type(key, __u32);
	__type(value, __u64);
} sample_array SEC(".maps");

SEC("tc")
int sample(struct __sk_buff *skb)
{
	__u32 index = skb->mark;
	__u64 *value = bpf_map_lookup_elem(&sample_array, &index);

	if (value)
		*value += wide;

	return (int)verdict;
}

SEC("cgroup/connect4")
int refuse_all(struct bpf_sock_addr *ctx)
{
	(void)ctx;
	return 0;
}

SEC("cgroup/connect4")
int allow_all(struct bpf_sock_addr *ctx)
{
	(void)ctx;
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
