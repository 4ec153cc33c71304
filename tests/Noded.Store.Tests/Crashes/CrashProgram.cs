using System.Globalization;
using Noded.Testing;

namespace Noded.Store.Tests.Crashes;

/// <summary>What the program that writes until it is killed had acknowledged.</summary>
internal sealed record Acknowledged(string Key, long Revision, int Length, string Begin)
{
    public static Acknowledged Parse(string line) => line.Split(' ') is [string key, string revision, string length, string begin]
        ? new(key, Number(revision), (int)Number(length), begin)
        : throw new FormatException(line);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Runs the program of tests/Noded.Store.Crash.</summary>
internal static class CrashProgram
{
    public static string Path { get; } = System.IO.Path.Combine(
        RepositoryRoot.Find(), "artifacts", "bin", "Noded.Store.Crash", "debug", "Noded.Store.Crash");

    /// <summary>Lets it write, kills it after some writes, and returns all it had acknowledged.</summary>
    public static async Task<(long Begin, List<Acknowledged> Writes)> WriteAndKillAsync(
        string action, string database, int after, CancellationToken cancellationToken)
    {
        await using ChildProcess process = ChildProcess.Start(Path, action, database, "8");
        string open = await process.Output.WaitForLineAsync("open ", cancellationToken);
        List<string> lines = [];

        while (lines.Count < after && await process.Output.ReadOrEndAsync(cancellationToken) is { } line)
        {
            lines.Add(line);
        }

        process.Kill();
        lines.AddRange(await process.Output.ReadToEndAsync(cancellationToken));
        Assert.Equal(128 + 9, await process.WaitForExitAsync(cancellationToken));
        return (long.Parse(open["open ".Length..], CultureInfo.InvariantCulture), [.. lines.Select(Acknowledged.Parse)]);
    }
}
