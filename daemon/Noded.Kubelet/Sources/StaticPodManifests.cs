using k8s.Models;
using Noded.Api.Pods;
using Noded.Api.StaticPods;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Sources;

/// <summary>Reads static pod manifests for one node.</summary>
internal sealed class StaticPodManifests(string nodeName, TimeProvider clock)
{
    internal ManifestContent Read(string file, ReadOnlyMemory<byte> content)
    {
        StaticPodFile read = StaticPodReader.Read(
            file, content.Span, nodeName, clock.GetUtcNow(), UnsupportedFeatures.Find);
        return new ManifestContent(
            [.. read.Pods.Select(ToPod)], [.. read.Errors.Select(error => error.ToString())]);
    }

    private static Pod ToPod(V1Pod pod) => new(new PodUid(pod.Metadata.Uid), pod.NamespacedName(), pod);
}
