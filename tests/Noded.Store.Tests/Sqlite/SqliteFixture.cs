using Microsoft.Extensions.Logging.Abstractions;
using Noded.Store.Sqlite;
using Noded.Store.Tests.Conformance;

namespace Noded.Store.Tests.Sqlite;

/// <summary>An SQLite store per test, in a directory that goes with the class.</summary>
public sealed class SqliteFixture : IStoreFixture, IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-store-");
    private int _count;

    public string? Missing => null;

    public Task<IStore> OpenAsync(CancellationToken cancellationToken) => Task.FromResult<IStore>(SqliteStore.Open(
        new(Path.Combine(_directory.FullName, $"{Interlocked.Increment(ref _count)}.db")),
        TimeProvider.System,
        NullLogger<SqliteStore>.Instance));

    public void Dispose() => _directory.Delete(recursive: true);
}
