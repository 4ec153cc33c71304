using Noded.Dns.Wire;

namespace Noded.Dns.Forwarding;

/// <summary>
/// Answers of upstream resolvers for as long as they say, but no longer than <paramref name="limit"/>. Two generations:
/// when the young one is full, the old one is dropped and the young one becomes old. So it is bounded in entries and in
/// bytes, without a timer and without a search for what to drop.
/// </summary>
internal sealed class ResponseCache(TimeSpan limit, TimeProvider clock, int maxEntries = 5000, int maxBytes = 2 * 1024 * 1024)
{
    private readonly Lock _lock = new();
    private Dictionary<byte[], Entry> _young = new(WireNameComparer.Instance);
    private Dictionary<byte[], Entry> _old = new(WireNameComparer.Instance);
    private int _youngBytes;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _young.Count + _old.Count;
            }
        }
    }

    /// <param name="age">How long ago it came.</param>
    public UpstreamResponse? TryGet(ReadOnlySpan<byte> key, out TimeSpan age)
    {
        lock (_lock)
        {
            if (!_young.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out Entry entry)
                && !_old.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out entry))
            {
                age = default;
                return null;
            }

            age = clock.GetElapsedTime(entry.At);
            return age < Min(entry.Response) ? entry.Response : null;
        }
    }

    public void Add(ReadOnlySpan<byte> key, UpstreamResponse response)
    {
        if (response.Lifetime == 0 || response.IsTruncated || response.Length > maxBytes / 16)
        {
            return;
        }

        lock (_lock)
        {
            int bytes = key.Length + response.Length;
            if (_young.Count >= maxEntries || _youngBytes + bytes > maxBytes)
            {
                _old = _young;
                _young = new Dictionary<byte[], Entry>(WireNameComparer.Instance);
                _youngBytes = 0;
            }

            _young[key.ToArray()] = new Entry(response, clock.GetTimestamp());
            _youngBytes += bytes;
        }
    }

    private TimeSpan Min(UpstreamResponse response) =>
        response.Lifetime < limit.TotalSeconds ? TimeSpan.FromSeconds(response.Lifetime) : limit;

    private readonly record struct Entry(UpstreamResponse Response, long At);
}
