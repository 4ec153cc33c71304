using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;
using Noded.Store;

namespace Noded.ApiServer.Admission;

/// <summary>Nothing is made in a namespace that is not there or is about to go.</summary>
internal sealed class NamespaceLifecycle(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private readonly Resource _namespaces = resources.Get("", "v1", "namespaces");

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (admitted.Old is not null || request.Namespace is not { } ns)
        {
            return;
        }

        KeyValue found = await reader.FindAsync(_namespaces, null, ns, cancellationToken)
            ?? throw ApiStatusException.NotFound(_namespaces.Definition, ns);
        JsonObject place = ObjectReader.Decode(_namespaces, found);
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
