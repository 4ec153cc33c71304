using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;
using Noded.Kubelet.Volumes;
using Noded.Linux;
using Noded.Linux.Cgroups;
using Noded.Linux.Files;
using Noded.Linux.Processes;

namespace Noded.Kubelet.Eviction;

/// <summary>Reads the machine: meminfo, the cgroups, statfs, and the pods' files.</summary>
/// <param name="allocatable">What all pods may have together.</param>
/// <param name="imageDirectory">On the disk of images and writable layers.</param>
internal sealed class NodeStats(
    IRuntimeService runtime, PodLayout layout, NodeResources capacity, NodeResources allocatable, string imageDirectory)
    : INodeStats
{
    public ImmutableDictionary<string, SignalObservation> Observe()
    {
        ImmutableDictionary<string, SignalObservation>.Builder observed =
            ImmutableDictionary.CreateBuilder<string, SignalObservation>();
        observed[EvictionSignals.MemoryAvailable] = new(MachineMemory.ReadAvailableBytes(), capacity.Memory);
        if (layout.PodsCgroup.WorkingSet() is { } used)
        {
            observed[EvictionSignals.AllocatableMemoryAvailable] =
                new(Math.Max(0, allocatable.Memory - used), allocatable.Memory);
        }

        AddDisk(observed, layout.Pods, EvictionSignals.NodeFsAvailable, EvictionSignals.NodeFsInodesFree);
        AddDisk(observed, imageDirectory, EvictionSignals.ImageFsAvailable, EvictionSignals.ImageFsInodesFree);
        observed[EvictionSignals.PidAvailable] = new(capacity.Pids - Threads(), capacity.Pids);
        return observed.ToImmutable();
    }

    public async Task<PodUsage> MeasureAsync(PodReport report, bool withDisk, CancellationToken cancellationToken)
    {
        Pod pod = report.Pod;
        Cgroup cgroup = layout.PodCgroup(pod.Uid, pod.Manifest.QosClass());
        ImmutableDictionary<ContainerId, long> layers = withDisk
            ? await runtime.GetWritableLayersAsync(pod.Uid, cancellationToken)
            : ImmutableDictionary<ContainerId, long>.Empty;
        return await Task.Run(() => Measure(report, cgroup, layers, withDisk), cancellationToken);
    }

    private PodUsage Measure(
        PodReport report, Cgroup cgroup, ImmutableDictionary<ContainerId, long> layers, bool withDisk)
    {
        Pod pod = report.Pod;
        TreeUsage logs = default;
        TreeUsage volumes = default;
        Dictionary<string, long> byVolume = [];
        Dictionary<string, (long Memory, long Disk)> containers = [];
        foreach (V1ContainerStatus status in report.Status.ContainerStatuses ?? [])
        {
            ContainerId? id = ContainerId.FromApi(status.ContainerID);
            TreeUsage own = withDisk ? TreeUsage.Measure(Path.Combine(layout.LogDirectory(pod.Uid, pod.Name), status.Name)) : default;
            logs += own;
            containers[status.Name] = (
                id is null ? 0 : layout.ContainerCgroup(pod.Uid, pod.Manifest.QosClass(), id.Value).WorkingSet() ?? 0,
                own.Bytes + (id is null ? 0 : layers.GetValueOrDefault(id.Value)));
        }

        foreach (V1Volume volume in withDisk ? pod.Spec.Volumes ?? [] : [])
        {
            if (volume.EmptyDir is { Medium: null or "" })
            {
                TreeUsage usage = TreeUsage.Measure(VolumePaths.EmptyDir(layout.PodDirectory(pod.Uid), volume.Name));
                byVolume[volume.Name] = usage.Bytes;
                volumes += usage;
            }
        }

        return new PodUsage(
            cgroup.WorkingSet() ?? 0,
            logs.Bytes + volumes.Bytes + layers.Values.Sum(),
            logs.Inodes + volumes.Inodes,
            cgroup.Pids() ?? 0)
        {
            Volumes = byVolume.ToImmutableDictionary(),
            Containers = containers.ToImmutableDictionary(),
        };
    }

    private static void AddDisk(
        ImmutableDictionary<string, SignalObservation>.Builder observed, string directory, string bytes, string inodes)
    {
        try
        {
            FileSystemUsage usage = FileSystem.ReadUsage(directory);
            observed[bytes] = new(usage.AvailableBytes, usage.Bytes);
            if (usage.Inodes > 0)
            {
                // Some file systems, such as btrfs, have no fixed number.
                observed[inodes] = new(usage.FreeInodes, usage.Inodes);
            }
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            // No pod or no image yet.
        }
    }

    /// <summary>All threads of the machine: the number behind the slash (proc(5), /proc/loadavg).</summary>
    private static long Threads() => long.Parse(
        File.ReadAllText("/proc/loadavg").Split(' ')[3].Split('/')[1], CultureInfo.InvariantCulture);
}
