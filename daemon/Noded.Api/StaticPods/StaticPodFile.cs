using System.Collections.Immutable;

using k8s.Models;

using Noded.Api.Serialization;

namespace Noded.Api.StaticPods;

/// <summary>
/// What a manifest file asks for: all its pods, or every reason why it is refused. Never both: half a file is not
/// what anybody wrote.
/// </summary>
public sealed record StaticPodFile(ImmutableArray<V1Pod> Pods, ImmutableArray<ManifestError> Errors)
{
    public bool IsValid => Errors.IsEmpty;
}
