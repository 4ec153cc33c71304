using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Discovery;

/// <summary>What the server offers, group by group.</summary>
internal static class LegacyDiscovery
{
    public static JsonObject Versions(string address) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(
            new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = address }),
    };

    public static JsonObject Groups(IEnumerable<ResourceDefinition> resources) => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. resources
            .Where(resource => resource.Group.Length > 0)
            .Select(resource => resource.Group)
            .Distinct()
            .Select(group => Group(resources, group, isRoot: false))]),
    };

    /// <summary>One group, its preferred version first.</summary>
    public static JsonObject Group(IEnumerable<ResourceDefinition> resources, string group, bool isRoot)
    {
        string[] versions = [.. resources.Where(r => r.Group == group).Select(r => r.Version).Distinct()];
        JsonObject result = [];
        if (isRoot)
        {
            result["kind"] = "APIGroup";
            result["apiVersion"] = "v1";
        }

        result["name"] = group;
        result["versions"] = new JsonArray([.. versions.Select(version => Version(group, version))]);
        result["preferredVersion"] = Version(group, versions[0]);
        return result;
    }

    public static JsonObject Resources(IEnumerable<ResourceDefinition> resources, string groupVersion) => new()
    {
        ["kind"] = "APIResourceList",
        ["apiVersion"] = "v1",
        ["groupVersion"] = groupVersion,
        ["resources"] = new JsonArray([.. resources.SelectMany(Entries)]),
    };

    private static JsonObject Version(string group, string version) =>
        new() { ["groupVersion"] = $"{group}/{version}", ["version"] = version };

    private static IEnumerable<JsonObject> Entries(ResourceDefinition resource)
    {
        JsonObject entry = new()
        {
            ["name"] = resource.Name,
            ["singularName"] = resource.Singular,
            ["namespaced"] = resource.IsNamespaced,
            ["kind"] = resource.Kind,
            ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Length > 0)
        {
            entry["shortNames"] = Texts(resource.ShortNames);
        }

        if (resource.Categories.Length > 0)
        {
            entry["categories"] = Texts(resource.Categories);
        }

        yield return entry;
        foreach (SubresourceDefinition subresource in resource.Subresources)
        {
            JsonObject part = new()
            {
                ["name"] = $"{resource.Name}/{subresource.Name}",
                ["singularName"] = "",
                ["namespaced"] = resource.IsNamespaced,
                ["kind"] = subresource.Kind,
                ["verbs"] = Texts(subresource.Verbs),
            };
            if (subresource.GroupVersion != resource.GroupVersion)
            {
                string[] parts = subresource.GroupVersion.Split('/');
                part["group"] = parts.Length == 2 ? parts[0] : "";
                part["version"] = parts[^1];
            }

            yield return part;
        }
    }

    internal static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
