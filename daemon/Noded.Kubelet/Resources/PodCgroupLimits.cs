using System.Collections.Immutable;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Linux.Cgroups;

namespace Noded.Kubelet.Resources;

/// <summary>The limits of a pod's own cgroup, by upstream's rules; its containers' are the runtime's.</summary>
internal static class PodCgroupLimits
{
    /// <param name="options">What holds for all pods.</param>
    /// <param name="pageSizes">The machine's huge pages, as the kernel writes them.</param>
    /// <param name="io">From the pod's annotation, with the devices' numbers.</param>
    internal static CgroupLimits Compute(
        Pod pod, CgroupOptions options, ImmutableArray<HugePageSize> pageSizes, ImmutableArray<IoLimit> io)
    {
        V1PodSpec spec = pod.Spec;
        QosClass qosClass = pod.Manifest.QosClass();
        long requested = PodRequests.OfPod(spec, "cpu").MilliValue;
        return new CgroupLimits
        {
            CpuShares = qosClass == QosClass.BestEffort ? ContainerResources.MinShares : ContainerResources.Shares(requested),
            CpuQuota = options.CpuCfsQuota && PodRequests.Limit(spec, "cpu") is { } cpu
                ? ContainerResources.Quota(cpu.MilliValue, options.CpuCfsQuotaPeriod)
                : null,
            CpuPeriod = options.CpuCfsQuotaPeriod,
            Memory = PodRequests.Limit(spec, "memory")?.Value,
            Pids = options.PodPidsLimit,
            HugePages = pageSizes.ToImmutableDictionary(
                size => size.KernelName, size => HugePages(spec, size)),
            Io = io,
        };
    }

    /// <summary>A pod that does not name a size gets none of it.</summary>
    private static long HugePages(V1PodSpec spec, HugePageSize size) =>
        PodRequests.Limit(spec, size.Resource) is { } limit
            ? limit.Value
            : PodRequests.OfPod(spec, size.Resource).Value;
}

/// <summary>What the kubelet's configuration says of all pods' cgroups.</summary>
/// <param name="PodPidsLimit">Negative for no limit.</param>
/// <param name="CpuCfsQuota">Whether limits of processor time are enforced.</param>
public sealed record CgroupOptions(long PodPidsLimit, bool CpuCfsQuota, TimeSpan CpuCfsQuotaPeriod)
{
    /// <summary>
    /// The kernel kills all of a container that has no memory left, not one process of it; for cgroup v2 alone.
    /// </summary>
    public bool KillsTogether { get; init; }

    /// <summary>Upstream's defaults, for cgroup v1.</summary>
    public static CgroupOptions Default { get; } = new(-1, true, TimeSpan.FromMilliseconds(100));
}
