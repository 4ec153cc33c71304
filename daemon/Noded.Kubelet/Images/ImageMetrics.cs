using Prometheus;

namespace Noded.Kubelet.Images;

/// <summary>Upstream's metrics of images.</summary>
public sealed class ImageMetrics(MetricFactory factory)
{
    internal Counter Removed { get; } = factory.CreateCounter(
        "kubelet_image_garbage_collected_total",
        "Total number of images garbage collected by the kubelet, whether through disk usage or image age.",
        ["reason"]);

    internal Histogram PullDuration { get; } = factory.CreateHistogram(
        "kubelet_image_pull_duration_seconds",
        "Duration in seconds to pull an image.",
        new HistogramConfiguration { Buckets = [1, 5, 10, 20, 30, 60, 180, 300, 600, 900, 1200, 1800, 2700, 3600] });
}
