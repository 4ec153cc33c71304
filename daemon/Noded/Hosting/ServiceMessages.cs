using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Noded.Composition;
using Noded.Protocols.Operator.V1;
using Noded.ServiceProxy.Inspection;
using Noded.ServiceProxy.Tables;

namespace Noded.Hosting;

/// <summary>Services between the data path and the operator's API.</summary>
internal static class ServiceMessages
{
    internal static async Task<ImmutableArray<ServiceView>> DescribeAsync(
        NodeComposition node, CancellationToken cancellationToken)
    {
        try
        {
            return node.ServiceProxy is { } proxy
                ? await proxy.DescribeAsync(cancellationToken)
                : throw new IOException("show the Services: the service proxy has not started yet");
        }
        catch (IOException e)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, e.Message));
        }
    }

    /// <exception cref="IOException">The service proxy does not run.</exception>
    internal static IAsyncEnumerable<FlowEvent> WatchFlows(
        NodeComposition node, uint sample, CancellationToken cancellationToken) =>
        node.ServiceProxy?.WatchFlowsAsync(Math.Max(sample, 1), cancellationToken)
        ?? throw new IOException("watch flows: the service proxy has not started yet");

    internal static Flow ToFlow(FlowEvent flow, string service) => new()
    {
        Time = flow.Time.ToTimestamp(),
        Verdict = flow.Verdict.ToString(),
        Hook = flow.Hook.ToString(),
        Protocol = flow.Protocol.ToString().ToUpperInvariant(),
        Client = flow.Client is null ? "" : flow.Client.Port == 0 ? flow.Client.Address.ToString() : flow.Client.ToString(),
        Target = flow.Target.ToString(),
        Service = service,
        Backend = flow.Backend?.ToString() ?? "",
    };

    internal static ServicePort ToPort(ServiceView service)
    {
        ServicePort port = new()
        {
            Namespace = service.Name.Service.Namespace,
            Name = service.Name.Service.Name,
            Port = service.Name.Port,
            Protocol = service.Name.Protocol.ToString().ToUpperInvariant(),
            Family = service.Name.Family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4",
        };
        port.Addresses.AddRange(service.Addresses.Select(address => address.ToString()));
        port.Endpoints.AddRange(service.Endpoints.Select(endpoint => new ServiceEndpoint
        {
            Address = endpoint.Backend.ToString(),
            Connections = endpoint.Connections,
        }));
        return port;
    }

    internal static IPEndPoint ParseTarget(string text) =>
        IPEndPoint.TryParse(text, out IPEndPoint? target) && target.Port != 0
            ? target
            : throw Invalid($"{text}: needs an address and a port, such as 10.96.0.10:53 or [fd00::a]:53.");

    internal static ServiceProtocol ParseProtocol(string text) => text.ToUpperInvariant() switch
    {
        "" or "TCP" => ServiceProtocol.Tcp,
        "UDP" => ServiceProtocol.Udp,
        "SCTP" => ServiceProtocol.Sctp,
        _ => throw Invalid($"{text}: needs TCP, UDP or SCTP."),
    };

    private static RpcException Invalid(string message) => new(new Status(StatusCode.InvalidArgument, message));
}
