using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>
/// kill -9 of the API server again and again while clients write and watch through HTTPS: what was acknowledged is
/// there, no version is used twice, and a watch that goes on where it was misses and repeats nothing.
/// </summary>
[Trait("Category", "E2E")]
public sealed class ApiServerCrashTests : IAsyncLifetime
{
    private const int Writers = 4;
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-api-crash-");
    private readonly TestPki _pki = new(TimeProvider.System);
    private readonly ConcurrentQueue<Written> _acknowledged = new();
    private EtcdServer[] _etcd = [];

    // Who was cut waits here until the next server is there.
    private volatile TaskCompletionSource _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _port;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Rounds =>
        int.TryParse(Environment.GetEnvironmentVariable("NODED_APISERVER_CRASH_ROUNDS"), CultureInfo.InvariantCulture, out int rounds) ? rounds : 4;

    public async ValueTask InitializeAsync()
    {
        using X509Certificate2 server = _pki.IssueServer("kube-apiserver", ["127.0.0.1"]);
        using ECDsa signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestPki.WritePem(server, _directory.FullName, "server");
        await File.WriteAllTextAsync(At("ca.crt"), _pki.Authority.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(At("sa.key"), signing.ExportPkcs8PrivateKeyPem(), Token);
        _port = EtcdServer.FreePort();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (EtcdServer member in _etcd)
        {
            await member.DisposeAsync();
        }

        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Kill_UnderWrites_LosesNothingAcknowledgedAndWatchesResume(bool isOnEtcd)
    {
        if (isOnEtcd)
        {
            Requires.Program("etcd");
            _etcd = await EtcdServer.StartAsync(Path.Combine(_directory.FullName, "etcd"), members: 1, tls: [], Token);
        }

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using HttpClient client = Client();
        long begin;
        Task<List<Told>> watching;
        Task[] writing;
        await using (ChildProcess first = await StartAsync())
        {
            begin = await VersionAsync(client);
            watching = WatchToEndAsync(client, begin);
            writing = [.. Enumerable.Range(0, Writers).Select(writer => WriteAsync(client, writer, stop.Token))];
            await KillAfterWritesAsync(first);
        }

        for (int round = 1; round < Rounds; round++)
        {
            await using ChildProcess server = await StartAsync();
            await KillAfterWritesAsync(server);
        }

        await using ChildProcess last = await StartAsync();
        await stop.CancelAsync();
        await Task.WhenAll(writing);
        await PostAsync(client, "end", "", Token);
        List<Told> told = await watching;

        Assert.Equal(told.Select(change => change.Version).Distinct().Order(), told.Select(change => change.Version));
        Dictionary<long, Told> byVersion = told.ToDictionary(change => change.Version);
        Assert.NotEmpty(_acknowledged);
        Assert.Equal(_acknowledged.Count, _acknowledged.Select(write => write.Version).Distinct().Count());
        Assert.All(_acknowledged, write => Assert.Equal((write.Name, write.Value), (byVersion[write.Version].Name, byVersion[write.Version].Value)));
        foreach (IGrouping<string, Told> changes in told.Where(change => change.Name != "end").GroupBy(change => change.Name))
        {
            // Every change of an object is told: its values are counted up by one writer, some of them unacknowledged.
            int[] values = [.. changes.Select(change => int.Parse(change.Value, CultureInfo.InvariantCulture))];
            Assert.Equal(values.Distinct().Order(), values);
        }
    }

    private async Task<ChildProcess> StartAsync()
    {
        ChildProcess process = ChildProcess.Start(
            PublishedBinary.Path,
            [
                "apiserver", $"--tls-cert-file={At("server.crt")}", $"--tls-private-key-file={At("server.key")}",
                $"--client-ca-file={At("ca.crt")}", $"--service-account-signing-key-file={At("sa.key")}", "--bind-address=127.0.0.1",
                $"--secure-port={_port}", $"--datastore-file={At("store/store.db")}",
                .. _etcd.Length == 0 ? Array.Empty<string>() : [$"--etcd-servers={_etcd[0].Address}"],
            ]);
        while (await process.Output.ReadOrEndAsync(Token) is { } line)
        {
            if (line.Contains("Serving on ", StringComparison.Ordinal))
            {
                _serving.TrySetResult();
                return process;
            }
        }

        throw new IOException($"The API server ended: {string.Join('\n', await process.Errors.ReadToEndAsync(Token))}");
    }

    /// <summary>Kills the server once every writer has had something acknowledged by it.</summary>
    private async Task KillAfterWritesAsync(ChildProcess server)
    {
        int before = _acknowledged.Count;
        while (_acknowledged.Skip(before).Select(write => write.Name).Distinct().Count() < Writers)
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Kill();
        await server.WaitForExitAsync(Token);
    }

    private async Task WriteAsync(HttpClient client, int writer, CancellationToken cancellationToken)
    {
        string name = $"map-{writer}";
        bool isMade = false;
        for (int i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            string value = i.ToString(CultureInfo.InvariantCulture);
            try
            {
                long? version = isMade
                    ? await PatchAsync(client, name, value)
                    : await PostAsync(client, name, value, Token);

                // Refused can only be what a killed server has made after all.
                isMade = true;
                if (version is { } acknowledged)
                {
                    _acknowledged.Enqueue(new Written(name, value, acknowledged));
                }
            }
            catch (HttpRequestException)
            {
                // Killed meanwhile. Whether the write was made is not known.
                await _serving.Task.WaitAsync(Token);
            }
        }
    }

    private static async Task<long?> PostAsync(HttpClient client, string name, string value, CancellationToken cancellationToken)
    {
        using StringContent body = new(
            $$$$"""{"metadata":{"name":"{{{{name}}}}","labels":{"told":"yes"}},"data":{"value":"{{{{value}}}}"}}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(Maps, body, cancellationToken);
        return await VersionOfAsync(response);
    }

    private static async Task<long?> PatchAsync(HttpClient client, string name, string value)
    {
        using StringContent body = new($$$"""{"data":{"value":"{{{value}}}"}}""", Encoding.UTF8, "application/merge-patch+json");
        using HttpResponseMessage response = await client.PatchAsync($"{Maps}/{name}", body, Token);
        return await VersionOfAsync(response);
    }

    /// <summary>The version that a write was given; null if it was refused.</summary>
    private static async Task<long?> VersionOfAsync(HttpResponseMessage response)
    {
        JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!;
        return response.IsSuccessStatusCode ? Version(answer) : null;
    }

    private static async Task<long> VersionAsync(HttpClient client) =>
        Version(JsonNode.Parse(await client.GetStringAsync(Maps, Token))!);

    private async Task<List<Told>> WatchToEndAsync(HttpClient client, long version)
    {
        List<Told> told = [];
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await client.GetAsync(
                    $"{Maps}?watch=true&labelSelector=told&resourceVersion={version}", HttpCompletionOption.ResponseHeadersRead, Token);
                using StreamReader lines = new(await response.Content.ReadAsStreamAsync(Token));
                while (await lines.ReadLineAsync(Token) is { } line)
                {
                    JsonNode change = JsonNode.Parse(line)!;
                    Assert.NotEqual("ERROR", change["type"]!.ToString());
                    JsonNode found = change["object"]!;
                    version = Version(found);
                    told.Add(new Told(found["metadata"]!["name"]!.ToString(), found["data"]!["value"]!.ToString(), version));
                    if (told[^1].Name == "end")
                    {
                        return told;
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // Killed meanwhile: again from where it was.
                await _serving.Task.WaitAsync(Token);
            }
        }
    }

    private static long Version(JsonNode document) =>
        long.Parse(document["metadata"]!["resourceVersion"]!.ToString(), CultureInfo.InvariantCulture);

    private HttpClient Client()
    {
        SocketsHttpHandler handler = new();
        handler.SslOptions.ClientCertificates = [_pki.IssueClient("admin", ["system:masters"])];
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(_pki.Authority);
        return new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://127.0.0.1:{_port}"),
            DefaultRequestVersion = HttpVersion.Version11,
        };
    }

    private string At(string name) => Path.Combine(_directory.FullName, name);

    private sealed record Written(string Name, string Value, long Version);

    private sealed record Told(string Name, string Value, long Version);
}
