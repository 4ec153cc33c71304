using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Discovery;

/// <summary>What the server offers, in one document (apidiscovery.k8s.io/v2).</summary>
internal static class AggregatedDiscovery
{
    /// <summary>As which clients ask for it and must be answered.</summary>
    public const string MediaType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    /// <param name="resources">Those of the core group, or those of all others.</param>
    public static JsonObject Write(IEnumerable<ResourceDefinition> resources) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = "apidiscovery.k8s.io/v2",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. resources.GroupBy(resource => resource.Group).Select(Group)]),
    };

    private static JsonObject Group(IGrouping<string, ResourceDefinition> group) => new()
    {
        ["metadata"] = group.Key.Length == 0
            ? new JsonObject { ["creationTimestamp"] = null }
            : new JsonObject { ["name"] = group.Key, ["creationTimestamp"] = null },
        ["versions"] = new JsonArray([.. group.GroupBy(resource => resource.Version).Select(version => new JsonObject
        {
            ["version"] = version.Key,
            ["resources"] = new JsonArray([.. version.Select(Resource)]),
            ["freshness"] = "Current",
        })]),
    };

    private static JsonObject Resource(ResourceDefinition resource)
    {
        JsonObject entry = new()
        {
            ["resource"] = resource.Name,
            ["responseKind"] = Kind(resource.GroupVersion, resource.Kind),
            ["scope"] = resource.IsNamespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.Singular,
            ["verbs"] = LegacyDiscovery.Texts(resource.Verbs),
        };
        if (resource.ShortNames.Length > 0)
        {
            entry["shortNames"] = LegacyDiscovery.Texts(resource.ShortNames);
        }

        if (resource.Categories.Length > 0)
        {
            entry["categories"] = LegacyDiscovery.Texts(resource.Categories);
        }

        if (resource.Subresources.Length > 0)
        {
            entry["subresources"] = new JsonArray([.. resource.Subresources.Select(subresource => new JsonObject
            {
                ["subresource"] = subresource.Name,
                ["responseKind"] = Kind(subresource.GroupVersion, subresource.Kind),
                ["verbs"] = LegacyDiscovery.Texts(subresource.Verbs),
            })]);
        }

        return entry;
    }

    private static JsonObject Kind(string groupVersion, string kind)
    {
        string[] parts = groupVersion.Split('/');
        return new JsonObject
        {
            ["group"] = parts.Length == 2 ? parts[0] : "",
            ["version"] = parts[^1],
            ["kind"] = kind,
        };
    }
}
