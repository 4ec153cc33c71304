using k8s.Models;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>Holds a container to <c>runAsNonRoot</c>: whom it would run as follows from the pod or from its image.</summary>
internal sealed class NonRootCheck(IImageService images)
{
    /// <exception cref="PodConfigException">It would run as root, or nobody can tell.</exception>
    internal async Task CheckAsync(Pod pod, V1Container container, string imageRef, CancellationToken cancellationToken)
    {
        if ((container.SecurityContext?.RunAsNonRoot ?? pod.Spec.SecurityContext?.RunAsNonRoot) != true)
        {
            return;
        }

        long? user = container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser;
        ImageUser image = user is null ? await images.GetImageUserAsync(imageRef, cancellationToken) : default;
        string where = $"(pod: \"{pod.Name.Name}_{pod.Name.Namespace}({pod.Uid})\", container: {container.Name})";
        string? breach = (user, image.Uid, image.Name) switch
        {
            (0, _, _) => $"container's runAsUser breaks non-root policy {where}",
            (not null, _, _) => null,
            (_, 0, _) or (_, null, null or "") =>
                $"container has runAsNonRoot and image will run as root {where}",
            (_, not null, _) => null,
            _ => $"container has runAsNonRoot and image has non-numeric user ({image.Name}), cannot verify user is non-root {where}",
        };
        if (breach is not null)
        {
            throw new PodConfigException(breach);
        }
    }
}
