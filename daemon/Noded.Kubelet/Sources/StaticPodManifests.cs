using k8s.Models;
using Noded.Api;
using Noded.Api.Pods;
using Noded.Api.StaticPods;
using Noded.Api.Validation;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Sources;

/// <summary>Reads static pod manifests for one node.</summary>
internal sealed class StaticPodManifests(string nodeName, IRuntimeClasses classes, TimeProvider clock)
{
    internal ManifestContent Read(string file, ReadOnlyMemory<byte> content)
    {
        StaticPodFile read = StaticPodReader.Read(
            file, content.Span, nodeName, clock.GetUtcNow(), FindMore);
        return new ManifestContent(
            [.. read.Pods.Select(ToPod)], [.. read.Errors.Select(error => error.ToString())]);
    }

    /// <summary>What only this node knows: what is wrong, and what the pod's class adds to it.</summary>
    private void FindMore(V1Pod pod, FieldPath path, FieldErrors errors)
    {
        NetworkRules.Find(pod, path, errors);
        ResourceRules.Find(pod, path, errors);
        PodOverhead.Apply(pod, classes, path, errors);
        UnsupportedFeatures.Find(pod, path, errors);
    }

    private static Pod ToPod(V1Pod pod) => new(new PodUid(pod.Metadata.Uid), pod.NamespacedName(), pod);
}
