using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Http;

/// <summary>Binds pods to nodes: what a scheduler says, once per pod.</summary>
internal sealed class BindingHandler(ObjectWriter objects, Resource pods, TimeProvider clock) : IRequestHandler
{
    private static readonly SchemaType BindingType = SchemaCatalog.BuiltIn["core/v1.Binding"];

    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject binding = await BodyReader.ReadAsync(request.Context, BindingType, "v1");
        string name = request.Target.Name ?? binding.Name();
        string node = binding.Object("target").Text("name") ?? "";
        if (node.Length == 0 || (binding.Object("target").Text("kind") is { Length: > 0 } kind && kind != "Node"))
        {
            throw new ApiStatusException(
                422, "Invalid", $"Binding \"{name}\" is invalid: target.name: Required value");
        }

        await objects.BindAsync(pods, request.Namespace, name, pod => Bind(pod, binding, node), request.Query.DryRun(), request.Aborted);
        await ResponseWriter.WriteJsonAsync(request.Context, 201, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["code"] = 201L,
        });
    }

    private void Bind(JsonObject pod, JsonObject binding, string node)
    {
        string? uid = binding.Object("metadata").Text("uid");
        string refusal = pod.IsBeingDeleted() ? $"pod {pod.Name()} is being deleted, cannot be assigned to a host"
            : pod.Object("spec").Text("nodeName") is { Length: > 0 } bound ? $"pod {pod.Name()} is already assigned to node \"{bound}\""
            : pod.Object("spec").Objects("schedulingGates").Any() ? $"pod {pod.Name()} has non-empty .spec.schedulingGates"
            : uid is { Length: > 0 } && uid != pod.Uid() ? $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.Uid()}"
            : "";
        if (refusal.Length > 0)
        {
            throw ApiStatusException.Conflict(pods.Definition, pod.Name(), refusal);
        }

        pod.ObjectOrNew("spec")["nodeName"] = node;
        foreach ((string key, JsonNode? value) in binding.Object("metadata").Object("annotations") ?? [])
        {
            pod.Metadata().ObjectOrNew("annotations")[key] = value?.DeepClone();
        }

        SetScheduled(pod.ObjectOrNew("status"));
    }

    private void SetScheduled(JsonObject status)
    {
        JsonArray conditions = status.Array("conditions") ?? [];
        status["conditions"] = conditions.Parent is null ? conditions : conditions.DeepClone();
        conditions = status.Array("conditions") ?? [];
        foreach (JsonObject present in conditions.OfType<JsonObject>().Where(c => c.Text("type") == "PodScheduled").ToArray())
        {
            conditions.Remove(present);
        }

        conditions.Add((JsonNode)new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "True",
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = ScalarDecoder.Time(clock.GetUtcNow()),
        });
    }
}
