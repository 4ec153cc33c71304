using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

/// <summary>Requests and limits as the kernel's numbers, by upstream's formulas.</summary>
internal static class ContainerResources
{
    private const long MinShares = 2;
    private const long MaxShares = 262144;
    private const long QuotaPeriod = 100_000;
    private const long MinQuota = 1000;

    internal static LinuxContainerResources Compute(Pod pod, V1Container container)
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
        if (cpuLimit is { } milli and > 0)
        {
            resources.CpuPeriod = QuotaPeriod;
            resources.CpuQuota = Math.Max(MinQuota, milli * QuotaPeriod / 1000);
        }

        if (memoryLimit is { } bytes and > 0)
        {
            resources.MemoryLimitInBytes = bytes;
        }

        return resources;
    }

    internal static long Shares(long milliCpu) => Math.Clamp(milliCpu * 1024 / 1000, MinShares, MaxShares);

    internal static long? Milli(IDictionary<string, ResourceQuantity>? resources, string name) =>
        resources is not null && resources.TryGetValue(name, out ResourceQuantity? quantity)
            ? (long)Math.Ceiling(quantity.ToDecimal() * 1000)
            : null;

    internal static long? Bytes(IDictionary<string, ResourceQuantity>? resources, string name) =>
        resources is not null && resources.TryGetValue(name, out ResourceQuantity? quantity)
            ? (long)Math.Ceiling(quantity.ToDecimal())
            : null;
}
