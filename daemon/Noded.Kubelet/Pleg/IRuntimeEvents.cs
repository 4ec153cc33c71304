using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pleg;

/// <summary>What a runtime's event stream tells.</summary>
internal enum RuntimeEventType
{
    /// <summary>The container's main process has ended.</summary>
    Exited,

    OutOfMemory,
    Deleted,
}

internal readonly record struct RuntimeEvent(RuntimeEventType Type, ContainerId Container)
{
    /// <summary>When the runtime told; null when it does not say.</summary>
    public DateTimeOffset? Time { get; init; }
}

/// <summary>A runtime's stream of events. There is no replay: whoever subscribes lists afterwards.</summary>
internal interface IRuntimeEvents
{
    /// <summary>Events from now on, until the stream breaks.</summary>
    /// <exception cref="IOException">The stream could not be opened, or broke.</exception>
    IAsyncEnumerable<RuntimeEvent> SubscribeAsync(CancellationToken cancellationToken);
}
