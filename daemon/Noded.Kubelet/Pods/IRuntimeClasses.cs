using k8s.Models;

namespace Noded.Kubelet.Pods;

/// <summary>Where the RuntimeClasses are known: a directory of manifests, or an API server's.</summary>
internal interface IRuntimeClasses
{
    /// <summary>The class as it is now; null when there is none of this name.</summary>
    V1RuntimeClass? TryGet(string name);
}
