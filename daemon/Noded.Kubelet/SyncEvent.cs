using System.Collections.Immutable;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet;

/// <summary>Every reason the kubelet can have to look at a pod. A new reason is a new case here.</summary>
internal abstract record SyncEvent
{
    private SyncEvent()
    {
    }

    /// <summary>A source's wish, which replaces its former one.</summary>
    /// <param name="IsComplete">False while the source cannot tell all: what it does not name may still be wished.</param>
    internal sealed record PodsDesired(string Source, ImmutableArray<Pod> Pods, bool IsComplete = true) : SyncEvent;

    /// <summary>Something happened to a container or sandbox of this pod.</summary>
    internal sealed record Lifecycle(PodLifecycleEvent Event) : SyncEvent;

    /// <summary>An earlier daemon left files of this pod, which may be wished or not.</summary>
    internal sealed record PodFound(PodUid Uid, NamespacedName Name) : SyncEvent;

    /// <summary>The runtime answers (again): whatever failed for want of it is due now.</summary>
    internal sealed record RuntimeReady : SyncEvent;

    /// <summary>A probe of one of this pod's containers says something else than before.</summary>
    internal sealed record ProbeResultChanged(PodUid Uid) : SyncEvent;

    /// <summary>The node ends this pod to save itself.</summary>
    internal sealed record PodEvicted(PodUid Uid, PodFailure Failure) : SyncEvent;

    /// <summary>Nothing of this pod runs any more, or will, though it is wished; or that was waited for long enough.</summary>
    internal sealed record PodEnded(PodUid Uid) : SyncEvent;

    /// <summary>Nothing of this pod is left on the machine.</summary>
    internal sealed record PodFinished(PodUid Uid) : SyncEvent;
}
