using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Authorization;

/// <summary>
/// Lets nodes do what nodes do, with the secrets, maps, claims and accounts of their own pods only
/// (plugin/pkg/auth/authorizer/node).
/// </summary>
internal sealed class NodeAuthorizer(ObjectReader reader, ResourceTable resources)
{
    private const string UserPrefix = "system:node:";

    /// <summary>The node's name; null for everybody else.</summary>
    public static string? NodeOf(Authentication.UserIdentity user) =>
        user.Groups.Contains("system:nodes") && user.Name.StartsWith(UserPrefix, StringComparison.Ordinal)
            ? user.Name[UserPrefix.Length..]
            : null;

    public async Task<bool> AllowsAsync(AccessRequest request, CancellationToken cancellationToken)
    {
        if (NodeOf(request.User) is not { } node || !BootstrapPolicy.NodeRules.Any(rule => rule.Allows(request)))
        {
            return false;
        }

        return (request.Group, request.Resource) switch
        {
            ("", "secrets" or "configmaps" or "persistentvolumeclaims" or "serviceaccounts") =>
                request.Name.Length > 0 && await IsOfOwnPodAsync(request, node, cancellationToken),
            ("coordination.k8s.io", "leases") =>
                request.Namespace == "kube-node-lease" && (request.Verb == "create" || request.Name == node),
            ("storage.k8s.io", "csinodes") => request.Verb == "create" || request.Name == node,
            _ => true,
        };
    }

    private async Task<bool> IsOfOwnPodAsync(AccessRequest request, string node, CancellationToken cancellationToken)
    {
        FieldSelector bound = new([new FieldRequirement("spec.nodeName", true, node)]);
        ObjectList pods = await reader.ListAsync(
            resources.Get("", "v1", "pods"),
            request.Namespace,
            new ListOptions(new Selection(LabelSelector.Everything, bound)),
            cancellationToken);
        return pods.Items.Any(pod => PodReferences.Of(pod, request.Resource).Contains(request.Name));
    }
}

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

    private static IEnumerable<string?> Environment(JsonObject[] containers, string key, string whole) =>
    [
        .. containers.SelectMany(container => container.Objects("env"))
            .Select(variable => variable.Object("valueFrom").Object(key).Text("name")),
        .. containers.SelectMany(container => container.Objects("envFrom")).Select(source => source.Object(whole).Text("name")),
    ];
}
