using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Noded.Bpf.Interop;

/// <summary>
/// Declarations of libbpf 1.x: pointers are null and errno tells why, numbers are the negated errno. Strings are UTF-8.
/// </summary>
internal static unsafe partial class LibBpf
{
    /// <summary>struct bpf_object_open_opts of libbpf 1.1.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct bpf_object_open_opts
    {
        internal nuint sz;
        internal byte* object_name;
        internal byte relaxed_maps;
        internal byte* pin_root_path;
        internal uint stub;
        internal byte* kconfig;
        internal byte* btf_custom_path;
        internal byte* kernel_log_buf;
        internal nuint kernel_log_size;
        internal uint kernel_log_level;
    }

    /// <summary>struct bpf_test_run_opts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct bpf_test_run_opts
    {
        internal nuint sz;
        internal byte* data_in;
        internal byte* data_out;
        internal uint data_size_in;
        internal uint data_size_out;
        internal byte* ctx_in;
        internal byte* ctx_out;
        internal uint ctx_size_in;
        internal uint ctx_size_out;
        internal uint retval;
        internal int repeat;
        internal uint duration;
        internal uint flags;
        internal uint cpu;
        internal uint batch_size;
    }

    /// <summary>struct bpf_map_info, the part that every kernel since 5.5 fills.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct bpf_map_info
    {
        internal uint type;
        internal uint id;
        internal uint key_size;
        internal uint value_size;
        internal uint max_entries;
        internal uint map_flags;
        internal fixed byte name[16];
        internal uint ifindex;
        internal uint btf_vmlinux_value_type_id;
        internal ulong netns_dev;
        internal ulong netns_ino;
        internal uint btf_id;
        internal uint btf_key_type_id;
        internal uint btf_value_type_id;
        internal uint pad;
    }

    /// <summary>struct btf_type.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct btf_type
    {
        internal uint name_off;
        internal uint info;
        internal uint size;
    }

    /// <summary>struct btf_var_secinfo.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct btf_var_secinfo
    {
        internal uint type;
        internal uint offset;
        internal uint size;
    }

    // libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn);
    [LibraryImport("bpf")]
    internal static partial nint libbpf_set_print(delegate* unmanaged[Cdecl]<int, byte*, nint, int> print);

    // struct bpf_object *bpf_object__open_mem(const void *buf, size_t size, const struct bpf_object_open_opts *opts);
    [LibraryImport("bpf", SetLastError = true)]
    internal static partial nint bpf_object__open_mem(byte* buf, nuint size, in bpf_object_open_opts opts);

    // int bpf_object__load(struct bpf_object *obj);
    [LibraryImport("bpf")]
    internal static partial int bpf_object__load(nint obj);

    // void bpf_object__close(struct bpf_object *obj);
    [LibraryImport("bpf")]
    internal static partial void bpf_object__close(nint obj);

    // struct btf *bpf_object__btf(const struct bpf_object *obj);
    [LibraryImport("bpf")]
    internal static partial nint bpf_object__btf(nint obj);

    // struct bpf_map *bpf_object__find_map_by_name(const struct bpf_object *obj, const char *name);
    [LibraryImport("bpf", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint bpf_object__find_map_by_name(nint obj, string name);

    // struct bpf_program *bpf_object__find_program_by_name(const struct bpf_object *obj, const char *name);
    [LibraryImport("bpf", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint bpf_object__find_program_by_name(nint obj, string name);

    // int bpf_program__fd(const struct bpf_program *prog);
    [LibraryImport("bpf")]
    internal static partial int bpf_program__fd(nint prog);

    // int bpf_program__set_autoload(struct bpf_program *prog, bool autoload);
    [LibraryImport("bpf")]
    internal static partial int bpf_program__set_autoload(nint prog, [MarshalAs(UnmanagedType.U1)] bool autoload);

    // int bpf_map__fd(const struct bpf_map *map);
    [LibraryImport("bpf")]
    internal static partial int bpf_map__fd(nint map);

    // int bpf_map__reuse_fd(struct bpf_map *map, int fd);
    [LibraryImport("bpf")]
    internal static partial int bpf_map__reuse_fd(nint map, SafeFileHandle fd);

    // int bpf_map__set_max_entries(struct bpf_map *map, __u32 max_entries);
    [LibraryImport("bpf")]
    internal static partial int bpf_map__set_max_entries(nint map, uint maxEntries);

    // void *bpf_map__initial_value(struct bpf_map *map, size_t *psize);
    [LibraryImport("bpf", SetLastError = true)]
    internal static partial byte* bpf_map__initial_value(nint map, out nuint size);

    // __s32 btf__find_by_name_kind(const struct btf *btf, const char *type_name, __u32 kind);
    [LibraryImport("bpf", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int btf__find_by_name_kind(nint btf, string name, uint kind);

    // const struct btf_type *btf__type_by_id(const struct btf *btf, __u32 id);
    [LibraryImport("bpf")]
    internal static partial btf_type* btf__type_by_id(nint btf, uint id);

    // const char *btf__name_by_offset(const struct btf *btf, __u32 offset);
    [LibraryImport("bpf")]
    internal static partial byte* btf__name_by_offset(nint btf, uint offset);

    // int bpf_map_lookup_elem(int fd, const void *key, void *value);
    [LibraryImport("bpf")]
    internal static partial int bpf_map_lookup_elem(SafeFileHandle fd, void* key, void* value);

    // int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
    [LibraryImport("bpf")]
    internal static partial int bpf_map_update_elem(SafeFileHandle fd, void* key, void* value, ulong flags);

    // int bpf_map_delete_elem(int fd, const void *key);
    [LibraryImport("bpf")]
    internal static partial int bpf_map_delete_elem(SafeFileHandle fd, void* key);

    // int bpf_map_get_next_key(int fd, const void *key, void *next_key);
    [LibraryImport("bpf")]
    internal static partial int bpf_map_get_next_key(SafeFileHandle fd, void* key, void* nextKey);

    // int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size,
    //                    __u32 max_entries, const struct bpf_map_create_opts *opts);
    [LibraryImport("bpf", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_map_create(
        int type, string name, uint keySize, uint valueSize, uint maxEntries, nint opts);

    // int bpf_obj_get_info_by_fd(int bpf_fd, void *info, __u32 *info_len);
    [LibraryImport("bpf")]
    internal static partial int bpf_obj_get_info_by_fd(SafeFileHandle fd, void* info, ref uint length);

    // int bpf_obj_pin(int fd, const char *pathname);
    [LibraryImport("bpf", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_obj_pin(SafeFileHandle fd, string path);

    // int bpf_obj_get(const char *pathname);
    [LibraryImport("bpf", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_obj_get(string path);

    // int bpf_link_create(int prog_fd, int target_fd, enum bpf_attach_type type, const struct bpf_link_create_opts *o);
    [LibraryImport("bpf")]
    internal static partial int bpf_link_create(int program, int target, int attachType, nint opts);

    // int bpf_link_update(int link_fd, int new_prog_fd, const struct bpf_link_update_opts *opts);
    [LibraryImport("bpf")]
    internal static partial int bpf_link_update(SafeFileHandle link, int program, nint opts);

    // int bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts);
    [LibraryImport("bpf")]
    internal static partial int bpf_prog_test_run_opts(int program, ref bpf_test_run_opts opts);

    // struct ring_buffer *ring_buffer__new(int map_fd, ring_buffer_sample_fn sample_cb, void *ctx,
    //                                      const struct ring_buffer_opts *opts);
    [LibraryImport("bpf", SetLastError = true)]
    internal static partial nint ring_buffer__new(
        SafeFileHandle map, delegate* unmanaged<nint, byte*, nuint, int> sample, nint context, nint opts);

    // void ring_buffer__free(struct ring_buffer *rb);
    [LibraryImport("bpf")]
    internal static partial void ring_buffer__free(nint buffer);

    // int ring_buffer__epoll_fd(const struct ring_buffer *rb);
    [LibraryImport("bpf")]
    internal static partial int ring_buffer__epoll_fd(nint buffer);

    // int ring_buffer__consume(struct ring_buffer *rb);
    [LibraryImport("bpf")]
    internal static partial int ring_buffer__consume(nint buffer);

    // int bpf_prog_query(int target_fd, enum bpf_attach_type type, __u32 query_flags, __u32 *attach_flags,
    //                    __u32 *prog_ids, __u32 *prog_cnt);
    [LibraryImport("bpf")]
    internal static partial int bpf_prog_query(
        int target, int attachType, uint queryFlags, uint* attachFlags, uint* ids, ref uint count);

    // int libbpf_probe_bpf_prog_type(enum bpf_prog_type prog_type, const void *opts);
    [LibraryImport("bpf")]
    internal static partial int libbpf_probe_bpf_prog_type(int type, nint opts);

    // int libbpf_probe_bpf_map_type(enum bpf_map_type map_type, const void *opts);
    [LibraryImport("bpf")]
    internal static partial int libbpf_probe_bpf_map_type(int type, nint opts);

    // int libbpf_probe_bpf_helper(enum bpf_prog_type prog_type, enum bpf_func_id helper_id, const void *opts);
    [LibraryImport("bpf")]
    internal static partial int libbpf_probe_bpf_helper(int programType, int helper, nint opts);
}
