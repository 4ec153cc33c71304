using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using System.Threading.Channels;
using Noded.Linux.Interop;

namespace Noded.Linux.Events;

/// <summary>What happened in a watched directory; inotify(7)'s masks.</summary>
[Flags]
public enum InotifyMask
{
    None = 0,
    Modify = 0x2,
    Attrib = 0x4,
    CloseWrite = 0x8,
    MovedFrom = 0x40,
    MovedTo = 0x80,
    Create = 0x100,
    Delete = 0x200,
    DeleteSelf = 0x400,
    MoveSelf = 0x800,
    Overflow = 0x4000,

    /// <summary>The watch is gone: the directory was removed or unmounted.</summary>
    Ignored = 0x8000,
}

/// <param name="Name">The entry inside the watched directory; empty when the directory itself is meant.</param>
public readonly record struct InotifyEvent(InotifyMask Mask, string Name);

/// <summary>
/// The process's one inotify(7) descriptor, shared by everything that watches files: their number per user is small.
/// </summary>
public sealed class Inotify : IDisposable
{
    private const int HeaderSize = 16;

    private readonly FdReactor _reactor;
    private readonly SafeFd _fd;
    private readonly Lock _lock = new();
    private ImmutableDictionary<int, ImmutableArray<InotifyWatch>> _watches =
        ImmutableDictionary<int, ImmutableArray<InotifyWatch>>.Empty;

    public Inotify(FdReactor reactor)
    {
        _reactor = reactor;
        _fd = SafeFd.Own(LibC.inotify_init1(LibC.IN_NONBLOCK | LibC.IN_CLOEXEC), "inotify_init1");
    }

    /// <summary>Starts to watch a directory; its events wait in the returned watch until they are read.</summary>
    /// <exception cref="LinuxException">The directory is missing or the user's limit of watches is reached.</exception>
    public InotifyWatch Watch(string directory, InotifyMask mask)
    {
        lock (_lock)
        {
            // The kernel has one watch per directory; a second one adds to the mask of the first.
            int descriptor = LibC.inotify_add_watch(_fd.Value, directory, (uint)mask | LibC.IN_MASK_ADD);
            if (descriptor < 0)
            {
                throw LinuxException.FromLastError($"inotify_add_watch {directory}");
            }

            InotifyWatch watch = new(this, descriptor, mask);
            _watches = _watches.SetItem(descriptor, [.. Watching(descriptor), watch]);
            return watch;
        }
    }

    /// <summary>Reads the descriptor and hands events to their watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            await _reactor.WaitReadableAsync(_fd, cancellationToken);
            int length = Read(buffer);
            Deliver(buffer.AsSpan(0, length));
        }
    }

    public void Dispose() => _fd.Dispose();

    internal void Remove(int descriptor, InotifyWatch watch)
    {
        lock (_lock)
        {
            ImmutableArray<InotifyWatch> left = Watching(descriptor).Remove(watch);
            if (left.IsEmpty)
            {
                _watches = _watches.Remove(descriptor);

                // The kernel has dropped the watch already when its directory is gone.
                _ = LibC.inotify_rm_watch(_fd.Value, descriptor);
            }
            else
            {
                _watches = _watches.SetItem(descriptor, left);
            }
        }
    }

    private ImmutableArray<InotifyWatch> Watching(int descriptor) =>
        _watches.TryGetValue(descriptor, out ImmutableArray<InotifyWatch> watches) ? watches : [];

    private unsafe int Read(byte[] buffer)
    {
        fixed (byte* start = buffer)
        {
            nint length = LibC.read(_fd.Value, start, (nuint)buffer.Length);
            return (int)Math.Max(0, length);
        }
    }

    private void Deliver(ReadOnlySpan<byte> events)
    {
        // struct inotify_event { int wd; uint32_t mask, cookie, len; char name[len]; }, the name padded with zeros.
        while (events.Length >= HeaderSize)
        {
            int descriptor = BinaryPrimitives.ReadInt32LittleEndian(events);
            InotifyMask mask = (InotifyMask)BinaryPrimitives.ReadUInt32LittleEndian(events[4..]);
            int length = BinaryPrimitives.ReadInt32LittleEndian(events[12..]);
            string name = Encoding.UTF8.GetString(events.Slice(HeaderSize, length).TrimEnd((byte)0));
            events = events[(HeaderSize + length)..];
            Dispatch(descriptor, new InotifyEvent(mask, name));
        }
    }

    private void Dispatch(int descriptor, InotifyEvent inotifyEvent)
    {
        ImmutableArray<InotifyWatch> concerned;
        lock (_lock)
        {
            // The kernel may report before Watch has noted the descriptor that it got.
            concerned = inotifyEvent.Mask.HasFlag(InotifyMask.Overflow)
                ? [.. _watches.Values.SelectMany(watches => watches)]
                : Watching(descriptor);
        }

        foreach (InotifyWatch watch in concerned)
        {
            watch.Post(inotifyEvent);
        }
    }
}

/// <summary>One watched directory.</summary>
public sealed class InotifyWatch : IDisposable
{
    private readonly Inotify _inotify;
    private readonly int _descriptor;
    private readonly InotifyMask _mask;

    // The reader relists the directory anyway, so events beyond this number may be dropped: one of them is left.
    private readonly Channel<InotifyEvent> _events = Channel.CreateBounded<InotifyEvent>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    internal InotifyWatch(Inotify inotify, int descriptor, InotifyMask mask)
    {
        _mask = mask | InotifyMask.Overflow | InotifyMask.Ignored;
        _inotify = inotify;
        _descriptor = descriptor;
    }

    public ChannelReader<InotifyEvent> Events => _events.Reader;

    public void Dispose() => _inotify.Remove(_descriptor, this);

    internal void Post(InotifyEvent inotifyEvent)
    {
        // The kernel's mask is the union of all watches of the directory.
        if ((inotifyEvent.Mask & _mask) != 0)
        {
            _events.Writer.TryWrite(inotifyEvent);
        }
    }
}
