using System.Runtime.CompilerServices;
using Grpc.Core;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Protocols.Containerd.Events.V1;

namespace Noded.Kubelet.Pleg;

/// <summary>containerd's own event stream, which every version has, unlike CRI's.</summary>
internal sealed class ContainerdEvents(CallInvoker invoker) : IRuntimeEvents
{
    private readonly Protocols.Containerd.Events.V1.Events.EventsClient _client = new(invoker);

    public async IAsyncEnumerable<RuntimeEvent> SubscribeAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        SubscribeRequest request = new();
        request.Filters.Add("namespace==k8s.io,topic==\"/tasks/exit\"");
        request.Filters.Add("namespace==k8s.io,topic==\"/tasks/oom\"");
        request.Filters.Add("namespace==k8s.io,topic==\"/containers/delete\"");
        using AsyncServerStreamingCall<Envelope> call =
            _client.Subscribe(request, new CallOptions(ContainerdNamespace.CriHeaders(), cancellationToken: cancellationToken));

        await foreach (Envelope envelope in RuntimeEventStream.ReadAsync(call, "subscribe_events", cancellationToken))
        {
            if (Parse(envelope) is { } runtimeEvent)
            {
                yield return runtimeEvent with { Time = envelope.Timestamp?.ToDateTimeOffset() };
            }
        }
    }

    /// <summary>Null for an event that says nothing about a container's life.</summary>
    internal static RuntimeEvent? Parse(Envelope envelope)
    {
        // The Any's type URL has no slash, so Unpack would refuse it; the topic tells the type.
        switch (envelope.Topic)
        {
            case "/tasks/exit":
                TaskExit exit = TaskExit.Parser.ParseFrom(envelope.Event.Value);
                bool isMainProcess = exit.Id == exit.ContainerId;
                return isMainProcess ? new RuntimeEvent(RuntimeEventType.Exited, new(exit.ContainerId)) : null;
            case "/tasks/oom":
                TaskOOM oom = TaskOOM.Parser.ParseFrom(envelope.Event.Value);
                return new RuntimeEvent(RuntimeEventType.OutOfMemory, new(oom.ContainerId));
            case "/containers/delete":
                ContainerDelete delete = ContainerDelete.Parser.ParseFrom(envelope.Event.Value);
                return new RuntimeEvent(RuntimeEventType.Deleted, new(delete.Id));
            default:
                return null;
        }
    }
}
