namespace Noded.Store.Tests.Conformance;

/// <summary>A store to test on, which the tests of one class use one after the other.</summary>
public interface IStoreFixture
{
    /// <summary>Why this store cannot be tested on this machine; null if it can.</summary>
    string? Missing { get; }

    /// <summary>The store, below a prefix that nobody else uses; the caller disposes it.</summary>
    Task<IStore> OpenAsync(CancellationToken cancellationToken);
}
