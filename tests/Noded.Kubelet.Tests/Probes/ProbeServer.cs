using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Noded.Kubelet.Tests.Probes;

/// <summary>Answers every connection on loopback with what its test gives for the request's head.</summary>
internal sealed class ProbeServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, string?> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly bool _isHasty;
    private readonly Task _running;

    /// <param name="answer">Null to hold the connection without a word until the server stops.</param>
    /// <param name="isHasty">Answers before it has understood what was asked.</param>
    public ProbeServer(Func<string, string?> answer, X509Certificate2? certificate = null, bool isHasty = false)
    {
        _isHasty = isHasty;
        _answer = answer;
        _certificate = certificate;
        _listener.Start();
        _running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        List<Task> connections = [];
        while (!_stop.IsCancellationRequested)
        {
            connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(Socket socket)
    {
        await using NetworkStream plain = new(socket, ownsSocket: true);
        Stream stream = plain;
        if (_certificate is not null)
        {
            SslStream secure = new(plain);
            await secure.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            stream = secure;
        }

        StringBuilder head = new();
        byte[] buffer = new byte[4096];
        while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            int read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
            {
                return;
            }

            head.Append(Encoding.Latin1.GetString(buffer, 0, read));
            if (_isHasty)
            {
                break;
            }
        }

        if (_answer(head.ToString()) is { } answer)
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), _stop.Token);
        }
        else
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
        }

        await stream.DisposeAsync();
    }
}
