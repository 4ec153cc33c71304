using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Probes;

/// <summary>Where a pod's containers listen, as this node reaches them.</summary>
/// <param name="hostIp">The node's own address, which pods in its network have.</param>
internal sealed class PodAddress(string hostIp)
{
    /// <summary>Empty while the pod has none.</summary>
    internal string Of(Pod pod, PodStatus status) => !pod.HostNetwork ? status.Ips.FirstOrDefault(string.Empty)
        : hostIp.Length > 0 ? hostIp
        : "127.0.0.1";
}
