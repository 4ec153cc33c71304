using System.Runtime.InteropServices;
using Noded.Bpf.Interop;
using Noded.Linux;
using Noded.Linux.Events;

namespace Noded.Bpf;

/// <summary>
/// What programs tell by a BPF_MAP_TYPE_RINGBUF, one struct after the other. One reader: what it has taken is gone. Not
/// thread-safe.
/// </summary>
public sealed unsafe class RingBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly BpfMapHandle _map;
    private readonly List<T> _taken = [];
    private readonly GCHandle _self;
    private readonly SafeFd _readable;
    private nint _buffer;

    /// <summary>Takes ownership of the map.</summary>
    /// <exception cref="BpfException">The map is no ring buffer, or there is no memory for it.</exception>
    public RingBuffer(BpfMapHandle map)
    {
        LibBpfLog.Capture();
        _map = map;
        _self = GCHandle.Alloc(new Samples(_taken));
        _buffer = LibBpf.ring_buffer__new(map.Fd, &SampleSink.Take, GCHandle.ToIntPtr(_self), 0);
        if (_buffer == 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            _self.Free();
            throw new BpfException($"read the ring buffer {map.Name}", errno, LibBpfLog.Take());
        }

        _readable = SafeFd.Duplicate(LibBpf.ring_buffer__epoll_fd(_buffer), $"wait for the ring buffer {map.Name}");
    }

    /// <summary>Completes once there is something to take.</summary>
    public Task WaitAsync(FdReactor reactor, CancellationToken cancellationToken) =>
        reactor.WaitReadableAsync(_readable, cancellationToken);

    /// <summary>Everything that was told since the last call; what is longer or shorter than the struct is left out.</summary>
    public IReadOnlyList<T> Take()
    {
        ObjectDisposedException.ThrowIf(_buffer == 0, this);
        _taken.Clear();
        BpfException.Check(LibBpf.ring_buffer__consume(_buffer), $"read the ring buffer {_map.Name}");
        return [.. _taken];
    }

    public void Dispose()
    {
        if (_buffer != 0)
        {
            _readable.Dispose();
            LibBpf.ring_buffer__free(_buffer);
            _buffer = 0;
            _self.Free();
            _map.Dispose();
        }
    }

    private sealed class Samples(List<T> taken) : SampleSink
    {
        internal override void Add(ReadOnlySpan<byte> sample)
        {
            if (sample.Length == sizeof(T))
            {
                taken.Add(MemoryMarshal.Read<T>(sample));
            }
        }
    }
}

/// <summary>Where libbpf puts what it reads: its callback can know no type.</summary>
internal abstract unsafe class SampleSink
{
    internal abstract void Add(ReadOnlySpan<byte> sample);

    [UnmanagedCallersOnly]
    internal static int Take(nint context, byte* sample, nuint size)
    {
        ((SampleSink)GCHandle.FromIntPtr(context).Target!).Add(new ReadOnlySpan<byte>(sample, (int)size));
        return 0;
    }
}
