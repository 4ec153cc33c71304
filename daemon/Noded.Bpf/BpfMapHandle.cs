using Microsoft.Win32.SafeHandles;
using Noded.Bpf.Interop;
using Noded.Linux;

namespace Noded.Bpf;

/// <summary>A map whose keys and values nobody has typed yet: what is pinned, shared, and then opened as a typed map.</summary>
public sealed unsafe class BpfMapHandle : IDisposable
{
    private const int ArrayOfMaps = 12;
    private const int Array = 2;

    internal BpfMapHandle(string name, SafeFileHandle fd)
    {
        (Name, Fd) = (name, fd);
        LibBpf.bpf_map_info info = default;
        uint length = (uint)sizeof(LibBpf.bpf_map_info);
        BpfException.Check(LibBpf.bpf_obj_get_info_by_fd(fd, &info, ref length), $"inspect map {name}");
        (Type, Id, MaxEntries) = ((int)info.type, info.id, info.max_entries);
        (KeySize, ValueSize, Flags) = ((int)info.key_size, (int)info.value_size, info.map_flags);
    }

    public string Name { get; }

    /// <summary>enum bpf_map_type.</summary>
    public int Type { get; }

    public uint Id { get; }

    public uint MaxEntries { get; }

    public int KeySize { get; }

    public int ValueSize { get; }

    internal uint Flags { get; }

    internal SafeFileHandle Fd { get; }

    /// <summary>The map pinned there, or null.</summary>
    public static BpfMapHandle? TryOpenPin(string name, string path)
    {
        LibBpfLog.Capture();
        int fd = LibBpf.bpf_obj_get(path);
        return fd == -Errno.ENOENT ? null : new BpfMapHandle(name, BpfFd.Own(fd, $"open the pinned map {path}"));
    }

    /// <summary>Makes the map outlive this process, below a bpf file system.</summary>
    public void Pin(string path) => BpfException.Check(LibBpf.bpf_obj_pin(Fd, path), $"pin map {Name} at {path}");

    public void Dispose() => Fd.Dispose();

    internal void RequireSizes(int key, int value, string types)
    {
        if (KeySize != key || ValueSize != value)
        {
            throw new InvalidOperationException(
                $"Map {Name} holds {KeySize}→{ValueSize} bytes, but {types} is {key}→{value}.");
        }
    }

    /// <summary>The two maps of a <see cref="GraceBarrier"/>.</summary>
    internal static SafeFileHandle CreateInner() =>
        BpfFd.Own(LibBpf.bpf_map_create(Array, "grace_inner", 4, 4, 1, 0), "make the map grace_inner");

    internal static SafeFileHandle CreateOuter(SafeFileHandle inner)
    {
        // struct bpf_map_create_opts: size_t sz; three of BTF; btf_vmlinux_value_type_id; inner_map_fd; map_flags …
        uint* opts = stackalloc uint[12];
        new Span<uint>(opts, 12).Clear();
        *(nuint*)opts = 12 * sizeof(uint);
        opts[6] = (uint)BpfFd.Number(inner);
        return BpfFd.Own(
            LibBpf.bpf_map_create(ArrayOfMaps, "grace_outer", 4, 4, 1, (nint)opts), "make the map grace_outer");
    }
}
