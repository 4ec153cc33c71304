using System.Collections.Immutable;

namespace Noded.Kubelet.Logs;

/// <summary>How large a container's log may grow; upstream's <c>containerLogMaxSize</c> and <c>containerLogMaxFiles</c>.</summary>
/// <param name="MaxFiles">With the one that is written; at least 2.</param>
public sealed record LogRotationOptions(long MaxSize, int MaxFiles)
{
    public static LogRotationOptions Default { get; } = new(10 * 1024 * 1024, 5);
}

/// <summary>One rotation of a log: what goes, what is compressed, what the file that is written now is called then.</summary>
internal sealed record LogRotationPlan(ImmutableArray<string> Remove, ImmutableArray<string> Compress, string RotateTo)
{
    internal static LogRotationPlan Compute(
        IReadOnlyCollection<string> names, string log, int maxFiles, DateTimeOffset now)
    {
        ImmutableArray<string> inUse = RotatedLogs.InUse(names, log);

        // The file that is rotated now, and the one that is begun, count as well.
        int excess = Math.Max(0, inUse.Length - Math.Max(0, maxFiles - 2));
        return new LogRotationPlan(
            [.. RotatedLogs.Unused(names, log), .. inUse[..excess]],
            [.. inUse[excess..].Where(name => RotatedLogs.Plain(name) == name)],
            RotatedLogs.NextName(inUse, log, now));
    }

    /// <summary>When to look at the size again: about when it will be reached, at most every 10 s while something is written.</summary>
    internal static TimeSpan NextLook(long size, long grown, TimeSpan elapsed, long maxSize)
    {
        double seconds = grown <= 0 ? double.MaxValue : (maxSize - size) * elapsed.TotalSeconds / grown;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, ShortestPause.TotalSeconds, LongestPause.TotalSeconds));
    }

    internal static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);

    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
}
