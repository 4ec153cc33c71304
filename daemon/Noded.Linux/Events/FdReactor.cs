using Noded.Linux.Interop;

namespace Noded.Linux.Events;

/// <summary>
/// One thread in epoll_wait(2) for every descriptor this process waits on: pidfds, inotify, netlink. It sleeps in the
/// kernel until one of them has something to say, and never changes a namespace.
/// </summary>
public sealed class FdReactor : IDisposable
{
    private readonly SafeFd _epoll;
    private readonly SafeFd _stop;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, TaskCompletionSource> _waiters = [];
    private readonly Thread _thread;
    private volatile bool _stopping;

    public FdReactor()
    {
        _epoll = SafeFd.Own(LibC.epoll_create1(LibC.EPOLL_CLOEXEC), "epoll_create1");
        _stop = SafeFd.Own(LibC.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK), "eventfd");
        LibC.epoll_event watch = new() { events = LibC.EPOLLIN, fd = _stop.Value };
        if (LibC.epoll_ctl(_epoll.Value, LibC.EPOLL_CTL_ADD, _stop.Value, ref watch) < 0)
        {
            throw LinuxException.FromLastError("epoll_ctl add eventfd");
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "fd-reactor" };
        _thread.Start();
    }

    /// <summary>Completes once <paramref name="fd"/> can be read without blocking. One waiter per descriptor.</summary>
    /// <exception cref="LinuxException">The kernel refuses to watch this descriptor.</exception>
    public async Task WaitReadableAsync(SafeFd fd, CancellationToken cancellationToken)
    {
        TaskCompletionSource readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Register(fd, readable);

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            _ =>
            {
                if (Forget(fd.Value, readable))
                {
                    readable.TrySetCanceled(cancellationToken);
                }
            },
            null);
        await readable.Task;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
        }

        Wake();
        _thread.Join();
        foreach (TaskCompletionSource waiter in _waiters.Values)
        {
            // Nobody is left to wake it. No lock: the thread is gone, and nobody registers any more.
            waiter.TrySetException(new ObjectDisposedException(nameof(FdReactor)));
        }

        _stop.Dispose();
        _epoll.Dispose();
    }

    private void Register(SafeFd fd, TaskCompletionSource readable)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            if (!_waiters.TryAdd(fd.Value, readable))
            {
                throw new InvalidOperationException($"Descriptor {fd.Value} has a waiter already.");
            }

            LibC.epoll_event watch = new() { events = LibC.EPOLLIN | LibC.EPOLLONESHOT, fd = fd.Value };
            if (LibC.epoll_ctl(_epoll.Value, LibC.EPOLL_CTL_ADD, fd.Value, ref watch) < 0)
            {
                _waiters.Remove(fd.Value);
                throw LinuxException.FromLastError($"epoll_ctl add {fd.Value}");
            }
        }
    }

    private bool Forget(int fd, TaskCompletionSource waiter)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue(fd, out TaskCompletionSource? current) || current != waiter)
            {
                return false;
            }

            _waiters.Remove(fd);
            LibC.epoll_event ignored = default;

            // A descriptor that was closed meanwhile has left the set by itself.
            _ = LibC.epoll_ctl(_epoll.Value, LibC.EPOLL_CTL_DEL, fd, ref ignored);
            return true;
        }
    }

    private unsafe void Wake()
    {
        ulong one = 1;
        _ = LibC.write(_stop.Value, (byte*)&one, sizeof(ulong));
    }

    private unsafe void Run()
    {
        const int Batch = 16;
        LibC.epoll_event* events = stackalloc LibC.epoll_event[Batch];

        while (!_stopping)
        {
            int count = LibC.epoll_wait(_epoll.Value, events, Batch, -1);
            for (int i = 0; i < count; i++)
            {
                Complete(events[i].fd);
            }
        }
    }

    private void Complete(int fd)
    {
        TaskCompletionSource? waiter;
        lock (_lock)
        {
            _waiters.TryGetValue(fd, out waiter);
        }

        if (waiter is not null && Forget(fd, waiter))
        {
            waiter.TrySetResult();
        }
    }
}
