using System.Collections.Immutable;
using System.Globalization;
using Noded.Benchmarks.Reports;

namespace Noded.Benchmarks.Proxy;

/// <summary>Connects and requests with one number of Services: through the proxy and directly, in turn.</summary>
internal sealed class ProxySeries(ProxyTables tables, ProxyNode node, int services, ProxyOptions options)
{
    private const int Block = 10_000;
    private const int Rounds = 5;

    /// <summary>connect() to ClusterIPs over connect() to endpoints while nothing is attached.</summary>
    internal async Task<ImmutableArray<Metric>> MeasureConnectsAsync(CancellationToken cancellationToken)
    {
        List<double> service = [];
        List<double> miss = [];
        List<double>[] direct = [[], []];
        for (int left = options.Connects; left > 0; left -= Block)
        {
            int count = Math.Min(left, Block);
            direct[0].AddRange(await ConnectAsync("backend", count, cancellationToken));
            tables.Attach(node.Cgroup);
            service.AddRange(await ConnectAsync("service", count, cancellationToken));
            miss.AddRange(await ConnectAsync("backend", count, cancellationToken));
            tables.Detach();
            direct[1].AddRange(await ConnectAsync("backend", count, cancellationToken));
        }

        double floor = P50(direct.SelectMany(samples => samples));
        double noise = Math.Abs(P50(direct[0]) - P50(direct[1]));
        return
        [
            new Metric(Named("connect_over_direct_p50_us"), P50(service) - floor, new Goal.AtMost(Math.Round(1 + noise, 3))),
            new Metric(Named("connect_attached_miss_over_direct_p50_us"), P50(miss) - floor),
            new Metric(Named("connect_noise_us"), noise),
            new Metric(Named("connect_direct_p50_us"), floor),
        ];
    }

    /// <summary>Connect, request, close; the peers take turns too.</summary>
    internal async Task<ProxyRates> MeasureRequestsAsync(
        ImmutableArray<ProxyPeer> peers, CancellationToken cancellationToken)
    {
        List<double> own = [];
        List<double> noise = [];
        List<double> rates = [];
        Dictionary<string, List<double>> others = peers
            .Where(peer => peer.LoadSeconds is not null)
            .ToDictionary(peer => peer.Name, _ => new List<double>());
        for (int round = 0; round < Rounds; round++)
        {
            double before = await RateAsync(node, "crr", "backend", cancellationToken);
            tables.Attach(node.Cgroup);
            double through = await RateAsync(node, "crr", "service", cancellationToken);
            tables.Detach();
            double after = await RateAsync(node, "crr", "backend", cancellationToken);
            double direct = (before + after) / 2;
            own.Add(through / direct);
            noise.Add(Math.Abs(before - after) / direct);
            rates.Add(direct);
            foreach (ProxyPeer peer in peers.Where(peer => others.ContainsKey(peer.Name)))
            {
                others[peer.Name].Add(await RateAsync(peer.Node, "crr", "service", cancellationToken) / direct);
            }
        }

        ImmutableArray<Metric> beside =
        [
            .. peers.SelectMany(peer => (Metric[])
            [
                others.TryGetValue(peer.Name, out List<double>? ratios)
                    ? new Metric(Named($"{peer.Name}_crr_vs_direct"), P50(ratios))
                    : Metric.Missing(Named($"{peer.Name}_crr_vs_direct"), peer.Reason),
                peer.LoadSeconds is { } seconds
                    ? new Metric(Named($"{peer.Name}_load_s"), seconds)
                    : Metric.Missing(Named($"{peer.Name}_load_s"), peer.Reason),
            ]),
        ];
        double best = others.Values.Select(P50).Append(0.98).Max();
        double allowed = P50(noise);
        return new ProxyRates(
            [
                new Metric(Named("crr_vs_direct"), P50(own), new Goal.AtLeast(Math.Round(best - allowed, 3))),
                new Metric(Named("crr_noise"), allowed),
                new Metric(Named("crr_direct_per_s"), P50(rates)),
            ],
            beside);
    }

    /// <summary>Requests on one connection, which the programs saw once.</summary>
    internal async Task<ImmutableArray<Metric>> MeasureKeepAliveAsync(CancellationToken cancellationToken)
    {
        List<double> own = [];
        List<double> noise = [];
        for (int round = 0; round < Rounds; round++)
        {
            double before = await RateAsync(node, "keepalive", "backend", cancellationToken);
            tables.Attach(node.Cgroup);
            double through = await RateAsync(node, "keepalive", "service", cancellationToken);
            tables.Detach();
            double after = await RateAsync(node, "keepalive", "backend", cancellationToken);
            own.Add(2 * through / (before + after));
            noise.Add(2 * Math.Abs(before - after) / (before + after));
        }

        return
        [
            new Metric("keepalive_vs_direct", P50(own), new Goal.AtLeast(Math.Round(0.99 - P50(noise), 3))),
            new Metric("keepalive_noise", P50(noise)),
        ];
    }

    private static double P50(IEnumerable<double> samples) => new Percentiles(samples).P50;

    private string Named(string metric) => string.Create(CultureInfo.InvariantCulture, $"{metric}_{services}");

    /// <returns>Microseconds.</returns>
    private async Task<IEnumerable<double>> ConnectAsync(string kind, int count, CancellationToken cancellationToken) =>
        (await node.AskAsync($"connect {kind} {services} {count}", cancellationToken)).Select(nanoseconds => nanoseconds / 1000);

    private async Task<double> RateAsync(ProxyNode where, string load, string kind, CancellationToken cancellationToken) =>
        (await where.AskAsync($"{load} {kind} {services} {options.Window.TotalMilliseconds:F0}", cancellationToken))[0];
}

/// <summary>Our own figures and those beside them.</summary>
internal sealed record ProxyRates(ImmutableArray<Metric> Own, ImmutableArray<Metric> Peers);
