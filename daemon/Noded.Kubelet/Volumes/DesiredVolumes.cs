using System.Collections.Immutable;
using System.Diagnostics;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Volumes;

/// <summary>The volumes of a pod from its spec.</summary>
internal static class DesiredVolumes
{
    /// <param name="nodeMemory">No file system in memory is larger.</param>
    internal static ImmutableArray<DesiredVolume> Compute(Pod pod, string podDirectory, long nodeMemory) =>
        [.. (pod.Spec.Volumes ?? []).Select(volume => Compute(pod, volume, podDirectory, nodeMemory))];

    private static DesiredVolume Compute(Pod pod, V1Volume volume, string podDirectory, long nodeMemory) => volume switch
    {
        { EmptyDir: { } emptyDir } => new DesiredVolume.EmptyDir(
            volume.Name,
            VolumePaths.EmptyDir(podDirectory, volume.Name),
            VolumePaths.ReadyMarker(podDirectory, volume.Name),
            (uint?)pod.Spec.SecurityContext?.FsGroup,
            emptyDir.Medium switch
            {
                null or "" => EmptyDirMedium.Disk,
                "Memory" => new EmptyDirMedium.InMemory(MemorySize(pod, emptyDir, nodeMemory)),
                _ => EmptyDirMedium.HugePages(emptyDir.Medium, pod.Spec),
            }),
        { HostPath: { } hostPath } => new DesiredVolume.HostPath(volume.Name, hostPath.Path, hostPath.Type ?? string.Empty),

        // The source refuses pods with any other.
        _ => throw new UnreachableException($"Unhandled source of volume {volume.Name}."),
    };

    /// <summary>The least of what the node has, what the pod may use, and what the volume asks for.</summary>
    private static long MemorySize(Pod pod, V1EmptyDirVolumeSource emptyDir, long nodeMemory)
    {
        long size = nodeMemory;
        if (MemoryLimit(pod.Spec) is { } podLimit and > 0)
        {
            size = Math.Min(size, podLimit);
        }

        long sizeLimit = emptyDir.SizeLimit is null ? 0 : (long)Math.Ceiling(emptyDir.SizeLimit.ToDecimal());
        return sizeLimit > 0 ? Math.Min(size, sizeLimit) : size;
    }

    /// <summary>What all containers together may use; null unless every one of them has a limit.</summary>
    private static long? MemoryLimit(V1PodSpec spec)
    {
        long? running = 0;
        long? initializing = 0;
        foreach (V1Container init in spec.InitContainers ?? [])
        {
            long? limit = ContainerResources.Bytes(init.Resources?.Limits, "memory");
            initializing = Larger(initializing, running + limit);
            running = init.IsRestartableInit() ? running + limit : running;
        }

        foreach (V1Container container in spec.Containers)
        {
            running += ContainerResources.Bytes(container.Resources?.Limits, "memory");
        }

        return Larger(running, initializing);
    }

    private static long? Larger(long? one, long? other) =>
        one is null || other is null ? null : Math.Max(one.Value, other.Value);
}
