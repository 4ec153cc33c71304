using System.Diagnostics;

using Prometheus;

namespace Noded.ApiServer.Metering;

/// <summary>The API server's metrics, under upstream's names.</summary>
internal sealed class ApiServerMetrics
{
    private static readonly string[] RequestLabels = ["verb", "group", "version", "resource", "subresource", "scope", "component"];

    public ApiServerMetrics()
    {
        MetricFactory factory = Metrics.WithCustomRegistry(Registry);
        Requests = factory.CreateCounter(
            "apiserver_request_total", "Requests by what they were about and how they were answered", [.. RequestLabels, "dry_run", "code"]);
        Durations = factory.CreateHistogram(
            "apiserver_request_duration_seconds",
            "How long requests took that are no watches",
            RequestLabels,
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0005, 2, 18) });
        InFlight = factory.CreateGauge(
            "apiserver_current_inflight_requests", "Requests that are being served and are no watches", ["request_kind"]);
        LongRunning = factory.CreateGauge(
            "apiserver_longrunning_requests", "Watches that stand", RequestLabels);
        WatchEvents = factory.CreateCounter(
            "apiserver_watch_events_total", "What watches were told", ["group", "version", "resource"]);
        StorageObjects = factory.CreateGauge(
            "apiserver_storage_objects", "Objects in memory by resource", ["resource"]);
        StoreDurations = factory.CreateHistogram(
            "etcd_request_duration_seconds",
            "How long the store took, embedded or etcd",
            ["operation", "type"],
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.0001, 2, 18) });
        Registry.AddBeforeCollectCallback(() =>
        {
            foreach ((string resource, int count) in ObjectCounts?.Invoke() ?? [])
            {
                StorageObjects.WithLabels(resource).Set(count);
            }
        });
        AddProcess(factory);
    }

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public Counter Requests { get; }

    public Histogram Durations { get; }

    public Gauge InFlight { get; }

    public Gauge LongRunning { get; }

    public Counter WatchEvents { get; }

    public Histogram StoreDurations { get; }

    /// <summary>How many objects of each resource are in memory; read at every scrape.</summary>
    public Func<IEnumerable<(string Resource, int Count)>>? ObjectCounts { get; set; }

    private Gauge StorageObjects { get; }

    private void AddProcess(MetricFactory factory)
    {
        Counter processor = factory.CreateCounter("process_cpu_seconds_total", "Processor time of the process");
        Gauge resident = factory.CreateGauge("process_resident_memory_bytes", "Resident memory of the process");
        Gauge files = factory.CreateGauge("process_open_fds", "Open files of the process");
        using Process process = Process.GetCurrentProcess();
        factory.CreateGauge("process_start_time_seconds", "When the process was started, since 1970")
            .Set(new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        Registry.AddBeforeCollectCallback(() =>
        {
            using Process self = Process.GetCurrentProcess();
            processor.IncTo(self.TotalProcessorTime.TotalSeconds);
            resident.Set(self.WorkingSet64);
            files.Set(Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        });
    }
}
