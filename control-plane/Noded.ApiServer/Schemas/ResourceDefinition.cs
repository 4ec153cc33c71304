using System.Collections.Immutable;

namespace Noded.ApiServer.Schemas;

/// <summary>A resource that is served: where its objects are, what they are called, what can be done with them.</summary>
/// <param name="Group">The API group, empty for the core's.</param>
/// <param name="Version">The version.</param>
/// <param name="Name">The plural in paths.</param>
/// <param name="Kind">The kind of its objects.</param>
/// <param name="IsNamespaced">Whether its objects are in namespaces.</param>
/// <param name="Schema">The type of its objects.</param>
internal sealed record ResourceDefinition(
    string Group, string Version, string Name, string Kind, bool IsNamespaced, SchemaType Schema)
{
    internal static readonly ImmutableArray<string> AllVerbs =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public ImmutableArray<string> ShortNames { get; init; } = [];

    public ImmutableArray<string> Categories { get; init; } = [];

    public ImmutableArray<string> Verbs { get; init; } = AllVerbs;

    public ImmutableArray<SubresourceDefinition> Subresources { get; init; } = [];

    public string GroupVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>As messages name it: <c>deployments.apps</c>.</summary>
    public string QualifiedName => Group.Length == 0 ? Name : $"{Name}.{Group}";

    public string Singular => Kind.ToLowerInvariant();

    public bool HasStatus => Subresources.Any(subresource => subresource.Name == "status");

    /// <summary>Whether its objects are kept; the others are questions that are answered at once.</summary>
    public bool IsStored => Verbs.Contains("delete");
}

/// <summary>A part of a resource with a path of its own.</summary>
/// <param name="Name">The last part of the path.</param>
/// <param name="Schema">The type that it speaks.</param>
/// <param name="GroupVersion">The group and version of that type.</param>
/// <param name="Verbs">What can be done with it.</param>
internal sealed record SubresourceDefinition(
    string Name, SchemaType Schema, string GroupVersion, ImmutableArray<string> Verbs)
{
    public string Kind => Schema.ShortName;
}
