using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Registries;

/// <summary>A resource that is served, and how its objects behave.</summary>
/// <param name="Definition">What it is.</param>
/// <param name="Strategy">What is particular about its kind.</param>
internal sealed record Resource(ResourceDefinition Definition, Strategy Strategy)
{
    /// <summary>The resource as which objects are kept; another one where two versions share their objects.</summary>
    public ResourceDefinition Stored
    {
        get;
        init => (field, KeyPrefix) = (value, PrefixOf(value));
    } = Definition;

    /// <summary>Turns a kept object into this version's.</summary>
    public Func<JsonObject, JsonObject> FromStored { get; init; } = document => document;

    /// <summary>Turns this version's object into what is kept.</summary>
    public Func<JsonObject, JsonObject> ToStored { get; init; } = document => document;

    /// <summary>Whether objects are kept as this resource's.</summary>
    public bool IsStoredVersion => ReferenceEquals(Stored, Definition);

    /// <summary>What the keys of all its objects begin with.</summary>
    public string KeyPrefix { get; private init; } = PrefixOf(Definition);

    /// <summary>The key of an object.</summary>
    public string Key(string? ns, string name) => Definition.IsNamespaced ? $"{KeyPrefix}{ns}/{name}" : $"{KeyPrefix}{name}";

    /// <summary>Under which the objects of a namespace, or of all, are.</summary>
    public string Scope(string? ns) => string.IsNullOrEmpty(ns) ? KeyPrefix : $"{KeyPrefix}{ns}/";

    private static string PrefixOf(ResourceDefinition definition) =>
        $"/registry/{(definition.Group.Length == 0 ? "core" : definition.Group)}/{definition.Name}/";
}
