using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Noded.Store.Etcd;
using Noded.Store.Tests.Conformance;
using Noded.Testing;

namespace Noded.Store.Tests.Etcd;

/// <summary>What only etcd brings with it: several members, TLS, a prefix.</summary>
[Trait("Category", "Integration")]
public sealed class EtcdStoreTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-etcd-");
    private EtcdServer[] _servers = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Requires.Program("etcd");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (EtcdServer server in _servers)
        {
            await server.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Prefix_OfTwoStores_KeepsThemApart()
    {
        _servers = await EtcdServer.StartAsync(_directory.FullName, members: 1, tls: [], Token);
        await using EtcdStore one = Open(new([_servers[0].Address]) { Prefix = "/one" });
        await using EtcdStore two = Open(new([_servers[0].Address]) { Prefix = "/two" });
        await using EtcdStore all = Open(new([_servers[0].Address]));

        await one.CommitAsync(Transaction.Create("/a", "1"u8.ToArray()), Token);
        await two.CommitAsync(Transaction.Create("/a", "2"u8.ToArray()), Token);

        RangeResult found = await all.RangeAsync(RangeRequest.OfPrefix("/"), Token);
        Assert.Equal(["/one/a", "/two/a"], found.KeyValues.Select(pair => pair.Key));
        Assert.Equal("/a", Assert.Single((await one.RangeAsync(RangeRequest.OfPrefix("/"), Token)).KeyValues).Key);
    }

    [Fact]
    public async Task Endpoint_ThatDoesNotAnswer_IsLeftForTheNext()
    {
        _servers = await EtcdServer.StartAsync(_directory.FullName, members: 1, tls: [], Token);
        Uri closed = new($"http://127.0.0.1:{EtcdServer.FreePort()}");
        await using EtcdStore store = Open(new([closed, _servers[0].Address]));

        // A write may go to the next member, too: nobody has seen it.
        TransactionResult result = await store.CommitAsync(Transaction.Create("/a", "1"u8.ToArray()), Token);

        Assert.True(result.Succeeded);
    }

    [Fact]
    public async Task Endpoint_ThatIsSilent_IsLeftForTheNext()
    {
        _servers = await EtcdServer.StartAsync(_directory.FullName, members: 1, tls: [], Token);
        // Takes connections, as a machine does whose etcd hangs, and never says a word.
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        Uri address = new($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        await using EtcdStore store = Open(
            new([address, _servers[0].Address]) { Timeout = TimeSpan.FromMilliseconds(500) });

        // The other one may be slow, too, on a busy machine; but it answers at some time.
        RangeResult? read = null;
        while (read is null)
        {
            try
            {
                read = await store.RangeAsync(new("/a", null), Token);
            }
            catch (StoreUnavailableException e)
            {
                Assert.True(e.NothingChanged);
            }
        }

        Assert.Empty(read.KeyValues);
    }

    [Fact]
    public async Task Endpoint_ThatIsSilentOnAWrite_LeavesOpenWhetherItWasMade()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        Uri address = new($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        await using EtcdStore store = Open(new([address]) { Timeout = TimeSpan.FromMilliseconds(500) });

        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => store.CommitAsync(Transaction.Create("/a", "1"u8.ToArray()), Token));

        Assert.False(refused.NothingChanged);
    }

    [Fact]
    public async Task Range_OfMoreBytesThanOneAnswerHas_IsReadInSmallerParts()
    {
        const int Count = 90;
        _servers = await EtcdServer.StartAsync(_directory.FullName, members: 1, tls: [], Token);
        await using EtcdStore store = Open(new([_servers[0].Address]));
        byte[] value = new byte[1_000_000];
        for (int i = 0; i < Count; i++)
        {
            await store.CommitAsync(new([], [new Change.Put($"/big/{i:D3}", value)]), Token);
        }

        RangeResult all = await store.RangeAsync(RangeRequest.OfPrefix("/big/"), Token);

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"/big/{i:D3}"), all.KeyValues.Select(pair => pair.Key));
        Assert.Equal(Count, all.Count);
    }

    [Fact]
    public async Task Endpoints_NoneAnswers_NothingIsChanged()
    {
        await using EtcdStore store = Open(new([new($"http://127.0.0.1:{EtcdServer.FreePort()}")]));

        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => store.CommitAsync(Transaction.Create("/a", "1"u8.ToArray()), Token));

        Assert.True(refused.NothingChanged);
    }

    [Fact]
    public async Task Member_IsKilled_TheOthersGoOnAndTheWatchIsResumed()
    {
        _servers = await EtcdServer.StartAsync(_directory.FullName, members: 3, tls: [], Token);
        await using EtcdStore store = Open(new([.. _servers.Select(server => server.Address)]));
        long first = (await store.CommitAsync(Transaction.Create("/w/0", "0"u8.ToArray()), Token)).Revision;
        await using WatchReader watch = await WatchReader.StartAsync(store, WatchRequest.OfPrefix("/w/", first), Token);
        Assert.Equal("/w/0", (await watch.NextAsync()).Current.Key);

        await _servers[0].KillAsync(Token);
        await Assert.ThrowsAsync<StoreUnavailableException>(watch.NextAsync);

        // The two others may have to choose a leader first, and say so.
        TransactionResult? second = null;
        while (second is null)
        {
            try
            {
                second = await store.CommitAsync(new([], [new Change.Put("/w/1", "1"u8.ToArray())]), Token);
            }
            catch (StoreUnavailableException)
            {
                await store.RangeAsync(new("/w/0", null), Token);
            }
        }

        await using WatchReader resumed =
            await WatchReader.StartAsync(store, WatchRequest.OfPrefix("/w/", watch.Revision + 1), Token);
        Assert.Equal("/w/1", (await resumed.NextAsync()).Current.Key);
    }

    [Fact]
    public async Task Tls_WithCertificatesOfBothSides_Works()
    {
        using TestPki pki = new(TimeProvider.System);
        await StartWithTlsAsync(pki);
        using X509Certificate2 client = pki.IssueClient("store", []);

        await using EtcdStore store = Open(new([_servers[0].Address])
        {
            Authorities = [pki.Authority],
            ClientCertificate = client,
        });

        Assert.True((await store.CommitAsync(Transaction.Create("/a", "1"u8.ToArray()), Token)).Succeeded);
    }

    [Fact]
    public async Task Tls_ServerOfAnotherAuthorityOrClientWithoutCertificate_IsRefused()
    {
        using TestPki pki = new(TimeProvider.System);
        using TestPki other = new(TimeProvider.System, "other-ca");
        await StartWithTlsAsync(pki);
        using X509Certificate2 client = pki.IssueClient("store", []);
        await using EtcdStore distrusting = Open(new([_servers[0].Address])
        {
            Authorities = [other.Authority],
            ClientCertificate = client,
        });
        await using EtcdStore unknown = Open(new([_servers[0].Address]) { Authorities = [pki.Authority] });

        foreach (EtcdStore store in (EtcdStore[])[distrusting, unknown])
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => store.RangeAsync(new("/a", null), Token));
        }
    }

    /// <summary>With the product's time-out, a machine that is busy with other things would fail tests.</summary>
    private static EtcdStore Open(EtcdStoreOptions options) => new(
        options.Timeout == new EtcdStoreOptions([]).Timeout ? options with { Timeout = TimeSpan.FromMinutes(2) } : options,
        TimeProvider.System);

    private async Task StartWithTlsAsync(TestPki pki)
    {
        string directory = _directory.FullName;
        using X509Certificate2 server = pki.IssueServer("etcd", ["127.0.0.1"]);
        TestPki.WritePem(server, directory, "server");
        await File.WriteAllTextAsync(
            Path.Combine(directory, "ca.crt"), pki.Authority.ExportCertificatePem(), Token);
        _servers = await EtcdServer.StartAsync(
            directory,
            members: 1,
            [
                "--client-cert-auth", "--trusted-ca-file", Path.Combine(directory, "ca.crt"),
                "--cert-file", Path.Combine(directory, "server.crt"),
                "--key-file", Path.Combine(directory, "server.key"),
            ],
            Token);
    }
}
