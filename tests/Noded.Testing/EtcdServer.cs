using System.Net;
using System.Net.Sockets;

namespace Noded.Testing;

/// <summary>Real etcd processes on loopback with their files in a directory of their own.</summary>
public sealed class EtcdServer : IAsyncDisposable
{
    private const int Attempts = 5;

    private readonly string _directory;
    private readonly string[] _tls;
    private readonly string _scheme;
    private ChildProcess? _process;

    private EtcdServer(string directory, string[] tls)
    {
        _directory = directory;
        _tls = tls;
        _scheme = tls.Length == 0 ? "http" : "https";
        Address = new($"{_scheme}://127.0.0.1:{FreePort()}");
        Peer = new($"http://127.0.0.1:{FreePort()}");
    }

    public Uri Address { get; }

    private Uri Peer { get; }

    private string Name => Path.GetFileName(_directory);

    /// <summary>Starts members of one cluster, and waits until they serve.</summary>
    /// <param name="tls">etcd's options for TLS.</param>
    public static async Task<EtcdServer[]> StartAsync(
        string directory, int members, string[] tls, CancellationToken cancellationToken)
    {
        // A port that was free may be taken when etcd comes for it.
        for (int attempt = 1; ; attempt++)
        {
            EtcdServer[] all = [.. Enumerable.Range(0, members)
                .Select(i => new EtcdServer(Path.Combine(directory, $"{attempt}-{i}"), tls))];
            try
            {
                string cluster = string.Join(',', all.Select(server => $"{server.Name}={Url(server.Peer)}"));
                await Task.WhenAll(all.Select(server => server.StartAsync(cluster, cancellationToken)));
                return all;
            }
            catch (EndOfStreamException) when (attempt < Attempts)
            {
                await Task.WhenAll(all.Select(server => server.DisposeAsync().AsTask()));
            }
        }
    }

    /// <summary>Starts the member again on what it left.</summary>
    public Task RestartAsync(CancellationToken cancellationToken) => StartAsync("", cancellationToken);

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync(cancellationToken);
            await _process.DisposeAsync();
            _process = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    /// <summary>A port that nobody uses at the moment.</summary>
    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Url(Uri address) => address.ToString().TrimEnd('/');

    private async Task StartAsync(string cluster, CancellationToken cancellationToken)
    {
        string[] joining = cluster.Length > 0 ? ["--initial-cluster", cluster] : [];
        _process = ChildProcess.Start(
            "etcd",
            [
                "--name", Name, "--data-dir", _directory, "--logger", "zap", "--log-outputs", "stderr",
                "--listen-client-urls", Url(Address), "--advertise-client-urls", Url(Address),
                "--listen-peer-urls", Url(Peer), "--initial-advertise-peer-urls", Url(Peer),
                .. joining, .. _tls,
            ]);
        await _process.Errors.WaitForLineAsync("serving client traffic", cancellationToken);
    }
}
