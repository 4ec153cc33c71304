using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Pleg;

internal enum PodLifecycleEventType
{
    ContainerStarted,
    ContainerDied,
    ContainerRemoved,

    /// <summary>The pod changed in a way that no container tells of, or was found by the first list.</summary>
    PodSync,
}

/// <summary>A change the runtime shows. It says where to look; the state is read afresh by whoever looks.</summary>
/// <param name="PodName">Null when only the uid is known.</param>
/// <param name="Container">Container or sandbox; null when no single one is meant.</param>
internal sealed record PodLifecycleEvent(
    PodUid Pod, NamespacedName? PodName, PodLifecycleEventType Type, ContainerId? Container);
