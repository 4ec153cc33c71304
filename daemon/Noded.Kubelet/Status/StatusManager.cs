using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Status;

/// <summary>A pod with its latest status.</summary>
public sealed record PodReport(Pod Pod, V1PodStatus Status)
{
    /// <summary>The sandbox that the pod is in; null while it has none.</summary>
    public PodSandboxId? Sandbox { get; init; }

    /// <summary>Of init containers and of the others, in this order.</summary>
    public IEnumerable<V1ContainerStatus> ContainerStatuses =>
        (Status.InitContainerStatuses ?? []).Concat(Status.ContainerStatuses ?? []);

    /// <summary>The pod is on its way out, whatever its containers still do.</summary>
    public bool IsTerminating { get; init; }

    /// <summary>What the pod's worker waits for longer than it should; null while it does not.</summary>
    internal string? Stalled { get; init; }
}

/// <summary>The latest status of every pod, as the API shows it. Readers get a snapshot and never wait.</summary>
public sealed class StatusManager
{
    /// <summary>Noded's own: a call for this pod is not answered. Other pods go on.</summary>
    private const string StalledCondition = "PodRuntimeStalled";

    private readonly string _hostIp;
    private readonly TerminationMessages _messages;
    private readonly FlightRecorder _flight;
    private readonly TimeProvider _clock;

    private ImmutableDictionary<PodUid, PodReport> _reports = ImmutableDictionary<PodUid, PodReport>.Empty;

    private TaskCompletionSource _changed = NewSignal();

    internal StatusManager(string hostIp, TerminationMessages messages, FlightRecorder flight, TimeProvider clock)
    {
        _hostIp = hostIp;
        _messages = messages;
        _flight = flight;
        _clock = clock;
    }

    public ImmutableDictionary<PodUid, PodReport> Reports => _reports;

    /// <summary>Completes with the first change after the call.</summary>
    public Task WaitForChangeAsync(CancellationToken cancellationToken) =>
        Volatile.Read(ref _changed).Task.WaitAsync(cancellationToken);

    internal void Set(Pod pod, SyncResult result)
    {
        V1PodStatus? before = _reports.TryGetValue(pod.Uid, out PodReport? report) ? report.Status : null;
        V1PodStatus status = ApiPodStatus.Compute(
            pod, result with { Status = _messages.AddTo(pod, result.Status) }, before, _hostIp, _clock.GetUtcNow());
        PodReport fresh = new(pod, status)
        {
            Sandbox = result.Status.Sandboxes is [{ IsReady: true } sandbox, ..] ? sandbox.Id : null,
        };
        ImmutableInterlocked.AddOrUpdate(
            ref _reports, pod.Uid, fresh, (_, old) => fresh with { IsTerminating = old.IsTerminating });

        Signal();
        if (before?.Phase != status.Phase)
        {
            _flight.Record(FlightEntryKind.Observed, pod.Subject, $"phase {before?.Phase ?? "none"} → {status.Phase}");
        }
    }

    /// <summary>Says of a pod what its worker waits for longer than it should; null once it waits no more.</summary>
    internal void Stall(Pod pod, string? what)
    {
        if (what is not null && !_reports.ContainsKey(pod.Uid))
        {
            // Nothing is known of it yet, which is what there is to tell.
            Set(pod, SyncResult.Nothing(PodStatus.Empty(pod.Uid)));
        }

        if (_reports.TryGetValue(pod.Uid, out PodReport? report) && report.Stalled != what)
        {
            ImmutableInterlocked.TryUpdate(ref _reports, pod.Uid, WithStall(report, what), report);
            Signal();
        }
    }

    private PodReport WithStall(PodReport report, string? what)
    {
        V1PodStatus status = report.Status;
        List<V1PodCondition> conditions =
            [.. (status.Conditions ?? []).Where(condition => condition.Type != StalledCondition)];
        if (what is not null)
        {
            conditions.Add(new V1PodCondition
            {
                Type = StalledCondition,
                Status = "True",
                Reason = "CallNotAnswered",
                Message = $"{what}: no answer",
                LastTransitionTime = _clock.GetUtcNow().UtcDateTime,
            });
        }

        return report with { Stalled = what, Status = Copy(status, conditions) };
    }

    /// <summary>Readers may hold the old one.</summary>
    private static V1PodStatus Copy(V1PodStatus status, List<V1PodCondition> conditions) => new()
    {
        Phase = status.Phase,
        Reason = status.Reason,
        Message = status.Message,
        Conditions = conditions,
        HostIP = status.HostIP,
        HostIPs = status.HostIPs,
        PodIP = status.PodIP,
        PodIPs = status.PodIPs,
        StartTime = status.StartTime,
        QosClass = status.QosClass,
        InitContainerStatuses = status.InitContainerStatuses,
        ContainerStatuses = status.ContainerStatuses,
    };

    /// <summary>The pod is being stopped from now on.</summary>
    internal void Terminate(PodUid uid)
    {
        if (_reports.TryGetValue(uid, out PodReport? report) && !report.IsTerminating)
        {
            ImmutableInterlocked.TryUpdate(ref _reports, uid, report with { IsTerminating = true }, report);
            Signal();
        }
    }

    /// <summary>Wakes who waits for a change: none will come.</summary>
    internal void Close() => Signal();

    internal void Remove(PodUid uid)
    {
        ImmutableInterlocked.TryRemove(ref _reports, uid, out _);
        Signal();
    }

    private void Signal() => Interlocked.Exchange(ref _changed, NewSignal()).SetResult();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
