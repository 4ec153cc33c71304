using System.Globalization;

namespace Noded.Store.Crash;

/// <summary>How many objects a second some who write at once can make.</summary>
internal static class Measurement
{
    private const int Bytes = 1024;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(IStore store, Report report, int writers)
    {
        TimeProvider clock = TimeProvider.System;
        long begin = clock.GetTimestamp();
        long allocated = GC.GetTotalAllocatedBytes();
        List<TimeSpan>[] latencies = await Task.WhenAll(
            Enumerable.Range(0, writers).Select(writer => CreateAsync(store, clock, begin, writer)));
        TimeSpan elapsed = clock.GetElapsedTime(begin);
        TimeSpan[] all = [.. latencies.SelectMany(times => times).Order()];

        report.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{all.Length / elapsed.TotalSeconds:F0} creates/s, p50 {all[all.Length / 2].TotalMilliseconds:F1} ms, " +
            $"p99 {all[all.Length * 99 / 100].TotalMilliseconds:F1} ms, " +
            $"{(GC.GetTotalAllocatedBytes() - allocated) / all.Length} bytes allocated each"));
    }

    private static async Task<List<TimeSpan>> CreateAsync(IStore store, TimeProvider clock, long begin, int writer)
    {
        List<TimeSpan> times = [];
        byte[] value = new byte[Bytes];

        for (int i = 0; clock.GetElapsedTime(begin) < Duration; i++)
        {
            long start = clock.GetTimestamp();
            await store.CommitAsync(
                Transaction.Create($"/registry/configmaps/n{writer}/{Guid.NewGuid()}", value), CancellationToken.None);
            times.Add(clock.GetElapsedTime(start));
        }

        return times;
    }
}
