using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Controllers;

/// <summary>The objects in a namespace: those that must be there, and the way in which all of them go.</summary>
internal sealed class NamespaceContent(
    ResourceTable resources, ObjectReader reader, ObjectWriter objects, string? authority)
{
    internal const string AuthorityName = "kube-root-ca.crt";

    /// <summary>Makes the default account and the ConfigMap with the cluster's authority.</summary>
    public async Task EnsureAsync(string ns, CancellationToken cancellationToken)
    {
        await EnsureAsync(Named("ServiceAccount", "default"), "serviceaccounts", ns, cancellationToken);
        if (authority is null)
        {
            return;
        }

        JsonObject map = Named("ConfigMap", AuthorityName);
        map.Metadata()["annotations"] = new JsonObject
        {
            ["kubernetes.io/description"] =
                "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
        };
        map["data"] = new JsonObject { ["ca.crt"] = authority };
        await EnsureAsync(map, "configmaps", ns, cancellationToken);
    }

    /// <summary>Asks everything to go, pods before all else, and says what is still there.</summary>
    public async Task<NamespaceRemainder> DeleteAsync(string ns, CancellationToken cancellationToken)
    {
        Resource pods = resources.Get("", "v1", "pods");
        (List<(Resource, JsonObject)> left, long revision) = await DeleteAsync(pods, ns, cancellationToken);
        if (left.Count > 0)
        {
            return new NamespaceRemainder([.. left]) { Revision = revision };
        }

        ImmutableArray<(Resource, JsonObject)>.Builder rest = ImmutableArray.CreateBuilder<(Resource, JsonObject)>();
        foreach (Resource resource in resources.All.Where(resource =>
            resource.Definition is { IsNamespaced: true, IsStored: true } && resource.IsStoredVersion))
        {
            // The first list is the oldest.
            rest.AddRange((await DeleteAsync(resource, ns, cancellationToken)).Left);
        }

        return new NamespaceRemainder(rest.ToImmutable()) { Revision = revision };
    }

    private async Task<(List<(Resource, JsonObject)> Left, long Revision)> DeleteAsync(
        Resource resource, string ns, CancellationToken cancellationToken)
    {
        ObjectList all = await reader.ListAsync(resource, ns, new ListOptions(Selection.All), cancellationToken);
        List<(Resource, JsonObject)> left = [];
        foreach (JsonObject item in all.Items)
        {
            try
            {
                DeletionPlan plan = await objects.DeleteAsync(
                    resource, ns, item.Name(), new DeleteOptions { Propagation = "Background" }, cancellationToken);
                if (!plan.Removes)
                {
                    left.Add((resource, plan.Document));
                }
            }
            catch (ApiStatusException e) when (e.Code == 404)
            {
                // Gone already.
            }
        }

        return (left, all.Revision);
    }

    private static JsonObject Named(string kind, string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
    };

    private async Task EnsureAsync(JsonObject document, string resource, string ns, CancellationToken cancellationToken)
    {
        Resource kind = resources.Get("", "v1", resource);
        if (await reader.FindAsync(kind, ns, document.Name(), cancellationToken) is not null)
        {
            return;
        }

        try
        {
            await objects.CreateAsync(kind, ns, document, WriteOptions.Default, cancellationToken);
        }
        catch (ApiStatusException e) when (e.Code == 409)
        {
            // Somebody else was faster.
        }
    }
}
