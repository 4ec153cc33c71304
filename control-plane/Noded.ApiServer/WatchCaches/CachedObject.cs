using Noded.Store;

namespace Noded.ApiServer.WatchCaches;

/// <summary>An object as a revision left it: its bytes, what was decoded from them, and its encodings.</summary>
/// <typeparam name="T">What the cache's owner decodes: labels, fields and the like.</typeparam>
internal sealed class CachedObject<T>(KeyValue stored, T facts)
    where T : class
{
    private EncodedSlot? _encodings;

    public KeyValue Stored { get; } = stored;

    public T Facts { get; } = facts;

    public string Key => Stored.Key;

    /// <summary>The revision that the object shows; of a deleted one, that of its deletion.</summary>
    public long Revision => Stored.ModRevision;

    /// <summary>The object encoded for a media type: made once, however many ask for it at once.</summary>
    /// <remarks>Kept while the change is new, so that all watches share it; lists of old objects need not ask here.</remarks>
    public ReadOnlyMemory<byte> Encoded(string mediaType, Func<CachedObject<T>, ReadOnlyMemory<byte>> encode)
    {
        EncodedSlot slot = EncodedSlot.FindOrAdd(ref _encodings, mediaType);

        lock (slot)
        {
            return slot.Bytes ??= encode(this);
        }
    }

    /// <summary>Lets the encodings go.</summary>
    public void ForgetEncodings() => Volatile.Write(ref _encodings, null);

    /// <summary>The same object, deleted or out of sight since a revision.</summary>
    public CachedObject<T> GoneAt(long revision) => new(Stored with { ModRevision = revision }, Facts);
}
