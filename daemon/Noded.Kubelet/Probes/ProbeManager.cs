using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>
/// The probes of all pods. Each pod's worker tells it what runs; a result that changes wakes the pod's worker through
/// the sync loop.
/// </summary>
/// <param name="directory">Where results are kept over a restart of the daemon.</param>
internal sealed partial class ProbeManager(
    string directory, PodAddress address, ProbeWorkerServices services, SyncInbox inbox)
{
    private ImmutableDictionary<PodUid, PodProbes> _pods = ImmutableDictionary<PodUid, PodProbes>.Empty;

    /// <summary>Called after each look at the pod, by its worker alone.</summary>
    internal PodHealth Update(Pod pod, PodStatus status)
    {
        if (!_pods.TryGetValue(pod.Uid, out PodProbes? probes))
        {
            if (!pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).Any(PodProbes.HasProbes))
            {
                return PodHealth.Unprobed;
            }

            probes = new PodProbes(FileOf(pod.Uid), services, Changed, e => LogNotKept(services.Logger, e));
            ImmutableInterlocked.TryAdd(ref _pods, pod.Uid, probes);
        }

        return probes.Update(pod, status, address.Of(pod, status));
    }

    /// <summary>The pod is on its way out: nothing may end or restart its containers but that.</summary>
    internal void StopLivenessAndStartup(PodUid uid)
    {
        if (_pods.TryGetValue(uid, out PodProbes? probes))
        {
            probes.Stop(kind => kind != ProbeKind.Readiness);
        }
    }

    /// <summary>Nothing of the pod is left. Repeats safely; what another daemon kept of it goes too.</summary>
    internal async Task RemoveAsync(PodUid uid)
    {
        if (ImmutableInterlocked.TryRemove(ref _pods, uid, out PodProbes? probes))
        {
            probes.Stop(_ => true);
            await probes.WhenStoppedAsync();
        }

        FileOf(uid).Remove();
    }

    /// <summary>The daemon ends; the containers run on, and what is kept of them stays.</summary>
    internal async Task StopAsync()
    {
        foreach (PodProbes probes in _pods.Values)
        {
            probes.Stop(_ => true);
            await probes.WhenStoppedAsync();
        }
    }

    private ProbeStateFile FileOf(PodUid uid) => new(Path.Combine(directory, uid.Value));

    private void Changed(ProbeTarget target, ProbeKind kind, ProbeResult result) => inbox.Post(
        Subjects.OfContainer(target.Pod, target.Container.Name),
        result == ProbeResult.Success ? $"{kind} probe succeeds" : $"{kind} probe fails",
        new SyncEvent.ProbeResultChanged(target.Pod.Uid));

    [LoggerMessage(
        EventId = 1402, Level = LogLevel.Warning, Message = "What a probe found is not kept over a restart of the daemon")]
    private static partial void LogNotKept(ILogger logger, Exception exception);
}
