using System.Text.Json.Nodes;

using Noded.ApiServer.Admission;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Http;

/// <summary>The scale subresource: how many there shall be and are, whatever the kind.</summary>
internal sealed class ScaleHandler(
    ObjectReader reader, ObjectWriter objects, PatchHandler patches, AdmissionChain admission, ResponseWriter writer)
    : IRequestHandler
{
    private const string GroupVersion = "autoscaling/v1";
    private static readonly SchemaType ScaleType = SchemaCatalog.BuiltIn["autoscaling/v1.Scale"];

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Verb == "get")
        {
            JsonObject document = await reader.GetAsync(request.Resource, request.Namespace, request.Name, request.Aborted);
            await writer.WriteAsync(request.Context, 200, request.Resource, ScaleOf(document));
            return;
        }

        Func<JsonObject, JsonObject> change = await ChangeAsync(request);
        JsonObject updated = await objects.UpdateAsync(
            request.Resource,
            request.Namespace,
            request.Name,
            current => Apply(current, change),
            new WriteOptions
            {
                DryRun = request.Query.DryRun(),
                Admit = (admitted, cancellationToken) =>
                    admission.AdmitAsync(request, admitted with { Subresource = "scale" }, cancellationToken),
            },
            request.Aborted);
        await writer.WriteAsync(request.Context, 200, request.Resource, ScaleOf(updated));
    }

    private async Task<Func<JsonObject, JsonObject>> ChangeAsync(ApiRequest request)
    {
        if (request.Verb == "patch")
        {
            return await patches.ReadAsync(request.Context, ScaleType, GroupVersion);
        }

        JsonObject scale = await BodyReader.ReadAsync(request.Context, ScaleType, GroupVersion);
        return _ => scale.Copy();
    }

    private static JsonObject Apply(JsonObject current, Func<JsonObject, JsonObject> change)
    {
        JsonObject scale = change(ScaleOf(current));
        long replicas = scale.Object("spec").Integer("replicas") ?? 0;
        if (replicas < 0)
        {
            throw new ApiStatusException(
                422,
                "Invalid",
                $"Scale.autoscaling \"{current.Name()}\" is invalid: spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0");
        }

        current.ObjectOrNew("spec")["replicas"] = replicas;
        string? seen = scale.Object("metadata").Text("resourceVersion");
        if (seen is null)
        {
            current.Metadata().Remove("resourceVersion");
        }
        else
        {
            current.Metadata()["resourceVersion"] = seen;
        }

        return current;
    }

    private static JsonObject ScaleOf(JsonObject document)
    {
        JsonObject metadata = [];
        foreach (string name in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            ObjectPreparation.Copy(metadata, document.Metadata(), name);
        }

        JsonObject? selector = document.Object("spec").Object("selector");
        bool isPlain = selector is not null && !selector.ContainsKey("matchLabels") && !selector.ContainsKey("matchExpressions");
        JsonObject labels = isPlain ? new JsonObject { ["matchLabels"] = selector!.DeepClone() } : selector ?? []; // plain is not null
        return new JsonObject
        {
            ["apiVersion"] = GroupVersion,
            ["kind"] = "Scale",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = document.At("spec", "replicas").AsInteger() ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = document.At("status", "replicas").AsInteger() ?? 0,
                ["selector"] = LabelSelector.Of(labels).ToString(),
            },
        };
    }
}
