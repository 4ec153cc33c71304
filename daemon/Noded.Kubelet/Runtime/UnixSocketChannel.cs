using System.Net;
using System.Net.Sockets;
using Grpc.Net.Client;

namespace Noded.Kubelet.Runtime;

/// <summary>Opens gRPC channels to servers that listen on a unix socket: runtimes, drivers, plugins.</summary>
public static class UnixSocketChannel
{
    private const int MaxMessageBytes = 16 * 1024 * 1024;

    /// <summary>
    /// A channel that connects to <paramref name="socketPath"/> when the first call is made, and again after the
    /// server went away. Messages up to 16 MiB in both directions, which is what containerd's own client allows.
    /// </summary>
    /// <param name="socketPath">An absolute path of at most 107 bytes.</param>
    public static GrpcChannel Open(string socketPath)
    {
        UnixDomainSocketEndPoint endPoint = new(socketPath);

        // No keep-alive pings: servers written with grpc-go answer those of an idle connection with GOAWAY.
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = (_, cancellationToken) => ConnectAsync(endPoint, cancellationToken),
            UseProxy = false,
            // Long, but not infinite: the handler looks for dead connections four times in this period.
            PooledConnectionIdleTimeout = TimeSpan.FromDays(1),
        };

        // The authority is not resolved, but grpc-go refuses one that is no host name.
        return GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessageBytes,
            MaxSendMessageSize = MaxMessageBytes,
        });
    }

    private static async ValueTask<Stream> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
