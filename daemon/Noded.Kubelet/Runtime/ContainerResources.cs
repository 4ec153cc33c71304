using k8s.Models;
using Noded.Api.Pods;
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
        LinuxContainerResources resources = Compute(
            Milli(requests, "cpu") ?? cpuLimit ?? 0, cpuLimit ?? 0, Bytes(limits, "memory") ?? 0, options);
        resources.OomScoreAdj = OomScoreAdjust.Compute(pod, container);

        // A size that a container does not name is one that it gets nothing of.
        resources.HugepageLimits.AddRange(HugePageSize.OfMachine.Select(
            size => new HugepageLimit { PageSize = size.KernelName, Limit = (ulong)(Bytes(limits, size.Resource) ?? 0) }));

        if (options.KillsTogether)
        {
            resources.Unified["memory.oom.group"] = "1";
        }

        return resources;
    }

    /// <summary>What the pod's own processes need together, from which runtimes reckon the size of a virtual machine.</summary>
    internal static LinuxContainerResources OfPod(V1PodSpec spec, CgroupOptions options) => Compute(
        PodRequests.WithoutOverhead(spec, "cpu").MilliValue,
        PodRequests.LimitWithoutOverhead(spec, "cpu")?.MilliValue ?? 0,
        PodRequests.LimitWithoutOverhead(spec, "memory")?.Value ?? 0,
        options);

    /// <summary>What the runtime itself takes, as the pod's class says; nothing without one.</summary>
    internal static LinuxContainerResources? OfOverhead(V1PodSpec spec, CgroupOptions options)
    {
        long milliCpu = Milli(spec.Overhead, "cpu") ?? 0;
        return spec.Overhead is { Count: > 0 }
            ? Compute(milliCpu, milliCpu, Bytes(spec.Overhead, "memory") ?? 0, options)
            : null;
    }

    /// <param name="cpuLimit">In thousandths of a processor; 0 for none, as for the memory's bytes.</param>
    private static LinuxContainerResources Compute(long cpuRequest, long cpuLimit, long memoryLimit, CgroupOptions options)
    {
        LinuxContainerResources resources = new() { CpuShares = Shares(cpuRequest), MemoryLimitInBytes = memoryLimit };
        if (options.CpuCfsQuota && cpuLimit > 0)
        {
            resources.CpuPeriod = (long)options.CpuCfsQuotaPeriod.TotalMicroseconds;
            resources.CpuQuota = (long)Quota(cpuLimit, options.CpuCfsQuotaPeriod).TotalMicroseconds;
        }

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
