using System.Collections.Immutable;
using Noded.Kubelet.Pods;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

public sealed partial class RuntimeService
{
    public async Task<ImmutableDictionary<ContainerId, long>> GetWritableLayersAsync(
        PodUid pod, CancellationToken cancellationToken)
    {
        ContainerStatsFilter filter = new();
        filter.LabelSelector[RuntimeLabels.PodUid] = pod.Value;
        ListContainerStatsResponse response = await CallAsync(
            "list_containerstats",
            pod.Value,
            _runtime.ListContainerStatsAsync,
            new ListContainerStatsRequest { Filter = filter },
            RequestTimeout,
            cancellationToken);
        return response.Stats
            .Where(stats => stats.Attributes is not null && stats.WritableLayer?.UsedBytes is not null)
            .ToImmutableDictionary(
                stats => new ContainerId(stats.Attributes.Id), stats => (long)stats.WritableLayer.UsedBytes.Value);
    }
}
