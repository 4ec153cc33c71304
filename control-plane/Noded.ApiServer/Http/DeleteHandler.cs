using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Admission;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Http;

/// <summary>Answers <c>delete</c> and <c>deletecollection</c>.</summary>
internal sealed class DeleteHandler(
    ObjectReader reader, ObjectWriter objects, AdmissionChain admission, ResponseWriter writer)
{
    private static readonly SchemaType OptionsType = SchemaCatalog.BuiltIn["meta/v1.DeleteOptions"];

    public async Task DeleteAsync(ApiRequest request)
    {
        DeleteOptions options = await OptionsAsync(request);
        DeletionPlan plan = await objects.DeleteAsync(
            request.Resource, request.Namespace, request.Name, options, request.Aborted);
        if (plan.Removes)
        {
            await ResponseWriter.WriteJsonAsync(request.Context, 200, Success(request.Resource, plan.Document));
        }
        else
        {
            await writer.WriteAsync(request.Context, 200, request.Resource, plan.Document);
        }
    }

    public async Task DeleteCollectionAsync(ApiRequest request)
    {
        DeleteOptions options = await OptionsAsync(request);
        ListOptions list = request.Query.List(request.Resource);
        ObjectList found = await reader.ListAsync(request.Resource, request.Namespace, list, request.Aborted);
        ImmutableArray<JsonObject>.Builder deleted = ImmutableArray.CreateBuilder<JsonObject>();
        foreach (JsonObject item in found.Items)
        {
            try
            {
                string? ns = request.Resource.Definition.IsNamespaced ? item.Namespace() : null;
                DeletionPlan plan = await objects.DeleteAsync(
                    request.Resource, ns, item.Name(), options with { Uid = item.Uid() }, request.Aborted);
                deleted.Add(plan.Document);
            }
            catch (ApiStatusException e) when (e.Code is 404 or 409)
            {
                // Somebody else has deleted it meanwhile, which is what was wished.
            }
        }

        await writer.WriteListAsync(request.Context, request.Resource, found with { Items = deleted.ToImmutable() });
    }

    private static JsonObject Success(Resource resource, JsonObject document)
    {
        JsonObject details = ApiStatusException.DetailsOf(resource.Definition, document.Name());
        details["uid"] = document.Uid();
        return new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        };
    }

    /// <summary>From the body if there is one, else from the query.</summary>
    private async Task<DeleteOptions> OptionsAsync(ApiRequest request)
    {
        byte[] body = await BodyReader.ReadBytesAsync(request.Context);
        JsonObject? given = body.Length == 0 ? null : Decode(request, body);
        long? grace = given.Integer("gracePeriodSeconds") ?? request.Query.Number("gracePeriodSeconds");
        string propagation = given.Text("propagationPolicy") ?? request.Query["propagationPolicy"].ToString();
        bool? orphans = given.Boolean("orphanDependents")
            ?? (request.Query.ContainsKey("orphanDependents") ? request.Query.Flag("orphanDependents") : null);
        if (propagation is not ("" or "Background" or "Foreground" or "Orphan"))
        {
            throw new ApiStatusException(
                422,
                "Invalid",
                $"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"{propagation}\": supported values: \"Background\", \"Foreground\", \"Orphan\"");
        }

        return new DeleteOptions
        {
            GracePeriodSeconds = grace,
            Propagation = propagation.Length > 0 ? propagation : orphans is null ? null : orphans.Value ? "Orphan" : "Background",
            Uid = given.Object("preconditions").Text("uid"),
            ResourceVersion = given.Object("preconditions").Text("resourceVersion"),
            DryRun = request.Query.DryRun() || given.Texts("dryRun").Contains("All"),
            Admit = (admitted, cancellationToken) => admission.AdmitAsync(request, admitted, cancellationToken),
        };
    }

    private static JsonObject Decode(ApiRequest request, byte[] body)
    {
        string mediaType = BodyReader.MediaType(request.Context);
        if (mediaType == ProtobufReader.MediaType)
        {
            return ProtobufReader.Read(ProtobufReader.ReadFrame(body).Raw, OptionsType);
        }

        JsonObject options = DocumentReader.ReadJson(body).Root as JsonObject
            ?? throw ApiStatusException.BadRequest("the body is no DeleteOptions");
        BodyReader.Conform(request.Context, options, [], OptionsType, "meta.k8s.io/v1");
        return options;
    }
}
