using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

/// <summary>Requests and limits as the kernel's numbers, by upstream's formulas.</summary>
internal static class ContainerResources
{
    internal const long MinShares = 2;
    private const long MaxShares = 262144;

    /// <summary>In microseconds.</summary>
    private const long MinQuota = 1000;

    internal static LinuxContainerResources Compute(Pod pod, V1Container container, CgroupOptions options)
    {
        IDictionary<string, ResourceQuantity>? requests = container.Resources?.Requests;
        IDictionary<string, ResourceQuantity>? limits = container.Resources?.Limits;
        long? cpuLimit = Milli(limits, "cpu");
        long? memoryLimit = Bytes(limits, "memory");

        LinuxContainerResources resources = new()
        {
            CpuShares = Shares(Milli(requests, "cpu") ?? cpuLimit ?? 0),
            OomScoreAdj = OomScoreAdjust.Compute(pod, container),
        };
        if (options.CpuCfsQuota && cpuLimit is { } milli and > 0)
        {
            resources.CpuPeriod = (long)options.CpuCfsQuotaPeriod.TotalMicroseconds;
            resources.CpuQuota = (long)Quota(milli, options.CpuCfsQuotaPeriod).TotalMicroseconds;
        }

        if (memoryLimit is { } bytes and > 0)
        {
            resources.MemoryLimitInBytes = bytes;
        }

        // A size that a container does not name is one that it gets nothing of.
        resources.HugepageLimits.AddRange(HugePageSize.OfMachine.Select(
            size => new HugepageLimit { PageSize = size.KernelName, Limit = (ulong)(Bytes(limits, size.Resource) ?? 0) }));

        return resources;
    }

    internal static long Shares(long milliCpu) => Math.Clamp(milliCpu * 1024 / 1000, MinShares, MaxShares);

    /// <summary>The processor time in a period that this many thousandths of a processor are.</summary>
    internal static TimeSpan Quota(long milliCpu, TimeSpan period) =>
        TimeSpan.FromMicroseconds(Math.Max(MinQuota, milliCpu * (long)period.TotalMicroseconds / 1000));

    internal static long? Milli(IDictionary<string, ResourceQuantity>? resources, string name) =>
        resources is not null && resources.TryGetValue(name, out ResourceQuantity? quantity)
            ? (long)Math.Ceiling(quantity.ToDecimal() * 1000)
            : null;

    internal static long? Bytes(IDictionary<string, ResourceQuantity>? resources, string name) =>
        resources is not null && resources.TryGetValue(name, out ResourceQuantity? quantity)
            ? (long)Math.Ceiling(quantity.ToDecimal())
            : null;
}
