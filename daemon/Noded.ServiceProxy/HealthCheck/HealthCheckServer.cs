using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Noded.ServiceProxy.HealthCheck;

/// <summary>
/// Answers load balancers at healthCheckNodePorts as kube-proxy does: 200 with a ready endpoint on this node, 503
/// without. One listener per port; it belongs to the loop that updates it.
/// </summary>
internal sealed partial class HealthCheckServer(TimeProvider clock, ILogger<HealthCheckServer> logger) : IDisposable
{
    // Nobody asks for longer, or with more at a time.
    private const int MaxRequest = 8192;
    private const int MaxConnections = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<ushort, TcpListener> _listeners = [];
    private readonly SemaphoreSlim _connections = new(MaxConnections);
    private ImmutableDictionary<ushort, ServiceHealth> _health = ImmutableDictionary<ushort, ServiceHealth>.Empty;

    /// <summary>Answers for these Services from now on, and for no other.</summary>
    public void Update(ImmutableDictionary<ushort, ServiceHealth> health)
    {
        Volatile.Write(ref _health, health);
        foreach (ushort gone in _listeners.Keys.Except(health.Keys).ToArray())
        {
            _listeners.Remove(gone, out TcpListener? listener);
            listener!.Dispose();
        }

        foreach (ServiceHealth service in health.Values.Where(service => !_listeners.ContainsKey(service.Port)))
        {
            TryListen(service);
        }
    }

    public void Dispose()
    {
        Update(ImmutableDictionary<ushort, ServiceHealth>.Empty);
        _connections.Dispose();
    }

    private void TryListen(ServiceHealth service)
    {
        try
        {
            TcpListener listener = TcpListener.Create(service.Port);
            listener.Start();
            _listeners.Add(service.Port, listener);
            _ = AcceptAsync(listener, service.Port);
        }
        catch (SocketException e)
        {
            // Tried again at the next update.
            LogCannotListen(service.Service.ToString(), service.Port, e.Message);
        }
    }

    private async Task AcceptAsync(TcpListener listener, ushort port)
    {
        try
        {
            while (true)
            {
                await _connections.WaitAsync();
                TcpClient client = await listener.AcceptTcpClientAsync();
                _ = AnswerAsync(client, port);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed: nobody is answered here any more.
        }
    }

    private async Task AnswerAsync(TcpClient client, ushort port)
    {
        try
        {
            using CancellationTokenSource limit = new(Patience, clock);
            using (client)
            {
                await ReadRequestAsync(client.GetStream(), limit.Token);
                if (Volatile.Read(ref _health).TryGetValue(port, out ServiceHealth? health))
                {
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Answer(health)), limit.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // Whoever asked has gone.
        }
        finally
        {
            Release();
        }
    }

    private void Release()
    {
        try
        {
            _connections.Release();
        }
        catch (ObjectDisposedException)
        {
            // The server has ended meanwhile.
        }
    }

    private static async Task ReadRequestAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MaxRequest];
        int length = 0;
        while (length < MaxRequest && buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                throw new IOException("The request ends early.");
            }

            length += read;
        }
    }

    private static string Answer(ServiceHealth health)
    {
        string status = health.LocalEndpoints > 0 ? "200 OK" : "503 Service Unavailable";
        string body = string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"service":{"namespace":"{{health.Service.Namespace}}","name":"{{health.Service.Name}}"},"localEndpoints":{{health.LocalEndpoints}},"serviceProxyHealthy":true}
            """);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
            + $"X-Load-Balancing-Endpoint-Weight: {health.LocalEndpoints}\r\nContent-Length: {body.Length}\r\n"
            + $"Connection: close\r\n\r\n{body}");
    }

    [LoggerMessage(EventId = 5301, Level = LogLevel.Error, Message = "Health of {Service} cannot be asked for at port {Port}: {Reason}")]
    private partial void LogCannotListen(string service, ushort port, string reason);
}
