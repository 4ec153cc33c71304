using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Status;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>
/// One pod under virtual time: the real plan, carried out on a runtime that is a handful of records, by a daemon that may
/// die after any single side effect. Fast enough for a million steps.
/// </summary>
internal sealed class PodMachine(Pod pod, Random random)
{
    private readonly Dictionary<string, int> _runs = [];
    private readonly HashSet<string> _made = [];
    private PodStatus _status = PodStatus.Empty(pod.Uid);
    private RestartBackoff _restarts = NewBackoff();
    private PodFailure? _failure;
    private V1PodStatus? _terminal;
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private int _ids;
    private int _lives;

    /// <summary>Its last phase, once that is final.</summary>
    internal string? Terminal => _terminal?.Phase;

    internal string Phase => Compute(_status).Phase;

    internal IEnumerable<ContainerStatus> Running =>
        _status.Containers.Where(container => container.State == ContainerState.Running);

    internal int RunsOf(string container) => _runs.GetValueOrDefault(container);

    /// <summary>One thing that can happen to a pod.</summary>
    internal void Step()
    {
        ContainerStatus[] running = [.. Running];
        switch (random.Next(10))
        {
            case 0 or 1 when running.Length > 0:
                End(running[random.Next(running.Length)], random.Next(3));
                break;
            case 2 when _status.NewestSandbox is { IsReady: true } sandbox && random.Next(3) == 0:
                // Its containers run on until somebody stops them.
                Replace(sandbox, sandbox with { IsReady = false });
                break;
            case 3 when _failure is null && random.Next(20) == 0:
                _failure = PodFailure.Evicted("no room", TimeSpan.FromSeconds(1));
                break;
            case 4 or 5:
                _now += TimeSpan.FromSeconds(random.Next(1, 60));
                break;
            case 6:
                // The daemon dies in the middle; the next one knows the intents and what the runtime has.
                Sync(random.Next(4));
                _restarts = NewBackoff();
                break;
            default:
                Sync(int.MaxValue);
                break;
        }
    }

    /// <summary>Nothing more happens but time; returns once nothing is left to do.</summary>
    internal void Settle()
    {
        for (int i = 0; i < 100; i++)
        {
            _now += TimeSpan.FromMinutes(5);
            if (Sync(int.MaxValue))
            {
                return;
            }
        }

        throw new InvalidOperationException($"{pod} does not come to rest: {Describe()}");
    }

    internal string Describe() => string.Join(
        ", ",
        _status.Containers.Select(container => string.Create(
            CultureInfo.InvariantCulture, $"{container.Name}/{container.Attempt} {container.State} {container.ExitCode}"))
            .Append($"failure {_failure?.Reason}, terminal {Terminal}, phase {Phase}"));

    /// <param name="lives">After how many side effects the daemon dies.</param>
    /// <returns>Whether there was nothing to do.</returns>
    private bool Sync(int lives)
    {
        _lives = lives;
        foreach (ContainerStatus ended in _status.Containers.Where(container => container.State == ContainerState.Exited))
        {
            if (_status.TryGetNewest(ended.Name) == ended)
            {
                _restarts.Ended(ended.Name, ended.Id.Value, _now);
            }
        }

        PodActions actions = PodActions.Compute(
            pod, _status, _restarts, _ => "hash", _now, failure: _failure, isTerminal: _terminal is not null);
        _failure ??= actions.Failure;
        if (!CarryOut(actions))
        {
            return false;
        }

        V1PodStatus status = Compute(_status);
        if (_terminal is null && status.Phase is "Succeeded" or "Failed" && !Running.Any())
        {
            _terminal ??= status;
        }

        return actions.IsEmpty && actions.BackedOff.IsEmpty;
    }

    /// <returns>False if the daemon died.</returns>
    private bool CarryOut(PodActions actions)
    {
        foreach (ContainerToKill kill in actions.Kill)
        {
            if (!IsAlive())
            {
                return false;
            }

            End(kill.Container, 137);
        }

        foreach (ContainerStatus removed in actions.Remove)
        {
            if (!IsAlive())
            {
                return false;
            }

            _status = _status with { Containers = _status.Containers.RemoveAll(container => container.Id == removed.Id) };
        }

        foreach (PodSandbox sandbox in actions.StopSandboxes)
        {
            if (!IsAlive())
            {
                return false;
            }

            Replace(sandbox, sandbox with { IsReady = false });
            foreach (ContainerStatus inside in Running.Where(container => container.Sandbox == sandbox.Id).ToArray())
            {
                End(inside, 137);
            }
        }

        return StartAll(actions);
    }

    private bool StartAll(PodActions actions)
    {
        if (actions.SandboxAttempt is { } attempt)
        {
            if (!IsAlive())
            {
                return false;
            }

            bool isReplacement = _status.NewestSandbox is not null;
            Make(string.Create(CultureInfo.InvariantCulture, $"sandbox {attempt}"));
            PodSandbox made = new(new PodSandboxId($"s{++_ids}"), pod.Uid, pod.Name, attempt, IsReady: true, _now);
            _status = _status with { Sandboxes = _status.Sandboxes.Insert(0, made) };
            if (isReplacement)
            {
                _restarts.Failed(PodActions.SandboxKey, _now);
            }
        }

        foreach (ContainerToStart start in actions.Start)
        {
            if (!IsAlive())
            {
                return false;
            }

            ContainerStatus created = Create(start);
            if (!IsAlive())
            {
                return false;
            }

            if (start.After?.FinishedAt is not null)
            {
                _restarts.Restarted(start.Container.Name, _now);
            }

            _runs[created.Name] = RunsOf(created.Name) + 1;
            Replace(created, created with { State = ContainerState.Running, StartedAt = _now });
        }

        return true;
    }

    private ContainerStatus Create(ContainerToStart start)
    {
        string name = start.Container.Name;
        ContainerStatus created = new(
            new ContainerId($"c{++_ids}"), _status.NewestSandbox!.Id, name, start.Attempt, ContainerState.Created, _now, null, null,
            0, string.Empty, string.Empty, "image", "image", "hash");

        // A container that was never started gives its place up when it is removed.
        if (!_status.Containers.Any(other => other.Name == name && other.Attempt == start.Attempt))
        {
            _made.Remove(string.Create(CultureInfo.InvariantCulture, $"{name} {start.Attempt} created"));
        }

        Make(string.Create(CultureInfo.InvariantCulture, $"{name} {start.Attempt} created"));
        _status = _status with
        {
            Containers = [.. _status.Containers.Append(created).OrderByDescending(container => container.Attempt)],
        };
        return created;
    }

    /// <summary>The runtime takes a name once.</summary>
    private void Make(string name)
    {
        if (!_made.Add(name))
        {
            throw new InvalidOperationException($"{pod}: {name} is made twice: {Describe()}");
        }
    }

    private void End(ContainerStatus container, int exitCode)
    {
        // What has ended meanwhile has its own exit code.
        if (_status.Containers.FirstOrDefault(other => other.Id == container.Id) is { State: ContainerState.Running } running)
        {
            Replace(running, running with { State = ContainerState.Exited, ExitCode = exitCode, FinishedAt = _now });
        }
    }

    private void Replace(ContainerStatus old, ContainerStatus next) =>
        _status = _status with { Containers = _status.Containers.Replace(old, next) };

    private void Replace(PodSandbox old, PodSandbox next) =>
        _status = _status with { Sandboxes = _status.Sandboxes.Replace(old, next) };

    private V1PodStatus Compute(PodStatus status) => ApiPodStatus.Compute(
        pod, SyncResult.Nothing(status) with { Failure = _failure, Terminal = _terminal }, null, "192.0.2.1", _now);

    private bool IsAlive() => _lives-- > 0;

    private static RestartBackoff NewBackoff() => new(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));
}
