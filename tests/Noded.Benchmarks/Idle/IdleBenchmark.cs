using System.Collections.Immutable;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Reports;

namespace Noded.Benchmarks.Idle;

/// <param name="Quiet">From the last activity to the window.</param>
internal sealed record IdleOptions(TimeSpan Window, TimeSpan Quiet);

/// <summary>What a node costs that has nothing to do: without pods, with ten, with a hundred.</summary>
internal static class IdleBenchmark
{
    private const int FirstPort = 20000;

    internal static async Task<BenchmarkReport> RunAsync(
        BenchmarkFiles files, IdleOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        await using BenchmarkNode node = await BenchmarkNode.StartAsync(files, cancellationToken);

        // Importing an image is not idling; the daemon that is measured has not done it.
        await node.StopDaemonAsync(cancellationToken);
        await node.StartDaemonAsync(cancellationToken);
        IdleWindow empty = await MeasureAsync(node, options, 0, 0, output, cancellationToken);
        IdleWindow ten = await MeasureAsync(node, options, 0, 10, output, cancellationToken);
        IdleWindow hundred = await MeasureAsync(node, options, 10, 100, output, cancellationToken);
        return new BenchmarkReport("idle", machine, 1, Metrics(empty, ten, hundred), Peers());
    }

    /// <param name="from">So many pods there are.</param>
    /// <param name="to">So many there are to be.</param>
    private static async Task<IdleWindow> MeasureAsync(
        BenchmarkNode node, IdleOptions options, int from, int to, TextWriter output, CancellationToken cancellationToken)
    {
        foreach (int i in Enumerable.Range(from, to - from))
        {
            await node.PlaceAsync($"idle-{i}", PodManifest.Serving($"idle-{i}", FirstPort + i), cancellationToken);
        }

        IdleWindow window = await IdleWindow.MeasureAsync(node, options, cancellationToken);
        await window.DescribeAsync($"{to} pods", output);
        int running = (await node.WaitIdleAsync(cancellationToken)).Count(pod => pod.Phase == "Running");
        return running == to ? window : throw new IOException($"{running} of {to} pods run.");
    }

    private static ImmutableArray<Metric> Metrics(IdleWindow empty, IdleWindow ten, IdleWindow hundred) =>
    [
        new("rss_mib_0", empty.Memory.Pss, new Goal.AtMost(50)),
        new("rss_mib_10", ten.Memory.Pss, new Goal.AtMost(60)),
        new("rss_mib_100", hundred.Memory.Pss, new Goal.AtMost(110)),
        new("cpu_pct_0", empty.CpuPercent, new Goal.AtMost(0.1)),
        new("cpu_pct_10", ten.CpuPercent),
        new("cpu_pct_100", hundred.CpuPercent, new Goal.AtMost(0.5)),
        new("wakeups_per_s_0", empty.WakeupsPerSecond),
        new("wakeups_per_s_10", ten.WakeupsPerSecond),
        new("wakeups_per_s_100", hundred.WakeupsPerSecond, new Goal.AtMost(3)),
        new("resident_mib_0", empty.Memory.Rss),
        new("resident_mib_10", ten.Memory.Rss),
        new("resident_mib_100", hundred.Memory.Rss),
        new("pss_anon_mib_0", empty.Memory.PssAnon),
        new("pss_anon_mib_10", ten.Memory.PssAnon),
        new("pss_anon_mib_100", hundred.Memory.PssAnon),
        new("containerd_cpu_pct_0", empty.ContainerdCpuPercent),
        new("containerd_cpu_pct_10", ten.ContainerdCpuPercent),
        new("containerd_cpu_pct_100", hundred.ContainerdCpuPercent),
    ];

    private static ImmutableArray<Metric> Peers() =>
    [
        Metric.Missing("kubelet_rss_mib_0", "upstream's kubelet is not packaged for this machine"),
        Metric.Missing("kubelet_cpu_pct_0", "upstream's kubelet is not packaged for this machine"),
    ];
}
