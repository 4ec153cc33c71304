using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.ApiServer.WatchCaches;
using Noded.Store;
using Noded.Store.Sqlite;

namespace Noded.ApiServer.Tests.WatchCaches;

/// <summary>A cache over a real store. Its objects are words, and so are their facts.</summary>
internal sealed class CacheRig : IAsyncDisposable
{
    public const string Prefix = "/registry/pods/";
    public const string End = "/registry/pods0";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-cache-");
    private readonly WatchCacheOptions _options;
    private readonly TimeProvider _clock;
    private int _failed;

    public CacheRig(WatchCacheOptions? options = null, TimeProvider? clock = null, Func<IStore, IStore>? around = null)
    {
        _options = options ?? new() { Patience = TimeSpan.FromMinutes(1) };
        _clock = clock ?? TimeProvider.System;
        Store = SqliteStore.Open(
            new(Path.Combine(_directory.FullName, "state.db")), TimeProvider.System, NullLogger<SqliteStore>.Instance);
        Seen = around?.Invoke(Store) ?? Store;
        Cache = NewCache();
    }

    public SqliteStore Store { get; }

    /// <summary>The store as the cache sees it.</summary>
    public IStore Seen { get; }

    public WatchCache<string> Cache { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public WatchCache<string> NewCache() =>
        new(Seen, Prefix, Decode, _options, (_clock, NullLogger.Instance), index: facts => facts.Split(' ')[0]);

    public async Task<long> PutAsync(string name, string value) => (await Store.CommitAsync(
        new([], [new Change.Put(Prefix + name, Encoding.UTF8.GetBytes(value))]), Token)).Revision;

    public async Task<long> DeleteAsync(string name) =>
        (await Store.CommitAsync(new([], [new Change.Delete(Prefix + name)]), Token)).Revision;

    public async Task<long> PutElsewhereAsync() => (await Store.CommitAsync(
        new([], [new Change.Put("/registry/other/a", ReadOnlyMemory<byte>.Empty)]), Token)).Revision;

    public async Task<string[]> ListAsync(Freshness freshness) =>
        [.. (await Cache.ReadAsync(Prefix, End, freshness, Token)).Range(Prefix, End).Select(Text)];

    public static string Text(CachedObject<string> found) => $"{found.Key[Prefix.Length..]}={found.Facts}";

    public static string Text(WatchNotice<string> notice) => notice.Type == NoticeType.Bookmark
        ? notice.EndsInitialEvents ? "end of state" : "bookmark"
        : $"{notice.Type} {Text(notice.Object!)}";

    /// <summary>Fails once, if the test wants that.</summary>
    private string Decode(KeyValue pair)
    {
        string facts = Encoding.UTF8.GetString(pair.Value.Span);
        return facts == "broken" && Interlocked.Exchange(ref _failed, 1) == 0
            ? throw new FormatException("The test made this object so.")
            : facts;
    }

    public async ValueTask DisposeAsync()
    {
        await Cache.DisposeAsync();
        await Store.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
