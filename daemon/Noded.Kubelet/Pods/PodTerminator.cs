using k8s.Models;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Volumes;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>Ends a pod: stops its containers, then its sandboxes, then removes what is left. Every step repeats safely.</summary>
internal sealed class PodTerminator(
    IRuntimeService runtime,
    ContainerStopper stopper,
    VolumeManager volumes,
    PodLogs logs,
    CgroupManager cgroups,
    FlightRecorder flight)
{
    private static readonly TimeSpan DefaultGracePeriod = TimeSpan.FromSeconds(30);

    internal static TimeSpan GracePeriod(Pod pod) => pod.Spec.TerminationGracePeriodSeconds is { } seconds
        ? TimeSpan.FromSeconds(seconds)
        : DefaultGracePeriod;

    /// <summary>
    /// A probe that demands a container's end may give it a time of its own; a node that ends a pod, a shorter one.
    /// </summary>
    internal static TimeSpan GracePeriod(Pod pod, ContainerToKill kill, PodFailure? failure)
    {
        if (failure?.GracePeriod is { } most && most < GracePeriod(pod))
        {
            return most;
        }

        V1Container? container = pod.TryGetContainer(kill.Container.Name);
        return kill.Probe is { } kind && container is not null
            && ProbeTarget.ProbesOf(container, kind)?.TerminationGracePeriodSeconds is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : GracePeriod(pod);
    }

    /// <summary>Stops everything that runs; returns once nothing does.</summary>
    /// <param name="pod">Null for an orphan.</param>
    /// <param name="beginPreStop">Whether a container's preStop hook is to run.</param>
    internal async Task StopAsync(
        PodStatus status,
        NamespacedName name,
        Pod? pod,
        TimeSpan gracePeriod,
        Func<ContainerId, bool> beginPreStop,
        CancellationToken cancellationToken)
    {
        await stopper.StopAllAsync(
            name,
            pod,
            status.Containers
                .Where(container => container.State is ContainerState.Running or ContainerState.Unknown)
                .Select(container => new ContainerToStop(container, $"Stopping container {container.Name}", gracePeriod)),
            beginPreStop,
            cancellationToken);

        foreach (PodSandbox sandbox in status.Sandboxes)
        {
            await runtime.StopPodSandboxAsync(sandbox.Id, cancellationToken);
        }

        flight.Record(FlightEntryKind.Acted, Pod.SubjectOf(name), "stopped");
    }

    /// <summary>Removes the stopped pod's containers, sandboxes, volumes, cgroup and logs.</summary>
    /// <exception cref="IOException">Something still holds on to it; later may be better.</exception>
    internal async Task RemoveAsync(
        PodStatus status, NamespacedName name, CancellationToken cancellationToken)
    {
        foreach (ContainerStatus container in status.Containers)
        {
            await runtime.RemoveContainerAsync(container.Id, cancellationToken);
        }

        foreach (PodSandbox sandbox in status.Sandboxes)
        {
            await runtime.RemovePodSandboxAsync(sandbox.Id, cancellationToken);
        }

        await volumes.RemoveAsync(status.Uid);
        cgroups.Remove(status.Uid, name);
        logs.Remove(status.Uid, name);
        flight.Record(FlightEntryKind.Acted, Pod.SubjectOf(name), "removed");
    }
}
