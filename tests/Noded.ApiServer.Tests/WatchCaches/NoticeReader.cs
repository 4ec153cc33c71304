using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Tests.WatchCaches;

/// <summary>A watch on a cache, read notice by notice.</summary>
internal sealed class NoticeReader(WatchCache<string> cache, CacheWatchRequest<string> request) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<WatchNotice<string>> _notices =
        cache.WatchAsync(request, TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);

    /// <summary>The next notice; null at the end.</summary>
    public async Task<WatchNotice<string>?> NextOrEndAsync() => await _notices.MoveNextAsync() ? _notices.Current : null;

    public async Task<WatchNotice<string>> NextAsync() =>
        await NextOrEndAsync() ?? throw new EndOfStreamException("The watch has ended.");

    public async Task<string[]> NextAsync(int count)
    {
        string[] texts = new string[count];
        for (int i = 0; i < count; i++)
        {
            texts[i] = CacheRig.Text(await NextAsync());
        }

        return texts;
    }

    public ValueTask DisposeAsync() => _notices.DisposeAsync();
}
