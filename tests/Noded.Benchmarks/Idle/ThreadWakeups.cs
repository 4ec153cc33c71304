using System.Collections.Immutable;
using System.Globalization;

namespace Noded.Benchmarks.Idle;

/// <summary>How often each thread of a process has gone to sleep by itself, which is how often it was woken.</summary>
internal sealed record ThreadWakeups(ImmutableDictionary<int, ThreadWakeups.Count> Threads)
{
    private const string Switches = "voluntary_ctxt_switches:";

    internal static ThreadWakeups Read(int pid)
    {
        ImmutableDictionary<int, Count>.Builder threads = ImmutableDictionary.CreateBuilder<int, Count>();
        foreach (string directory in Directory.EnumerateDirectories($"/proc/{pid}/task"))
        {
            try
            {
                string switches = File.ReadLines(Path.Combine(directory, "status"))
                    .First(line => line.StartsWith(Switches, StringComparison.Ordinal));
                threads[int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture)] = new Count(
                    File.ReadAllText(Path.Combine(directory, "comm")).Trim(),
                    long.Parse(switches[Switches.Length..], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // The thread has ended since it was listed.
            }
        }

        return new ThreadWakeups(threads.ToImmutable());
    }

    /// <summary>Wake-ups since <paramref name="before"/> by thread name, the busiest first.</summary>
    internal ImmutableArray<Count> Since(ThreadWakeups before) =>
    [
        .. Threads
            .Select(thread => thread.Value with
            {
                Number = thread.Value.Number - (before.Threads.TryGetValue(thread.Key, out Count? old) ? old.Number : 0),
            })
            .GroupBy(thread => thread.Thread)
            .Select(group => new Count(group.Key, group.Sum(thread => thread.Number)))
            .OrderByDescending(group => group.Number),
    ];

    internal sealed record Count(string Thread, long Number);
}
