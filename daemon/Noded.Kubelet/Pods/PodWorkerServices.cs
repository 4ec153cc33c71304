using Microsoft.Extensions.Logging;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Status;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>What every pod worker of a node shares.</summary>
internal sealed record PodWorkerServices(
    PodInspector Inspector,
    PodSyncer Syncer,
    PodTerminator Terminator,
    ProbeManager Probes,
    StatusManager Statuses,
    PodAdmitter Admitter,
    IntentJournal Intents,
    PodJournal Journal,
    PodMetrics Metrics,
    ActivityTracker Activity,
    FlightRecorder Flight,
    TimeProvider Clock,
    Func<double> Jitter,
    CrashLoopOptions CrashLoop,
    Action<PodUid> Ended,
    Action<PodUid> Finished,
    ILogger Logger)
{
    /// <summary>For a pod of which nothing but its containers is known.</summary>
    internal static readonly TimeSpan OrphanGracePeriod = TimeSpan.FromSeconds(1);

    internal RestartBackoff NewBackoff() => new(CrashLoop.InitialDelay, CrashLoop.MaximumDelay);
}

/// <summary>How long containers that keep failing wait.</summary>
public sealed record CrashLoopOptions(TimeSpan InitialDelay, TimeSpan MaximumDelay)
{
    /// <summary>Upstream's: 10 s, doubled up to 5 minutes.</summary>
    public static CrashLoopOptions Default { get; } = new(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));
}
