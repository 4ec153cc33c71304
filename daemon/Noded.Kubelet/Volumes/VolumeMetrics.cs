using System.Collections.Immutable;
using Prometheus;

namespace Noded.Kubelet.Volumes;

/// <summary>Upstream's metrics of volumes.</summary>
public sealed class VolumeMetrics(MetricFactory factory)
{
    internal const string EmptyDir = "kubernetes.io/empty-dir";
    internal const string HostPath = "kubernetes.io/host-path";

    private readonly Histogram _operations = factory.CreateHistogram(
        "storage_operation_duration_seconds",
        "Storage operation duration",
        ["migrated", "operation_name", "status", "volume_plugin"],
        new HistogramConfiguration { Buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600] });

    private readonly Gauge _volumes = factory.CreateGauge(
        "volume_manager_total_volumes", "Number of volumes in Volume Manager", ["plugin_name", "state"]);

    internal void Set(ImmutableArray<VolumeCount> counts)
    {
        foreach (VolumeCount count in counts)
        {
            _volumes.WithLabels(count.Plugin, "desired_state_of_world").Set(count.Desired);
            _volumes.WithLabels(count.Plugin, "actual_state_of_world").Set(count.Actual);
        }
    }

    internal void Mounted(DesiredVolume volume, TimeSpan duration, bool isDone) => _operations
        .WithLabels("false", "volume_mount", isDone ? "success" : "fail-unknown", PluginOf(volume))
        .Observe(duration.TotalSeconds);

    private static string PluginOf(DesiredVolume volume) => volume is DesiredVolume.HostPath ? HostPath : EmptyDir;
}

/// <summary>How many volumes of one plugin pods want, and how many of them are there.</summary>
internal sealed record VolumeCount(string Plugin, int Desired, int Actual);
