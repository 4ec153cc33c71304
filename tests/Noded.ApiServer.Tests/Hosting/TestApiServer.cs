using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

using Noded.ApiServer.Hosting;
using Noded.Store.Sqlite;
using Noded.Testing;

namespace Noded.ApiServer.Tests.Hosting;

/// <summary>An API server on loopback over a store of its own, with an authority for its clients.</summary>
internal sealed class TestApiServer : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("nd-api-");
    private readonly TestPki _pki = new(TimeProvider.System);
    private readonly X509Certificate2 _serverCertificate;
    private readonly SqliteStore _store;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Func<ApiServerOptions, ApiServerOptions> _change;
    private readonly ILoggerFactory _loggers;
    private ApiServerHost? _host;

    private TestApiServer(Func<ApiServerOptions, ApiServerOptions>? change, ILoggerFactory? loggers)
    {
        _change = change ?? (options => options);
        _loggers = loggers ?? NullLoggerFactory.Instance;
        _serverCertificate = _pki.IssueServer("kube-apiserver", ["127.0.0.1", "localhost"]);
        _store = SqliteStore.Open(
            new SqliteStoreOptions(Path.Combine(_directory.FullName, "store.db")),
            TimeProvider.System,
            NullLogger<SqliteStore>.Instance);
    }

    public Uri Address => _host!.Address; // set by the only way to get an instance

    /// <summary>Where the server keeps its objects.</summary>
    public SqliteStore Store => _store;

    /// <summary>Where tests may put files.</summary>
    public string Directory => _directory.FullName;

    public static Task<TestApiServer> StartAsync(CancellationToken cancellationToken) =>
        StartAsync(null, null, cancellationToken);

    /// <param name="change">What is not as usual.</param>
    /// <param name="loggers">Where the server's log goes; null for nowhere.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<TestApiServer> StartAsync(
        Func<ApiServerOptions, ApiServerOptions>? change, ILoggerFactory? loggers, CancellationToken cancellationToken)
    {
        TestApiServer server = new(change, loggers);
        try
        {
            await server.BeginAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that is known by a certificate.</summary>
    public HttpClient Client(string user, params string[] groups)
    {
        SocketsHttpHandler handler = Handler();
        handler.SslOptions.ClientCertificates = [_pki.IssueClient(user, groups)];
        return new HttpClient(handler) { BaseAddress = Address };
    }

    /// <summary>Stops the server and starts another one on the same store.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
            _host = null;
        }

        await BeginAsync(cancellationToken);
    }

    public HttpClient Admin() => Client("admin", "system:masters");

    /// <summary>A client that nobody knows.</summary>
    public HttpClient Stranger() => new(Handler()) { BaseAddress = Address };

    /// <summary>Writes a kubeconfig for a user and returns where it is.</summary>
    public string WriteKubeconfig(string user, params string[] groups)
    {
        using X509Certificate2 client = _pki.IssueClient(user, groups);
        string name = Guid.NewGuid().ToString("N");
        TestPki.WritePem(client, Directory, name);
        string path = Path.Combine(Directory, $"{name}.conf");
        File.WriteAllText(path, Kubeconfig($$"""
            {"client-certificate": "{{Directory}}/{{name}}.crt", "client-key": "{{Directory}}/{{name}}.key"}
            """));
        return path;
    }

    /// <summary>Writes a kubeconfig that says where the server is, and of nobody who they are.</summary>
    public string WriteEmptyKubeconfig()
    {
        string path = Path.Combine(Directory, $"{Guid.NewGuid():N}.conf");
        File.WriteAllText(path, Kubeconfig("{}"));
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        await _store.DisposeAsync();
        _serverCertificate.Dispose();
        _key.Dispose();
        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        ApiServerOptions usual = new()
        {
            Store = _store,
            Clock = TimeProvider.System,
            ServerCertificate = _serverCertificate,
            ClientAuthorities = [_pki.Authority],
            ServiceAccountKey = _key,
            ClusterAuthority = _pki.Authority.ExportCertificatePem(),
        };
        _host = await ApiServerHost.StartAsync(_change(usual), _loggers, cancellationToken);
    }

    private string Kubeconfig(string user) => $$"""
        apiVersion: v1
        kind: Config
        current-context: test
        clusters:
        - name: test
          cluster:
            server: {{Address}}
            certificate-authority-data: {{Base64(_pki.Authority.ExportCertificatePem())}}
        users:
        - name: test
          user: {{user}}
        contexts:
        - name: test
          context:
            cluster: test
            user: test
        """;

    private SocketsHttpHandler Handler()
    {
        SocketsHttpHandler handler = new();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(_pki.Authority);
        return handler;
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(text));
}
