using k8s.Models;

using Noded.Primitives;

namespace Noded.Api.Pods;

/// <summary>What the kubelet asks a pod.</summary>
public static class PodExtensions
{
    /// <summary>Priorities from here on belong to the system-*-critical classes.</summary>
    public const int SystemCriticalPriority = 2_000_000_000;

    public const string ConfigSourceAnnotation = "kubernetes.io/config.source";
    public const string ConfigHashAnnotation = "kubernetes.io/config.hash";
    public const string ConfigSeenAnnotation = "kubernetes.io/config.seen";
    public const string ConfigMirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>Noded's own: <c>none</c> gives a pod the loopback interface and nothing else.</summary>
    public const string NetworkAnnotation = "noded.dev/network";

    public static NamespacedName NamespacedName(this V1Pod pod) =>
        new(pod.Metadata?.NamespaceProperty ?? "", pod.Metadata?.Name ?? "");

    public static QosClass QosClass(this V1Pod pod) => PodQos.Compute(pod.Spec ?? new V1PodSpec());

    /// <summary>From a file or a URL, not from the API server.</summary>
    public static bool IsStatic(this V1Pod pod) =>
        pod.Annotation(ConfigSourceAnnotation) is { } source && source != "api";

    /// <summary>The API server's image of a static pod.</summary>
    public static bool IsMirror(this V1Pod pod) => pod.Annotation(ConfigMirrorAnnotation) is not null;

    /// <summary>Admitted by evicting others, and evicted last.</summary>
    public static bool IsCritical(this V1Pod pod) =>
        pod.IsStatic()
        || pod.IsMirror()
        || pod.Spec?.Priority >= SystemCriticalPriority
        || pod.Spec?.PriorityClassName is "system-node-critical" or "system-cluster-critical";

    public static bool IsHostNetwork(this V1Pod pod) => pod.Spec?.HostNetwork == true;

    /// <summary>In a network of its own that leads nowhere.</summary>
    public static bool IsIsolated(this V1Pod pod) => pod.Annotation(NetworkAnnotation) == "none";

    /// <summary>A sidecar: an init container that keeps running (KEP-753).</summary>
    public static bool IsRestartableInit(this V1Container container) => container.RestartPolicy == "Always";

    public static string? Annotation(this V1Pod pod, string key) =>
        (pod.Metadata?.Annotations).OrEmpty().TryGetValue(key, out string? value) ? value : null;
}
