namespace Noded.ApiServer.WatchCaches;

/// <summary>A place for the bytes of one media type, in a list of a few that only grows.</summary>
internal sealed class EncodedSlot(string mediaType, EncodedSlot? next)
{
    /// <summary>Null until somebody, holding the slot's lock, has made them.</summary>
    public ReadOnlyMemory<byte>? Bytes { get; set; }

    public static EncodedSlot FindOrAdd(ref EncodedSlot? first, string mediaType)
    {
        while (true)
        {
            EncodedSlot? seen = Volatile.Read(ref first);

            for (EncodedSlot? slot = seen; slot is not null; slot = slot.Next)
            {
                if (slot.MediaType == mediaType)
                {
                    return slot;
                }
            }

            EncodedSlot added = new(mediaType, seen);
            if (Interlocked.CompareExchange(ref first, added, seen) == seen)
            {
                return added;
            }
        }
    }

    private string MediaType { get; } = mediaType;

    private EncodedSlot? Next { get; } = next;
}
