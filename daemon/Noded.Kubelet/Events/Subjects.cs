using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Events;

/// <summary>How events and the flight recorder name what they are about.</summary>
internal static class Subjects
{
    /// <summary>A container is named by upstream's field path behind its pod.</summary>
    internal static string OfContainer(Pod pod, string container) => OfContainer(pod.Name, pod, container);

    /// <param name="pod">Null for an orphan, of whose containers only the names are known.</param>
    internal static string OfContainer(NamespacedName name, Pod? pod, string container)
    {
        bool isInit = pod?.Spec.InitContainers?.Any(init => init.Name == container) == true;
        return $"{Pod.SubjectOf(name)} spec.{(isInit ? "initContainers" : "containers")}{{{container}}}";
    }
}
