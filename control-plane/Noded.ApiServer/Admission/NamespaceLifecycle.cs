using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Admission;

/// <summary>
/// Nothing is made in a namespace that is not there or is about to go, and the namespaces that every cluster has stay
/// (apiserver, admission/plugin/namespace/lifecycle).
/// </summary>
internal sealed class NamespaceLifecycle(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private readonly Resource _namespaces = resources.Get("", "v1", "namespaces");

    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (admitted.IsDelete)
        {
            RequireMortal(admitted);
            return Task.CompletedTask;
        }

        return admitted.Old is null && admitted.Resource.Definition.IsNamespaced && request.Namespace is { } ns
            ? RequireAliveAsync(ns, admitted, cancellationToken)
            : Task.CompletedTask;
    }

    private static void RequireMortal(AdmissionRequest admitted)
    {
        bool isNamespace = admitted.Resource.Definition is { Group: "", Name: "namespaces" };
        if (isNamespace && admitted.Object.Name() is "default" or "kube-system" or "kube-public")
        {
            throw ApiStatusException.Forbidden(
                admitted.Resource.Definition, admitted.Object.Name(), "this namespace may not be deleted");
        }
    }

    private async Task RequireAliveAsync(string ns, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        JsonObject place = await reader.PeekAsync(_namespaces, null, ns, cancellationToken)
            ?? throw ApiStatusException.NotFound(_namespaces.Definition, ns);
        if (!place.IsBeingDeleted())
        {
            return;
        }

        string message = $"unable to create new content in namespace {ns} because it is being terminated";
        ApiStatusException refused =
            ApiStatusException.Forbidden(admitted.Resource.Definition, admitted.Object.Name(), message);
        JsonObject details = refused.Details?.Copy() ?? [];
        details["causes"] = new JsonArray(new JsonObject
        {
            ["reason"] = "NamespaceTerminating",
            ["message"] = $"namespace {ns} is being terminated",
            ["field"] = "metadata.namespace",
        });
        throw new ApiStatusException(refused.Code, refused.Reason, refused.Message, details);
    }
}
