using System.Runtime.CompilerServices;
using Noded.Bpf.Interop;

namespace Noded.Bpf;

/// <summary>
/// The memory of a BPF array (BPF_F_MMAPABLE) as elements that are read and written without system calls. Programs
/// read at the same time: what they may act on is published last, with one <see cref="Volatile"/> write of an aligned
/// 64-bit field. The pages of such a mapping are there at once and count as ours, so it grows by pieces as elements are
/// used.
/// </summary>
public sealed unsafe class MappedArray<T> : IDisposable
    where T : unmanaged
{
    private const uint Mmapable = 1 << 10;

    // A multiple of every page and element.
    private const int PieceSize = 64 * 1024;

    private readonly BpfMapHandle _map;
    private readonly nuint _size;
    private readonly nint[] _pieces;
    private bool _isDisposed;

    /// <summary>Takes ownership of the map.</summary>
    /// <exception cref="InvalidOperationException">The map is no such array, or of other elements.</exception>
    public MappedArray(BpfMapHandle map)
    {
        map.RequireSizes(sizeof(uint), sizeof(T), $"uint→{typeof(T).Name}");
        if ((map.Flags & Mmapable) == 0 || sizeof(T) % 8 != 0 || PieceSize % sizeof(T) != 0)
        {
            throw new InvalidOperationException($"Map {map.Name} is no array of {typeof(T).Name} that can be mapped.");
        }

        _map = map;
        nuint page = (nuint)Environment.SystemPageSize;
        _size = (((nuint)sizeof(T) * map.MaxEntries) + page - 1) / page * page;
        _pieces = new nint[(_size + PieceSize - 1) / PieceSize];
    }

    public string Name => _map.Name;

    public uint Length => _map.MaxEntries;

    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    /// <exception cref="BpfException">The kernel has no room for the mapping.</exception>
    public ref T this[uint index]
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Length);
            (uint number, uint place) = Math.DivRem(index, (uint)(PieceSize / sizeof(T)));
            nint piece = Volatile.Read(ref _pieces[number]);
            return ref Unsafe.AsRef<T>((byte*)(piece != 0 ? piece : Map(number)) + ((nuint)sizeof(T) * place));
        }
    }

    /// <summary>Gives the memory of all pieces back; those that are used again return. Nobody may hold a reference.</summary>
    public void Trim()
    {
        for (uint number = 0; number < _pieces.Length; number++)
        {
            if (_pieces[number] != 0)
            {
                _ = LibC.munmap(_pieces[number], LengthOf(number));
                _pieces[number] = 0;
            }
        }
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            Trim();
            _isDisposed = true;
            _map.Dispose();
        }
    }

    private nuint LengthOf(uint number) => nuint.Min(PieceSize, _size - ((nuint)number * PieceSize));

    private nint Map(uint number)
    {
        nint start = LibC.mmap(
            0, LengthOf(number), LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, _map.Fd, (nint)number * PieceSize);
        if (start == -1)
        {
            throw BpfException.FromLastError($"map the array {_map.Name}");
        }

        nint before = Interlocked.CompareExchange(ref _pieces[number], start, 0);
        if (before == 0)
        {
            return start;
        }

        // Somebody else was faster.
        _ = LibC.munmap(start, LengthOf(number));
        return before;
    }
}
