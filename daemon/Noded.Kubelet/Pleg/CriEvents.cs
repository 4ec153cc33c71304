using System.Runtime.CompilerServices;
using Grpc.Core;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Pleg;

/// <summary>CRI's event stream (GetContainerEvents), which runtimes need not have: containerd has it since 1.7.</summary>
internal sealed class CriEvents(CallInvoker invoker) : IRuntimeEvents
{
    private readonly Protocols.Cri.V1.RuntimeService.RuntimeServiceClient _client = new(invoker);

    public async IAsyncEnumerable<RuntimeEvent> SubscribeAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using AsyncServerStreamingCall<ContainerEventResponse> call =
            _client.GetContainerEvents(new GetEventsRequest(), cancellationToken: cancellationToken);
        await foreach (ContainerEventResponse response in
            RuntimeEventStream.ReadAsync(call, "get_container_events", cancellationToken))
        {
            if (Parse(response) is { } runtimeEvent)
            {
                yield return runtimeEvent with { Time = Runtime.RuntimeService.ToTime(response.CreatedAt) };
            }
        }
    }

    /// <summary>Null for an event of a beginning: what begins we have begun.</summary>
    internal static RuntimeEvent? Parse(ContainerEventResponse response) => response.ContainerEventType switch
    {
        ContainerEventType.ContainerStoppedEvent => new RuntimeEvent(RuntimeEventType.Exited, new(response.ContainerId)),
        ContainerEventType.ContainerDeletedEvent => new RuntimeEvent(RuntimeEventType.Deleted, new(response.ContainerId)),
        _ => null,
    };
}
