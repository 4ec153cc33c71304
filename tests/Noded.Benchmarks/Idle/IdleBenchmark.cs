using System.Collections.Immutable;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Reports;

namespace Noded.Benchmarks.Idle;

/// <param name="Quiet">From the last activity to the window.</param>
internal sealed record IdleOptions(TimeSpan Window, TimeSpan Quiet);

/// <summary>What a node costs that has nothing to do: without pods, and with ten.</summary>
internal static class IdleBenchmark
{
    private const int Pods = 10;
    private const int FirstPort = 20000;
    private const string FirstSlice = "first slice measures 10 pods";

    internal static async Task<BenchmarkReport> RunAsync(
        BenchmarkFiles files, IdleOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        await using BenchmarkNode node = await BenchmarkNode.StartAsync(files, cancellationToken);

        // Importing an image is not idling; the daemon that is measured has not done it.
        await node.StopDaemonAsync(cancellationToken);
        await node.StartDaemonAsync(cancellationToken);
        IdleWindow empty = await IdleWindow.MeasureAsync(node, options, cancellationToken);
        await empty.DescribeAsync("0 pods", output);

        foreach (int i in Enumerable.Range(0, Pods))
        {
            await node.PlaceAsync($"idle-{i}", PodManifest.Serving($"idle-{i}", FirstPort + i), cancellationToken);
        }

        IdleWindow ten = await IdleWindow.MeasureAsync(node, options, cancellationToken);
        await ten.DescribeAsync($"{Pods} pods", output);
        int running = (await node.WaitIdleAsync(cancellationToken)).Count(pod => pod.Phase == "Running");
        return running == Pods
            ? new BenchmarkReport("idle", machine, 1, Metrics(empty, ten), Peers())
            : throw new IOException($"{running} of {Pods} pods run.");
    }

    private static ImmutableArray<Metric> Metrics(IdleWindow empty, IdleWindow ten) =>
    [
        new("rss_mib_0", empty.Memory.Pss, new Goal.AtMost(50)),
        new("rss_mib_10", ten.Memory.Pss, new Goal.AtMost(60)),
        Metric.Missing("rss_mib_100", FirstSlice, new Goal.AtMost(110)),
        new("cpu_pct_0", empty.CpuPercent, new Goal.AtMost(0.1)),
        new("cpu_pct_10", ten.CpuPercent),
        Metric.Missing("cpu_pct_100", FirstSlice, new Goal.AtMost(0.5)),
        new("wakeups_per_s_0", empty.WakeupsPerSecond),
        new("wakeups_per_s_10", ten.WakeupsPerSecond),
        Metric.Missing("wakeups_per_s_100", FirstSlice, new Goal.AtMost(3)),
        new("resident_mib_0", empty.Memory.Rss),
        new("resident_mib_10", ten.Memory.Rss),
        new("pss_anon_mib_0", empty.Memory.PssAnon),
        new("pss_anon_mib_10", ten.Memory.PssAnon),
        new("containerd_cpu_pct_0", empty.ContainerdCpuPercent),
        new("containerd_cpu_pct_10", ten.ContainerdCpuPercent),
    ];

    private static ImmutableArray<Metric> Peers() =>
    [
        Metric.Missing("kubelet_rss_mib_0", "upstream's kubelet is not packaged for this machine"),
        Metric.Missing("kubelet_cpu_pct_0", "upstream's kubelet is not packaged for this machine"),
    ];
}
