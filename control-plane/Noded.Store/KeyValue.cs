namespace Noded.Store;

/// <summary>A key, its value and the revisions it has gone through.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value's bytes, never changed once here.</param>
/// <param name="CreateRevision">The revision that made the key.</param>
/// <param name="ModRevision">The revision that changed it last.</param>
/// <param name="Version">How often it was put since it was made; 1 after the first time.</param>
/// <param name="Lease">The lease it ends with, 0 for none.</param>
public sealed record KeyValue(
    string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, long Version, long Lease);
