namespace Noded.Kubelet.Runtime;

/// <summary>Labels and annotations on sandboxes and containers, with upstream's names: other agents read them.</summary>
internal static class RuntimeLabels
{
    internal const string PodName = "io.kubernetes.pod.name";
    internal const string PodNamespace = "io.kubernetes.pod.namespace";
    internal const string PodUid = "io.kubernetes.pod.uid";
    internal const string ContainerName = "io.kubernetes.container.name";

    internal const string ContainerHash = "io.kubernetes.container.hash";
    internal const string RestartCount = "io.kubernetes.container.restartCount";
}
