using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Authorization;

/// <summary>What a pod names of its namespace.</summary>
internal static class PodReferences
{
    public static IEnumerable<string> Of(JsonObject pod, string resource)
    {
        JsonNode? spec = pod["spec"];
        JsonObject[] volumes = [.. spec.Objects("volumes")];
        JsonObject[] sources = [.. volumes.SelectMany(volume => volume.Object("projected").Objects("sources"))];
        JsonObject[] containers =
            [.. spec.Objects("containers").Concat(spec.Objects("initContainers")).Concat(spec.Objects("ephemeralContainers"))];
        IEnumerable<string?> names = resource switch
        {
            "secrets" =>
            [
                .. volumes.Select(volume => volume.Object("secret").Text("secretName")),
                .. sources.Select(source => source.Object("secret").Text("name")),
                .. spec.Objects("imagePullSecrets").Select(secret => secret.Text("name")),
                .. volumes.Select(volume => volume.Object("csi").Object("nodePublishSecretRef").Text("name")),
                .. Environment(containers, "secretKeyRef", "secretRef"),
            ],
            "configmaps" =>
            [
                .. volumes.Select(volume => volume.Object("configMap").Text("name")),
                .. sources.Select(source => source.Object("configMap").Text("name")),
                .. Environment(containers, "configMapKeyRef", "configMapRef"),
            ],
            "persistentvolumeclaims" =>
            [
                .. volumes.Select(volume => volume.Object("persistentVolumeClaim").Text("claimName")),
                .. volumes.Where(volume => volume.Object("ephemeral") is not null)
                    .Select(volume => $"{pod.Name()}-{volume.Text("name")}"),
            ],
            _ => [spec.Text("serviceAccountName") ?? "default"],
        };
        return names.OfType<string>();
    }

    /// <summary>The secrets that a volume names, for whoever mounts it.</summary>
    public static IEnumerable<(string Namespace, string Name)> SecretsOf(JsonObject volume)
    {
        JsonObject? spec = volume.Object("spec");
        string claimed = spec.Object("claimRef").Text("namespace") ?? "";
        string[] ofDriver = ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"];
        IEnumerable<JsonObject?> references =
        [
            .. ofDriver.Select(name => spec.Object("csi").Object(name)),
            .. (spec ?? []).Select(source => source.Value.Object("secretRef")),
        ];
        foreach (JsonObject reference in references.OfType<JsonObject>())
        {
            if (reference.Text("name") is { Length: > 0 } name)
            {
                yield return (reference.Text("namespace") is { Length: > 0 } ns ? ns : claimed, name);
            }
        }
    }

    private static IEnumerable<string?> Environment(JsonObject[] containers, string key, string whole) =>
    [
        .. containers.SelectMany(container => container.Objects("env"))
            .Select(variable => variable.Object("valueFrom").Object(key).Text("name")),
        .. containers.SelectMany(container => container.Objects("envFrom")).Select(source => source.Object(whole).Text("name")),
    ];
}
