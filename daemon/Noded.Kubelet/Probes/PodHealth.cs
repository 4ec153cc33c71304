using System.Collections.Immutable;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>What the probes of one container say.</summary>
/// <param name="Failed">The probe for which it has to be killed; null for none.</param>
internal readonly record struct ContainerHealth(bool IsStarted, bool IsReady, ProbeKind? Failed);

/// <summary>What the probes of a pod say of its running containers. One without probes is started and ready.</summary>
internal sealed record PodHealth(ImmutableDictionary<ContainerId, ContainerHealth> Containers)
{
    internal static PodHealth Unprobed { get; } = new(ImmutableDictionary<ContainerId, ContainerHealth>.Empty);

    internal ContainerHealth Of(ContainerId container) =>
        Containers.GetValueOrDefault(container, new ContainerHealth(true, true, null));
}
