using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Admission;

/// <summary>A pod has its RuntimeClass's overhead, and runs where that runs (plugin/pkg/admission/runtimeclass).</summary>
internal sealed class RuntimeClassAdmission(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private readonly Resource _classes = resources.Get("node.k8s.io", "v1", "runtimeclasses");

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        if (!admitted.Creates("", "pods"))
        {
            return;
        }

        JsonObject spec = admitted.Object.ObjectOrNew("spec");
        string? name = spec.Text("runtimeClassName");
        JsonObject? found = string.IsNullOrEmpty(name)
            ? null
            : await reader.PeekAsync(_classes, null, name, cancellationToken)
                ?? throw Refused(admitted, $"pod rejected: RuntimeClass \"{name}\" not found");
        SetOverhead(admitted, spec, found.Object("overhead").Object("podFixed"));
        if (found.Object("scheduling") is { } scheduling)
        {
            Merge(admitted, spec, scheduling);
        }
    }

    private static void SetOverhead(AdmissionRequest admitted, JsonObject spec, JsonObject? overhead)
    {
        JsonObject? given = spec.Object("overhead");
        if (overhead is null)
        {
            if (given is { Count: > 0 })
            {
                throw Refused(admitted, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
            }

            return;
        }

        if (given is { Count: > 0 } && !JsonNode.DeepEquals(given, overhead))
        {
            throw Refused(admitted, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }

        spec["overhead"] = overhead.DeepClone();
    }

    private static void Merge(AdmissionRequest admitted, JsonObject spec, JsonObject scheduling)
    {
        foreach ((string key, JsonNode? value) in scheduling.Object("nodeSelector") ?? [])
        {
            string wanted = value.AsText() ?? "";
            JsonObject selector = spec.ObjectOrNew("nodeSelector");
            if (selector.Text(key) is { } given && given != wanted)
            {
                throw Refused(
                    admitted,
                    $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; pod.spec.nodeSelector[{key}] = {given}");
            }

            selector[key] = wanted;
        }

        foreach (JsonObject toleration in scheduling.Objects("tolerations"))
        {
            JsonArray tolerations = ServiceAccountAdmission.List(spec, "tolerations");
            if (!tolerations.Any(present => JsonNode.DeepEquals(present, toleration)))
            {
                tolerations.Add(toleration.DeepClone());
            }
        }
    }

    private static ApiStatusException Refused(AdmissionRequest admitted, string why) =>
        ApiStatusException.Forbidden(admitted.Resource.Definition, admitted.Object.Name(), why);
}
