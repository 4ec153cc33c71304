using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Noded.Testing;

namespace Noded.Benchmarks.ControlPlane;

/// <summary>The published binary as an API server on loopback, and somebody in it who may work in one namespace.</summary>
internal sealed class BenchmarkApiServer : IAsyncDisposable
{
    internal const string Namespace = "bench";

    private const string Announcement = "Serving on ";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-bench-");
    private readonly TestPki _pki = new(TimeProvider.System);
    private ChildProcess? _process;
    private HttpClient? _admin;

    /// <summary>The process's id.</summary>
    internal int Id => _process!.Id; // set by the only way to get an instance

    internal Uri Address { get; private set; } = new("https://127.0.0.1");

    /// <summary>Of a ServiceAccount that is admin of the namespace, and not in system:masters.</summary>
    internal string Token { get; private set; } = "";

    internal string Folder => _directory.FullName;

    internal static string Pods => $"/api/v1/namespaces/{Namespace}/pods";

    /// <param name="binary">The published binary.</param>
    /// <param name="etcd">Where to keep the objects; null for the embedded store.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static async Task<BenchmarkApiServer> StartAsync(string binary, Uri? etcd, CancellationToken cancellationToken)
    {
        BenchmarkApiServer server = new();
        try
        {
            await server.BeginAsync(binary, etcd, cancellationToken);
            await server.PrepareAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client with the token.</summary>
    internal HttpClient Client()
    {
        HttpClient client = new(Handler()) { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return client;
    }

    /// <summary>Sends a document and returns the answer.</summary>
    /// <exception cref="HttpRequestException">It was refused.</exception>
    internal static async Task<JsonElement> PostAsync(
        HttpClient client, string path, string body, CancellationToken cancellationToken)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(path, content, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement
            : throw new HttpRequestException($"POST {path}: {(int)response.StatusCode} {text}");
    }

    public async ValueTask DisposeAsync()
    {
        _admin?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task BeginAsync(string binary, Uri? etcd, CancellationToken cancellationToken)
    {
        using X509Certificate2 server = _pki.IssueServer("kube-apiserver", ["127.0.0.1"]);
        using ECDsa signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestPki.WritePem(server, Folder, "server");
        await File.WriteAllTextAsync(At("ca.crt"), _pki.Authority.ExportCertificatePem(), cancellationToken);
        await File.WriteAllTextAsync(At("sa.key"), signing.ExportPkcs8PrivateKeyPem(), cancellationToken);
        _process = ChildProcess.Start(
            binary,
            [
                "apiserver", $"--tls-cert-file={At("server.crt")}", $"--tls-private-key-file={At("server.key")}",
                $"--client-ca-file={At("ca.crt")}", $"--service-account-signing-key-file={At("sa.key")}",
                "--bind-address=127.0.0.1", "--secure-port=0", $"--datastore-file={At("store/store.db")}",
                .. etcd is null ? Array.Empty<string>() : [$"--etcd-servers={etcd}"],
            ]);
        while (await _process.Output.ReadOrEndAsync(cancellationToken) is { } line)
        {
            int start = line.IndexOf(Announcement, StringComparison.Ordinal);
            if (start >= 0)
            {
                Address = new Uri(line[(start + Announcement.Length)..].Trim());
                return;
            }
        }

        throw new IOException($"The API server ended: {string.Join('\n', await _process.Errors.ReadToEndAsync(cancellationToken))}");
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        SocketsHttpHandler handler = Handler();
        handler.SslOptions.ClientCertificates = [_pki.IssueClient("admin", ["system:masters"])];
        _admin = new HttpClient(handler) { BaseAddress = Address };
        const string place = $"/api/v1/namespaces/{Namespace}";
        await PostAsync(_admin, "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{Namespace}}}"}}""", cancellationToken);
        await PostAsync(_admin, $"{place}/serviceaccounts", """{"metadata":{"name":"worker"}}""", cancellationToken);
        await PostAsync(_admin, $"/apis/rbac.authorization.k8s.io/v1/namespaces/{Namespace}/rolebindings", $$$"""
            {"metadata":{"name":"worker"},
             "subjects":[{"kind":"ServiceAccount","name":"worker","namespace":"{{{Namespace}}}"}],
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"} }
            """, cancellationToken);
        JsonElement token = await PostAsync(_admin, $"{place}/serviceaccounts/worker/token", "{}", cancellationToken);
        Token = token.GetProperty("status").GetProperty("token").GetString() ?? "";
    }

    private SocketsHttpHandler Handler()
    {
        SocketsHttpHandler handler = new() { EnableMultipleHttp2Connections = true };
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(_pki.Authority);
        return handler;
    }

    private string At(string name) => Path.Combine(Folder, name);
}
