using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Hosting;

/// <summary>Makes the objects that every cluster has, unless they are there.</summary>
internal sealed class StartHook(ResourceTable resources, ObjectWriter objects)
{
    private static readonly ImmutableArray<string> Namespaces =
        ["default", "kube-node-lease", "kube-public", "kube-system"];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Resource namespaces = resources.Get("", "v1", "namespaces");
        foreach (string name in Namespaces)
        {
            await EnsureAsync(namespaces, null, Named("v1", "Namespace", name), cancellationToken);
        }
    }

    private static JsonObject Named(string apiVersion, string kind, string name) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
    };

    private async Task EnsureAsync(
        Resource resource, string? ns, JsonObject document, CancellationToken cancellationToken)
    {
        try
        {
            await objects.CreateAsync(resource, ns, document, WriteOptions.Default, cancellationToken);
        }
        catch (ApiStatusException e) when (e.Code == 409)
        {
            // Made by an earlier start, or by another server.
        }
    }
}
