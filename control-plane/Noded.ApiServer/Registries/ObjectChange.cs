using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>The transactions in which an object and what it holds change together.</summary>
internal sealed record ObjectChange(Resource Resource, string? Namespace, string Name)
{
    public string Key => Resource.Key(Namespace, Name);

    /// <param name="document">The object as it shall be.</param>
    /// <param name="old">As it is; null if it must not exist.</param>
    /// <param name="revision">The revision that it has; 0 if it must not exist.</param>
    /// <param name="lease">The lease with which it ends; 0 for none.</param>
    public Transaction Put(JsonObject document, JsonObject? old, long revision, long lease)
    {
        IReadOnlyDictionary<string, byte[]> after = Resource.Strategy.Claims(document);
        IReadOnlyDictionary<string, byte[]> before = old is null ? new Dictionary<string, byte[]>() : Resource.Strategy.Claims(old);
        KeyValuePair<string, byte[]>[] added = [.. after.Where(claim => !before.ContainsKey(claim.Key))];
        string[] released = [.. before.Keys.Where(key => !after.ContainsKey(key))];
        ReadOnlyMemory<byte> value = (Resource.IsStoredVersion ? document : Resource.ToStored(document.Copy())).ToUtf8();
        return new Transaction(
            [new Condition(Key, revision), .. added.Select(claim => new Condition(claim.Key, 0))],
            [
                new Change.Put(Key, value, lease),
                .. added.Select(claim => new Change.Put(claim.Key, claim.Value)),
                .. released.Select(key => new Change.Delete(key)),
            ]);
    }

    public Transaction Delete(JsonObject document, long revision) => new(
        [new Condition(Key, revision)],
        [new Change.Delete(Key), .. Resource.Strategy.Claims(document).Keys.Select(key => new Change.Delete(key))]);

    /// <summary>Which claim was refused; null if the object itself is not as it should be.</summary>
    public string? Taken(TransactionResult result)
    {
        ImmutableArray<string> found = [.. result.Found.Select(keyValue => keyValue.Key)];
        return found.FirstOrDefault(key => key != Key && key.StartsWith("/registry/", StringComparison.Ordinal));
    }
}
