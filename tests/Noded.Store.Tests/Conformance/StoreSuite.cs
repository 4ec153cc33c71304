using System.Text;

namespace Noded.Store.Tests.Conformance;

/// <summary>The contract of <see cref="IStore"/>, sentence by sentence, on any store.</summary>
/// <remarks>What is common to the tests; they are in the other parts, by the subject of the contract.</remarks>
[Trait("Category", "Conformance")]
public abstract partial class StoreSuite<TFixture>(TFixture fixture) : IClassFixture<TFixture>, IAsyncLifetime
    where TFixture : class, IStoreFixture
{
    private IStore? _store;

    protected TFixture Fixture => fixture;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IStore Store => _store ?? throw new InvalidOperationException("The test has not begun.");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _store = await fixture.OpenAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(KeyValue pair) => Encoding.UTF8.GetString(pair.Value.Span);

    private static string Text(WatchEvent change) =>
        $"{(change.IsDelete ? "-" : "+")}{change.Current.Key}={Text(change.Current)}";

    private static Transaction Put(string key, string value, long lease = 0) =>
        new([], [new Change.Put(key, Bytes(value), lease)]);

    private static Transaction Delete(string key) => new([], [new Change.Delete(key)]);

    private async Task<long> CommitAsync(Transaction transaction)
    {
        TransactionResult result = await Store.CommitAsync(transaction, Token);
        Assert.True(result.Succeeded);
        return result.Revision;
    }

    private async Task<KeyValue?> GetAsync(string key, long revision = 0)
    {
        RangeResult result = await Store.RangeAsync(new(key, null) { Revision = revision }, Token);
        Assert.Equal(result.KeyValues.Length, result.Count);
        return result.KeyValues.SingleOrDefault();
    }

    private async Task<string[]> KeysAsync(RangeRequest request) =>
        [.. (await Store.RangeAsync(request, Token)).KeyValues.Select(pair => pair.Key)];

    private async Task<long> RevisionAsync() =>
        (await Store.RangeAsync(new("/nothing", null), Token)).Revision;
}
