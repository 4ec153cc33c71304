using System.Collections.Immutable;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Status;
using Noded.Linux.Files;
using Noded.Primitives;
using Prometheus;

namespace Noded.Kubelet.Logs;

/// <summary>Upstream's metric of logs.</summary>
internal sealed class LogMetrics(MetricFactory factory)
{
    private readonly Gauge _bytes = factory.CreateGauge(
        "kubelet_container_log_filesystem_used_bytes",
        "Bytes used by the container's logs on the filesystem.",
        ["uid", "namespace", "pod", "container"]);

    /// <summary>Containers that are not among <paramref name="usages"/> any more are forgotten.</summary>
    internal void Set(ImmutableArray<ContainerLogUsage> usages)
    {
        // A uid and a container's name are never another pod's.
        HashSet<(string Uid, string Container)> current = [.. usages.Select(usage => (usage.Uid.Value, usage.Container))];
        foreach (string[] gone in _bytes.GetAllLabelValues().Where(known => !current.Contains((known[0], known[^1]))).ToList())
        {
            _bytes.RemoveLabelled(gone);
        }

        foreach (ContainerLogUsage usage in usages)
        {
            _bytes.WithLabels(usage.Uid.Value, usage.Pod.Namespace, usage.Pod.Name, usage.Container).Set(usage.Bytes);
        }
    }
}

/// <summary>How much of the disk the logs of one container take, all its runs and rotated files together.</summary>
internal sealed record ContainerLogUsage(PodUid Uid, NamespacedName Pod, string Container, long Bytes)
{
    /// <summary>Of each container that has logged.</summary>
    internal static ImmutableArray<ContainerLogUsage> Read(IEnumerable<PodReport> reports, PodLayout layout) =>
    [
        .. from report in reports
           let pod = report.Pod
           from status in report.ContainerStatuses
           let directory = Path.Combine(layout.LogDirectory(pod.Uid, pod.Name), status.Name)
           where Directory.Exists(directory)
           select new ContainerLogUsage(pod.Uid, pod.Name, status.Name, TreeUsage.Measure(directory).Bytes),
    ];
}
