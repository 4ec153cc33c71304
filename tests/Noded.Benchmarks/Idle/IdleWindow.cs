using System.Collections.Immutable;
using Noded.Benchmarks.Nodes;

namespace Noded.Benchmarks.Idle;

/// <summary>What a node that had nothing to do has used.</summary>
/// <param name="Wakeups">Of the daemon, per second and thread name.</param>
/// <param name="ContainerdCpuPercent">containerd together with its shims, which live in its cgroup.</param>
internal sealed record IdleWindow(
    ProcessMemory Memory,
    double CpuPercent,
    double ContainerdCpuPercent,
    ImmutableArray<(string Thread, double PerSecond)> Wakeups)
{
    internal double WakeupsPerSecond => Wakeups.Sum(thread => thread.PerSecond);

    internal static async Task<IdleWindow> MeasureAsync(
        BenchmarkNode node, IdleOptions options, CancellationToken cancellationToken)
    {
        TimeProvider clock = TimeProvider.System;
        await node.WaitIdleAsync(cancellationToken);
        await Task.Delay(options.Quiet, clock, cancellationToken);

        long startedAt = clock.GetTimestamp();
        TimeSpan daemon = CgroupCpu.Read(node.Hierarchies, node.DaemonCgroup);
        TimeSpan containerd = CgroupCpu.Read(node.Hierarchies, node.ContainerdCgroup);
        ThreadWakeups wakeups = ThreadWakeups.Read(node.DaemonPid);
        await Task.Delay(options.Window, clock, cancellationToken);

        ImmutableArray<ThreadWakeups.Count> woken = ThreadWakeups.Read(node.DaemonPid).Since(wakeups);
        daemon = CgroupCpu.Read(node.Hierarchies, node.DaemonCgroup) - daemon;
        containerd = CgroupCpu.Read(node.Hierarchies, node.ContainerdCgroup) - containerd;
        TimeSpan elapsed = clock.GetElapsedTime(startedAt);
        return new IdleWindow(
            ProcessMemory.Read(node.DaemonPid),
            daemon / elapsed * 100,
            containerd / elapsed * 100,
            [.. woken.Select(count => (count.Thread, count.Number / elapsed.TotalSeconds))]);
    }

    internal async Task DescribeAsync(string title, TextWriter output)
    {
        await output.WriteLineAsync($"{title}: wake-ups per second by thread");
        foreach ((string thread, double perSecond) in Wakeups.Where(thread => thread.PerSecond > 0))
        {
            await output.WriteLineAsync($"  {thread} {perSecond:0.000}");
        }
    }
}
