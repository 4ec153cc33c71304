using System.Diagnostics;
using System.Globalization;
using Noded.Benchmarks.Reports;
using Noded.Testing;

namespace Noded.Benchmarks.Proxy;

/// <summary>What the service proxy adds to a connection, and what its tables cost, beside kube-proxy's rules.</summary>
internal sealed class ProxyBenchmark(ProxyTables tables, ProxyNode node, ProxyOptions options, TextWriter output)
{
    /// <summary>In the order in which they run; changes last, because another process writes the tables.</summary>
    internal static readonly string[] Parts = ["tables", "loads", "churn", "node-ports", "changes"];

    private const int ColdStarts = 5;
    private const int KeepAliveServices = 10_000;
    private const int VisibleServices = 10_000;
    private const int VisibleChanges = 2000;
    private const int ChurnedServices = 1000;
    private const int LargestServices = 30_000;

    // More than any Service has; then the endpoints of the first version come again.
    private const int Versions = 1000;

    private static readonly int[] Sizes = [1, 1000, 10_000, LargestServices];
    private static readonly TimeSpan ChurnPeriod = TimeSpan.FromMinutes(1);

    private readonly List<Metric> _metrics = [];
    private readonly List<Metric> _peers = [];

    internal static async Task<BenchmarkReport> RunAsync(
        ProxyOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        await using ProxyTables tables = await ProxyTables.CreateAsync(cancellationToken);
        await using ProxyNode node = await ProxyNode.CreateAsync(cancellationToken);
        ProxyBenchmark benchmark = new(tables, node, options, output);
        foreach (string part in Parts.Where(part => options.Part is null || options.Part == part))
        {
            await benchmark.MeasureAsync(part, cancellationToken);
        }

        return new BenchmarkReport(
            "proxy", machine, options.Connects, [.. benchmark._metrics], [.. benchmark._peers]);
    }

    private async Task MeasureAsync(string part, CancellationToken cancellationToken)
    {
        switch (part)
        {
            case "tables":
                await MeasureTablesAsync(cancellationToken);
                break;
            case "loads":
                await MeasureLoadsAsync(cancellationToken);
                break;
            case "churn":
                await MeasureChurnAsync(cancellationToken);
                break;
            case "node-ports":
                Add([.. await NodePortSeries.MeasureAsync(tables, options, cancellationToken)]);
                break;
            default:
                await MeasureChangesAsync(cancellationToken);
                break;
        }
    }

    private async Task MeasureTablesAsync(CancellationToken cancellationToken)
    {
        // Compiled in full before it runs, as the daemon is.
        await using (ChildProcess agent = ChildProcess.Start(
            "env", "DOTNET_TieredCompilation=0", Environment.ProcessPath!, "proxy-agent")) // a program has a path
        {
            foreach ((int services, double goal) in ((int, double)[])[(10_000, 100), (LargestServices, 300)])
            {
                await MeasureColdStartAsync(agent, services, goal, cancellationToken);
            }
        }

        await using (ChildProcess agent = ChildProcess.Start(Environment.ProcessPath!, "proxy-agent")) // a program has a path
        {
            string answer = await ProxyNode.AskAsync(
                agent, $"memory {tables.PinsOf("memory")} {LargestServices}", cancellationToken);
            Add(new Metric(
                Named("rss_added_mib", LargestServices), double.Parse(answer, CultureInfo.InvariantCulture), new Goal.AtMost(60)));
        }

        tables.Forget("memory");
        tables.Fill(LargestServices);
        Add(
            new Metric(
                Named("map_mib", LargestServices),
                tables.MeasureMaps("frontend_ids", "frontends", "slots", "backends", "backend_hits"),
                new Goal.AtMost(32)),
            new Metric("flow_map_mib", tables.MeasureFlows()));
    }

    private async Task MeasureColdStartAsync(ChildProcess agent, int services, double goal, CancellationToken cancellationToken)
    {
        List<double> totals = [];
        List<double> fills = [];
        for (int i = 0; i <= ColdStarts; i++)
        {
            string answer = await ProxyNode.AskAsync(
                agent, $"cold-start {tables.PinsOf("cold")} {services} {node.Cgroup}", cancellationToken);
            double[] times = [.. answer.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];

            // The first one compiles this program's code, which the daemon has at once.
            if (i > 0)
            {
                totals.Add(times[0]);
                fills.Add(times[1]);
            }
        }

        Add(
            new Metric(Named("cold_start_ms", services), P50(totals), new Goal.AtMost(goal)),
            new Metric(Named("cold_start_fill_ms", services), P50(fills)));
    }

    private async Task MeasureLoadsAsync(CancellationToken cancellationToken)
    {
        await using ProxyPeer nftables = await ProxyPeer.CreateNftablesAsync(cancellationToken);
        await using ProxyPeer iptables = await ProxyPeer.CreateIptablesAsync(cancellationToken);
        foreach (int services in Sizes)
        {
            tables.Fill(services);
            ProxySeries series = new(tables, node, services, options);
            Add([.. await series.MeasureConnectsAsync(cancellationToken)]);
            foreach (ProxyPeer peer in (ProxyPeer[])[nftables, iptables])
            {
                await peer.LoadAsync(services, options.PeerLimit, cancellationToken);
            }

            ProxyRates rates = await series.MeasureRequestsAsync([nftables, iptables], cancellationToken);
            Add([.. rates.Own]);
            AddPeers(rates.Peers);
            if (services == KeepAliveServices)
            {
                Add([.. await series.MeasureKeepAliveAsync(cancellationToken)]);
            }
        }
    }

    /// <summary>Connects all the while that endpoints come and go; those that are gone go on listening.</summary>
    private async Task MeasureChurnAsync(CancellationToken cancellationToken)
    {
        tables.Fill(ChurnedServices);
        tables.Attach(node.Cgroup);
        await node.AskAsync($"hammer {ChurnedServices}", cancellationToken);
        int changes = await Task.Run(() => Churn(cancellationToken), cancellationToken);
        double[] result = await node.AskAsync("hammer-end", cancellationToken);
        tables.Detach();
        Add(
            new Metric("failed_connects", result[1], new Goal.AtMost(0)),
            new Metric("connects_during_changes", result[0]),
            new Metric("changes", changes, new Goal.AtLeast(1_000_000)));
    }

    private int Churn(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        int changes = 0;
        while (options.Changes > 0 ? changes < options.Changes : Stopwatch.GetElapsedTime(start) < ChurnPeriod)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tables.Apply(BenchmarkServices.Plan(changes % ChurnedServices, (changes / ChurnedServices) % Versions));
            changes++;
        }

        return changes;
    }

    private async Task MeasureChangesAsync(CancellationToken cancellationToken)
    {
        tables.Fill(VisibleServices);
        tables.Attach(node.Cgroup);
        Percentiles visible = new((await node.AskAsync(
            $"change {tables.Pins} {VisibleServices} {VisibleChanges}", cancellationToken)).Select(microseconds => microseconds / 1000));
        tables.Detach();
        Add(
            new Metric(
                string.Create(CultureInfo.InvariantCulture, $"change_visible_p99_ms_{VisibleServices}"),
                visible.P99 ?? throw new InvalidOperationException("Too few changes."),
                new Goal.AtMost(1)),
            new Metric(string.Create(CultureInfo.InvariantCulture, $"change_visible_p50_ms_{VisibleServices}"), visible.P50));
    }

    /// <summary>It takes a quarter of an hour: what is known is said at once.</summary>
    private void Add(params IEnumerable<Metric> metrics)
    {
        foreach (Metric metric in metrics)
        {
            output.WriteLine($"… {metric}");
            _metrics.Add(metric);
        }
    }

    private void AddPeers(IEnumerable<Metric> peers)
    {
        foreach (Metric peer in peers)
        {
            output.WriteLine($"… peer {peer}");
            _peers.Add(peer);
        }
    }

    private static string Named(string metric, int services) =>
        string.Create(CultureInfo.InvariantCulture, $"{metric}_{services}x{BenchmarkServices.Endpoints}");

    private static double P50(IEnumerable<double> samples) => new Percentiles(samples).P50;
}
