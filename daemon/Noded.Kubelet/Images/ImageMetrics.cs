using k8s.Models;
using Prometheus;

namespace Noded.Kubelet.Images;

/// <summary>Upstream's metrics of images.</summary>
public sealed class ImageMetrics(MetricFactory factory)
{
    private readonly Counter _ensureRequests = factory.CreateCounter(
        "kubelet_image_manager_ensure_image_requests_total",
        "Number of ensure-image requests processed by the kubelet.",
        ["pull_policy", "present_locally", "pull_required"]);

    internal Counter Removed { get; } = factory.CreateCounter(
        "kubelet_image_garbage_collected_total",
        "Total number of images garbage collected by the kubelet, whether through disk usage or image age.",
        ["reason"]);

    internal Histogram PullDuration { get; } = factory.CreateHistogram(
        "kubelet_image_pull_duration_seconds",
        "Duration in seconds to pull an image.",
        ["image_size_in_bytes"],
        new HistogramConfiguration { Buckets = [1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600] });

    /// <summary>A container needs its image. Null for what was not asked, or not answered.</summary>
    internal void Ensure(V1Container container, bool? isPresent, bool? isPullRequired)
    {
        _ensureRequests.WithLabels((container.ImagePullPolicy ?? string.Empty).ToLowerInvariant(), Known(isPresent), Known(isPullRequired))
            .Inc();

        static string Known(bool? fact) => fact switch
        {
            true => "true",
            false => "false",
            null => "unknown",
        };
    }

    /// <summary>Upstream's name for images of about this size.</summary>
    internal static string SizeClass(long bytes)
    {
        const long mega = 1 << 20;
        const long giga = 1 << 30;
        return bytes switch
        {
            <= 0 => "N/A",
            <= 10 * mega => "0-10MB",
            <= 100 * mega => "10MB-100MB",
            <= 500 * mega => "100MB-500MB",
            <= giga => "500MB-1GB",
            <= 5 * giga => "1GB-5GB",
            <= 10 * giga => "5GB-10GB",
            <= 20 * giga => "10GB-20GB",
            <= 30 * giga => "20GB-30GB",
            <= 40 * giga => "30GB-40GB",
            <= 60 * giga => "40GB-60GB",
            <= 100 * giga => "60GB-100GB",
            _ => "GT100GB",
        };
    }
}
