using System.Collections.Frozen;
using System.Text.Json.Nodes;

using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Tables;

namespace Noded.ApiServer.Strategies;

/// <summary>What is particular about a kind. This one is for kinds with nothing particular about them.</summary>
internal class Strategy
{
    private static readonly FrozenDictionary<string, Func<JsonObject, string>> NoFields =
        FrozenDictionary<string, Func<JsonObject, string>>.Empty;

    /// <summary>The objects behave like any other.</summary>
    public static Strategy Plain { get; } = new();

    /// <summary>Whether <c>metadata.generation</c> counts the changes of what is wished.</summary>
    public virtual bool TracksGeneration => false;

    /// <summary>Whether a PUT makes an object that is not there.</summary>
    public virtual bool AllowsCreateOnUpdate => false;

    /// <summary>Whether an update may leave out the version it is based on.</summary>
    public virtual bool AllowsUnconditionalUpdate => true;

    /// <summary>Whether changing the status may change labels, too.</summary>
    public virtual bool StatusUpdatesLabels => false;

    /// <summary>Whether objects end by themselves some time after they were written last.</summary>
    public virtual bool Expires => false;

    /// <summary>What becomes of dependents if the client does not say.</summary>
    public virtual string DefaultPropagation => "Background";

    /// <summary>The fields of field selectors beside name and namespace.</summary>
    public virtual FrozenDictionary<string, Func<JsonObject, string>> SelectableFields => NoFields;

    /// <summary>The columns of tables.</summary>
    public virtual TableColumns Columns => TableColumns.CreatedAt;

    /// <summary>The syntax of names.</summary>
    public virtual IEnumerable<string> NameErrors(string name) => NameRules.Dns1123Subdomain(name);

    /// <summary>Fills in what the client left out.</summary>
    public virtual void ApplyDefaults(JsonObject document)
    {
    }

    /// <summary>Drops what a client cannot set when it makes an object.</summary>
    public virtual void PrepareForCreate(JsonObject document)
    {
    }

    /// <summary>Restores what a client cannot change.</summary>
    public virtual void PrepareForUpdate(JsonObject document, JsonObject old)
    {
    }

    /// <summary>Restores everything that a subresource other than the status cannot change.</summary>
    public virtual void PrepareForSubresource(JsonObject document, JsonObject old, string subresource)
    {
        foreach (string name in document.Select(pair => pair.Key).Union(old.Select(pair => pair.Key)).ToArray())
        {
            ObjectPreparation.Copy(document, old, name);
        }
    }

    public virtual void Validate(JsonObject document, FieldErrors errors)
    {
    }

    public virtual void ValidateUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
    }

    /// <summary>Validates a change of the status, which leaves everything else as it was.</summary>
    public virtual void ValidateStatus(JsonObject document, JsonObject old, FieldErrors errors)
    {
    }

    /// <summary>Validates a change by a subresource other than the status.</summary>
    public virtual void ValidateSubresource(JsonObject document, JsonObject old, string subresource, FieldErrors errors)
    {
    }

    /// <summary>Seconds that an object lives on after its deletion; null for kinds that go at once.</summary>
    public virtual long? GracePeriod(JsonObject document, long? wished) => null;

    /// <summary>Whether what is wished differs, so that the generation grows.</summary>
    public virtual bool WishDiffers(JsonObject document, JsonObject old) => document
        .Select(pair => pair.Key)
        .Union(old.Select(pair => pair.Key))
        .Any(name => name is not ("metadata" or "status" or "apiVersion" or "kind")
            && !JsonNode.DeepEquals(document[name], old[name]));

    /// <summary>Whether the object may go: nobody has still to do something for it.</summary>
    public virtual bool IsFinal(JsonObject document) => !document.Finalizers().Any();

    /// <summary>Whether the object is gone once it has been asked to go and is final.</summary>
    public virtual void MarkDeleted(JsonObject document)
    {
    }

    /// <summary>Whether <see cref="Allocate"/> chooses anything.</summary>
    public virtual bool Allocates => false;

    /// <summary>Chooses what the client left to the server, such as addresses; another choice at each call.</summary>
    public virtual void Allocate(JsonObject document)
    {
    }

    /// <summary>The keys that the object holds as long as it lives, each of which no other object can hold.</summary>
    public virtual IReadOnlyDictionary<string, byte[]> Claims(JsonObject document) =>
        FrozenDictionary<string, byte[]>.Empty;

    /// <summary>Says that a claim which the client asked for is another's.</summary>
    public virtual void ExplainClaim(JsonObject document, string key, FieldErrors errors)
    {
    }

    protected static FrozenDictionary<string, Func<JsonObject, string>> Fields(
        params (string Name, Func<JsonObject, string?> Value)[] fields) => fields.ToFrozenDictionary(
            field => field.Name,
            field => (Func<JsonObject, string>)(document => field.Value(document) ?? ""),
            StringComparer.Ordinal);

    protected static string? TextAt(JsonObject document, params ReadOnlySpan<string> path) => document.At(path).AsText();
}
