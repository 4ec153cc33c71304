using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Events;

/// <summary>How events and the flight recorder name what they are about.</summary>
internal static class Subjects
{
    /// <summary>A container is named by upstream's field path behind its pod.</summary>
    internal static string OfContainer(Pod pod, string container)
    {
        bool isInit = pod.Spec.InitContainers?.Any(init => init.Name == container) == true;
        return $"{pod.Subject} spec.{(isInit ? "initContainers" : "containers")}{{{container}}}";
    }
}
