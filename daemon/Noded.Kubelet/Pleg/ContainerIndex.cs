using System.Collections.Immutable;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pleg;

/// <summary>Which pod a container or sandbox belongs to: the runtime's events name only the container. A cache.</summary>
internal sealed class ContainerIndex
{
    private ImmutableDictionary<ContainerId, PodUid> _pods = ImmutableDictionary<ContainerId, PodUid>.Empty;

    internal void Add(ContainerId container, PodUid pod) =>
        ImmutableInterlocked.AddOrUpdate(ref _pods, container, pod, (_, _) => pod);

    internal void Remove(ContainerId container) => ImmutableInterlocked.TryRemove(ref _pods, container, out _);

    internal PodUid? TryGet(ContainerId container) =>
        _pods.TryGetValue(container, out PodUid pod) ? pod : null;
}
