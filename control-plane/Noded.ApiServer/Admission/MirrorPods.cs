using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>Which pods a node may make: mirrors of those in its manifests, which need nothing of the API.</summary>
internal static class MirrorPods
{
    private const string Annotation = "kubernetes.io/config.mirror";

    public static bool Is(JsonObject pod) =>
        pod.Object("metadata").Object("annotations")?.ContainsKey(Annotation) == true;

    /// <summary>Why a node may not make this pod; null if it may.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="known">The node's object; null if there is none.</param>
    public static string? Refuse(JsonObject pod, string node, JsonObject? known) =>
        !Is(pod) ? $"pod does not have \"{Annotation}\" annotation, node \"{node}\" can only create mirror pods"
        : pod.At("spec", "nodeName").AsText() != node ? $"node \"{node}\" can only create pods with spec.nodeName set to itself"
        : Owner([.. pod.Metadata().Objects("ownerReferences")], node, known) ?? References(pod, node);

    private static string? Owner(JsonObject[] owners, string node, JsonObject? known)
    {
        if (owners.Length > 1)
        {
            return $"node \"{node}\" can only create pods with a single owner reference set to itself";
        }

        JsonObject? owner = owners.FirstOrDefault();
        if (owner.Text("apiVersion") != "v1" || owner.Text("kind") != "Node" || owner.Text("name") != node)
        {
            return $"node \"{node}\" can only create pods with an owner reference set to itself";
        }

        return owner.Boolean("controller") != true ? $"node \"{node}\" can only create pods with a controller owner reference set to itself"
            : owner.Boolean("blockOwnerDeletion") == true ? $"node \"{node}\" must not set blockOwnerDeletion on an owner reference"
            : known is null ? $"node \"{node}\" not found"
            : owner.Text("uid") != known.Uid() ? $"node {node} UID mismatch: expected {owner.Text("uid")} got {known.Uid()}"
            : null;
    }

    private static string? References(JsonObject pod, string node)
    {
        if (pod.At("spec", "serviceAccountName").AsText() is { Length: > 0 })
        {
            return $"node \"{node}\" can not create pods that reference a service account";
        }

        string? what = ((string[])["secrets", "configmaps", "persistentvolumeclaims"])
            .FirstOrDefault(resource => PodReferences.Of(pod, resource).Any());
        return what is null ? null : $"node \"{node}\" can not create pods that reference {what}";
    }
}
