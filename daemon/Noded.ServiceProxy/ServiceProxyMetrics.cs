using Prometheus;

namespace Noded.ServiceProxy;

/// <summary>The proxy's metrics: kube-proxy's names where it has them, ours for maps and programs.</summary>
public sealed class ServiceProxyMetrics
{
    private static readonly string[] CounterNames =
        ["translated", "refused", "dropped", "source_denied", "retried", "lost"];

    public ServiceProxyMetrics(CollectorRegistry registry)
    {
        MetricFactory factory = Metrics.WithCustomRegistry(registry);
        SyncDuration = factory.CreateHistogram(
            "kubeproxy_sync_proxy_rules_duration_seconds",
            "SyncProxyRules latency in seconds",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0001, 2, 15) });
        NetworkProgramming = factory.CreateHistogram(
            "kubeproxy_network_programming_duration_seconds",
            "In Cluster Network Programming Latency in seconds",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0005, 2, 18) });
        LastSync = factory.CreateGauge(
            "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "The last time proxy rules were successfully synced");
        ServiceChanges = factory.CreateCounter(
            "kubeproxy_sync_proxy_rules_service_changes_total", "Cumulative proxy rules Service changes");
        EndpointChanges = factory.CreateCounter(
            "kubeproxy_sync_proxy_rules_endpoint_changes_total", "Cumulative proxy rules Endpoint changes");
        Gauge entries = factory.CreateGauge(
            "noded_serviceproxy_map_entries", "Entries in use by map", ["map"]);
        Gauge capacity = factory.CreateGauge(
            "noded_serviceproxy_map_capacity", "Entries that a map can hold", ["map"]);
        Gauge unfinished = factory.CreateGauge(
            "noded_serviceproxy_services_unfinished", "Services that are not in the data path in full");
        SocketsEnded = factory.CreateCounter(
            "noded_serviceproxy_sockets_ended_total",
            "Connected UDP sockets of the node that were ended since their endpoint had left");
        Counter connections = factory.CreateCounter(
            "noded_serviceproxy_verdicts_total", "What the programs decided for addresses of Services", ["verdict"]);
        registry.AddBeforeCollectCallback(() =>
        {
            if (Snapshot?.Invoke() is not { } now)
            {
                return;
            }

            foreach ((string map, long used, long size) in now.Maps)
            {
                entries.WithLabels(map).Set(used);
                capacity.WithLabels(map).Set(size);
            }

            unfinished.Set(now.Unfinished);
            for (int i = 0; i < CounterNames.Length; i++)
            {
                connections.WithLabels(CounterNames[i]).IncTo(now.Counters[i]);
            }
        });
    }

    internal Histogram SyncDuration { get; }

    internal Histogram NetworkProgramming { get; }

    internal Gauge LastSync { get; }

    internal Counter ServiceChanges { get; }

    internal Counter EndpointChanges { get; }

    internal Counter SocketsEnded { get; }

    /// <summary>Read at every scrape, so that nothing has to be kept up to date between them.</summary>
    internal Func<MapUse?>? Snapshot { get; set; }
}

/// <summary>How full the maps are and what the programs counted.</summary>
internal sealed record MapUse(
    IReadOnlyList<(string Map, long Used, long Size)> Maps, int Unfinished, IReadOnlyList<ulong> Counters);
