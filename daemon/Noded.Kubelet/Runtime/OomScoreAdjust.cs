using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Linux.Processes;

namespace Noded.Kubelet.Runtime;

/// <summary>Whom the kernel ends first when memory runs out; upstream's formula.</summary>
internal static class OomScoreAdjust
{
    private const string Memory = "memory";
    private const int Guaranteed = -997;
    private const int BestEffort = 1000;

    private static readonly long MemoryCapacity = MachineMemory.TotalBytes;

    internal static int Compute(Pod pod, V1Container container) => Compute(
        pod.Manifest.QosClass(),
        pod.Manifest.IsCritical() && pod.Spec.PriorityClassName == "system-node-critical",
        MemoryRequest(pod.Spec, container),
        MemoryCapacity);

    /// <summary>Bytes: its own request, and its part of what the pod asks for beyond its containers.</summary>
    private static long MemoryRequest(V1PodSpec spec, V1Container container)
    {
        long own = ContainerResources.Bytes(container.Resources?.Requests, Memory) ?? 0;
        int lasting = spec.Containers.Count + (spec.InitContainers ?? []).Count(init => init.IsRestartableInit());
        long beyond = PodRequests.WithoutOverhead(spec, Memory).Value - PodRequests.OfContainers(spec, Memory).Value;
        return own + Math.Max(0, beyond / lasting);
    }

    /// <param name="memoryCapacity">The machine's memory in bytes.</param>
    internal static int Compute(QosClass qosClass, bool isNodeCritical, long memoryRequest, long memoryCapacity) =>
        (isNodeCritical, qosClass) switch
        {
            (true, _) or (_, QosClass.Guaranteed) => Guaranteed,
            (_, QosClass.BestEffort) => BestEffort,

            // The more a container asked for, the later it goes; never before the guaranteed, never after the rest.
            _ => (int)Math.Clamp(1000 - (1000 * memoryRequest / memoryCapacity), 1000 + Guaranteed, BestEffort - 1),
        };
}
