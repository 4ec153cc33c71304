using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Admission;

/// <summary>
/// Pods and claims keep to the LimitRanges of their namespace; containers that do not say what they need get what
/// those say (plugin/pkg/admission/limitranger).
/// </summary>
internal sealed class LimitRanger(ObjectReader reader, ResourceTable resources) : IAdmissionPlugin
{
    private readonly Resource _ranges = resources.Get("", "v1", "limitranges");

    public async Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        bool isPod = admitted.Creates("", "pods");
        if (!isPod && !admitted.Creates("", "persistentvolumeclaims"))
        {
            return;
        }

        ObjectList ranges = await reader.ListAsync(_ranges, request.Namespace, ListOptions.OfMemory, cancellationToken);
        JsonObject[] limits = [.. ranges.Items.SelectMany(range => range["spec"].Objects("limits"))];
        if (isPod)
        {
            SetDefaults(admitted.Object, limits);
        }

        ImmutableArray<string> broken = isPod
            ? LimitRules.OfPod(admitted.Object, limits)
            : LimitRules.OfClaim(admitted.Object, limits);
        if (!broken.IsEmpty)
        {
            throw ApiStatusException.Forbidden(
                admitted.Resource.Definition,
                admitted.Object.Name(),
                broken.Length == 1 ? broken[0] : $"[{string.Join(", ", broken)}]");
        }
    }

    private static void SetDefaults(JsonObject pod, JsonObject[] limits)
    {
        List<string> set = [];
        JsonObject[] ofContainers = [.. limits.Where(limit => limit.Text("type") == "Container")];
        foreach (string kind in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            string what = kind == "containers" ? "container" : "init container";
            foreach (JsonObject container in pod["spec"].Objects(kind))
            {
                Set(container, "requests", "request", "defaultRequest");
                Set(container, "limits", "limit", "default");
            }

            void Set(JsonObject container, string name, string singular, string source)
            {
                string[] added = [.. ofContainers.SelectMany(limit => Fill(container, name, limit.Object(source))).Order(StringComparer.Ordinal)];
                if (added.Length > 0)
                {
                    set.Add($"{string.Join(", ", added)} {singular} for {what} {container.Text("name")}");
                }
            }
        }

        if (set.Count > 0)
        {
            pod.Metadata().ObjectOrNew("annotations")["kubernetes.io/limit-ranger"] = $"LimitRanger plugin set: {string.Join("; ", set)}";
        }
    }

    /// <summary>Sets what is not there yet; returns its names.</summary>
    private static IEnumerable<string> Fill(JsonObject container, string name, JsonObject? values)
    {
        foreach ((string resource, JsonNode? value) in values ?? [])
        {
            JsonObject target = container.ObjectOrNew("resources").ObjectOrNew(name);
            if (value is not null && !target.ContainsKey(resource))
            {
                target[resource] = value.DeepClone();
                yield return resource;
            }
        }
    }
}
