using System.Collections.Immutable;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Pleg;

/// <summary>One list of everything the runtime holds, comparable with the list before.</summary>
internal sealed class RuntimeSnapshot
{
    internal static readonly RuntimeSnapshot Empty = new([], []);

    private readonly ImmutableDictionary<ContainerId, Entry> _entries;

    internal RuntimeSnapshot(ImmutableArray<PodSandbox> sandboxes, ImmutableArray<Container> containers)
    {
        ImmutableDictionary<PodUid, NamespacedName> names = sandboxes
            .GroupBy(sandbox => sandbox.Pod)
            .ToImmutableDictionary(group => group.Key, group => group.First().PodName);
        _entries = sandboxes
            .Select(sandbox => KeyValuePair.Create(
                new ContainerId(sandbox.Id.Value), new Entry(
                    sandbox.Pod,
                    sandbox.PodName,
                    sandbox.IsReady ? ContainerState.Running : ContainerState.Exited)))
            .Concat(containers.Select(container => KeyValuePair.Create(
                container.Id,
                new Entry(
                    container.Pod,
                    names.TryGetValue(container.Pod, out NamespacedName name) ? name : null,
                    container.State))))
            .ToImmutableDictionary();
    }

    /// <summary>Every container and sandbox with the pod it belongs to.</summary>
    internal IReadOnlyDictionary<ContainerId, PodUid> Owners =>
        _entries.ToDictionary(entry => entry.Key, entry => entry.Value.Pod);

    /// <summary>What a watcher of single events would have seen since <paramref name="before"/>, by pod.</summary>
    internal ImmutableArray<PodLifecycleEvent> ChangesSince(RuntimeSnapshot before)
    {
        ImmutableArray<PodLifecycleEvent>.Builder changes = ImmutableArray.CreateBuilder<PodLifecycleEvent>();
        foreach ((ContainerId id, Entry entry) in _entries)
        {
            if (before._entries.TryGetValue(id, out Entry? old) && old.State == entry.State)
            {
                continue;
            }

            // One that was created only has neither started nor died, and may do both before the next list.
            switch (entry.State)
            {
                case ContainerState.Running:
                    changes.Add(entry.Event(PodLifecycleEventType.ContainerStarted, id));
                    break;
                case ContainerState.Exited:
                    changes.Add(entry.Event(PodLifecycleEventType.ContainerDied, id));
                    break;
                default:
                    changes.Add(entry.Event(PodLifecycleEventType.PodSync, id));
                    break;
            }
        }

        foreach ((ContainerId id, Entry old) in before._entries.Where(old => !_entries.ContainsKey(old.Key)))
        {
            if (old.State == ContainerState.Running)
            {
                changes.Add(old.Event(PodLifecycleEventType.ContainerDied, id));
            }

            changes.Add(old.Event(PodLifecycleEventType.ContainerRemoved, id));
        }

        return [.. changes.OrderBy(change => change.Pod.Value, StringComparer.Ordinal)];
    }

    private sealed record Entry(PodUid Pod, NamespacedName? PodName, ContainerState State)
    {
        internal PodLifecycleEvent Event(PodLifecycleEventType type, ContainerId id) => new(Pod, PodName, type, id);
    }
}
