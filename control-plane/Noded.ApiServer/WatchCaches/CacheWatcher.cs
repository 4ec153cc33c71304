using System.Threading.Channels;
using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>One watch's range, and the bell by which it is told to look.</summary>
/// <remarks>
/// A watch takes changes from the ring when its client is ready for more: whatever a client does, it costs no memory
/// and holds nobody up. One that is so slow that the ring has passed it is cut.
/// </remarks>
internal sealed class CacheWatcher(string start, string end, string? indexValue, bool wantsBookmarks)
{
    // To ring a bell that rings already changes nothing.
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>What the index says of the objects it looks at; null for anything.</summary>
    public string? IndexValue => indexValue;

    public bool WantsBookmarks => wantsBookmarks;

    /// <summary>Whether it shall say how far it is; the hub's lock guards it.</summary>
    public bool OwesBookmark { get; set; }

    public bool IsInRange(string key) => KeyRange.Contains(start, end, key);

    public void Ring() => _bell.Writer.TryWrite(true);

    public async Task WaitAsync(CancellationToken cancellationToken) => await _bell.Reader.ReadAsync(cancellationToken);
}
