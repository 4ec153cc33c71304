using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>What the validity of a container depends on outside itself.</summary>
internal sealed record ContainerContext(V1PodSpec Spec, HashSet<string> Volumes)
{
    public long GracePeriodSeconds => Spec.TerminationGracePeriodSeconds ?? 30;
}
