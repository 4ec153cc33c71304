using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using k8s.Models;
using Noded.Protocols.Grpc.Health.V1;

namespace Noded.Kubelet.Probes;

/// <summary>A server of gRPC's health protocol, in clear text, that has to say SERVING.</summary>
internal static class GrpcProber
{
    internal static async Task<ProbeOutcome> ProbeAsync(
        string host, V1GRPCAction grpc, TimeSpan timeout, string userAgent, CancellationToken cancellationToken)
    {
        string at = HandlerPort.Join(host, grpc.Port);
        string within = string.Create(CultureInfo.InvariantCulture, $"{timeout.TotalSeconds}s");
        Socket? socket = null;
        try
        {
            socket = await TcpProber.ConnectAsync(host, grpc.Port, cancellationToken);
        }
        catch (IOException e)
        {
            return ProbeOutcome.Failure($"error: failed to connect service at \"{at}\": {e.Message}");
        }
        catch (OperationCanceledException)
        {
            return ProbeOutcome.Failure(
                $"timeout: failed to connect service \"{at}\" within {within}: context deadline exceeded");
        }

        using SocketsHttpHandler handler = new()
        {
            // One connection, made above: a second one would ask another moment.
            ConnectCallback = (_, _) => Interlocked.Exchange(ref socket, null) is { } connected
                ? ValueTask.FromResult<Stream>(new NetworkStream(connected, ownsSocket: true))
                : throw new IOException("the connection was lost"),
            UseProxy = false,
        };
        try
        {
            using GrpcChannel channel = GrpcChannel.ForAddress(
                $"http://{at}", new GrpcChannelOptions { HttpHandler = handler, MaxRetryAttempts = null });
            HealthCheckResponse response = await new Health.HealthClient(channel).CheckAsync(
                new HealthCheckRequest { Service = grpc.Service ?? string.Empty },
                new CallOptions(new Metadata { { "user-agent", userAgent } }, cancellationToken: cancellationToken));
            return response.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? ProbeOutcome.Success("service healthy")
                : ProbeOutcome.Failure($"service unhealthy (responded with \"{NameOf(response.Status)}\")");
        }
        catch (RpcException e)
        {
            return ProbeOutcome.Failure(Explain(e, within));
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private static string Explain(RpcException e, string within) => e.StatusCode switch
    {
        StatusCode.Unimplemented =>
            $"error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {e.Status.Detail}",
        StatusCode.DeadlineExceeded or StatusCode.Cancelled => $"timeout: health rpc did not complete within {within}",
        _ => $"error: health rpc probe failed: rpc error: code = {e.StatusCode} desc = {e.Status.Detail}",
    };

    private static string NameOf(HealthCheckResponse.Types.ServingStatus status) => status switch
    {
        HealthCheckResponse.Types.ServingStatus.Unknown => "UNKNOWN",
        HealthCheckResponse.Types.ServingStatus.NotServing => "NOT_SERVING",
        HealthCheckResponse.Types.ServingStatus.ServiceUnknown => "SERVICE_UNKNOWN",
        _ => ((int)status).ToString(CultureInfo.InvariantCulture),
    };
}
