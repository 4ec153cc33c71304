using Noded.Linux.Events;
using Noded.Linux.Files;

namespace Noded.Kubelet.Sources;

/// <summary>The watch of a directory by its path: it is renewed when the path has come to mean another directory.</summary>
internal sealed class DirectoryWatch(string directory, Inotify inotify) : IDisposable
{
    private const InotifyMask Interesting = InotifyMask.CloseWrite | InotifyMask.Attrib | InotifyMask.MovedTo
        | InotifyMask.MovedFrom | InotifyMask.Delete | InotifyMask.DeleteSelf | InotifyMask.MoveSelf;

    private InotifyWatch? _watch;
    private (ulong Device, ulong Inode) _watched;

    /// <summary>Changes of the directory are told; otherwise nothing is.</summary>
    internal bool IsOpen => _watch is not null;

    /// <summary>Sees to it that the directory exists and that the watch is on it; one that is stays as it is.</summary>
    /// <exception cref="IOException">The directory cannot be made or watched.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be made.</exception>
    internal void Renew()
    {
        // Before the watch: whatever takes the directory's place after this look differs at the next.
        (ulong, ulong) present = Identify();
        if (_watch is not null && present == _watched)
        {
            return;
        }

        Dispose();
        Directory.CreateDirectory(directory);
        _watched = Identify();
        _watch = inotify.Watch(directory, Interesting);
    }

    /// <summary>Waits for a change; without a watch, for ever.</summary>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (_watch is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return;
        }

        await _watch.Events.WaitToReadAsync(cancellationToken);
        InotifyMask seen = InotifyMask.None;
        while (_watch.Events.TryRead(out InotifyEvent inotifyEvent))
        {
            // One look at the directory answers all of them.
            seen |= inotifyEvent.Mask;
        }

        if ((seen & (InotifyMask.Ignored | InotifyMask.DeleteSelf | InotifyMask.MoveSelf)) != 0)
        {
            // A directory made anew may get the inode of the one that is gone.
            Dispose();
        }
    }

    public void Dispose()
    {
        _watch?.Dispose();
        _watch = null;
    }

    private (ulong Device, ulong Inode) Identify() =>
        FileStamp.TryRead(directory) is { } stamp ? (stamp.Device, stamp.Inode) : default;
}
