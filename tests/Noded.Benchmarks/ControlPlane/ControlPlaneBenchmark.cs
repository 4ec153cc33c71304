using System.Collections.Immutable;
using Noded.Benchmarks.Idle;
using Noded.Benchmarks.Reports;
using Noded.Testing;

namespace Noded.Benchmarks.ControlPlane;

/// <param name="Window">How long each request is repeated.</param>
internal sealed record ControlPlaneOptions(TimeSpan Window);

/// <summary>What the API server does in a second, on the embedded store and on etcd, and what it needs for it.</summary>
internal static class ControlPlaneBenchmark
{
    private const int ListedPods = 500;
    private const int Writers = 16;
    private const string NotPackaged = "upstream's kube-apiserver is not packaged for this machine";

    internal static async Task<BenchmarkReport> RunAsync(
        string binary, ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        (double gets, double lists, double creates, List<double> heard) = await EmbeddedAsync(binary, options, cancellationToken);
        double? onEtcd = await OnEtcdAsync(binary, options, cancellationToken);
        (double small, double large) = await MemoryAsync(binary, cancellationToken);
        Percentiles watches = new(heard);
        ImmutableArray<Metric> metrics =
        [
            new("sqlite_creates_per_s", creates, new Goal.AtLeast(1000)),
            onEtcd is { } rate
                ? new("etcd_creates_per_s", rate, new Goal.AtLeast(1000))
                : Metric.Missing("etcd_creates_per_s", "etcd is not installed: make packages", new Goal.AtLeast(1000)),
            new("gets_per_s", gets, new Goal.AtLeast(5000)),
            new("list_500_pods_per_s", lists, new Goal.AtLeast(200)),
            new("watch_1000_p99_ms", watches.P99 ?? double.NaN, new Goal.AtMost(100)),
            new("watch_1000_p50_ms", watches.P50),
            new("rss_mib_10k", small, new Goal.AtMost(150)),
            new("rss_mib_50k", large, new Goal.AtMost(400)),
        ];
        return new BenchmarkReport("control-plane", machine, watches.Count, metrics,
        [
            Metric.Missing("upstream_creates_per_s", NotPackaged), Metric.Missing("upstream_gets_per_s", NotPackaged),
            Metric.Missing("upstream_list_500_pods_per_s", NotPackaged), Metric.Missing("upstream_rss_mib_10k", NotPackaged),
        ]);
    }

    private static async Task<(double Gets, double Lists, double Creates, List<double> Heard)> EmbeddedAsync(
        string binary, ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        await using BenchmarkApiServer server = await BenchmarkApiServer.StartAsync(binary, null, cancellationToken);
        await CreateAsync(server, ListedPods - 1, cancellationToken);
        using (HttpClient client = server.Client())
        {
            await BenchmarkApiServer.PostAsync(client, BenchmarkApiServer.Pods, PodDocument.Named("one"), cancellationToken);
        }

        WrkRun gets = await WrkRun.RunAsync(server, $"{BenchmarkApiServer.Pods}/one", null, options.Window, cancellationToken);
        WrkRun lists = await WrkRun.RunAsync(server, BenchmarkApiServer.Pods, null, options.Window, cancellationToken);
        List<double> heard = await WatchFanout.MeasureAsync(server, cancellationToken);
        WrkRun creates = await WrkRun.RunAsync(
            server, BenchmarkApiServer.Pods, PodDocument.Generated, options.Window, cancellationToken);
        return (gets.PerSecond, lists.PerSecond, creates.PerSecond, heard);
    }

    private static async Task<double?> OnEtcdAsync(
        string binary, ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        if (TestPrograms.TryFind("etcd") is null)
        {
            return null;
        }

        DirectoryInfo directory = Directory.CreateTempSubdirectory("nd-bench-etcd-");
        EtcdServer[] etcd = [];
        try
        {
            etcd = await EtcdServer.StartAsync(directory.FullName, members: 1, tls: [], cancellationToken);
            await using BenchmarkApiServer server = await BenchmarkApiServer.StartAsync(binary, etcd[0].Address, cancellationToken);
            WrkRun creates = await WrkRun.RunAsync(
                server, BenchmarkApiServer.Pods, PodDocument.Generated, options.Window, cancellationToken);
            return creates.PerSecond;
        }
        finally
        {
            foreach (EtcdServer member in etcd)
            {
                await member.DisposeAsync();
            }

            directory.Delete(recursive: true);
        }
    }

    /// <summary>With 10,000 pods and with 50,000, all of them in its memory.</summary>
    private static async Task<(double Small, double Large)> MemoryAsync(string binary, CancellationToken cancellationToken)
    {
        await using BenchmarkApiServer server = await BenchmarkApiServer.StartAsync(binary, null, cancellationToken);
        double small = await AtAsync(10_000);
        double large = await AtAsync(40_000);
        return (small, large);

        async Task<double> AtAsync(int more)
        {
            await CreateAsync(server, more, cancellationToken);
            using HttpClient client = server.Client();
            using HttpResponseMessage one = await client.GetAsync($"{BenchmarkApiServer.Pods}?limit=1", cancellationToken);
            one.EnsureSuccessStatusCode();
            return ProcessMemory.Read(server.Id).Rss;
        }
    }

    private static async Task CreateAsync(BenchmarkApiServer server, int count, CancellationToken cancellationToken)
    {
        using HttpClient client = server.Client();
        await Parallel.ForAsync(
            0,
            count,
            new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellationToken },
            async (_, token) => await BenchmarkApiServer.PostAsync(client, BenchmarkApiServer.Pods, PodDocument.Generated, token));
    }
}
