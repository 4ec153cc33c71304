using Noded.Store.Etcd;
using Noded.Store.Tests.Conformance;
using Noded.Testing;

namespace Noded.Store.Tests.Etcd;

/// <summary>One etcd for the tests of a class, each of which has a prefix of its own in it.</summary>
public sealed class EtcdFixture : IStoreFixture, IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-etcd-");
    private EtcdServer[] _servers = [];
    private int _count;

    public string? Missing => TestPrograms.TryFind("etcd") is null ? "Needs the program etcd." : null;

    public async ValueTask InitializeAsync()
    {
        if (Missing is null)
        {
            _servers = await EtcdServer.StartAsync(
                _directory.FullName, members: 1, tls: [], TestContext.Current.CancellationToken);
        }
    }

    public Task<IStore> OpenAsync(CancellationToken cancellationToken) => Task.FromResult<IStore>(new EtcdStore(
        new([.. _servers.Select(server => server.Address)])
        {
            Prefix = $"/test{Interlocked.Increment(ref _count)}",
            // A machine that is busy with other things may let etcd wait for its disk.
            Timeout = TimeSpan.FromMinutes(2),
        },
        TimeProvider.System));

    public async ValueTask DisposeAsync()
    {
        foreach (EtcdServer server in _servers)
        {
            await server.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }
}
