using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace Noded.E2E.Tests.Registry;

/// <summary>
/// A way to a registry, from one Unix socket to another, on which answers can be held up: all connections together get
/// as many bytes as the test lets through.
/// </summary>
internal sealed partial class SlowLink : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly string _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _accepting;

    // Unbounded: a test asks for few images.
    private readonly Channel<string> _manifests = Channel.CreateUnbounded<string>();
    private long _left = long.MaxValue;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SlowLink(string path, string target)
    {
        _target = target;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Repositories in the order in which their manifests were asked for; one is named once for each request.</summary>
    internal ChannelReader<string> Manifests => _manifests.Reader;

    /// <summary>From now on only so many bytes of answers come through.</summary>
    internal void Let(long bytes)
    {
        lock (_lock)
        {
            _left = bytes;
            _more.TrySetResult();
        }
    }

    internal void LetAll() => Let(long.MaxValue);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
            }
        }
        finally
        {
            await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket server = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_target), _stop.Token);
            await Task.WhenAny(AskAsync(client, server), AnswerAsync(server, client));
        }
    }

    private async Task AskAsync(Socket client, Socket server)
    {
        byte[] buffer = new byte[16 * 1024];
        while (await client.ReceiveAsync(buffer, _stop.Token) is int read and > 0)
        {
            // Go's client writes a request's head in one piece.
            if (ManifestRequest.Match(Encoding.ASCII.GetString(buffer, 0, read)) is { Success: true } request)
            {
                _manifests.Writer.TryWrite(request.Groups["repository"].Value);
            }

            await SendAsync(server, buffer.AsMemory(0, read));
        }
    }

    private async Task AnswerAsync(Socket server, Socket client)
    {
        byte[] buffer = new byte[16 * 1024];
        while (await server.ReceiveAsync(buffer, _stop.Token) is int read and > 0)
        {
            for (int sent = 0; sent < read;)
            {
                int now = await TakeAsync(read - sent);
                await SendAsync(client, buffer.AsMemory(sent, now));
                sent += now;
            }
        }
    }

    /// <summary>Waits until something may pass.</summary>
    private async Task<int> TakeAsync(int wanted)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_left > 0)
                {
                    int taken = (int)Math.Min(wanted, _left);
                    _left -= _left == long.MaxValue ? 0 : taken;
                    return taken;
                }

                // Several connections may wait for the same.
                _more = _more.Task.IsCompleted ? new(TaskCreationOptions.RunContinuationsAsynchronously) : _more;
                more = _more.Task;
            }

            await more.WaitAsync(_stop.Token);
        }
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, _stop.Token)..];
        }
    }

    [GeneratedRegex("^(GET|HEAD) /v2/(?<repository>[^ ]+)/manifests/")]
    private static partial Regex ManifestRequest { get; }
}
