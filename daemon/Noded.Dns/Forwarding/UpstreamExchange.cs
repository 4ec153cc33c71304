using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Noded.Dns.Wire;

namespace Noded.Dns.Forwarding;

/// <summary>
/// One question to one upstream resolver: over UDP from a port of its own, and over TCP if the answer did not fit. What
/// is no answer to it (another id, another question) may be forged and is passed over.
/// </summary>
internal static class UpstreamExchange
{
    private const int MaxStrayDatagrams = 32;
    private const int ReceiveLength = 4096;

    /// <returns>Null when the answer is malformed, or too much came that was none.</returns>
    /// <exception cref="SocketException">It is not reached or refuses.</exception>
    public static async Task<UpstreamResponse?> AskUdpAsync(
        IPEndPoint server, ReadOnlyMemory<byte> query, int questionLength, CancellationToken cancellationToken)
    {
        // Connected: the kernel takes answers from this address alone, and chooses a random port.
        using Socket socket = new(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, SocketFlags.None, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveLength);
        try
        {
            for (int i = 0; i < MaxStrayDatagrams; i++)
            {
                int length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                if (UpstreamResponse.IsAnswerTo(buffer.AsSpan(0, length), query.Span, questionLength))
                {
                    return UpstreamResponse.TryRead(buffer.AsSpan(0, length), questionLength);
                }
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <returns>Null when the answer is malformed or none to this question.</returns>
    /// <exception cref="IOException">It ends before the answer does.</exception>
    /// <exception cref="SocketException">It is not reached or refuses.</exception>
    public static async Task<UpstreamResponse?> AskTcpAsync(
        IPEndPoint server, ReadOnlyMemory<byte> query, int questionLength, CancellationToken cancellationToken)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        await using NetworkStream stream = new(socket);
        byte[] framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed.AsMemory(2));
        await stream.WriteAsync(framed, cancellationToken);

        byte[] buffer = ArrayPool<byte>.Shared.Rent(DnsHeader.MaxMessageLength);
        try
        {
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), cancellationToken);
            int length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
            ReadOnlySpan<byte> message = buffer.AsSpan(0, length);
            return UpstreamResponse.IsAnswerTo(message, query.Span, questionLength)
                ? UpstreamResponse.TryRead(message, questionLength)
                : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
