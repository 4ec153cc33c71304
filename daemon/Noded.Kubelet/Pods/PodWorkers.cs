using System.Collections.Concurrent;
using System.Collections.Immutable;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>
/// The workers of all pods, one per uid. Belongs to the sync loop, which alone calls it. Two pods of one name, as a
/// changed static pod makes them, never run at once: the later one waits until nothing of the earlier is left.
/// </summary>
internal sealed class PodWorkers(PodWorkerServices services)
{
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(10);

    // Written by the sync loop alone; whoever counts reads along.
    private readonly ConcurrentDictionary<PodUid, PodWorker> _workers = [];
    private readonly Dictionary<PodUid, Task> _tasks = [];
    private readonly Dictionary<NamespacedName, Pod> _waiting = [];

    // Pods that begin once others have made room for them, and who those are.
    private readonly Dictionary<PodUid, (Pod Pod, HashSet<PodUid> Victims)> _preempting = [];
    private CancellationToken _stopping;

    internal int Count => _workers.Count;

    /// <summary>How many pods count when another one asks for room. May be asked at any time.</summary>
    internal int ActiveCount => _workers.Count(entry => entry.Value is { HasEnded: false, Pod: not null });

    /// <summary>
    /// The pods that the node works on, by upstream's words for where each stands and who wishes it. May be asked at any time.
    /// </summary>
    internal IEnumerable<(string Lifecycle, string Config)> Working => _workers.Select(entry => (
        entry.Value switch
        {
            { Phase: >= PodWorkerPhase.Terminated } or { IsDeleted: false, IsOver: true } => "terminated",
            { IsDeleted: true } or { HasEnded: true } => "terminating",
            _ => "sync",
        },
        entry.Value switch
        {
            { Pod: null } => "runtime_only",
            { IsDeleted: true } => "orphan",
            _ => "desired",
        }));

    internal bool Contains(PodUid uid) => _workers.ContainsKey(uid);

    /// <summary>Workers started from here on end with this token.</summary>
    internal void StopWith(CancellationToken stopping) => _stopping = stopping;

    internal void Update(Pod pod)
    {
        if (_workers.TryGetValue(pod.Uid, out PodWorker? worker) && !worker.IsDeleted)
        {
            worker.Update(pod);
            return;
        }

        if (_preempting.TryGetValue(pod.Uid, out (Pod Pod, HashSet<PodUid> Victims) preempting))
        {
            // There is no room yet, whatever the admission says of pods that have begun to end.
            _preempting[pod.Uid] = preempting with { Pod = pod };
            return;
        }

        // A pod that is wished again while it goes is its own namesake.
        PodWorker? namesake = worker ?? _workers.Select(entry => entry.Value).FirstOrDefault(other => other.Name == pod.Name);
        if (namesake is null)
        {
            Begin(pod);
            return;
        }

        Decide(pod.Name, $"run, uid {pod.Uid}, once uid {namesake.Uid} is gone");
        _waiting[pod.Name] = pod;
        if (!namesake.IsDeleted)
        {
            namesake.Delete();
        }
    }

    /// <summary>The pod is not wished any more; a uid without a worker is none of the runtime's either.</summary>
    /// <param name="gracePeriod">Null for the pod's own; a later call can only shorten it.</param>
    internal void Delete(PodUid uid, TimeSpan? gracePeriod = null)
    {
        if (_workers.TryGetValue(uid, out PodWorker? worker))
        {
            Decide(worker.Name, $"remove, uid {uid}");
            worker.Delete(gracePeriod);
        }

        foreach (Pod waiting in _waiting.Values.Where(pod => pod.Uid == uid).ToList())
        {
            _waiting.Remove(waiting.Name);
        }

        _preempting.Remove(uid);
    }

    /// <summary>Containers of a pod that nobody wishes were found in the runtime.</summary>
    internal void DeleteOrphan(PodUid uid, NamespacedName name)
    {
        if (!_workers.ContainsKey(uid))
        {
            Decide(name, $"remove orphan, uid {uid}");
            Start(uid, name, services.Intents.TryRead(uid) ?? PodIntents.None).Delete();
        }
    }

    internal void Resync(PodUid uid, ContainerId? died)
    {
        if (_workers.TryGetValue(uid, out PodWorker? worker))
        {
            worker.Post(died, isDue: false);
        }
    }

    internal void ResyncAll()
    {
        foreach ((_, PodWorker worker) in _workers)
        {
            worker.Post(null);
        }
    }

    /// <summary>A worker has ended; a pod of the same name that waited for it starts now.</summary>
    internal void Finished(PodUid uid)
    {
        if (!_workers.TryRemove(uid, out PodWorker? worker))
        {
            return;
        }

        _tasks.Remove(uid);
        Ended(uid);
        if (_waiting.Remove(worker.Name, out Pod? next))
        {
            if (next.Uid == uid)
            {
                services.Metrics.Restarted.WithLabels(KubeletMetrics.Static).Inc();
            }

            Update(next);
        }
    }

    /// <summary>Nothing of a pod runs any more; who waited for what it had is let run, or not, as things are now.</summary>
    internal void Ended(PodUid uid)
    {
        foreach ((Pod pod, HashSet<PodUid> victims) in _preempting.Values.ToList())
        {
            if (victims.Remove(uid) && victims.Count == 0)
            {
                _preempting.Remove(pod.Uid);
                Begin(pod);
            }
        }
    }

    /// <summary>Waits until the workers have noticed that the token ended.</summary>
    internal async Task WhenStoppedAsync()
    {
        foreach (Task task in _tasks.Values)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Records a decision as the cause of what the worker does about it.</summary>
    private void Decide(NamespacedName pod, string what) =>
        services.Flight.Because(services.Flight.Record(FlightEntryKind.Decided, Pod.SubjectOf(pod), what));

    /// <summary>Pods that a daemon has taken up already, so that they keep what they have before others get some.</summary>
    internal ImmutableHashSet<PodUid> Known() => services.Intents.Pods;

    /// <summary>The node ends the pod.</summary>
    internal void Fail(PodUid uid, PodFailure failure)
    {
        if (_workers.TryGetValue(uid, out PodWorker? worker) && !worker.HasEnded)
        {
            Decide(worker.Name, $"end, uid {uid}: {failure.Reason}");
            worker.Fail(failure);
        }
    }

    /// <summary>A pod that no daemon has taken up is let run, or not, beside those that have what they need.</summary>
    private void Begin(Pod pod)
    {
        PodIntents? intents = services.Intents.TryRead(pod.Uid);
        if (intents is null)
        {
            Admission admission = services.Admitter.Admit(
                pod, [.. _workers.Select(entry => entry.Value).Where(worker => !worker.HasEnded).Select(worker => worker.Pod).OfType<Pod>()]);
            if (!admission.Preempted.IsEmpty)
            {
                Preempt(pod, admission);
                return;
            }

            intents = new PodIntents { Failure = admission.Rejection };
            services.Intents.Write(pod.Uid, intents);
            if (admission.Rejection is { } rejection)
            {
                services.Journal.Failed(pod, rejection);
            }
        }

        services.Metrics.ContainersPerPod.Observe(pod.Spec.Containers.Count);
        Decide(pod.Name, intents.Failure is { } failure ? $"do not run, uid {pod.Uid}: {failure.Reason}" : $"run, uid {pod.Uid}");
        Start(pod.Uid, pod.Name, intents).Update(pod);
    }

    /// <summary>
    /// Ends pods for the sake of one that begins when they have ended. Nothing of it is written down until then: a daemon
    /// that is killed meanwhile decides anew.
    /// </summary>
    private void Preempt(Pod pod, Admission admission)
    {
        Decide(pod.Name, $"run, uid {pod.Uid}, once there is room: {string.Join(", ", admission.Preempted.Select(victim => victim.Name))}");
        _preempting[pod.Uid] = (pod, [.. admission.Preempted.Select(victim => victim.Uid)]);
        foreach (Pod victim in admission.Preempted)
        {
            services.Metrics.Preemptions.WithLabels(admission.Signal).Inc();
            _ = GiveUpAsync(victim);
            Fail(victim.Uid, PodFailure.Preempted);
        }
    }

    /// <summary>A pod whose end hangs must not hold up the one that the node needs: upstream's patience.</summary>
    private async Task GiveUpAsync(Pod victim)
    {
        TimeSpan patience = PodTerminator.GracePeriod(victim) * 1.5;
        try
        {
            await Task.Delay(patience > LeastPatience ? patience : LeastPatience, services.Clock, _stopping);
            services.Ended(victim.Uid);
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private PodWorker Start(PodUid uid, NamespacedName name, PodIntents intents)
    {
        PodWorker worker = new(uid, name, intents, services);
        _workers[uid] = worker;
        _tasks[uid] = Task.Run(() => worker.RunAsync(_stopping), _stopping);
        return worker;
    }
}
