using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Tables;

namespace Noded.ApiServer.Strategies;

/// <summary>What subresources may change of a pod that runs (pkg/apis/core/validation).</summary>
internal static class PodChanges
{
    private static readonly string[] NotOfEphemerals =
        ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources"];

    /// <summary>Ephemeral containers are added, and stay as they are.</summary>
    public static void EphemeralContainers(JsonObject pod, JsonObject old, FieldErrors errors)
    {
        FieldPath path = new("spec.ephemeralContainers");
        JsonObject[] now = [.. pod["spec"].Objects("ephemeralContainers")];
        foreach (JsonObject before in old["spec"].Objects("ephemeralContainers"))
        {
            JsonObject? after = now.FirstOrDefault(container => container.Text("name") == before.Text("name"));
            if (after is null || !JsonNode.DeepEquals(before, after))
            {
                errors.Forbidden(
                    path, $"existing ephemeral containers \"{before.Text("name")}\" may not be {(after is null ? "removed" : "changed")}");
            }
        }

        HashSet<string> names = [.. pod["spec"].Objects("containers").Concat(pod["spec"].Objects("initContainers"))
            .Select(container => container.Text("name") ?? "")];
        for (int i = 0; i < now.Length; i++)
        {
            New(now[i], path.Index(i), names, errors);
        }
    }

    /// <summary>Resources are changed as far as processor and memory go, and the class of service stays.</summary>
    public static void Resize(JsonObject pod, JsonObject old, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject container in pod["spec"].Objects("containers"))
        {
            FieldPath path = new FieldPath("spec.containers").Index(index).Child("resources");
            JsonObject? before = old["spec"].Objects("containers").ElementAtOrDefault(index++);
            if (!JsonNode.DeepEquals(Fixed(container), Fixed(before)))
            {
                errors.Forbidden(path, "only cpu and memory resources are mutable");
            }
        }

        if (PodCells.QosClass(pod) != PodCells.QosClass(old))
        {
            errors.Invalid(new FieldPath("spec"), PodCells.QosClass(pod), "Pod QOS Class may not change as a result of resizing");
        }
    }

    private static void New(JsonObject container, FieldPath path, HashSet<string> names, FieldErrors errors)
    {
        string name = container.Text("name") ?? "";
        if (name.Length == 0)
        {
            errors.Required(path.Child("name"));
        }
        else if (!names.Add(name))
        {
            errors.Duplicate(path.Child("name"), name);
        }
        else
        {
            errors.Invalid(path.Child("name"), name, NameRules.Dns1123Label(name));
        }

        if (string.IsNullOrEmpty(container.Text("image")))
        {
            errors.Required(path.Child("image"));
        }

        foreach (string field in NotOfEphemerals.Where(field => container[field] is JsonArray or JsonObject { Count: > 0 }))
        {
            errors.Forbidden(path.Child(field), "cannot be set for an Ephemeral Container");
        }
    }

    /// <summary>A container's resources without those that may change.</summary>
    private static JsonObject Fixed(JsonObject? container)
    {
        JsonObject resources = container.Object("resources")?.Copy() ?? [];
        foreach (string kind in (ReadOnlySpan<string>)["requests", "limits"])
        {
            resources.Object(kind)?.Remove("cpu");
            resources.Object(kind)?.Remove("memory");
            if (resources.Object(kind) is { Count: 0 })
            {
                resources.Remove(kind);
            }
        }

        return resources;
    }
}
