using System.Collections.Immutable;
using Noded.Primitives;

namespace Noded.Kubelet.Events;

/// <summary>A Kubernetes event as this node reported it, repeats counted.</summary>
/// <param name="Type"><c>Normal</c> or <c>Warning</c>.</param>
/// <param name="InvolvedObject"><c>Pod default/web</c>, or <c>Node name</c>; a container's field path follows in braces.</param>
public sealed record NodeEvent(
    long Sequence,
    string Type,
    string Reason,
    string Message,
    string InvolvedObject,
    DateTimeOffset FirstSeen,
    DateTimeOffset LastSeen,
    int Count);

/// <summary>
/// Collects the events that the node reports about its pods and itself, the latest <paramref name="capacity"/> of
/// them; a repeat raises the count of the earlier one. Safe for use from many threads.
/// </summary>
public sealed class EventRecorder(int capacity, FlightRecorder flight, TimeProvider clock)
{
    /// <summary>Upstream's limit. What runtimes and kernels say can be as long as they like.</summary>
    private const int MaxMessage = 1024;

    private readonly Lock _lock = new();
    private readonly LinkedList<NodeEvent> _events = [];
    private readonly Dictionary<(string, string, string), LinkedListNode<NodeEvent>> _byIdentity = [];
    private long _last;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Normal(string involvedObject, string reason, string message) =>
        Record("Normal", involvedObject, reason, message);

    public void Warn(string involvedObject, string reason, string message) =>
        Record("Warning", involvedObject, reason, message);

    /// <summary>Events that came or were repeated after <paramref name="afterSequence"/>, oldest first.</summary>
    public ImmutableArray<NodeEvent> Read(long afterSequence = 0)
    {
        lock (_lock)
        {
            return [.. _events.Where(nodeEvent => nodeEvent.Sequence > afterSequence)];
        }
    }

    /// <summary>Completes with the next event.</summary>
    public Task WaitForChangeAsync(long afterSequence, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _last > afterSequence ? Task.CompletedTask : _changed.Task.WaitAsync(cancellationToken);
        }
    }

    private void Record(string type, string involvedObject, string reason, string message)
    {
        DateTimeOffset now = clock.GetUtcNow();
        message = message.Length > MaxMessage ? message[..MaxMessage] : message;
        flight.Record(
            type == "Normal" ? FlightEntryKind.Acted : FlightEntryKind.Failed, involvedObject, $"event {reason}: {message}");

        TaskCompletionSource changed;
        lock (_lock)
        {
            Add(type, involvedObject, reason, message, now);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    private void Add(string type, string involvedObject, string reason, string message, DateTimeOffset now)
    {
        (string, string, string) identity = (involvedObject, reason, message);
        NodeEvent added = new(++_last, type, reason, message, involvedObject, now, now, 1);
        if (_byIdentity.TryGetValue(identity, out LinkedListNode<NodeEvent>? earlier))
        {
            added = added with { FirstSeen = earlier.Value.FirstSeen, Count = earlier.Value.Count + 1 };
            _events.Remove(earlier);
        }
        else if (_events.Count == capacity)
        {
            NodeEvent oldest = _events.First!.Value;
            _byIdentity.Remove((oldest.InvolvedObject, oldest.Reason, oldest.Message));
            _events.RemoveFirst();
        }

        _byIdentity[identity] = _events.AddLast(added);
    }
}
