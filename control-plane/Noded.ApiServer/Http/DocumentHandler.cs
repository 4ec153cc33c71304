using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Microsoft.AspNetCore.Http;

using Noded.Api;
using Noded.ApiServer.Discovery;
using Noded.ApiServer.OpenApi;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Http;

/// <summary>Answers what describes the server: discovery and OpenAPI.</summary>
internal sealed class DocumentHandler(SchemaCatalog catalog, string address)
{
    private const string Json = "application/json";

    // Filled once per path; the set of paths is that of the groups and versions.
    private readonly ConcurrentDictionary<string, EncodedDocument> _documents = new(StringComparer.Ordinal);

    private ImmutableArray<ResourceDefinition> Resources => catalog.Resources;

    /// <summary>Answers the request if its path is one of these; false otherwise.</summary>
    public async Task<bool> TryWriteAsync(HttpContext context)
    {
        string path = (context.Request.Path.Value ?? "").TrimEnd('/');
        bool isAggregated = path is "/api" or "/apis"
            && context.Request.Headers.Accept.ToString().Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal)
            && context.Request.Headers.Accept.ToString().Contains("v=v2;", StringComparison.Ordinal);
        bool isPacked = path == OlderOpenApi.Path
            && context.Request.Headers.Accept.ToString().Contains("protobuf", StringComparison.Ordinal);
        string key = isAggregated || isPacked ? $"{path}?" : path;
        if (!_documents.TryGetValue(key, out EncodedDocument? document))
        {
            document = Find(key);
            if (document is null)
            {
                return false;
            }

            document = _documents.GetOrAdd(key, document);
        }

        await document.WriteAsync(context);
        return true;
    }

    private EncodedDocument? Find(string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["api?"] => new(AggregatedDiscovery.MediaType, () => AggregatedDiscovery.Write(Resources.Where(IsCore))),
            ["apis?"] => new(AggregatedDiscovery.MediaType, () => AggregatedDiscovery.Write(Resources.Where(r => !IsCore(r)))),
            ["api"] => new(Json, () => LegacyDiscovery.Versions(address)),
            ["apis"] => new(Json, () => LegacyDiscovery.Groups(Resources)),
            ["apis", string group] when Resources.Any(r => r.Group == group) =>
                new(Json, () => LegacyDiscovery.Group(Resources, group, isRoot: true)),
            ["api", "v1"] => new(Json, () => LegacyDiscovery.Resources(Of("v1"), "v1")),
            ["apis", string group, string version] when Of($"{group}/{version}").Any() =>
                new(Json, () => LegacyDiscovery.Resources(Of($"{group}/{version}"), $"{group}/{version}")),
            [] => new(Json, Paths),
            ["openapi", "v2?"] => new(OlderOpenApi.MediaType, OlderOpenApi.WriteProtobuf),
            ["openapi", "v2"] => new(Json, OlderOpenApi.Write),
            ["openapi", "v3"] => new(Json, Index),
            ["openapi", "v3", "api", "v1"] => new(Json, () => OpenApiDocument.Write("v1", Of("v1"), catalog)),
            ["openapi", "v3", "apis", string group, string version] when Of($"{group}/{version}").Any() =>
                new(Json, () => OpenApiDocument.Write($"{group}/{version}", Of($"{group}/{version}"), catalog)),
            _ => null,
        };
    }

    private static bool IsCore(ResourceDefinition resource) => resource.Group.Length == 0;

    private IEnumerable<ResourceDefinition> Of(string groupVersion) =>
        Resources.Where(resource => resource.GroupVersion == groupVersion);

    /// <summary>The paths at which a client can begin to look around.</summary>
    private JsonObject Paths() => new()
    {
        ["paths"] = new JsonArray([.. Resources
            .Select(resource => resource.Group)
            .Where(group => group.Length > 0)
            .Select(group => $"/apis/{group}")
            .Concat(Resources.Where(resource => !IsCore(resource)).Select(resource => $"/apis/{resource.GroupVersion}"))
            .Concat(["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/healthz", "/livez", "/metrics"])
            .Concat(["/openapi/v2", "/openapi/v3", "/openid/v1/jwks", "/readyz", "/version"])
            .Distinct()
            .Order(StringComparer.Ordinal)
            .Select(path => (JsonNode)path)]),
    };

    private JsonObject Index()
    {
        JsonObject paths = [];
        foreach (string groupVersion in Resources.Select(resource => resource.GroupVersion).Distinct())
        {
            string path = groupVersion == "v1" ? "api/v1" : $"apis/{groupVersion}";

            // The version of the server stands for the contents: computing their digest would make all of them now.
            string url = $"/openapi/v3/{path}?hash={KubernetesVersion.GitVersion}";
            paths[path] = new JsonObject { ["serverRelativeURL"] = url };
        }

        return new JsonObject { ["paths"] = paths };
    }
}
