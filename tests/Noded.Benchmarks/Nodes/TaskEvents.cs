using Grpc.Core;
using Grpc.Net.Client;
using Noded.Protocols.Containerd.Events.V1;
using Noded.Protocols.Cri.V1;

namespace Noded.Benchmarks.Nodes;

/// <summary>containerd's <c>/tasks/start</c> and <c>/tasks/exit</c> events, subscribed to before what they report is caused.</summary>
internal sealed class TaskEvents : IDisposable
{
    private const string Start = "/tasks/start";
    private const string Exit = "/tasks/exit";

    private static readonly Metadata NamespaceHeader = new() { { "containerd-namespace", "k8s.io" } };

    private readonly GrpcChannel _channel;
    private readonly AsyncServerStreamingCall<Envelope> _call;

    private TaskEvents(GrpcChannel channel, AsyncServerStreamingCall<Envelope> call)
    {
        _channel = channel;
        _call = call;
    }

    /// <summary>Subscribes once containerd answers.</summary>
    internal static async Task<TaskEvents> SubscribeAsync(string socketPath, CancellationToken cancellationToken)
    {
        // CRI answers last of all, and a connection that has answered delivers the subscription at once.
        await UnixChannel.CallWhenUpAsync(
            socketPath,
            async channel => await new RuntimeService.RuntimeServiceClient(channel).VersionAsync(
                new VersionRequest(), cancellationToken: cancellationToken),
            cancellationToken);

        GrpcChannel channel = UnixChannel.Open(socketPath);
        SubscribeRequest request = new();
        request.Filters.Add($"namespace==k8s.io,topic==\"{Start}\"");
        request.Filters.Add($"namespace==k8s.io,topic==\"{Exit}\"");
        AsyncServerStreamingCall<Envelope> call = new Events.EventsClient(channel).Subscribe(
            request, new CallOptions(NamespaceHeader, cancellationToken: cancellationToken));

        // containerd sends no headers before the first event, so another call on the connection has to follow.
        await new RuntimeService.RuntimeServiceClient(channel).VersionAsync(
            new VersionRequest(), cancellationToken: cancellationToken);
        return new TaskEvents(channel, call);
    }

    /// <summary>The next start of a container's process; those of sandboxes are passed over.</summary>
    internal async Task<DateTimeOffset> NextContainerAsync(CancellationToken cancellationToken)
    {
        RuntimeService.RuntimeServiceClient runtime = new(_channel);
        while (await _call.ResponseStream.MoveNext(cancellationToken))
        {
            Envelope envelope = _call.ResponseStream.Current;
            if (envelope.Topic != Start)
            {
                continue;
            }

            // The Any's type URL has no slash, so Unpack would refuse it; the topic tells the type.
            ContainerFilter filter = new() { Id = TaskStart.Parser.ParseFrom(envelope.Event.Value).ContainerId };
            ListContainersResponse containers = await runtime.ListContainersAsync(
                new ListContainersRequest { Filter = filter }, cancellationToken: cancellationToken);
            if (containers.Containers.Count > 0)
            {
                return envelope.Timestamp.ToDateTimeOffset();
            }
        }

        throw new IOException("containerd ended its event stream.");
    }

    /// <summary>Waits until the process of a container or sandbox has ended.</summary>
    internal async Task WaitForExitAsync(string id, CancellationToken cancellationToken)
    {
        while (await _call.ResponseStream.MoveNext(cancellationToken))
        {
            Envelope envelope = _call.ResponseStream.Current;
            if (envelope.Topic == Exit && TaskExit.Parser.ParseFrom(envelope.Event.Value).ContainerId == id)
            {
                return;
            }
        }

        throw new IOException("containerd ended its event stream.");
    }

    public void Dispose()
    {
        _call.Dispose();
        _channel.Dispose();
    }
}
