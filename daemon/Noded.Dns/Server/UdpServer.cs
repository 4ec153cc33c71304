using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Noded.Dns.Wire;
using Noded.Linux.Sockets;

namespace Noded.Dns.Server;

/// <summary>
/// Answers over UDP. One thread sleeps in the kernel until a query comes and answers from memory there and then, without
/// a task and without allocating; only what has to be asked elsewhere leaves it.
/// </summary>
/// <param name="socket">Bound, and blocking: nothing asynchronous may ever be done with it.</param>
internal sealed partial class UdpServer(Socket socket, QueryHandler handler, ILogger logger)
{
    private const int ReceiveLength = 4096;

    /// <summary>As many answers wait for the last query of a batch: it costs the first some 30 microseconds at most.</summary>
    private const int BatchLength = 32;

    private readonly DnsTransport _transport = new(IsTcp: false, socket.AddressFamily == AddressFamily.InterNetworkV6);

    /// <summary>Serves until cancelled, and closes the socket.</summary>
    /// <exception cref="SocketException">The socket cannot be read any more.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread thread = new(() => Run(ended, cancellationToken)) { IsBackground = true, Name = "dns-udp" };
        thread.Start();

        // What blocks in the kernel is woken by closing what it waits for.
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((Socket)state!).Dispose(), socket);
        try
        {
            await ended.Task;
        }
        finally
        {
            socket.Dispose();
        }
    }

    private void Run(TaskCompletionSource ended, CancellationToken cancellationToken)
    {
        try
        {
            Serve(cancellationToken);
            ended.SetCanceled(cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            ended.SetCanceled(cancellationToken);
        }
        catch (Exception e)
        {
            ended.SetException(e);
        }
    }

    private void Serve(CancellationToken cancellationToken)
    {
        using DatagramBatch batch = new(BatchLength, ReceiveLength, DnsHeader.UdpSize);
        while (!cancellationToken.IsCancellationRequested)
        {
            int received = batch.Receive(socket.SafeHandle);
            for (int i = 0; i < received; i++)
            {
                switch (handler.TryAnswer(batch.Query(i), batch.Answer(i), _transport, out int length))
                {
                    case AnswerStatus.Answered:
                        batch.SetAnswer(i, length);
                        break;
                    case AnswerStatus.Elsewhere:
                        _ = AnswerLaterAsync(batch.Query(i).ToArray(), AddressOf(batch.Sender(i)), cancellationToken);
                        break;
                    default:
                        break;
                }
            }

            batch.Send(socket.SafeHandle);
        }
    }

    private SocketAddress AddressOf(ReadOnlySpan<byte> sender)
    {
        SocketAddress address = new(socket.AddressFamily, sender.Length);
        sender.CopyTo(address.Buffer.Span);
        return address;
    }

    private async Task AnswerLaterAsync(byte[] query, SocketAddress client, CancellationToken cancellationToken)
    {
        // Off the thread that receives.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        byte[] response = ArrayPool<byte>.Shared.Rent(DnsHeader.UdpSize);
        try
        {
            int length = await handler.ResolveAsync(query, response, _transport, cancellationToken);
            Send(response.AsSpan(0, length), client);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The socket is closed: the client asks again.
        }
        catch (Exception e)
        {
            // One query; the others go on.
            LogFailed(e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(response);
        }
    }

    private void Send(ReadOnlySpan<byte> response, SocketAddress client)
    {
        try
        {
            socket.SendTo(response, SocketFlags.None, client);
        }
        catch (SocketException e)
        {
            // A forged sender that cannot be answered, or a full buffer: to the client it is a lost packet.
            LogNotSent(e.SocketErrorCode);
        }
    }

    [LoggerMessage(EventId = 6101, Level = LogLevel.Debug, Message = "An answer could not be sent: {Error}")]
    private partial void LogNotSent(SocketError error);

    [LoggerMessage(EventId = 6102, Level = LogLevel.Error, Message = "A query failed")]
    private partial void LogFailed(Exception exception);
}
