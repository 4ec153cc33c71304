using System.Runtime.CompilerServices;
using Noded.Bpf.Interop;

namespace Noded.Bpf;

/// <summary>
/// The memory of a BPF array (BPF_F_MMAPABLE) as elements that are read and written without system calls. Programs
/// read at the same time: what they may act on is published last, with one <see cref="Volatile"/> write of an aligned
/// 64-bit field.
/// </summary>
public sealed unsafe class MappedArray<T> : IDisposable
    where T : unmanaged
{
    private const uint Mmapable = 1 << 10;
    private readonly BpfMapHandle _map;
    private readonly nuint _size;
    private byte* _start;

    /// <summary>Takes ownership of the map. Its pages are there at once and count as resident.</summary>
    /// <exception cref="InvalidOperationException">The map is no such array, or of other elements.</exception>
    public MappedArray(BpfMapHandle map)
    {
        map.RequireSizes(sizeof(uint), sizeof(T), $"uint→{typeof(T).Name}");
        if ((map.Flags & Mmapable) == 0 || sizeof(T) % 8 != 0)
        {
            throw new InvalidOperationException($"Map {map.Name} is no array of {typeof(T).Name} that can be mapped.");
        }

        _map = map;
        nuint page = (nuint)Environment.SystemPageSize;
        _size = ((nuint)sizeof(T) * map.MaxEntries + page - 1) / page * page;
        nint start = LibC.mmap(0, _size, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, map.Fd, 0);
        _start = start == -1 ? throw BpfException.FromLastError($"map the array {map.Name}") : (byte*)start;
    }

    public string Name => _map.Name;

    public uint Length => _map.MaxEntries;

    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    public ref T this[uint index]
    {
        get
        {
            ObjectDisposedException.ThrowIf(_start == null, this);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Length);
            return ref Unsafe.AsRef<T>(_start + ((nuint)sizeof(T) * index));
        }
    }

    public void Dispose()
    {
        if (_start != null)
        {
            _ = LibC.munmap((nint)_start, _size);
            _start = null;
            _map.Dispose();
        }
    }
}
