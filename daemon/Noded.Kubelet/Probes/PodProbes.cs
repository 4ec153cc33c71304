using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>
/// The probes of one pod: their workers, and what holds for the containers that run. The pod's worker tells what runs,
/// the probe workers what they found; each holds the lock only to write it down.
/// </summary>
/// <param name="changed">Told of a result that differs from the one before.</param>
internal sealed class PodProbes(
    ProbeStateFile file,
    ProbeWorkerServices services,
    Action<ProbeTarget, ProbeKind, ProbeResult> changed,
    Action<IOException> failed)
{
    private static readonly ProbeKind[] Kinds = Enum.GetValues<ProbeKind>();

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Container, ProbeKind Kind), ProbeWorker> _workers = [];
    private readonly Dictionary<(ContainerId Container, ProbeKind Kind), ProbeResult> _results = [];
    private readonly Dictionary<string, ProbeTarget> _targets = [];
    private readonly ImmutableHashSet<(ContainerId, ProbeKind)> _kept = file.Read();

    internal static bool HasProbes(V1Container container) =>
        container.LivenessProbe is not null || container.ReadinessProbe is not null || container.StartupProbe is not null;

    /// <summary>Starts, moves on and pauses workers by what runs now.</summary>
    internal PodHealth Update(Pod pod, PodStatus status, string host)
    {
        lock (_lock)
        {
            foreach (V1Container container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).Where(HasProbes))
            {
                Update(pod, container, status.TryGetNewest(container.Name), host);
            }

            return Health();
        }
    }

    internal void Stop(Func<ProbeKind, bool> isMeant)
    {
        lock (_lock)
        {
            foreach (((string, ProbeKind Kind) key, ProbeWorker worker) in _workers)
            {
                if (isMeant(key.Kind))
                {
                    worker.Stop();
                }
            }
        }
    }

    /// <summary>Waits for the workers that were all stopped.</summary>
    internal async Task WhenStoppedAsync()
    {
        ImmutableArray<ProbeWorker> workers;
        lock (_lock)
        {
            workers = [.. _workers.Values];
        }

        foreach (ProbeWorker worker in workers)
        {
            await worker.Completion;
            worker.Dispose();
        }
    }

    private void Update(Pod pod, V1Container container, ContainerStatus? newest, string host)
    {
        if (newest is not { State: ContainerState.Running, StartedAt: { } startedAt })
        {
            Forget(container.Name, except: null);
            Observe(container, null);
            return;
        }

        Forget(container.Name, except: newest.Id);
        foreach (ProbeKind kind in Kinds.Where(kind => ProbeTarget.ProbesOf(container, kind) is not null))
        {
            _results.TryAdd(
                (newest.Id, kind), _kept.Contains((newest.Id, kind)) ? ProbeResult.Success : ProbeRules.Initial(kind));
        }

        ProbeTarget target = new(pod, container, newest.Id, startedAt, host, IsStarted(newest.Id));
        _targets[container.Name] = target;
        Observe(container, target);
    }

    private void Observe(V1Container container, ProbeTarget? target)
    {
        foreach (ProbeKind kind in Kinds)
        {
            if (_workers.TryGetValue((container.Name, kind), out ProbeWorker? worker))
            {
                worker.Observe(target);
            }
            else if (target?.TryGetProbe(kind) is not null)
            {
                worker = new ProbeWorker(target, kind, services, (id, result) => Decide(container.Name, kind, id, result));
                _workers[(container.Name, kind)] = worker;
                worker.Observe(target);
            }
        }
    }

    /// <summary>Drops what held for the instance before.</summary>
    private void Forget(string container, ContainerId? except)
    {
        if (_targets.TryGetValue(container, out ProbeTarget? target) && target.Id != except)
        {
            _targets.Remove(container);
            foreach (ProbeKind kind in Kinds)
            {
                _results.Remove((target.Id, kind));
            }
        }
    }

    private void Decide(string container, ProbeKind kind, ContainerId id, ProbeResult result)
    {
        ProbeTarget? target;
        lock (_lock)
        {
            // An instance that is gone: nobody asks about it any more.
            if (!_results.TryGetValue((id, kind), out ProbeResult before) || before == result
                || !_targets.TryGetValue(container, out target))
            {
                return;
            }

            _results[(id, kind)] = result;
            Keep();
        }

        changed(target, kind, result);
    }

    private void Keep()
    {
        try
        {
            file.Write([.. _results
                .Where(pair => pair.Value == ProbeResult.Success && pair.Key.Kind != ProbeKind.Liveness)
                .Select(pair => pair.Key)]);
        }
        catch (IOException e)
        {
            // Costs a flap of readiness at the next restart of the daemon, and nothing before that.
            failed(e);
        }
    }

    private PodHealth Health() => new(_targets.Values.ToImmutableDictionary(target => target.Id, target => new ContainerHealth(
        IsStarted(target.Id),
        IsStarted(target.Id) && ResultOf(target.Id, ProbeKind.Readiness) is null or ProbeResult.Success,
        ResultOf(target.Id, ProbeKind.Liveness) == ProbeResult.Failure ? ProbeKind.Liveness
            : ResultOf(target.Id, ProbeKind.Startup) == ProbeResult.Failure ? ProbeKind.Startup
            : null)));

    private bool IsStarted(ContainerId id) => ResultOf(id, ProbeKind.Startup) is null or ProbeResult.Success;

    private ProbeResult? ResultOf(ContainerId id, ProbeKind kind) =>
        _results.TryGetValue((id, kind), out ProbeResult result) ? result : null;
}
