using System.Collections.Immutable;
using Xunit;

namespace Noded.Testing;

/// <summary>
/// Tells which file descriptors this process gained since <see cref="Start"/>. Run the code under test once before:
/// the runtime opens descriptors of its own on first use (epoll, signal pipe) and keeps them.
/// </summary>
public sealed class FdLeakCheck
{
    private readonly ImmutableDictionary<string, string> _before;

    private FdLeakCheck(ImmutableDictionary<string, string> before) => _before = before;

    public static FdLeakCheck Start() => new(Read());

    /// <summary>
    /// The descriptors opened since and still open, as <c>12 -> socket:[4711]</c>, in order of number.
    /// </summary>
    public ImmutableArray<string> Leaked() =>
    [
        .. Read()
            .Where(fd => !_before.Contains(fd))
            .OrderBy(fd => fd.Key.Length)
            .ThenBy(fd => fd.Key, StringComparer.Ordinal)
            .Select(fd => $"{fd.Key} -> {fd.Value}"),
    ];

    public void AssertNone() => Assert.Empty(Leaked());

    private static ImmutableDictionary<string, string> Read()
    {
        ImmutableDictionary<string, string>.Builder descriptors = ImmutableDictionary.CreateBuilder<string, string>();

        foreach (FileInfo fd in new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Select(AsFile))
        {
            // The enumeration's own descriptor is listed and gone again by the time it is looked at.
            if (TryReadTarget(fd) is string target)
            {
                descriptors[fd.Name] = target;
            }
        }

        return descriptors.ToImmutable();
    }

    private static FileInfo AsFile(FileSystemInfo entry) => new(entry.FullName);

    private static string? TryReadTarget(FileInfo fd)
    {
        try
        {
            string? target = fd.LinkTarget;
            return target is null || target.EndsWith("/fd", StringComparison.Ordinal) ? null : target;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
