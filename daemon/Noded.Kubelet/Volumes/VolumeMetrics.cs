using Prometheus;

namespace Noded.Kubelet.Volumes;

/// <summary>Upstream's metrics of volumes.</summary>
public sealed class VolumeMetrics(MetricFactory factory)
{
    private readonly Histogram _operations = factory.CreateHistogram(
        "storage_operation_duration_seconds",
        "Storage operation duration",
        ["migrated", "operation_name", "status", "volume_plugin"],
        new HistogramConfiguration { Buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600] });

    internal void Mounted(DesiredVolume volume, TimeSpan duration, bool isDone) => _operations
        .WithLabels("false", "volume_mount", isDone ? "success" : "fail-unknown", PluginOf(volume))
        .Observe(duration.TotalSeconds);

    private static string PluginOf(DesiredVolume volume) =>
        volume is DesiredVolume.HostPath ? "kubernetes.io/host-path" : "kubernetes.io/empty-dir";
}
