using System.Threading.Channels;

namespace Noded.Store.Sqlite;

/// <summary>One watch's range, and the bell by which it is told to look.</summary>
/// <remarks>
/// A watch takes what it needs from the hub or the table when it is ready for more, so one that is slow keeps
/// nothing in memory and holds nobody up.
/// </remarks>
internal sealed class Watcher(string start, string? end)
{
    // To ring a bell that rings already changes nothing.
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Whether it shall tell how far it is, even without events; the hub's lock guards it.</summary>
    public bool OwesProgress { get; set; }

    public bool Wants(WatchBatch batch)
    {
        foreach (WatchEvent change in batch.Events)
        {
            if (Wants(change))
            {
                return true;
            }
        }

        return false;
    }

    public bool Wants(WatchEvent change) => KeyRange.Contains(start, end, change.Current.Key);

    public void Ring() => _bell.Writer.TryWrite(true);

    public async Task WaitAsync(CancellationToken cancellationToken) => await _bell.Reader.ReadAsync(cancellationToken);
}
