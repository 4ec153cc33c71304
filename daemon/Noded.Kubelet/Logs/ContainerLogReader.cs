using System.Collections.Immutable;
using Noded.Linux;
using Noded.Linux.Events;

namespace Noded.Kubelet.Logs;

/// <summary>Which part of a container's log to read.</summary>
/// <param name="Tail">The last so many lines; null for all.</param>
/// <param name="Timestamps">Keep the time in front of each line.</param>
public sealed record LogOptions(int? Tail, bool Follow, bool Timestamps)
{
    /// <summary>Only lines written then or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>End after so many bytes, be it in the middle of a line.</summary>
    public long? LimitBytes { get; init; }
}

/// <summary>Whether a container may still write, and when to ask again.</summary>
/// <param name="WhenChanged">Completes when the answer may be another than at the time of the call.</param>
public sealed record LogWriter(Func<bool> IsRunning, Func<CancellationToken, Task> WhenChanged);

/// <summary>
/// Reads a log in CRI's format, <c>TIME STREAM TAG CONTENT</c> a line (tag P: the line goes on in the next one), and
/// writes its content: of the rotated files first, then of the one that is written.
/// </summary>
public sealed class ContainerLogReader(Inotify inotify)
{
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task ReadAsync(
        string file, LogOptions options, LogWriter writer, Stream output, CancellationToken cancellationToken)
    {
        using InotifyWatch? watch = options.Follow ? WatchOrNull(file) : null;
        LogSink sink = new(output, options.LimitBytes);
        using LogChain chain = LogChain.Open(file, () => new CriLogLines(options.Timestamps, options.Since));
        foreach (LogFile older in OpenOlder(chain, options))
        {
            using (older)
            {
                await sink.DrainAsync(older, isComplete: true, cancellationToken);
            }
        }

        if (watch is null)
        {
            if (chain.Current is { } live)
            {
                await sink.DrainAsync(live, isComplete: true, cancellationToken);
            }

            return;
        }

        await FollowAsync(chain, writer, watch, sink, cancellationToken);
    }

    private static async Task FollowAsync(
        LogChain chain, LogWriter writer, InotifyWatch watch, LogSink sink, CancellationToken cancellationToken)
    {
        LogFile? previous = null;
        Task changed = Task.CompletedTask;
        Task written = Task.CompletedTask;
        try
        {
            while (!sink.IsFull)
            {
                // Before the look: what is written or ends after it is told.
                changed = changed.IsCompleted ? writer.WhenChanged(cancellationToken) : changed;
                while (watch.Events.TryRead(out _))
                {
                    // One look at the files answers all of them.
                }

                bool isRunning = writer.IsRunning();
                previous = await AdvanceAsync(chain, previous, sink, cancellationToken);
                if (!isRunning)
                {
                    if (chain.Current is { } last)
                    {
                        await sink.DrainAsync(last, isComplete: true, cancellationToken);
                    }

                    return;
                }

                written = written.IsCompleted ? watch.Events.WaitToReadAsync(cancellationToken).AsTask() : written;
                await Task.WhenAny(changed, written);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            previous?.Dispose();
        }
    }

    /// <summary>Writes all that there is now; the file before the current one, which may still get a last line.</summary>
    private static async Task<LogFile?> AdvanceAsync(
        LogChain chain, LogFile? previous, LogSink sink, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (previous is not null)
            {
                await sink.DrainAsync(previous, isComplete: false, cancellationToken);
            }

            LogFile? current = chain.Current;
            ImmutableArray<LogFile> following = chain.TryAdvance();
            if (current is not null)
            {
                await sink.DrainAsync(current, isComplete: false, cancellationToken);
            }

            if (following.IsEmpty)
            {
                return previous;
            }

            foreach (LogFile between in following[..^1])
            {
                using (between)
                {
                    await sink.DrainAsync(between, isComplete: true, cancellationToken);
                }
            }

            previous?.Dispose();
            previous = current;
        }
    }

    /// <summary>The rotated files that have a part in what is asked for, oldest first; the current one is put in its place.</summary>
    private static List<LogFile> OpenOlder(LogChain chain, LogOptions options)
    {
        List<LogFile> opened = [];
        int? missing = options.Tail - (options.Tail is { } tail ? chain.Current?.SeekTail(tail) ?? 0 : 0);
        foreach (string path in chain.Older.Reverse())
        {
            if (missing <= 0 || chain.TryOpenOlder(path) is not { } older)
            {
                // Deleted since it was listed: those before it are gone as well, or not asked for.
                break;
            }

            opened.Insert(0, older);
            missing -= missing is { } lines ? older.SeekTail(lines) : 0;
            if (older.LastWrite < options.Since)
            {
                opened.RemoveAt(0);
                older.Dispose();
                break;
            }
        }

        return opened;
    }

    private InotifyWatch? WatchOrNull(string file)
    {
        try
        {
            return inotify.Watch(Path.GetDirectoryName(file)!, InotifyMask.Modify | InotifyMask.Create | InotifyMask.MovedTo);
        }
        catch (LinuxException)
        {
            // The limit of watches is reached or the directory is gone: what is there is still worth reading.
            return null;
        }
    }
}
