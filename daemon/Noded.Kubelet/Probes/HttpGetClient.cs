using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Noded.Kubelet.Probes;

/// <param name="Body">Its beginning; nobody shows more.</param>
/// <param name="BodyFailure">Why the body did not come, though the head did; null when it did.</param>
internal sealed record HttpGetResponse(
    int StatusCode, string? Location, ReadOnlyMemory<byte> Body, string? BodyFailure = null);

/// <summary>
/// One GET on a connection of its own, HTTP/1.1. Made by hand because it is most of what an idle node does: a general
/// client's pools, headers and cookies cost several times what the request does.
/// </summary>
internal static class HttpGetClient
{
    private const int MaxBody = 10 * 1024;
    private const int FirstBuffer = 4096;
    private const int MaxInterimResponses = 5;

    /// <exception cref="IOException">There is no connection, or no answer on it.</exception>
    /// <exception cref="FormatException">The answer is no HTTP.</exception>
    internal static async Task<HttpGetResponse> SendAsync(HttpGetRequest request, CancellationToken cancellationToken)
    {
        Socket socket = await TcpProber.ConnectAsync(request.Host, request.Port, cancellationToken);
        await using NetworkStream plain = new(socket, ownsSocket: true);
        if (!request.IsTls)
        {
            return await ExchangeAsync(plain, request, cancellationToken);
        }

        FirstBytesStream watched = new(plain);
        await using SslStream secure = new(watched);
        try
        {
            await secure.AuthenticateAsClientAsync(Unverified(request.Host), cancellationToken);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            throw watched.First.SequenceEqual("HTTP/"u8)
                ? new NoTlsException("http: server gave HTTP response to HTTPS client")
                : new IOException($"tls: {e.Message}", e);
        }

        return await ExchangeAsync(secure, request, cancellationToken);
    }

    private static async Task<HttpGetResponse> ExchangeAsync(
        Stream stream, HttpGetRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(request.ToBytes(), cancellationToken);
            return await ReadAsync(stream, cancellationToken);
        }
        catch (IOException e) when (e.InnerException is SocketException socket)
        {
            throw new IOException($"read: {TcpProber.Reason(socket)}", e);
        }
    }

    private static async Task<HttpGetResponse> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[FirstBuffer];
        int filled = 0;
        for (int interim = 0; ;)
        {
            HttpResponseHead? head = HttpResponseHead.TryParse(buffer.AsSpan(0, filled), out int length);
            if (head is null)
            {
                if (filled == buffer.Length)
                {
                    Array.Resize(ref buffer, Math.Min(buffer.Length * 4, HttpResponseHead.MaxBytes));
                }

                int read = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken);
                filled += read > 0 ? read : throw new IOException(filled == 0 ? "EOF" : "unexpected EOF");
                continue;
            }

            if (head.StatusCode is >= 100 and < 200 and not 101)
            {
                // Not the answer yet, but the server's word that there will be one.
                interim = interim < MaxInterimResponses
                    ? interim + 1
                    : throw new FormatException("net/http: too many 1xx informational responses");
                buffer.AsSpan(length, filled - length).CopyTo(buffer);
                filled -= length;
                continue;
            }

            return await AddBodyAsync(stream, head, buffer.AsMemory(length, filled - length), cancellationToken);
        }
    }

    private static async Task<HttpGetResponse> AddBodyAsync(
        Stream stream, HttpResponseHead head, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        HttpGetResponse response = new(head.StatusCode, head.Location, default);
        try
        {
            return response with { Body = await ReadBodyAsync(stream, head, first, cancellationToken) };
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return response with { BodyFailure = e.Message };
        }
        catch (OperationCanceledException)
        {
            return response with
            {
                BodyFailure = "context deadline exceeded (Client.Timeout or context cancellation while reading body)",
            };
        }
    }

    private static async Task<byte[]> ReadBodyAsync(
        Stream stream, HttpResponseHead head, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        if (!head.HasBody)
        {
            return [];
        }

        if (head.IsChunked)
        {
            return await ReadChunksAsync(stream, first, cancellationToken);
        }

        byte[] body = new byte[(int)Math.Min(head.ContentLength ?? MaxBody, MaxBody)];
        int filled = Math.Min(first.Length, body.Length);
        first[..filled].CopyTo(body);
        while (filled < body.Length)
        {
            int read = await stream.ReadAsync(body.AsMemory(filled), cancellationToken);
            if (read == 0)
            {
                return head.ContentLength is null ? body[..filled] : throw new IOException("unexpected EOF");
            }

            filled += read;
        }

        return body;
    }

    private static async Task<byte[]> ReadChunksAsync(
        Stream stream, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        ChunkedBody body = new(MaxBody);
        body.Add(first.Span);
        byte[] buffer = new byte[FirstBuffer];
        while (!body.IsOver)
        {
            int read = await stream.ReadAsync(buffer, cancellationToken);
            body.Add(read > 0 ? buffer.AsSpan(0, read) : throw new IOException("unexpected EOF"));
        }

        return body.Content;
    }

    [SuppressMessage(
        "Security", "CA5359", Justification = "A probe asks whether the container answers; whose certificate it has says nothing.")]
    private static SslClientAuthenticationOptions Unverified(string host) => new()
    {
        TargetHost = host,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };
}

/// <summary>A server that was asked for TLS answered in plain HTTP.</summary>
internal sealed class NoTlsException(string message) : IOException(message);
