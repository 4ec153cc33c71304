using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Noded.Benchmarks.Nodes;
using Noded.Benchmarks.Reports;
using Noded.Testing;

namespace Noded.Benchmarks.Dns;

/// <summary>How many queries for Services the node's DNS server answers on one core, and how fast, beside unbound and dnsmasq.</summary>
internal static class DnsBenchmark
{
    private const int Services = 1000;
    private const int Rounds = 5;
    private const int Rate = 10_000;
    private const string OwnAddress = "10.96.0.10";

    internal static async Task<BenchmarkReport> RunAsync(BenchmarkFiles files, int seconds, CancellationToken cancellationToken)
    {
        Machine machine = await Machine.ReadAsync(cancellationToken);
        await using BenchmarkNode node = await BenchmarkNode.StartAsync(files, cancellationToken);
        await using DnsPeer own = await StartOwnAsync(node, cancellationToken);
        await using DnsPeer unbound = await DnsPeer.StartUnboundAsync(node.Sandbox, Services, cancellationToken);
        await using DnsPeer dnsmasq = await DnsPeer.StartDnsmasqAsync(node.Sandbox, Services, cancellationToken);
        DnsLoad load = new(node.Sandbox, await WriteQueriesAsync(node.Sandbox, cancellationToken));
        ImmutableArray<DnsPeer> servers = [own, unbound, dnsmasq];
        ImmutableArray<List<double>> rates = [.. servers.Select(_ => new List<double>())];
        ImmutableArray<List<double>> latencies = [.. servers.Select(_ => new List<double>())];

        // In turn: what the machine does meanwhile hits all of them. The first round warms up.
        for (int round = 0; round <= Rounds; round++)
        {
            for (int i = 0; i < servers.Length; i++)
            {
                double rate = await load.MeasureRateAsync(servers[i], seconds, cancellationToken);
                List<double> latency = await load.MeasureLatencyAsync(servers[i], seconds, Rate, cancellationToken);
                if (round > 0)
                {
                    rates[i].Add(rate);
                    latencies[i].AddRange(latency);
                }
            }
        }

        return Report(machine, servers, rates, latencies);
    }

    private static BenchmarkReport Report(
        Machine machine,
        ImmutableArray<DnsPeer> servers,
        ImmutableArray<List<double>> rates,
        ImmutableArray<List<double>> latencies)
    {
        double[] rate = [.. rates.Select(samples => new Percentiles(samples).P50)];
        double[] p99 = [.. latencies.Select(samples => new Percentiles(samples).P99 ?? double.NaN)];
        return new BenchmarkReport(
            "dns",
            machine,
            latencies[0].Count,
            [
                new Metric("dns_qps_vs_peer", rate[0] / Math.Max(rate[1], rate[2]), new Goal.AtLeast(1)),
                new Metric("dns_p99_vs_peer", p99[0] / Math.Min(p99[1], p99[2]), new Goal.AtMost(1)),
                new Metric("dns_qps", rate[0]),
                new Metric("dns_p99_us", p99[0]),
                new Metric("dns_p50_us", new Percentiles(latencies[0]).P50),
            ],
            [
                .. Enumerable.Range(1, 2).SelectMany(i => (Metric[])
                [
                    new Metric($"{servers[i].Name}_qps", rate[i]),
                    new Metric($"{servers[i].Name}_p99_us", p99[i]),
                    new Metric($"{servers[i].Name}_p50_us", new Percentiles(latencies[i]).P50),
                ]),
            ]);
    }

    private static async Task<DnsPeer> StartOwnAsync(BenchmarkNode node, CancellationToken cancellationToken)
    {
        StringBuilder manifests = new();
        for (int i = 0; i < Services; i++)
        {
            manifests.AppendLine(CultureInfo.InvariantCulture, $$"""
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: svc-{{i}}, namespace: bench}
                spec: {clusterIP: {{DnsPeer.ServiceAddress(i)}}, ports: [{port: 80}]}
                """);
        }

        string directory = node.Sandbox.Paths.Services;
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(Path.Combine(directory, ".bench.yaml"), manifests.ToString(), cancellationToken);
        File.Move(Path.Combine(directory, ".bench.yaml"), Path.Combine(directory, "bench.yaml"));
        while (!await HasNamesAsync(node.Sandbox, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return new DnsPeer("noded", OwnAddress, node.DaemonPid, process: null);
    }

    private static async Task<bool> HasNamesAsync(NodeSandbox sandbox, CancellationToken cancellationToken)
    {
        string file = Path.Combine(sandbox.Root, "last.queries");
        await File.WriteAllTextAsync(file, $"{DnsPeer.ServiceName(Services - 1)} A\n", cancellationToken);
        ProgramResult result = await sandbox.RunAsync(
            "dnsperf", ["-s", OwnAddress, "-d", file, "-n", "1", "-t", "1"], cancellationToken);
        return result.Output.Contains("NOERROR 1 (100.00%)", StringComparison.Ordinal);
    }

    private static async Task<string> WriteQueriesAsync(NodeSandbox sandbox, CancellationToken cancellationToken)
    {
        string file = Path.Combine(sandbox.Root, "dns.queries");
        await File.WriteAllLinesAsync(
            file, Enumerable.Range(0, Services).Select(i => $"{DnsPeer.ServiceName(i)} A"), cancellationToken);
        return file;
    }
}
