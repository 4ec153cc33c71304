using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Status;

/// <summary>A pod with its latest status.</summary>
public sealed record PodReport(Pod Pod, V1PodStatus Status);

/// <summary>The latest status of every pod, as the API shows it. Readers get a snapshot and never wait.</summary>
public sealed class StatusManager(string hostIp, FlightRecorder flight, TimeProvider clock)
{
    private ImmutableDictionary<PodUid, PodReport> _reports = ImmutableDictionary<PodUid, PodReport>.Empty;

    public ImmutableDictionary<PodUid, PodReport> Reports => _reports;

    internal void Set(Pod pod, SyncResult result)
    {
        V1PodStatus? before = _reports.TryGetValue(pod.Uid, out PodReport? report) ? report.Status : null;
        V1PodStatus status = ApiPodStatus.Compute(pod, result, before, hostIp, clock.GetUtcNow());
        ImmutableInterlocked.AddOrUpdate(
            ref _reports, pod.Uid, new PodReport(pod, status), (_, _) => new PodReport(pod, status));

        if (before?.Phase != status.Phase)
        {
            flight.Record(FlightEntryKind.Observed, pod.Subject, $"phase {before?.Phase ?? "none"} → {status.Phase}");
        }
    }

    internal void Remove(PodUid uid) => ImmutableInterlocked.TryRemove(ref _reports, uid, out _);
}
