using System.Collections.Frozen;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>What a node may say of itself: not what would draw pods to it that are not meant for it.</summary>
internal static class RestrictedLabels
{
    private const string Restricted = "node-restriction.kubernetes.io";

    private static readonly FrozenSet<string> OfKubelets = FrozenSet.ToFrozenSet(
    [
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch",
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "node.kubernetes.io/instance-type",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
    ]);

    /// <summary>Why a node may not write this; null if it may.</summary>
    public static string? Refuse(AdmissionRequest admitted, string node)
    {
        string name = admitted.Object.Name();
        if (name != node)
        {
            return $"node \"{node}\" is not allowed to modify node \"{name}\"";
        }

        bool isNew = admitted.Old is null;
        if (!isNew && !JsonNode.DeepEquals(admitted.Object.At("spec", "taints"), admitted.Old.At("spec", "taints")))
        {
            return $"node \"{node}\" is not allowed to modify taints";
        }

        string forbidden = string.Join(
            ", ", Changed(admitted.Object.Labels(), admitted.Old?.Labels()).Where(IsForbidden).Order(StringComparer.Ordinal));
        return forbidden.Length == 0 ? null
            : isNew ? $"node \"{node}\" is not allowed to set the following labels: {forbidden}"
            : $"is not allowed to modify labels: {forbidden}";
    }

    private static IEnumerable<string> Changed(JsonObject? labels, JsonObject? old) =>
        (labels ?? []).Select(pair => pair.Key)
            .Union((old ?? []).Select(pair => pair.Key))
            .Where(key => labels.Text(key) != old.Text(key));

    private static bool IsForbidden(string label)
    {
        string ns = label.Contains('/', StringComparison.Ordinal) ? label[..label.IndexOf('/', StringComparison.Ordinal)] : "";
        return IsIn(ns, Restricted) || ((IsIn(ns, "kubernetes.io") || IsIn(ns, "k8s.io")) && !IsOfKubelet(label, ns));
    }

    private static bool IsOfKubelet(string label, string ns) =>
        OfKubelets.Contains(label) || IsIn(ns, "kubelet.kubernetes.io") || IsIn(ns, "node.kubernetes.io");

    private static bool IsIn(string ns, string domain) =>
        ns == domain || ns.EndsWith($".{domain}", StringComparison.Ordinal);
}
