using System.Collections.Immutable;
using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Lifecycle;

/// <summary>In which order a pod's containers are stopped (KEP-753).</summary>
internal static class TerminationOrder
{
    /// <summary>Groups, each stopped once the one before has ended: all but sidecars together, then each sidecar, the last first.</summary>
    internal static ImmutableArray<ImmutableArray<ContainerToStop>> Compute(Pod? pod, IEnumerable<ContainerToStop> stops)
    {
        List<V1Container> sidecars = [.. (pod?.Spec.InitContainers ?? []).Where(init => init.IsRestartableInit())];
        return
        [
            .. stops
                .GroupBy(stop => sidecars.FindIndex(sidecar => sidecar.Name == stop.Container.Name))
                .OrderBy(group => group.Key < 0 ? int.MinValue : -group.Key)
                .Select(group => group.ToImmutableArray()),
        ];
    }
}
