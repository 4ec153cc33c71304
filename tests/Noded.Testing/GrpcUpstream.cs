using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Noded.Testing;

/// <summary>Sends calls to the unix socket of the real server, without knowing what they say.</summary>
internal sealed class GrpcUpstream(string socketPath) : IDisposable
{
    // Host is the connection's own affair, and the length is not known of a stream.
    private static readonly FrozenSet<string> NotForwarded =
        FrozenSet.ToFrozenSet(["Host", "Content-Length"], StringComparer.OrdinalIgnoreCase);

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        ConnectCallback = (_, cancellationToken) => ConnectAsync(socketPath, cancellationToken),
        EnableMultipleHttp2Connections = true,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        UseCookies = false,
        UseProxy = false,
        AllowAutoRedirect = false,

        // Else a traceparent header is added to what the client said.
        ActivityHeadersPropagator = null,
    });

    /// <summary>Forwards the request; returns with the response's headers while both bodies may still flow.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        HttpRequest request,
        GrpcCall call,
        CancellationToken cancellationToken)
    {
        HttpRequestMessage message = new(HttpMethod.Post, new Uri($"http://localhost{request.Path}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new GrpcRequestContent(request.BodyReader, call),
        };

        foreach ((string name, IEnumerable<string?> values) in request.Headers.Select(pair => (pair.Key, pair.Value)))
        {
            if (!NotForwarded.Contains(name) && !message.Headers.TryAddWithoutValidation(name, values))
            {
                message.Content.Headers.TryAddWithoutValidation(name, values);
            }
        }

        return await _client.SendAsync(message, cancellationToken);
    }

    public void Dispose() => _client.Dispose();

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
