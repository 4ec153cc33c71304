namespace Noded.Kubelet.Pods;

/// <summary>Where a pod worker stands. Ordered: a worker moves forward by one, and never back.</summary>
internal enum PodWorkerPhase
{
    /// <summary>Brings the pod's containers to what is wished.</summary>
    Syncing,

    /// <summary>Stops them.</summary>
    Terminating,

    /// <summary>They are stopped; what is left of them is removed.</summary>
    Terminated,

    /// <summary>Nothing of the pod is left on the machine.</summary>
    Finished,
}

/// <summary>What moves a pod worker on.</summary>
internal enum PodSignal
{
    Deleted,
    ContainersStopped,
    ResourcesReclaimed,
}

internal static class PodWorkerPhases
{
    internal static PodWorkerPhase Next(PodWorkerPhase phase, PodSignal signal) => (phase, signal) switch
    {
        (PodWorkerPhase.Syncing, PodSignal.Deleted) => PodWorkerPhase.Terminating,
        (PodWorkerPhase.Terminating, PodSignal.ContainersStopped) => PodWorkerPhase.Terminated,
        (PodWorkerPhase.Terminated, PodSignal.ResourcesReclaimed) => PodWorkerPhase.Finished,

        // Signals race with our own progress; one that comes late changes nothing.
        _ => phase,
    };
}
