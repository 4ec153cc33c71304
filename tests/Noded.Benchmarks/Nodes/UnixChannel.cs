using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;

namespace Noded.Benchmarks.Nodes;

/// <summary>gRPC over a unix socket whose server may not have come up yet.</summary>
internal static class UnixChannel
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(2);

    internal static GrpcChannel Open(string socketPath) => GrpcChannel.ForAddress(
        "http://localhost",
        new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (_, cancellationToken) =>
                {
                    Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    try
                    {
                        await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                        return new NetworkStream(socket, ownsSocket: true);
                    }
                    catch
                    {
                        socket.Dispose();
                        throw;
                    }
                },
            },
            DisposeHttpClient = true,
        });

    /// <summary>Connects anew until <paramref name="call"/> succeeds: a channel of its own backs off for a second.</summary>
    internal static async Task<T> CallWhenUpAsync<T>(
        string socketPath, Func<GrpcChannel, Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (File.Exists(socketPath))
            {
                using GrpcChannel channel = Open(socketPath);
                try
                {
                    return await call(channel);
                }
                catch (RpcException) when (!cancellationToken.IsCancellationRequested)
                {
                    // Not up yet, or no longer.
                }
            }

            await Task.Delay(RetryPeriod, TimeProvider.System, cancellationToken);
        }
    }
}
