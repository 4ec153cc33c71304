using System.Collections.Frozen;
using System.Collections.Immutable;

using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Strategies;

/// <summary>The resources that are served, with their strategies.</summary>
internal sealed class ResourceTable
{
    private readonly FrozenDictionary<(string Group, string Version, string Name), Resource> _resources;

    public ResourceTable(SchemaCatalog catalog, FrozenDictionary<string, Strategy> strategies)
    {
        All = [.. catalog.Resources.Select(definition => Make(catalog, definition, strategies))];
        _resources = All.ToFrozenDictionary(
            resource => (resource.Definition.Group, resource.Definition.Version, resource.Definition.Name));
    }

    public ImmutableArray<Resource> All { get; }

    public Resource? Find(string group, string version, string name) =>
        _resources.GetValueOrDefault((group, version, name));

    /// <summary>A resource that is certainly served.</summary>
    public Resource Get(string group, string version, string name) => _resources[(group, version, name)];

    private static Resource Make(
        SchemaCatalog catalog, ResourceDefinition definition, FrozenDictionary<string, Strategy> strategies)
    {
        Resource resource = new(definition, strategies.GetValueOrDefault(definition.QualifiedName, Strategy.Plain));
        return (definition.Group, definition.Version, definition.Name) switch
        {
            ("events.k8s.io", _, "events") => resource with
            {
                Stored = catalog.Resources.First(other => other is { Group: "", Name: "events" }),
                FromStored = EventVersions.FromCore,
                ToStored = EventVersions.ToCore,
            },
            ("autoscaling", "v1", _) => resource with
            {
                Stored = catalog.Resources.First(other => other is { Group: "autoscaling", Version: "v2" }),
                FromStored = AutoscalerVersions.ToV1,
                ToStored = AutoscalerVersions.ToV2,
            },
            _ => resource,
        };
    }
}
