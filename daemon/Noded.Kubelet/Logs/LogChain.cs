using System.Collections.Immutable;
using Noded.Linux.Files;

namespace Noded.Kubelet.Logs;

/// <summary>
/// The files of one container's log in the order in which they were written, the rotated ones first. It finds its way
/// on when the file that is read is rotated, even several times between two looks.
/// </summary>
internal sealed class LogChain : IDisposable
{
    private readonly string _live;
    private readonly Func<CriLogLines> _lines;
    private ImmutableArray<string> _rotated;

    private LogChain(string live, Func<CriLogLines> lines, ImmutableArray<string> rotated, LogFile? current)
    {
        _live = live;
        _lines = lines;
        _rotated = rotated;
        Older = rotated;
        Current = current;
    }

    /// <summary>The rotated files that there were in the beginning.</summary>
    internal ImmutableArray<string> Older { get; }

    /// <summary>The file that is written now, as far as is known; null while there is none.</summary>
    internal LogFile? Current { get; private set; }

    /// <exception cref="FileNotFoundException">There is no file of this log.</exception>
    internal static LogChain Open(string live, Func<CriLogLines> lines)
    {
        while (true)
        {
            ImmutableArray<string> rotated = ListRotated(live);
            LogFile? current = LogFile.TryOpen(live, lines());
            if (ListRotated(live).SequenceEqual(rotated))
            {
                return current is null && rotated.IsEmpty
                    ? throw new FileNotFoundException($"Could not find file '{live}'.", live)
                    : new LogChain(live, lines, rotated, current);
            }

            // Rotated while we looked: the file that was opened may be in the list, too.
            current?.Dispose();
        }
    }

    internal LogFile? TryOpenOlder(string path) => LogFile.TryOpen(path, _lines());

    /// <summary>
    /// The files that follow <see cref="Current"/> once it is not written any more, oldest first; the last of them becomes
    /// the current one. None while it still is.
    /// </summary>
    internal ImmutableArray<LogFile> TryAdvance()
    {
        if (FileStatus.TryRead(_live) is not { } live
            || (Current is not null && FileStatus.TryRead(Current.Handle) is { } mine
                && (mine.Device, mine.Inode) == (live.Device, live.Inode)))
        {
            return [];
        }

        ImmutableArray<string> rotated = ListRotated(_live);
        LogFile? next = LogFile.TryOpen(_live, _lines());

        // The runtime begins the new file a moment before it leaves the old one. With something in the new one, and
        // the list as it was, the old one has all but what the runtime holds in its hands.
        if (next is null || next.Length == 0 || !ListRotated(_live).SequenceEqual(rotated))
        {
            next?.Dispose();
            return [];
        }

        List<LogFile> following = [];
        foreach (string path in rotated.Where(path => !_rotated.Contains(path)))
        {
            LogFile? between = LogFile.TryOpen(path, _lines());
            if (between is null || (Current is not null && between.BeginsAs(Current)))
            {
                between?.Dispose();
            }
            else
            {
                following.Add(between);
            }
        }

        _rotated = rotated;
        Current = next;
        return [.. following, next];
    }

    public void Dispose() => Current?.Dispose();

    /// <summary>Plain names: to be compressed makes no other file of it.</summary>
    private static ImmutableArray<string> ListRotated(string live)
    {
        string directory = Path.GetDirectoryName(live)!;
        return Directory.Exists(directory)
            ?
            [
                .. RotatedLogs.InUse(LogRotator.Names(directory), Path.GetFileName(live))
                    .Select(name => Path.Combine(directory, RotatedLogs.Plain(name))),
            ]
            : [];
    }
}
