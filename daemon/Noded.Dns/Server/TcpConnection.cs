using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Noded.Dns.Wire;

namespace Noded.Dns.Server;

/// <summary>
/// One connection: messages with their length in front, any number of them, answered in whichever order the answers come
/// (RFC 7766, 6.2.1). It ends when the client ends it, stays silent or takes no answers.
/// </summary>
internal sealed class TcpConnection : IDisposable
{
    private const int PrefixLength = 2;

    private readonly NetworkStream _stream;
    private readonly QueryHandler _handler;
    private readonly TcpLimits _limits;
    private readonly TimeProvider _clock;
    private readonly DnsTransport _transport;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _asking;

    public TcpConnection(Socket socket, QueryHandler handler, TcpLimits limits, TimeProvider clock)
    {
        socket.NoDelay = true;
        _stream = new NetworkStream(socket);
        _handler = handler;
        _limits = limits;
        _clock = clock;
        _transport = new DnsTransport(IsTcp: true, socket.AddressFamily == AddressFamily.InterNetworkV6);
        _asking = new SemaphoreSlim(limits.QueriesPerConnection);
    }

    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">The client was too slow, or this server stops.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        byte[] query = ArrayPool<byte>.Shared.Rent(DnsHeader.MaxMessageLength);
        byte[] response = ArrayPool<byte>.Shared.Rent(PrefixLength + DnsHeader.MaxMessageLength);
        try
        {
            while (await ReadAsync(query, ending.Token) is int length)
            {
                await AnswerAsync(query.AsMemory(0, length), response, ending);
            }
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }
        finally
        {
            await WaitForAnswersAsync();
            ArrayPool<byte>.Shared.Return(query);
            ArrayPool<byte>.Shared.Return(response);
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _writing.Dispose();
        _asking.Dispose();
    }

    private async Task AnswerAsync(Memory<byte> query, byte[] response, CancellationTokenSource ending)
    {
        Span<byte> room = response.AsSpan(PrefixLength, DnsHeader.MaxMessageLength);
        switch (_handler.TryAnswer(query.Span, room, _transport, out int answered))
        {
            case AnswerStatus.Answered:
                await WriteAsync(response, answered, ending.Token);
                break;
            case AnswerStatus.Elsewhere:
                // Its end is waited for by taking back what it takes here.
                await _asking.WaitAsync(ending.Token);
                _ = AnswerLaterAsync(query.ToArray(), ending);
                break;
            default:
                break;
        }
    }

    private async Task AnswerLaterAsync(byte[] query, CancellationTokenSource ending)
    {
        byte[] response = ArrayPool<byte>.Shared.Rent(PrefixLength + DnsHeader.MaxMessageLength);
        try
        {
            Memory<byte> room = response.AsMemory(PrefixLength, DnsHeader.MaxMessageLength);
            int length = await _handler.ResolveAsync(query, room, _transport, ending.Token);
            await WriteAsync(response, length, ending.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Nobody takes answers any more: nor need there be more queries.
            await ending.CancelAsync();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(response);
            _asking.Release();
        }
    }

    /// <returns>The message's length; null when the client has ended the connection between two messages.</returns>
    private async Task<int?> ReadAsync(byte[] query, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(_limits.Idle, _clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        int first = await _stream.ReadAtLeastAsync(
            query.AsMemory(0, PrefixLength), PrefixLength, throwOnEndOfStream: false, either.Token);
        if (first < PrefixLength)
        {
            return null;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(query);
        await _stream.ReadExactlyAsync(query.AsMemory(0, length), either.Token);
        return length;
    }

    private async Task WriteAsync(byte[] response, int length, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteUInt16BigEndian(response, (ushort)length);
        using CancellationTokenSource limit = new(_limits.Idle, _clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await _writing.WaitAsync(either.Token);
        try
        {
            await _stream.WriteAsync(response.AsMemory(0, PrefixLength + length), either.Token);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WaitForAnswersAsync()
    {
        for (int i = 0; i < _limits.QueriesPerConnection; i++)
        {
            await _asking.WaitAsync(CancellationToken.None);
        }
    }
}
