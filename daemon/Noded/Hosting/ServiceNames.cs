using System.Collections.Immutable;
using System.Net;
using Noded.Composition;
using Noded.ServiceProxy;
using Noded.ServiceProxy.Inspection;
using Noded.ServiceProxy.Tables;

namespace Noded.Hosting;

/// <summary>Whose address a flow went to, for one listener: asked anew when something unknown comes, at most each second.</summary>
internal sealed class ServiceNames(NodeComposition node)
{
    private static readonly TimeSpan MinimumAge = TimeSpan.FromSeconds(1);

    private ImmutableArray<ServiceView> _services = [];
    private IReadOnlySet<IPAddress> _local = ImmutableHashSet<IPAddress>.Empty;
    private long? _asked;

    /// <returns>Namespace, name and port; empty when it is nobody's.</returns>
    internal async Task<string> FindAsync(IPEndPoint target, ServiceProtocol protocol, CancellationToken cancellationToken)
    {
        ServiceView? found = ServiceExplanation.FindService(target, protocol, _services, _local);
        if (found is null && (_asked is null || node.Clock.GetElapsedTime(_asked.Value) > MinimumAge))
        {
            _asked = node.Clock.GetTimestamp();
            _services = await ServiceMessages.DescribeAsync(node, cancellationToken);
            _local = ServiceProxyComponent.ReadLocalAddresses();
            found = ServiceExplanation.FindService(target, protocol, _services, _local);
        }

        return found is null
            ? ""
            : found.Name.Port.Length == 0 ? found.Name.Service.ToString() : $"{found.Name.Service}:{found.Name.Port}";
    }
}
