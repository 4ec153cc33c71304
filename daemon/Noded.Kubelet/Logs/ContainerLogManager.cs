using System.Collections.Immutable;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Linux.Events;
using Noded.Primitives;

namespace Noded.Kubelet.Logs;

/// <summary>
/// Rotates the logs of running containers. A container that writes nothing costs nothing: its log is looked at when the
/// kernel tells that it was written, and again from time to time while it grows.
/// </summary>
internal sealed class ContainerLogManager(
    LogRotator rotator, Inotify inotify, FlightRecorder flight, TimeProvider clock, CancellationToken stopping)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ContainerId, (PodUid Pod, CancellationTokenSource Stop, Task Task)> _followed = [];

    /// <summary>The running containers of a pod, all of them; what was known of it before is replaced.</summary>
    internal void Update(PodUid pod, ImmutableArray<LoggedContainer> running)
    {
        lock (_lock)
        {
            foreach ((ContainerId id, (PodUid owner, CancellationTokenSource stop, Task _)) in _followed.ToList())
            {
                if (owner == pod && !running.Any(container => container.Id == id))
                {
                    stop.Cancel();
                    _followed.Remove(id);
                }
            }

            foreach (LoggedContainer container in running.Where(container => !_followed.ContainsKey(container.Id)))
            {
                CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                _followed[container.Id] = (pod, stop, Task.Run(() => FollowAsync(container, stop), CancellationToken.None));
            }
        }
    }

    private async Task FollowAsync(LoggedContainer container, CancellationTokenSource stop)
    {
        using CancellationTokenSource owned = stop;
        try
        {
            while (true)
            {
                await FollowAsync(container, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The container has ended, or the daemon does.
        }
    }

    /// <summary>Looks while the log grows, then waits for the next write.</summary>
    private async Task FollowAsync(LoggedContainer container, CancellationToken cancellationToken)
    {
        try
        {
            long size = await LookAsync(container, cancellationToken);
            TimeSpan pause = LogRotationPlan.ShortestPause;
            while (true)
            {
                long start = clock.GetTimestamp();
                await Task.Delay(pause, clock, cancellationToken);
                long now = await LookAsync(container, cancellationToken);
                if (now == size)
                {
                    break;
                }

                pause = LogRotationPlan.NextLook(
                    now, now > size ? now - size : now, clock.GetElapsedTime(start), rotator.MaxSize);
                size = now;
            }

            await WaitForWriteAsync(container, size, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            flight.Record(FlightEntryKind.Failed, $"log {container.File}", e.Message);
            await Task.Delay(LogRotationPlan.LongestPause, clock, cancellationToken);
        }
    }

    /// <summary>Rotates what is too large; the size that it has then.</summary>
    private async Task<long> LookAsync(LoggedContainer container, CancellationToken cancellationToken)
    {
        FileInfo file = new(container.File);
        if (!file.Exists)
        {
            // Rotated by a daemon that was killed before it told the runtime, or deleted by somebody.
            await rotator.ReopenAsync(container, cancellationToken);
            flight.Record(FlightEntryKind.Acted, $"log {container.File}", "reopened: it was gone");
            return 0;
        }

        if (file.Length < rotator.MaxSize)
        {
            return file.Length;
        }

        await rotator.RotateAsync(container, cancellationToken);
        flight.Record(FlightEntryKind.Acted, $"log {container.File}", $"rotated at {file.Length} bytes");
        file.Refresh();
        return file.Exists ? file.Length : 0;
    }

    private async Task WaitForWriteAsync(LoggedContainer container, long size, CancellationToken cancellationToken)
    {
        using InotifyWatch watch = inotify.Watch(
            Path.GetDirectoryName(container.File)!,
            InotifyMask.Modify | InotifyMask.Delete | InotifyMask.MovedFrom | InotifyMask.DeleteSelf);
        string name = Path.GetFileName(container.File);

        // What was written before the watch is told by nobody.
        while (new FileInfo(container.File) is { Exists: true } file && file.Length == size)
        {
            InotifyEvent written;
            do
            {
                written = await watch.Events.ReadAsync(cancellationToken);
            }
            while (written.Name.Length > 0 && written.Name != name);
        }
    }
}
