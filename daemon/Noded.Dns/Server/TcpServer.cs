using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Noded.Dns.Server;

/// <summary>Bounds of what TCP clients may hold.</summary>
internal sealed record TcpLimits
{
    /// <summary>Connections in all; who comes later waits in the kernel's queue.</summary>
    public int Connections { get; init; } = 512;

    /// <summary>Connections of one address: nobody shuts the others out.</summary>
    public int ConnectionsPerClient { get; init; } = 64;

    /// <summary>Queries of one connection that are asked elsewhere at a time.</summary>
    public int QueriesPerConnection { get; init; } = 32;

    /// <summary>How long a whole query may take to come, or an answer to be taken.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Accepts connections and serves them (RFC 7766).</summary>
/// <param name="socket">Bound and listening.</param>
internal sealed partial class TcpServer(
    Socket socket, QueryHandler handler, TcpLimits limits, TimeProvider clock, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _clients = [];

    /// <summary>Serves until cancelled, and closes the socket and all connections.</summary>
    /// <exception cref="SocketException">No connection can be accepted any more.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using SemaphoreSlim free = new(limits.Connections);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                await free.WaitAsync(cancellationToken);
                _ = ServeAsync(await AcceptAsync(free, cancellationToken), free, stop.Token);
            }
        }
        finally
        {
            socket.Dispose();
            await stop.CancelAsync();
            for (int i = 0; i < limits.Connections; i++)
            {
                // Until all connections have ended.
                await free.WaitAsync(CancellationToken.None);
            }
        }
    }

    private async Task<Socket> AcceptAsync(SemaphoreSlim free, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.AcceptAsync(cancellationToken);
        }
        catch
        {
            free.Release();
            throw;
        }
    }

    private async Task ServeAsync(Socket client, SemaphoreSlim free, CancellationToken cancellationToken)
    {
        IPAddress address = ((IPEndPoint)client.RemoteEndPoint!).Address;
        try
        {
            using (client)
            {
                if (TryEnter(address))
                {
                    using TcpConnection connection = new(client, handler, limits, clock);
                    await connection.RunAsync(cancellationToken);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            LogEnded(address, e.Message);
        }
        catch (Exception e)
        {
            // One client; the others go on.
            LogFailed(address, e);
        }
        finally
        {
            Leave(address);
            free.Release();
        }
    }

    private bool TryEnter(IPAddress client)
    {
        lock (_lock)
        {
            int count = _clients[client] = _clients.GetValueOrDefault(client) + 1;
            return count <= limits.ConnectionsPerClient;
        }
    }

    private void Leave(IPAddress client)
    {
        lock (_lock)
        {
            if (--_clients[client] == 0)
            {
                _clients.Remove(client);
            }
        }
    }

    [LoggerMessage(EventId = 6111, Level = LogLevel.Debug, Message = "Connection of {Client} ended: {Reason}")]
    private partial void LogEnded(IPAddress client, string reason);

    [LoggerMessage(EventId = 6112, Level = LogLevel.Error, Message = "Connection of {Client} failed")]
    private partial void LogFailed(IPAddress client, Exception exception);
}
