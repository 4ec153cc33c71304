namespace Noded.Store;

/// <summary>What was asked for has been compacted.</summary>
/// <param name="compactRevision">The oldest revision that can still be read.</param>
public sealed class CompactedException(long compactRevision)
    : Exception($"The revision asked for is compacted; the oldest that can be read is {compactRevision}.")
{
    /// <summary>The oldest revision that can still be read, 0 if the store did not say.</summary>
    public long CompactRevision { get; } = compactRevision;
}

/// <summary>A revision was asked for that does not exist yet.</summary>
/// <param name="revision">What was asked for.</param>
/// <param name="current">The newest that there is, 0 if that is not known.</param>
public sealed class FutureRevisionException(long revision, long current = 0)
    : Exception($"Revision {revision} was asked for, which does not exist yet.")
{
    /// <summary>What was asked for.</summary>
    public long Revision { get; } = revision;

    /// <summary>The newest that there is, 0 if that is not known.</summary>
    public long Current { get; } = current;
}

/// <summary>A key should be put with a lease that is not there.</summary>
public sealed class LeaseNotFoundException(long lease) : Exception($"There is no lease {lease}.");

/// <summary>A transaction has more bytes than the store takes.</summary>
public sealed class RequestTooLargeException(string message) : Exception(message);

/// <summary>The store cannot answer now.</summary>
public sealed class StoreUnavailableException(string message, bool nothingChanged, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Whether it is certain that the request had no effect.</summary>
    public bool NothingChanged { get; } = nothingChanged;
}
