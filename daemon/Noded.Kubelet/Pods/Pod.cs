using k8s.Models;
using Noded.Api.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>A pod's identity over its whole life; a static pod whose manifest changes becomes another pod.</summary>
public readonly record struct PodUid(string Value)
{
    public override string ToString() => Value;
}

/// <summary>A pod that a source wants to run here.</summary>
/// <param name="Manifest">Decoded, defaulted and validated; nobody changes it afterwards.</param>
public sealed record Pod(PodUid Uid, NamespacedName Name, V1Pod Manifest)
{
    public V1PodSpec Spec => Manifest.Spec;

    /// <summary>The node itself needs it: nothing is refused to it, and nothing ends it.</summary>
    internal bool IsNodeCritical =>
        Spec.PriorityClassName is "system-node-critical" or "system-cluster-critical"
        || Spec.Priority >= PodExtensions.SystemCriticalPriority;

    public bool HostNetwork => Manifest.IsHostNetwork();

    /// <summary>The container, or init container, of this name; null when the pod has none.</summary>
    internal V1Container? TryGetContainer(string name) =>
        Spec.Containers.Concat(Spec.InitContainers ?? []).FirstOrDefault(container => container.Name == name);

    /// <summary>How the flight recorder names it.</summary>
    public string Subject => SubjectOf(Name);

    public static string SubjectOf(NamespacedName name) => $"pod {name}";

    public override string ToString() => $"{Name} ({Uid})";
}
