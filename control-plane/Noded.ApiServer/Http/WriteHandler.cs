using System.Text.Json.Nodes;

using Noded.ApiServer.Admission;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Http;

/// <summary>Answers <c>create</c>, <c>update</c> and <c>patch</c>.</summary>
internal sealed class WriteHandler(ObjectWriter objects, PatchHandler patches, AdmissionChain admission, ResponseWriter writer)
{
    public async Task CreateAsync(ApiRequest request)
    {
        Resource resource = request.Resource;
        JsonObject document = await BodyReader.ReadAsync(
            request.Context, resource.Definition.Schema, resource.Definition.GroupVersion);
        JsonObject made = await objects.CreateAsync(
            resource, request.Namespace, document, Options(request), request.Aborted);
        await writer.WriteAsync(request.Context, 201, resource, made);
    }

    public async Task UpdateAsync(ApiRequest request)
    {
        Resource resource = request.Resource;
        JsonObject document = await BodyReader.ReadAsync(
            request.Context, resource.Definition.Schema, resource.Definition.GroupVersion);
        try
        {
            JsonObject updated = await objects.UpdateAsync(
                resource, request.Namespace, request.Name, _ => document.Copy(), Options(request), request.Aborted);
            await writer.WriteAsync(request.Context, 200, resource, updated);
        }
        catch (ApiStatusException e) when (e.Code == 404 && MayCreate(request))
        {
            JsonObject made = await objects.CreateAsync(
                resource, request.Namespace, document, Options(request), request.Aborted);
            await writer.WriteAsync(request.Context, 201, resource, made);
        }
    }

    public async Task PatchAsync(ApiRequest request)
    {
        Func<JsonObject, JsonObject> change = await patches.ReadAsync(
            request.Context, request.Resource.Definition.Schema, request.Resource.Definition.GroupVersion);
        JsonObject updated = await objects.UpdateAsync(
            request.Resource, request.Namespace, request.Name, change, Options(request), request.Aborted);
        await writer.WriteAsync(request.Context, 200, request.Resource, updated);
    }

    private static bool MayCreate(ApiRequest request) =>
        request.Target.Subresource is null && request.Resource.Strategy.AllowsCreateOnUpdate;

    private WriteOptions Options(ApiRequest request) => new()
    {
        DryRun = request.Query.DryRun(),
        IsRelative = request.Verb == "patch",
        Subresource = request.Target.Subresource,
        Admit = (admitted, cancellationToken) => admission.AdmitAsync(request, admitted, cancellationToken),
    };
}
