using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Noded.Composition;
using Noded.Kubelet.Events;
using Noded.Kubelet.Status;
using Noded.Primitives;
using Noded.Protocols.Operator.V1;
using Noded.ServiceProxy;
using Noded.ServiceProxy.Inspection;

namespace Noded.Hosting;

/// <summary>The operator's API: reads the parts' snapshots and changes nothing of what they do.</summary>
internal sealed class OperatorService(NodeComposition node) : Operator.OperatorBase
{
    private static readonly TimeSpan TimelinePeriod = TimeSpan.FromMilliseconds(200);

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context)
    {
        StatusResponse response = new()
        {
            Node = node.Options.NodeName,
            Version = NodeComposition.Version,
            Root = node.Options.Paths.Root,
            StartedAt = node.StartedAt.ToTimestamp(),
            PodsTotal = node.Kubelet.Reports.Count,
            PodsRunning = node.Kubelet.Reports.Values.Count(report => report.Status.Phase == "Running"),
        };
        response.Components.AddRange(node.Components.Select(component => new Component
        {
            Name = component.Name,
            Healthy = component.Failure is null,
            Message = component.Failure ?? string.Empty,
        }));
        response.Components.Add(new Component
        {
            Name = "runtime",
            Healthy = node.Kubelet.IsRuntimeHealthy,
            Message = node.Kubelet.HasEventStream ? "event stream open" : "no event stream, relisting",
        });
        response.ManifestErrors.AddRange(node.Kubelet.ManifestErrors);
        return Task.FromResult(response);
    }

    public override Task<PodsResponse> Pods(PodsRequest request, ServerCallContext context)
    {
        PodsResponse response = new();
        response.Pods.AddRange(node.Kubelet.Reports.Values
            .Where(report => request.Pod.Length == 0 || IsMeant(report, request.Pod))
            .OrderBy(report => report.Pod.Name)
            .Select(OperatorMessages.ToPod));
        return Task.FromResult(response);
    }

    public override async Task Logs(LogsRequest request, IServerStreamWriter<LogChunk> responseStream, ServerCallContext context)
    {
        PodLogRequest log = PodLogRequest.Resolve(node, request);
        await using GrpcStream output = new(responseStream);
        try
        {
            await node.Logs.ReadAsync(log.File, log.Options, log.Writer, output, context.CancellationToken);
        }
        catch (FileNotFoundException)
        {
            throw new RpcException(new Status(StatusCode.NotFound, $"There is no log yet: {log.File}"));
        }
    }

    public override Task Exec(
        IAsyncStreamReader<ExecRequest> requestStream, IServerStreamWriter<ExecResponse> responseStream, ServerCallContext context) =>
        ExecSession.RunAsync(node, requestStream, responseStream, context.CancellationToken);

    public override async Task Events(EventsRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
    {
        long last = 0;
        do
        {
            await node.Events.WaitForChangeAsync(request.Follow ? last : -1, context.CancellationToken);
            foreach (NodeEvent nodeEvent in node.Events.Read(last))
            {
                await responseStream.WriteAsync(OperatorMessages.ToEvent(nodeEvent), context.CancellationToken);
                last = Math.Max(last, nodeEvent.Sequence);
            }
        }
        while (request.Follow);
    }

    public override async Task Timeline(TimelineRequest request, IServerStreamWriter<TimelineEntry> responseStream, ServerCallContext context)
    {
        long last = request.After;
        while (true)
        {
            foreach (FlightEntry entry in node.Flight.Read(last))
            {
                last = entry.Sequence;
                if (IsAbout(entry.Subject, request.Subject))
                {
                    await responseStream.WriteAsync(OperatorMessages.ToEntry(entry), context.CancellationToken);
                }
            }

            if (!request.Follow)
            {
                return;
            }

            // Only while somebody follows: the recorder itself never wakes anybody.
            await Task.Delay(TimelinePeriod, node.Clock, context.CancellationToken);
        }
    }

    public override async Task<ServicesResponse> Services(ServicesRequest request, ServerCallContext context)
    {
        ServicesResponse response = new();
        response.Ports.AddRange((await ServiceMessages.DescribeAsync(node, context.CancellationToken))
            .Where(service => request.Service.Length == 0 || service.Name.Service == NamespacedName.Parse(request.Service))
            .Select(ServiceMessages.ToPort));
        return response;
    }

    public override async Task<ExplainServiceResponse> ExplainService(ExplainServiceRequest request, ServerCallContext context)
    {
        ExplainServiceResponse response = new();
        response.Lines.AddRange(ServiceExplanation.Compute(
            ServiceMessages.ParseTarget(request.Target),
            ServiceMessages.ParseProtocol(request.Protocol),
            await ServiceMessages.DescribeAsync(node, context.CancellationToken),
            ServiceProxyComponent.ReadLocalAddresses()));
        return response;
    }

    public override async Task Flows(FlowsRequest request, IServerStreamWriter<Flow> responseStream, ServerCallContext context)
    {
        ServiceNames names = new(node);
        try
        {
            await foreach (FlowEvent flow in ServiceMessages.WatchFlows(node, request.Sample, context.CancellationToken))
            {
                string service = await names.FindAsync(flow.Target, flow.Protocol, context.CancellationToken);
                await responseStream.WriteAsync(ServiceMessages.ToFlow(flow, service), context.CancellationToken);
            }
        }
        catch (IOException e)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, e.Message));
        }
    }

    public override async Task<WaitIdleResponse> WaitIdle(WaitIdleRequest request, ServerCallContext context)
    {
        try
        {
            await node.Kubelet.WaitIdleAsync(context.CancellationToken);
            return new WaitIdleResponse();
        }
        catch (IOException e)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, e.Message));
        }
    }

    /// <summary>A pod's subject means its containers, too: their subjects go on after a blank.</summary>
    private static bool IsAbout(string subject, string wanted) =>
        wanted.Length == 0
        || (subject.StartsWith(wanted, StringComparison.Ordinal)
            && (subject.Length == wanted.Length || subject[wanted.Length] == ' '));

    internal static bool IsMeant(PodReport report, string pod) => report.Pod.Name == NamespacedName.Parse(pod);
}
