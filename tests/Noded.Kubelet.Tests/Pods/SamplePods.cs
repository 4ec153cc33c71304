using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>Pods as a source would hand them out.</summary>
internal static class SamplePods
{
    internal static Pod APod(
        string uid = "u1",
        string name = "web",
        string policy = "Always",
        string[]? containers = null,
        string[]? inits = null,
        string image = "image") => new(
        new PodUid(uid),
        new NamespacedName("default", name),
        new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = uid },
            Spec = new V1PodSpec
            {
                HostNetwork = true,
                RestartPolicy = policy,
                InitContainers = inits is null ? null : [.. inits.Select(init => AContainer(init, image))],
                Containers = [.. (containers ?? ["app"]).Select(container => AContainer(container, image))],
            },
        });

    internal static V1Container AContainer(string name, string image = "image") =>
        new() { Name = name, Image = image, ImagePullPolicy = "IfNotPresent" };

    /// <summary>The pod with its first container changed.</summary>
    internal static Pod With(this Pod pod, Action<V1Container> change)
    {
        change(pod.Spec.Containers[0]);
        return pod;
    }
}
