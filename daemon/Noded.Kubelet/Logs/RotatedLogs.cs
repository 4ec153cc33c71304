using System.Collections.Immutable;
using System.Globalization;

namespace Noded.Kubelet.Logs;

/// <summary>Names of rotated logs: <c>0.log.20260131-235959</c>, later with <c>.gz</c>; upstream's.</summary>
internal static class RotatedLogs
{
    internal const string Compressed = ".gz";
    internal const string Temporary = ".tmp";

    private const string TimeFormat = "yyyyMMdd-HHmmss";

    /// <summary>The rotated files of a log that hold something of it, oldest first.</summary>
    /// <param name="names">All of the directory.</param>
    /// <param name="log">The name of the file that is written now.</param>
    internal static ImmutableArray<string> InUse(IReadOnlyCollection<string> names, string log) =>
    [
        .. names.Where(name => TimeOf(name, log) is not null && !names.Contains(name + Compressed))
            .OrderBy(name => name, StringComparer.Ordinal),
    ];

    /// <summary>What a rotation that was broken off left: half a compressed file, or one that is there compressed.</summary>
    internal static ImmutableArray<string> Unused(IReadOnlyCollection<string> names, string log) =>
    [
        .. names.Where(name => name.StartsWith(log + ".", StringComparison.Ordinal)
            && (name.EndsWith(Temporary, StringComparison.Ordinal)
                || (TimeOf(name, log) is not null && names.Contains(name + Compressed)))),
    ];

    /// <summary>The same for a file and for what it becomes when it is compressed.</summary>
    internal static string Plain(string name) =>
        name.EndsWith(Compressed, StringComparison.Ordinal) ? name[..^Compressed.Length] : name;

    /// <summary>A name later than all others, even when the clock was set back or the last rotation is not a second old.</summary>
    internal static string NextName(ImmutableArray<string> inUse, string log, DateTimeOffset now)
    {
        DateTime time = now.UtcDateTime;
        DateTime? last = inUse.Length == 0 ? null : TimeOf(inUse[^1], log);
        if (last?.AddSeconds(1) is { } earliest && earliest > time)
        {
            time = earliest;
        }

        return $"{log}.{time.ToString(TimeFormat, CultureInfo.InvariantCulture)}";
    }

    private static DateTime? TimeOf(string name, string log) =>
        name.StartsWith(log + ".", StringComparison.Ordinal)
        && DateTime.TryParseExact(
            Plain(name)[(log.Length + 1)..],
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTime time)
            ? time
            : null;
}
